//! A server whose clock steps: waits end after their span, and what seems old isn't purged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(missing_debug_implementations, unreachable_pub, dead_code, reason = "tests")]

#[path = "support/log.rs"]
mod log;
#[path = "support/samples.rs"]
mod samples;
#[path = "support/server.rs"]
mod server;

use log::Log;
use samples::{accept, claim, entry};
use server::{DURABLE, Server};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};
use tracing::Level;
use wxhook_idempotency::{
    AcceptResult, BeginResult, Claim, ClaimId, Clock, Failure, State, Store as _, StoreExt as _, SystemClock,
};
use wxhook_idempotency_redis::{RedisOptions, RedisStore};

const SPAN: Duration = Duration::from_millis(400);

/// The server's clock as far as the scripts are concerned: the machine's, so many days off.
#[derive(Debug, Default)]
struct Shifted(AtomicI64);

impl Clock for Shifted {
    fn now(&self) -> SystemTime {
        let shift = Duration::from_secs(self.0.load(Ordering::SeqCst).unsigned_abs() * 86_400);
        let now = SystemClock::default().now();
        if self.0.load(Ordering::SeqCst) < 0 { now - shift } else { now + shift }
    }
}

struct Moved {
    server: Server,
    clock: Arc<Shifted>,
}

impl Moved {
    fn start() -> Self {
        Self { server: Server::start(DURABLE), clock: Arc::default() }
    }

    /// The clock is so many days off.
    fn step(&self, days: i64) {
        self.clock.0.store(days, Ordering::SeqCst);
    }

    async fn open(&self) -> RedisStore {
        let options = RedisOptions::default().with_test_clock(self.clock.clone());
        RedisStore::open(&self.server.url(), options).await.unwrap()
    }
}

/// Claims again and again, as workers do, until something is due; gives after how long.
async fn first_due(store: &RedisStore, id: u128) -> Duration {
    let start = Instant::now();
    for id in id.. {
        if !claim(store, id, 9).await.unwrap().is_empty() {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(5), "it is never due");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    start.elapsed()
}

#[tokio::test]
async fn waits_end_while_the_clock_is_behind_by_days() {
    let moved = Moved::start();
    let store = moved.open().await;
    // One that backs off.
    let BeginResult::Acquired(lease) = store.begin(entry("failed"), ClaimId::new(1), SPAN).await.unwrap()
    else {
        panic!()
    };
    let _failed = store.fail(lease.record.seq, lease.fence, Failure::retry("refused", SPAN)).await.unwrap();
    moved.step(-3);
    assert!(claim(&store, 100, 9).await.unwrap().is_empty(), "not before its span");
    let waited = first_due(&store, 101).await;
    assert!(waited > SPAN / 2 && waited < SPAN * 5, "{waited:?}");
    // A lease whose holder is dead, and who looks is a process that was started meanwhile.
    moved.step(0);
    let BeginResult::Acquired(lease) = store.begin(entry("held"), ClaimId::new(2), SPAN).await.unwrap()
    else {
        panic!()
    };
    moved.step(-30);
    drop(store);
    let store = moved.open().await;
    let busy = store.begin(entry("held"), ClaimId::new(3), SPAN).await.unwrap();
    assert!(matches!(busy, BeginResult::Busy { .. }), "{busy:?}: no second live lease");
    let waited = first_due(&store, 1_000).await;
    assert!(waited > SPAN / 2 && waited < SPAN * 5, "{waited:?}");
    assert!(claim(&store, 1_001, 9).await.unwrap().is_empty());
    let AcceptResult::New { .. } = store.accept(entry("new")).await.unwrap() else { panic!() };
    let next = claim(&store, 5_000, 9).await.unwrap();
    assert!(next.len() == 1 && next[0].fence > lease.fence, "what is new is due at once");
}

#[tokio::test]
async fn a_clock_ahead_for_a_while_makes_nothing_old() {
    let log = Log::start();
    let moved = Moved::start();
    let store = moved.open().await;
    for key in ["a", "b", "c", "d", "e"] {
        let BeginResult::Acquired(lease) = store.begin(entry(key), ClaimId::new(1), SPAN).await.unwrap()
        else {
            panic!()
        };
        let _done = store.complete(lease.record.seq, lease.fence, None).await.unwrap();
    }
    assert!(log.take(Level::WARN, "the clock is").is_empty(), "a new store has nothing to compare it with");
    moved.step(8);
    assert_eq!(store.purge(100).await.unwrap(), 0);
    let told = log.take(Level::WARN, "the clock is");
    assert!(told.len() == 1 && told[0].contains("ahead") && told[0].contains("25 hours"), "{told:?}");
    store.probe().await.unwrap();
    assert!(log.take(Level::WARN, "the clock is").is_empty(), "it is told once");
    // A restart doesn't end it, wherever the clock is.
    for days in [8, 0, 9] {
        moved.step(days);
        let store = moved.open().await;
        assert_eq!(store.purge(100).await.unwrap(), 0);
        for key in ["a", "b", "c", "d", "e"] {
            let answer = store.accept(entry(key)).await.unwrap();
            assert!(matches!(answer, AcceptResult::Duplicate { state: State::Done, .. }), "{answer:?}");
        }
    }
}

/// The first look at the time may be one that changes nothing.
#[tokio::test]
async fn a_jump_that_a_reader_sees_first_is_a_jump() {
    let log = Log::start();
    let moved = Moved::start();
    let store = moved.open().await;
    accept(&store, "k").await.unwrap();
    moved.step(8);
    for _ in 0..3 {
        store.stats().await.unwrap();
        store.stats().await.unwrap();
    }
    assert_eq!(store.purge(100).await.unwrap(), 0);
    assert_eq!(log.take(Level::WARN, "the clock is").len(), 1);
    // Claims that find nothing keep it, too.
    let claim = Claim::new(ClaimId::new(5), ["another"], 9, SPAN);
    moved.step(16);
    assert!(store.claim_due(claim).await.unwrap().is_empty());
    assert_eq!(log.take(Level::WARN, "the clock is").len(), 1);
    assert_eq!(store.purge(100).await.unwrap(), 0);
}
