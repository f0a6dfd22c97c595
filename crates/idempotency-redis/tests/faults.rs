//! Behaviour when the server or the way to it fails: errors, never false answers, and it goes on by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(missing_debug_implementations, unreachable_pub, dead_code, reason = "tests")]

#[path = "support/samples.rs"]
mod samples;
#[path = "support/server.rs"]
mod server;

use samples::{accept, claim, unavailable, until_it_works};
use server::{DURABLE, Server};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use wxhook_idempotency::{AcceptResult, Error, FenceResult, Lookup, State, Store as _, StoreExt as _};
use wxhook_idempotency_redis::{RedisOptions, RedisStore};

async fn open(server: &Server) -> RedisStore {
    RedisStore::open(&server.url(), RedisOptions::default()).await.unwrap()
}

/// Accepts from eight tasks until told to stop, every key three times over; gives how often each key was new, of those
/// that were answered at all.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU32>,
    tasks: Vec<tokio::task::JoinHandle<HashMap<String, u32>>>,
}

impl Load {
    fn on(store: &RedisStore) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let one = |task: u32, store: RedisStore, stop: Arc<AtomicBool>, answered: Arc<AtomicU32>| async move {
            let mut new = HashMap::new();
            for number in 0.. {
                let key = format!("{task}/{}", number / 3);
                match accept(&store, &key).await {
                    Ok((is_new, _)) => {
                        *new.entry(key).or_default() += u32::from(is_new);
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                    Err(Error::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
                    Err(error) => panic!("{error:?}"),
                }
                if stop.load(Ordering::SeqCst) {
                    break;
                }
            }
            new
        };
        let tasks = (0..8).map(|task| tokio::spawn(one(task, store.clone(), stop.clone(), answered.clone())));
        Self { tasks: tasks.collect(), stop, answered }
    }

    /// Number of requests that are still answered.
    async fn goes_on(&self, answers: u32) {
        let wanted = self.answered.load(Ordering::SeqCst) + answers;
        let give_up = Instant::now() + Duration::from_secs(30);
        while self.answered.load(Ordering::SeqCst) < wanted {
            assert!(Instant::now() < give_up, "the service doesn't resume");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn end(self) -> HashMap<String, u32> {
        self.stop.store(true, Ordering::SeqCst);
        let mut all = HashMap::new();
        for task in self.tasks {
            all.extend(task.await.unwrap());
        }
        all
    }
}

/// Everything that was answered is there once, whole and claimable, and none was new twice.
async fn nothing_is_lost(store: &RedisStore, answered: &HashMap<String, u32>) {
    for (key, new) in answered {
        assert!(*new <= 1, "{key} was new {new} times");
        let record = store.get(Lookup::Key(key.clone())).await.unwrap().expect("an answered record is there");
        assert_eq!((record.state, record.body.len()), (State::Ready, 1024));
    }
    let stats = store.stats().await.unwrap();
    assert!(stats.count(State::Ready) >= u64::try_from(answered.len()).unwrap());
    // A key that was never answered may have been stored; nothing is stored twice.
    let claimed = claim(store, 1, usize::MAX).await.unwrap();
    assert_eq!(u64::try_from(claimed.len()).unwrap(), stats.count(State::Ready));
    let keys: std::collections::HashSet<_> = claimed.iter().map(|lease| &lease.record.key).collect();
    assert_eq!(keys.len(), claimed.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_and_restart() {
    let mut server = Server::start(DURABLE);
    let store = open(&server).await;
    let load = Load::on(&store);
    for _ in 0..3 {
        load.goes_on(100).await;
        server.restart();
    }
    load.goes_on(100).await;
    let answered = load.end().await;
    nothing_is_lost(&store, &answered).await;
    let fence = claim(&store, 1, 1).await.unwrap()[0].fence;
    server.restart();
    let later = until_it_works(|| {
        store.begin(samples::entry("later"), wxhook_idempotency::ClaimId::new(2), Duration::from_secs(1))
    })
    .await;
    let wxhook_idempotency::BeginResult::Acquired(lease) = later else { panic!("{later:?}") };
    assert!(lease.fence > fence);
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_flushed_and_connections_killed() {
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    let load = Load::on(&store);
    for _ in 0..10 {
        let _flushed: String = server.ask(&["SCRIPT", "FLUSH"]);
        load.goes_on(20).await;
        let _killed: u32 = server.ask(&["CLIENT", "KILL", "TYPE", "normal"]);
        load.goes_on(20).await;
    }
    let answered = load.end().await;
    nothing_is_lost(&store, &answered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_used_up() {
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    let (_, first) = accept(&store, "first").await.unwrap();
    let _set: String = server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    for key in ["first", "second"] {
        let text = unavailable(accept(&store, key).await);
        assert_eq!(text, "redis is out of memory (maxmemory is reached)");
    }
    unavailable(store.probe().await);
    // What frees memory in the end works on.
    let lease = claim(&store, 1, 9).await.unwrap().remove(0);
    assert_eq!(lease.record.seq, first);
    assert_eq!(store.complete(first, lease.fence, None).await.unwrap(), FenceResult::Done);
    assert_eq!(store.purge(9).await.unwrap(), 0);
    assert_eq!(store.stats().await.unwrap().count(State::Done), 1);
    let _set: String = server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(accept(&store, "first").await.unwrap(), (false, first));
    assert!(accept(&store, "second").await.unwrap().0, "nothing was kept of it");
    store.probe().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_refused() {
    let server = Server::start(DURABLE);
    let other = Server::start(DURABLE);
    let store = open(&server).await;
    let _set: String = server.ask(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    assert!(unavailable(accept(&store, "k").await).contains("fewer replicas"));
    let _set: String = server.ask(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
    assert!(accept(&store, "k").await.unwrap().0);
    let _set: String = server.ask(&["REPLICAOF", "127.0.0.1", &other.port.to_string()]);
    let text = unavailable(accept(&store, "l").await);
    assert!(text.contains("replica"), "{text}");
    let _set: String = server.ask(&["REPLICAOF", "NO", "ONE"]);
    until_it_works(|| accept(&store, "l")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs() {
    let server = Server::start(DURABLE);
    let options =
        RedisOptions::default().with_timeouts(Duration::from_millis(200), Duration::from_millis(300));
    let store = RedisStore::open(&server.url(), options).await.unwrap();
    accept(&store, "k").await.unwrap();
    let info: String = server.ask(&["INFO", "server"]);
    let process = info.lines().find_map(|line| line.strip_prefix("process_id:")).unwrap().trim().to_owned();
    server.signal("-STOP");
    for _ in 0..3 {
        let start = Instant::now();
        let text = unavailable(accept(&store, "l").await);
        assert!(start.elapsed() < Duration::from_secs(2));
        assert!(text.contains("no answer"), "{text}");
    }
    std::process::Command::new("kill").args(["-CONT", &process]).status().unwrap();
    until_it_works(|| accept(&store, "l")).await;
    assert_eq!(store.stats().await.unwrap().count(State::Ready), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_told_at_once() {
    let mut server = Server::start(DURABLE);
    let store = open(&server).await;
    accept(&store, "k").await.unwrap();
    server.kill();
    let start = Instant::now();
    for _ in 0..200 {
        unavailable(accept(&store, "k").await);
        unavailable(store.get(Lookup::Key("k".to_owned())).await);
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    server.restart();
    assert!(!until_it_works(|| accept(&store, "k")).await.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_records_are_set_aside() {
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    let mut seqs = Vec::new();
    for key in ["a", "b", "c", "d", "e"] {
        seqs.push(accept(&store, key).await.unwrap().1);
    }
    let key = |what: &str, at: usize| format!("{{wxhook}}:{what}:{:016}", seqs[at].get());
    let _gone: u32 = server.ask(&["DEL", &key("b", 0)]);
    let _gone: u32 = server.ask(&["DEL", &key("r", 1)]);
    let _set: String = server.ask(&["SET", &key("h", 2), "{"]);
    let _set: String = server.ask(&["SET", &key("r", 3), "of another type"]);
    for (at, key) in ["b", "d"].iter().enumerate() {
        assert!(matches!(accept(&store, key).await, Err(Error::Corrupt(_))), "{at}: neither new nor known");
    }
    let leases = claim(&store, 1, 9).await.unwrap();
    assert_eq!(leases.iter().map(|lease| lease.record.seq).collect::<Vec<_>>(), [seqs[4]]);
    assert!(claim(&store, 2, 9).await.unwrap().is_empty());
    for (at, name) in ["a", "b", "c", "d"].iter().enumerate() {
        let answer = store.get(Lookup::Key((*name).to_owned())).await;
        assert!(matches!(answer, Err(Error::Corrupt(_))), "{at}: {answer:?}");
    }
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.count(State::Ready), stats.count(State::Leased)), (0, 1));
    assert!(accept(&store, "f").await.unwrap().0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_behind_a_damaged_record() {
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    for (group, damage) in [("one", "DEL"), ("two", "SET"), ("three", "HSET")] {
        let mut seqs = Vec::new();
        for number in 0..3 {
            let mut entry = samples::entry(&format!("{group}/{number}"));
            entry.group = Some(group.to_owned());
            let AcceptResult::New { seq } = store.accept(entry).await.unwrap() else { panic!() };
            seqs.push(seq);
        }
        let key = format!("{{wxhook}}:r:{:016}", seqs[0].get());
        match damage {
            "DEL" => server.ask::<u32>(&["DEL", &key]),
            "SET" => u32::from(server.ask::<String>(&["SET", &key, "x"]) == "OK"),
            _ => server.ask::<u32>(&["HSET", &key, "due", "x"]),
        };
        let leases = claim(&store, u128::from(seqs[0].get()), 9).await.unwrap();
        assert_eq!(leases.iter().map(|lease| lease.record.seq).collect::<Vec<_>>(), [seqs[1]], "{group}");
    }
}
