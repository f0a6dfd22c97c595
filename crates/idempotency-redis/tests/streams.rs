//! Records that go to a stream in the step that accepts them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(missing_debug_implementations, unreachable_pub, dead_code, reason = "tests")]

#[path = "support/samples.rs"]
mod samples;
#[path = "support/server.rs"]
mod server;

use samples::{claim, unavailable, until_it_works};
use server::{DURABLE, Server, free_port};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wxhook_idempotency::{
    AcceptResult, Action, BeginResult, Claim, ClaimId, Entry, FenceResult, Fingerprint, Lookup, OnChanged,
    Seq, Start, State, Store as _, StoreExt as _, StoredRecord,
};
use wxhook_idempotency_redis::{
    OpenError, RedisOptions, RedisStore, Slot, Stream, StreamEntry, StreamWriter, Template,
};

type Fields = HashMap<String, String>;

fn form(entry: &Entry) -> Option<StreamEntry> {
    (entry.body != "formless").then(|| {
        let json =
            Template::text("<").slot(Slot::Seq, "|").slot(Slot::KeyJson, "|").slot(Slot::FlagsJson, ">");
        StreamEntry::default()
            .field("json", json)
            .field("seq", Slot::Seq)
            .field("key", Slot::Key)
            .field("fence", Slot::Fence)
            .field("plain", "as it is \r\n\0 单")
    })
}

fn options(stream: &str) -> RedisOptions {
    RedisOptions::default().with_stream("sink", Stream::new(stream, form))
}

async fn open(server: &Server) -> RedisStore {
    RedisStore::open(&server.url(), options("events")).await.unwrap()
}

fn entry(key: &str) -> Entry {
    samples::entry(key)
}

fn other_content(key: &str) -> Entry {
    let mut entry = Entry::new(key, Fingerprint::new(1, [8; 32]), "other", "sink");
    entry.flags = vec!["odd \"flag\"".to_owned()];
    entry
}

async fn accept(store: &RedisStore, entry: Entry) -> Seq {
    match store.accept(entry).await.unwrap() {
        AcceptResult::New { seq } | AcceptResult::Changed { seq } => seq,
        other => panic!("{other:?}"),
    }
}

async fn get(store: &RedisStore, seq: Seq) -> StoredRecord {
    store.get(Lookup::Seq(seq)).await.unwrap().unwrap()
}

/// The ids and fields of all entries.
fn entries(server: &Server) -> Vec<(String, Fields)> {
    server.ask(&["XRANGE", "events", "-", "+"])
}

#[tokio::test]
async fn a_record_is_there_and_done_in_one_step() {
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    let keys = ["plain", "a/b\"\\\u{8}\t\n\u{c}\r\u{1}\u{1f}\u{7f}单\u{2028}", ""];
    for (key, number) in keys.into_iter().zip(1..) {
        let mut new = entry(key);
        new.aliases.clear();
        new.flags = vec!["odd \"flag\"".to_owned(), "odd \"flag\"".to_owned(), "b".to_owned()];
        let seq = accept(&store, new.clone()).await;
        let record = get(&store, seq).await;
        let (id, fields) = entries(&server).pop().unwrap();
        let json = format!(
            "<{number}|{}|{}>",
            serde_json::to_string(key).unwrap(),
            serde_json::to_string(&["odd \"flag\"", "b"]).unwrap()
        );
        assert_eq!(fields["json"], json);
        assert_eq!((&*fields["seq"], &*fields["key"]), (&*number.to_string(), key));
        assert_eq!(fields["plain"], "as it is \r\n\0 单");
        assert_eq!(fields["fence"], record.fence.unwrap().get().to_string());
        assert_eq!((record.state, record.generation, record.attempts), (State::Done, 1, 1));
        assert_eq!(record.outcome.as_deref(), Some(id.as_bytes()));
        assert!(record.done_at.is_some() && record.lease_until.is_none());
        let AcceptResult::Duplicate { state: State::Done, outcome, .. } = store.accept(new).await.unwrap()
        else {
            panic!()
        };
        assert_eq!(outcome, record.outcome);
        assert_eq!(entries(&server).len(), number, "a duplicate adds nothing");
    }
    assert!(claim(&store, 1, 9).await.unwrap().is_empty());
    let stats = store.stats().await.unwrap();
    assert_eq!(
        (
            stats.count(State::Ready),
            stats.count(State::Leased),
            stats.count(State::Done),
            stats.count(State::Parked)
        ),
        (0, 0, 3, 0)
    );
    let fences: Vec<u64> =
        entries(&server).iter().map(|(_, fields)| fields["fence"].parse().unwrap()).collect();
    assert!(fences.is_sorted_by(|one, next| one < next), "{fences:?}");
}

#[tokio::test]
async fn what_is_parked_is_never_there() {
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    let mut parked = entry("parked");
    parked.start = Start::Parked("kept");
    accept(&store, parked).await;
    accept(&store, entry("k")).await;
    let mut changed = other_content("k");
    changed.on_changed = OnChanged::Park;
    let seq = accept(&store, changed).await;
    assert_eq!(get(&store, seq).await.state, State::Parked);
    assert_eq!(entries(&server).len(), 1);
    // One that is delivered has its own key, and its flag.
    let mut delivered = other_content("k");
    delivered.fingerprint = Fingerprint::new(1, [9; 32]);
    let seq = accept(&store, delivered).await;
    let (record, all) = (get(&store, seq).await, entries(&server));
    let key = format!("k~{}", "09".repeat(8));
    assert_eq!((record.state, &record.key), (State::Done, &key));
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].1["json"], format!("<{seq}|\"{key}\"|[\"odd \\\"flag\\\"\",\"changed\"]>"));
    assert_eq!(all[1].1["key"], key);
}

#[tokio::test]
async fn what_else_is_left_to_a_worker() {
    let server = Server::start(DURABLE);
    let told = Arc::new(Mutex::new(Vec::new()));
    let stream = Stream::new("events", form).observe({
        let told = told.clone();
        move |added| told.lock().unwrap().push(added)
    });
    let options = RedisOptions::default().with_stream("sink", stream);
    let store = RedisStore::open(&server.url(), options).await.unwrap();
    accept(&store, entry("on it")).await;
    let mut formless = entry("formless");
    formless.body = "formless".into();
    accept(&store, formless).await;
    let mut elsewhere = entry("elsewhere");
    elsewhere.lane = "another".to_owned();
    accept(&store, elsewhere).await;
    let mut parked = entry("parked");
    parked.start = Start::Parked("kept");
    accept(&store, parked).await;
    let begun = store.begin(entry("begun"), ClaimId::new(1), Duration::from_secs(9)).await.unwrap();
    let BeginResult::Acquired(lease) = begun else { panic!("{begun:?}") };
    assert_eq!(store.complete(lease.record.seq, lease.fence, None).await.unwrap(), FenceResult::Done);
    assert_eq!(entries(&server).len(), 1);
    assert_eq!(*told.lock().unwrap(), [true, false]);
    let leases = claim(&store, 2, 9).await.unwrap();
    assert_eq!(leases.iter().map(|lease| &*lease.record.key).collect::<Vec<_>>(), ["formless"]);
}

#[tokio::test]
async fn a_group_keeps_its_order() {
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    let of_group = |key: &str| {
        let mut entry = entry(key);
        entry.group = Some("order".to_owned());
        entry
    };
    let first = accept(&store, of_group("first")).await;
    let second = accept(&store, of_group("second")).await;
    assert_eq!(entries(&server).len(), 2);
    // The first goes once more: whoever comes meanwhile goes behind it.
    let requeued = store.requeue(first, Action::new("li", "again")).await.unwrap().unwrap();
    assert_eq!((requeued.state, requeued.generation, requeued.progress.outcome), (State::Ready, 2, None));
    let third = accept(&store, of_group("third")).await;
    accept(&store, entry("of none")).await;
    assert_eq!(entries(&server).len(), 3, "only what is of no group");
    for seq in [first, third] {
        let lease = claim(&store, u128::from(seq.get()), 9).await.unwrap().remove(0);
        assert_eq!(lease.record.seq, seq);
        let last = entries(&server).pop().unwrap().1["fence"].parse().unwrap();
        assert!(lease.fence.get() > last || seq == third);
        assert_eq!(store.complete(seq, lease.fence, None).await.unwrap(), FenceResult::Done);
    }
    let fourth = accept(&store, of_group("fourth")).await;
    assert_eq!(get(&store, fourth).await.state, State::Done, "nothing waits any more");
    assert_eq!(get(&store, second).await.generation, 1);
}

#[tokio::test]
async fn a_stream_that_takes_nothing_stops_nothing() {
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    let _set: String = server.ask(&["SET", "events", "no stream"]);
    let seq = accept(&store, entry("k")).await;
    let record = get(&store, seq).await;
    assert_eq!((record.state, record.attempts, record.fence), (State::Ready, 0, None));
    assert_eq!(claim(&store, 1, 9).await.unwrap().len(), 1);
    let _gone: u32 = server.ask(&["DEL", "events"]);
    accept(&store, entry("l")).await;
    // The last id that there can be.
    let _id: String = server.ask(&["XADD", "events", "18446744073709551615-18446744073709551615", "a", "b"]);
    let seq = accept(&store, entry("m")).await;
    assert_eq!(get(&store, seq).await.state, State::Ready);
    assert_eq!(server.ask::<u32>(&["XLEN", "events"]), 2);

    // A user who may write the store and nothing else.
    let user = ["ACL", "SETUSER", "wxhook", "on", "nopass", "~{wxhook}:*", "+@all"];
    let _set: String = server.ask(&user);
    let url = server.url().replace("redis://", "redis://wxhook:any@");
    let limited = RedisStore::open(&url, options("another")).await.unwrap();
    let seq = accept(&limited, entry("n")).await;
    assert_eq!(get(&store, seq).await.state, State::Ready);
    assert!(!server.ask::<bool>(&["EXISTS", "another"]));
}

#[tokio::test]
async fn what_breaks_off_in_the_middle_was_not_accepted() {
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    let _set: String = server.ask(&["ACL", "SETUSER", "wxhook", "on", "nopass", "~*", "+@all"]);
    let url = server.url().replace("redis://", "redis://wxhook:any@");
    for lane in ["sink", "elsewhere"] {
        for command in ["-zadd", "-mset", "-hset"] {
            let limited = RedisStore::open(&url, options("events")).await.unwrap();
            let _set: String = server.ask(&["ACL", "SETUSER", "wxhook", "+@all", command]);
            let mut new = entry(&format!("{lane} {command}"));
            new.lane = lane.to_owned();
            for _ in 0..3 {
                let why = unavailable(limited.accept(new.clone()).await);
                assert!(why.contains("ACL"), "{why}");
            }
            assert!(unavailable(limited.probe().await).contains("ACL"), "{command}");
            let _set: String = server.ask(&["ACL", "SETUSER", "wxhook", "+@all"]);
            assert!(entries(&server).is_empty(), "{lane} {command}: on the stream, and not accepted");
            let claim = Claim::new(ClaimId::new(7), [lane], 10, Duration::from_secs(60));
            assert!(
                store.claim_due(claim).await.unwrap().is_empty(),
                "{lane} {command}: to be handed on, and not accepted"
            );
        }
    }
    // A key of another type under an index that isn't declared.
    let seq = accept(&store, entry("right")).await;
    assert_eq!((get(&store, seq).await.state, entries(&server).len()), (State::Done, 1));
    let kinds: Vec<String> = server.ask(&["KEYS", "{wxhook}:k:done:*"]);
    let [there] = &kinds[..] else { panic!("{kinds:?}") };
    let _renamed: String = server.ask(&["RENAME", there, "{wxhook}:set-aside"]);
    let _set: String = server.ask(&["SET", there, "x"]);
    for _ in 0..3 {
        assert!(store.accept(entry("wrong")).await.is_err());
    }
    assert_eq!(entries(&server).len(), 1);
    let _gone: u32 = server.ask(&["DEL", there]);
    let _renamed: String = server.ask(&["RENAME", "{wxhook}:set-aside", there]);
    let seq = accept(&store, entry("wrong")).await;
    assert_eq!((get(&store, seq).await.state, entries(&server).len()), (State::Done, 2));
}

#[tokio::test]
async fn more_numbers_than_a_call_takes() {
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    let mut many = entry("many");
    many.labels.numbers = (0..5_000).map(|n| ("out_trade_no".to_owned(), n.to_string())).collect();
    let seq = accept(&store, many).await;
    assert_eq!(get(&store, seq).await.state, State::Done);
}

#[tokio::test]
async fn memory_used_up_leaves_nothing_half_done() {
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    accept(&store, entry("first")).await;
    let _set: String = server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    unavailable(store.accept(entry("second")).await);
    let _set: String = server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(entries(&server).len(), 1);
    assert!(store.get(Lookup::Key("second".to_owned())).await.unwrap().is_none());
    let seq = accept(&store, entry("second")).await;
    assert_eq!((get(&store, seq).await.state, entries(&server).len()), (State::Done, 2));
}

#[tokio::test]
async fn an_old_part_of_the_stream_is_trimmed_on_request() {
    let server = Server::start(&["--appendonly", "yes", "--stream-node-max-entries", "10"]);
    let stream = Stream::new("events", form).with_max_len(20);
    let options = RedisOptions::default().with_stream("sink", stream);
    let store = RedisStore::open(&server.url(), options).await.unwrap();
    for number in 0..60 {
        accept(&store, entry(&number.to_string())).await;
    }
    let left = server.ask::<usize>(&["XLEN", "events"]);
    assert!((20..40).contains(&left), "{left}");
    assert_eq!(store.stats().await.unwrap().count(State::Done), 60);
}

/// Redis is killed and comes back while eight tasks accept; what was answered is on the stream, and the stream and the
/// store agree to the entry.
#[tokio::test(flavor = "multi_thread")]
async fn kill_9_of_redis() {
    let mut server = Server::start(DURABLE);
    let store = open(&server).await;
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (store, stop, answered) = (store.clone(), stop.clone(), answered.clone());
            tokio::spawn(async move {
                let mut keys = Vec::new();
                for number in 0.. {
                    let key = format!("{task}/{number}");
                    // Answered or not: an answer that was lost is asked for again, as the platform does.
                    until_it_works(|| store.accept(entry(&key))).await;
                    answered.fetch_add(1, Ordering::SeqCst);
                    keys.push(key);
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                }
                keys
            })
        })
        .collect();
    let goes_on = async |more: u32| {
        let wanted = answered.load(Ordering::SeqCst) + more;
        let give_up = Instant::now() + Duration::from_secs(30);
        while answered.load(Ordering::SeqCst) < wanted {
            assert!(Instant::now() < give_up, "the service doesn't resume");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    for _ in 0..3 {
        goes_on(100).await;
        server.restart();
    }
    goes_on(100).await;
    stop.store(true, Ordering::SeqCst);
    let mut keys = HashSet::new();
    for task in tasks {
        keys.extend(task.await.unwrap());
    }
    let all = entries(&server);
    let on_stream: HashSet<String> = all.iter().map(|(_, fields)| fields["key"].clone()).collect();
    assert_eq!(on_stream.len(), all.len(), "each is there once");
    assert_eq!(on_stream, keys);
    let stats = store.stats().await.unwrap();
    assert_eq!(
        (stats.count(State::Ready), stats.count(State::Done)),
        (0, u64::try_from(keys.len()).unwrap())
    );
}

async fn probed(writer: &StreamWriter) -> String {
    match writer.probe().await {
        Err(OpenError::Unavailable { source, .. }) => unavailable::<()>(Err(source)),
        Err(other) => other.to_string(),
        Ok(()) => String::new(),
    }
}

#[tokio::test]
async fn a_writer_says_why_it_cannot_write() {
    let mut server = Server::start(DURABLE);
    let options = RedisOptions::default().with_timeouts(Duration::from_millis(500), Duration::from_secs(1));
    let url = server.url().replace("redis://", "redis://:SECRET@");
    let refused = StreamWriter::new(&url, "events", None, options.clone()).unwrap();
    assert_eq!(unavailable(refused.add(&[("a", "b")]).await), "redis refused the password");
    assert_eq!(probed(&refused).await, "redis refused the password");
    let writer = StreamWriter::new(&server.url(), "events", Some(1_000), options.clone()).unwrap();
    assert!(!format!("{writer:?} {refused:?}").contains("SECRET"));
    writer.probe().await.unwrap();
    let id = writer.add(&[("a", "b"), ("c", "\0 单")]).await.unwrap();
    writer.probe().await.unwrap();
    let fields = [("a".to_owned(), "b".to_owned()), ("c".to_owned(), "\0 单".to_owned())];
    assert_eq!(entries(&server), [(id, Fields::from(fields))]);
    let _set: String = server.ask(&["SET", "events", "no stream"]);
    let why = "redis has something else than a stream under this key";
    assert_eq!(unavailable(writer.add(&[("a", "b")]).await), why);
    assert_eq!(probed(&writer).await, why);
    let _gone: u32 = server.ask(&["DEL", "events"]);
    let _set: String = server.ask(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    assert!(probed(&writer).await.contains("set it to noeviction"));
    server.kill();
    let why = unavailable(writer.add(&[("a", "b")]).await);
    assert!(why.contains("connection"), "{why}");
    server.restart();
    until_it_works(|| writer.add(&[("a", "b")])).await;
    let error = StreamWriter::new("http://SECRET", "events", None, options).unwrap_err();
    assert!(matches!(error, OpenError::Url(_)) && !error.to_string().contains("SECRET"));
}

#[tokio::test]
async fn keys_that_no_stream_may_have() {
    let refused = async |options: RedisOptions, url: &str| match RedisStore::open(url, options).await {
        Err(OpenError::Option(why)) => why,
        other => panic!("{other:?}"),
    };
    for key in ["", "{wxhook}:names"] {
        assert!(refused(options(key), "redis://127.0.0.1:1").await.contains("store's own keys"));
    }
    let bus = free_port().to_string();
    let node = Server::start(&["--cluster-enabled", "yes", "--cluster-port", &bus]);
    let _added: String = node.ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    let give_up = Instant::now() + Duration::from_secs(30);
    while !node.ask::<String>(&["CLUSTER", "INFO"]).contains("cluster_state:ok") {
        assert!(Instant::now() < give_up);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for key in ["events", "{events}{wxhook}"] {
        assert!(refused(options(key), &node.url()).await.contains("hash tag"));
    }
    let store = RedisStore::open(&node.url(), options("a{wxhook}")).await.unwrap();
    accept(&store, entry("k")).await;
    assert_eq!(node.ask::<u32>(&["XLEN", "a{wxhook}"]), 1);
}
