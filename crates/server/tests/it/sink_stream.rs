//! The stream sink: with the store's Redis a record is on the stream when it is accepted, else a worker adds it.

use crate::folder::{Folder, SMALL};
use crate::redis::Redis;
use crate::running::{Running, changed_payment, payment, sealed_wrongly};
use ::redis::FromRedisValue;
use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use wxhook_idempotency::{Clock as _, Lookup, Seq, State, Store as _, StoredRecord, SystemClock};
use wxhook_idempotency_redis::{RedisOptions, RedisStore};
use wxhook_server::Server;
use wxhook_wire::Record;

type Fields = Vec<(String, String)>;

/// [`SMALL`] on this store, with these lines for its sink.
fn text(store: &Redis, sink: &str) -> String {
    SMALL.replacen("memory://", &store.url(), 1) + sink
}

const SINK: &str = "[sink]\nkind = \"redis-stream\"\nstream = \"wechat-pay\"\n";

async fn server(text: &str) -> Running {
    let folder = Folder::new();
    let config = folder.load(text).unwrap();
    let server = Server::builder(config, wxhook_events::catalog()).bind().await.unwrap();
    Running::run(server, Some(folder))
}

fn started() -> Redis {
    let redis = Redis::start();
    let _pong: String = redis.ask(&["PING"]);
    redis
}

async fn store(redis: &Redis) -> RedisStore {
    RedisStore::open(&redis.url(), RedisOptions::default()).await.unwrap()
}

async fn get(store: &RedisStore, seq: u64) -> StoredRecord {
    store.get(Lookup::Seq(Seq::new(seq))).await.unwrap().unwrap()
}

fn entries(redis: &Redis) -> Vec<Fields> {
    let entries: Vec<(String, Vec<(String, String)>)> = ask(redis, &["XRANGE", "wechat-pay", "-", "+"]);
    entries.into_iter().map(|(_, fields)| fields).collect()
}

fn ask<T: FromRedisValue>(redis: &Redis, words: &[&str]) -> T {
    redis.ask(words)
}

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    &fields.iter().find(|(known, _)| known == name).unwrap().1
}

/// Asks the stream until it has so many entries.
fn until(redis: &Redis, count: usize) -> Vec<Fields> {
    loop {
        let found = entries(redis);
        assert!(found.len() <= count, "{} entries, not {count}", found.len());
        if found.len() == count {
            return found;
        }
        std::thread::yield_now();
    }
}

/// Returns this record as a sink gets it.
fn to_json(stored: &StoredRecord, generation: u32, attempt: u32) -> String {
    let (seq, key, flags) = (stored.seq.get(), stored.key.as_str(), stored.flags.clone());
    Record::from_body(&stored.body, seq, key, generation, attempt, flags).unwrap().to_json()
}

async fn attempts(server: &Running, outcome: &str) -> u64 {
    let metrics = server.get("/metrics").await.body;
    let name = format!("wxhook_delivery_attempts_total{{outcome=\"{outcome}\",sink=\"redis-stream\"}} ");
    let line = metrics.lines().find(|line| line.starts_with(&name)).unwrap_or_else(|| panic!("{metrics}"));
    line[name.len()..].parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_is_there() {
    let redis = started();
    let server = server(&text(&redis, SINK)).await;
    for number in 1..=3 {
        for _ in 0..2 {
            assert_eq!(server.send("/notify/shop", &payment(number)).await.status, 200);
        }
        // No waiting: the answer says so.
        assert_eq!(entries(&redis).len(), usize::try_from(number).unwrap());
    }
    let store = store(&redis).await;
    for (fields, seq) in entries(&redis).iter().zip(1..) {
        let stored = get(&store, seq).await;
        assert_eq!((stored.state, stored.attempts), (State::Done, 1));
        let names: Vec<_> = fields.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["record", "seq", "generation", "key", "fence", "event_type", "merchant"]);
        assert_eq!(field(fields, "record"), to_json(&stored, 1, 1), "to the byte");
        let json: serde_json::Value = serde_json::from_str(field(fields, "record")).unwrap();
        for name in ["key", "event_type", "merchant"] {
            assert_eq!(field(fields, name), json[name].as_str().unwrap());
        }
        for name in ["seq", "generation"] {
            assert_eq!(field(fields, name), json[name].to_string());
        }
        assert_eq!(field(fields, "fence"), stored.fence.unwrap().to_string());
    }
    assert_eq!((attempts(&server, "done").await, attempts(&server, "retried").await), (3, 0));
    let metrics = server.get("/metrics").await.body;
    assert!(metrics.contains("\nwxhook_records{state=\"done\"} 3\n"), "{metrics}");
    let shown = server.get("/api/events/1").await.json();
    assert_eq!((&shown["state"], &shown["generation"]), (&"done".into(), &1.into()), "{shown}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_consumers_reads_it() {
    let redis = started();
    let server = server(&text(&redis, SINK)).await;
    let _made: String = redis.ask(&["XGROUP", "CREATE", "wechat-pay", "shop", "$", "MKSTREAM"]);
    for number in 1..=4 {
        assert_eq!(server.send("/notify/shop", &payment(number)).await.status, 200);
    }
    let read = |consumer: &str, from: &str| -> Vec<(String, Fields)> {
        let words = ["XREADGROUP", "GROUP", "shop", consumer, "COUNT", "2", "STREAMS", "wechat-pay", from];
        let mut streams: Vec<(String, Vec<(String, Fields)>)> = redis.ask(&words);
        streams.pop().map(|(_, entries)| entries).unwrap_or_default()
    };
    let (one, other) = (read("one", ">"), read("other", ">"));
    let mut keys: Vec<_> = one.iter().chain(&other).map(|(_, fields)| field(fields, "key")).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!((one.len(), other.len(), keys.len()), (2, 2, 4));
    // A consumer that died before its XACK gets its own again.
    assert_eq!(read("one", "0"), one);
    let acked: u32 = redis.ask(&["XACK", "wechat-pay", "shop", &one[0].0, &one[1].0]);
    assert_eq!((acked, read("one", "0").len(), read("one", ">").len()), (2, 0, 0));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_add_each_once() {
    let redis = started();
    let (one, other) = (server(&text(&redis, SINK)).await, server(&text(&redis, SINK)).await);
    for number in 1..=20 {
        let request = payment(number);
        let (first, second) =
            tokio::join!(one.send("/notify/shop", &request), other.send("/notify/shop", &request));
        assert_eq!((first.status, second.status), (200, 200));
    }
    assert_eq!(entries(&redis).len(), 20);
    assert_eq!(attempts(&one, "done").await + attempts(&other, "done").await, 20);
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_parked_or_sent_again() {
    let redis = started();
    let v3 = "api_v3_key = \"s3cretV3s3cretV3s3cretV3s3cretV3\"\n[[merchant.platform_key]]\nid = \"PUB_KEY_ID_0119000001092024\"\nfile = \"pub.pem\"\n";
    let server = server(&(text(&redis, "") + v3 + SINK)).await;
    assert_eq!(server.send("/notify/shop", &payment(1)).await.status, 200);
    assert_eq!(server.send("/notify/shop", &changed_payment(1)).await.status, 200);
    let now = SystemClock::default().now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(server.send("/notify/shop", &sealed_wrongly(3, now)).await.status, 500);
    let parked = server.get("/api/events?state=parked").await.json();
    assert_eq!(parked["events"].as_array().unwrap().len(), 2, "{parked}");
    assert_eq!(entries(&redis).len(), 1);

    // A person sends both again: the first in its next generation, the changed one in its first.
    let body = r#"{"actor":"li","reason":"test"}"#;
    assert_eq!(server.post("/api/events/1/resend", body).await.status, 200);
    assert_eq!(server.post("/api/events/2/resend", body).await.status, 200);
    let all = until(&redis, 3);
    let store = store(&redis).await;
    let of = |seq: &str, generation: &str| {
        let wanted =
            |fields: &&Fields| field(fields, "seq") == seq && field(fields, "generation") == generation;
        all.iter().find(wanted).unwrap()
    };
    assert_eq!(field(of("1", "1"), "record"), to_json(&get(&store, 1).await, 1, 1));
    assert_eq!(field(of("1", "2"), "record"), to_json(&get(&store, 1).await, 2, 1));
    assert_eq!(field(of("2", "1"), "record"), to_json(&get(&store, 2).await, 1, 1));
    assert!(field(of("2", "1"), "record").contains("\"flags\":[\"changed\"]"));
    let names = |fields: &Fields| fields.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(of("1", "1")), names(of("1", "2")), "the same fields by both ways");
    let number = |fields| field(fields, "fence").parse::<u64>().unwrap();
    assert!(number(of("1", "1")) < number(of("1", "2")));
    let done =
        |reply: &crate::http::Reply| reply.json()["events"].as_array().is_some_and(|all| all.len() == 2);
    server.get_until("/api/events?state=done", done).await;
    assert_eq!(attempts(&server, "done").await, 3);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn switched_on_later() {
    let redis = started();
    let inbox = server(&text(&redis, "")).await;
    for number in 1..=3 {
        assert_eq!(inbox.send("/notify/shop", &payment(number)).await.status, 200);
    }
    inbox.stop().await;
    let server = server(&text(&redis, SINK)).await;
    assert_eq!(server.send("/notify/shop", &payment(4)).await.status, 200);
    let all = until(&redis, 4);
    let store = store(&redis).await;
    for fields in &all {
        let stored = get(&store, field(fields, "seq").parse().unwrap()).await;
        assert_eq!(field(fields, "record"), to_json(&stored, 1, 1));
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_type_loses_nothing() {
    let redis = started();
    let _set: String = redis.ask(&["SET", "wechat-pay", "no stream"]);
    let server = server(&text(&redis, SINK)).await;
    assert_eq!(server.send("/notify/shop", &payment(1)).await.status, 200);
    let failed = |reply: &crate::http::Reply| reply.body.contains("has something else than a stream");
    server.get_until("/api/events/1", failed).await;
    let _gone: u32 = redis.ask(&["DEL", "wechat-pay"]);
    assert_eq!(server.send("/notify/shop", &payment(2)).await.status, 200);
    let mut numbers: Vec<_> = until(&redis, 2).iter().map(|fields| field(fields, "seq").to_owned()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, ["1", "2"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_another_redis_or_of_one_merchant() {
    let (kept, mut broker) = (started(), started());
    let url = format!("url = \"{}\"\n", broker.url());
    // A merchant's own sink on the store's server, the common one on another.
    let own = "[merchant.sink]\nkind = \"redis-stream\"\nstream = \"own\"\nmax_len = 1000\n";
    let other = "[[merchant]]\nname = \"other\"\nmchid = \"1900000109\"\napi_v2_key = \"s3cretV2s3cretV2s3cretV2s3cretV2\"\n";
    let server = server(&(text(&kept, own) + other + SINK + &url)).await;
    assert_eq!(server.send("/notify/shop", &payment(1)).await.status, 200);
    assert_eq!(kept.ask::<u32>(&["XLEN", "own"]), 1);
    assert_eq!(server.send("/notify/other", &payment(2)).await.status, 200);
    assert_eq!(field(&until(&broker, 1)[0], "merchant"), "other");
    // While it is down the platform is answered all the same.
    broker.kill();
    assert_eq!(server.send("/notify/other", &payment(3)).await.status, 200);
    let failed = |reply: &crate::http::Reply| reply.body.contains("connect");
    server.get_until("/api/events/3", failed).await;
    broker.restart();
    let seqs: HashSet<_> = until(&broker, 2).iter().map(|fields| field(fields, "seq").to_owned()).collect();
    assert_eq!(seqs.len(), 2);
    server.stop().await;
}

const CONFIG: &str = "WXHOOK_TEST_STREAM_SERVER";

/// The server's part of the test below, in a process of its own.
#[test]
fn the_server_that_is_killed() {
    let Ok(url) = std::env::var(CONFIG) else { return };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let folder = Folder::new();
        let config = folder.load(&(SMALL.replacen("memory://", &url, 1) + SINK)).unwrap();
        let server = Server::builder(config, wxhook_events::catalog()).bind().await.unwrap();
        // Its own line, whatever the test harness has written before.
        println!("\nlistens {}", server.addr());
        server.run(std::future::pending()).await.unwrap();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_of_the_server() {
    const ROUNDS: u32 = 3;
    const EACH: u32 = 60;
    let redis = started();
    let mut answered = 0;
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sink_stream::the_server_that_is_killed", "--nocapture"])
            .env(CONFIG, redis.url())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let addr = lines.find_map(|line| line.unwrap().strip_prefix("listens ").map(str::to_owned)).unwrap();
        let addr: std::net::SocketAddr = addr.parse().unwrap();
        let numbers = round * EACH..(round + 1) * EACH;
        let sending: Vec<_> = numbers
            .map(|number| {
                tokio::spawn(async move {
                    let request = payment(number);
                    let headers: Vec<_> =
                        request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                    let headers: Vec<_> = headers.iter().map(String::as_str).chain(["host: h"]).collect();
                    crate::http::send(addr, "POST", "/notify/shop", &headers, &request.body).await.status
                })
            })
            .collect();
        // As soon as some are answered.
        let least = usize::try_from(round * EACH / 2 + 10).unwrap();
        while entries(&redis).len() < least || !sending.iter().any(tokio::task::JoinHandle::is_finished) {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for task in sending {
            // Those that it can't answer any more panic.
            answered += usize::from(task.await.is_ok_and(|status| status == 200));
        }
    }
    // The platform sends again what it got no answer to; here everything, once more.
    let server = server(&text(&redis, SINK)).await;
    let before = entries(&redis).len();
    assert!(answered > 0 && before >= answered, "{answered} answered, {before} there");
    for number in 0..ROUNDS * EACH {
        assert_eq!(server.send("/notify/shop", &payment(number)).await.status, 200);
    }
    let all = until(&redis, usize::try_from(ROUNDS * EACH).unwrap());
    let mut keys: Vec<_> = all.iter().map(|fields| field(fields, "key")).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), all.len(), "each is there once");
    let stats = store(&redis).await.stats().await.unwrap();
    assert_eq!((stats.count(State::Ready), stats.count(State::Done)), (0, u64::from(ROUNDS * EACH)));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_merchant_of_the_common_stream_is_on_it_at_once() {
    let redis = started();
    let other = "[[merchant]]\nname = \"other\"\nmchid = \"1900000109\"\napi_v2_key = \"s3cretV2s3cretV2s3cretV2s3cretV2\"\n";
    let server = server(&text(&redis, &[other, SINK].concat())).await;
    for (path, merchant, count) in [("/notify/shop", "shop", 1), ("/notify/other", "other", 2)] {
        assert_eq!(server.send(path, &payment(1)).await.status, 200);
        // No waiting: the answer says so.
        let entries = entries(&redis);
        assert_eq!((entries.len(), field(&entries[count - 1], "merchant")), (count, merchant));
    }
    let store = store(&redis).await;
    for (seq, lane) in [(1, "merchant/shop"), (2, "merchant/other")] {
        let stored = get(&store, seq).await;
        assert_eq!((stored.state, &*stored.lane), (State::Done, lane));
    }
    assert_eq!(attempts(&server, "done").await, 2);
    server.stop().await;
}

/// Runs the conformance suite for sinks.
mod suite {
    use crate::redis::Redis;
    use std::sync::LazyLock;
    use tokio::runtime::Runtime;
    use wxhook_sinks::{RedisStreamSink, RedisStreamSinkOptions};
    use wxhook_testkit::sink::{Backend, Destination};

    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

    /// A stream of a database of its own.
    struct RedisStream;

    struct Entries {
        redis: Redis,
    }

    impl Backend for RedisStream {
        type Sink = RedisStreamSink;
        type Destination = Entries;

        fn open(&self) -> (RedisStreamSink, Entries) {
            let redis = Redis::start();
            let _pong: String = redis.ask(&["PING"]);
            (
                RedisStreamSink::new("stream", &redis.url(), RedisStreamSinkOptions::new("events")).unwrap(),
                Entries { redis },
            )
        }

        fn block_on<F: Future>(&self, future: F) -> F::Output {
            RUNTIME.block_on(future)
        }
    }

    impl Destination for Entries {
        fn arrived(&self) -> Vec<String> {
            let entries: Vec<(String, Vec<String>)> = self.redis.ask(&["XRANGE", "events", "-", "+"]);
            entries.into_iter().map(|(_, fields)| fields[1].clone()).collect()
        }

        fn refuse(&self, refuses: bool) -> bool {
            let limit = if refuses { "1" } else { "0" };
            let _set: String = self.redis.ask(&["CONFIG", "SET", "maxmemory", limit]);
            true
        }
    }

    wxhook_testkit::sink_suite!(RedisStream);
}
