//! Other processes beside one that writes all the time: they open the file, purge it and copy it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use futures_executor::block_on;
use rusqlite::Connection;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use wxhook_idempotency::{
    AcceptResult, Claim, ClaimId, Clock, Entry, FenceResult, Fingerprint, Lookup, State, Store as _,
    StoreExt as _, SystemClock,
};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};

const OLD: u64 = 400;
const CALLERS: u64 = 4;
/// Set in a child process: the file that it purges.
const FILE: &str = "WXHOOK_TEST_PURGED";

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, SqliteOptions::default()).unwrap()
}

fn accept(store: &SqliteStore, key: &str) {
    let mut entry = Entry::new(key, Fingerprint::new(1, [7; 32]), vec![b'x'; 1024], "sink");
    entry.aliases.push(format!("EV-{key}"));
    let accepted = block_on(store.accept(entry)).unwrap();
    assert!(matches!(accepted, AcceptResult::New { .. }), "{accepted:?}");
}

/// Several callers accept until `ended` says so; gives how many each of them did.
fn accept_until(store: &SqliteStore, ended: impl Fn() -> bool + Sync) -> Vec<u64> {
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let ended = &ended;
                scope.spawn(move || {
                    let mut accepted = 0;
                    while !ended() {
                        accept(store, &format!("{caller}/{accepted}"));
                        accepted += 1;
                    }
                    accepted
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    })
}

/// Every record of these is there, whole and free to be claimed.
fn all_there(store: &SqliteStore, accepted: &[u64]) {
    for (caller, count) in accepted.iter().enumerate() {
        for number in 0..*count {
            let lookup = Lookup::Key(format!("{caller}/{number}"));
            let record = block_on(store.get(lookup)).unwrap().unwrap();
            assert_eq!((record.state, record.body.len()), (State::Ready, 1024));
        }
    }
}

fn is_whole(path: &Path) {
    let connection = Connection::open(path).unwrap();
    let said: String = connection.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
    assert_eq!(said, "ok");
}

/// A clock that was nine days behind until they passed.
#[derive(Debug, Default)]
struct NineDaysAgo(AtomicBool);

const NINE_DAYS: Duration = Duration::from_secs(9 * 86_400);

impl Clock for NineDaysAgo {
    fn now(&self) -> SystemTime {
        let now = SystemClock::default().now();
        if self.0.load(Ordering::Relaxed) { now } else { now - NINE_DAYS }
    }

    fn elapsed(&self) -> Duration {
        let elapsed = SystemClock::default().elapsed();
        if self.0.load(Ordering::Relaxed) { elapsed + NINE_DAYS } else { elapsed }
    }
}

/// Records that have been done for longer than they are kept.
fn fill_with_old(path: &Path) {
    let clock = Arc::new(NineDaysAgo::default());
    let shared: Arc<dyn Clock> = clock.clone();
    let options = SqliteOptions::default().with_clock(shared);
    let store = SqliteStore::open(path, options).unwrap();
    std::thread::scope(|scope| {
        for caller in 0..8 {
            let store = &store;
            scope.spawn(move || {
                (0..OLD / 8).for_each(|number| accept(store, &format!("old/{caller}/{number}")))
            });
        }
    });
    let claim = Claim::new(ClaimId::new(1), ["sink"], 1_000, Duration::from_secs(60));
    let leases = block_on(store.claim_due(claim)).unwrap();
    std::thread::scope(|scope| {
        for leases in leases.chunks(leases.len() / 8) {
            let store = &store;
            scope.spawn(move || {
                for lease in leases {
                    let completed = block_on(store.complete(lease.record.seq, lease.fence, None));
                    assert_eq!(completed.unwrap(), FenceResult::Done);
                }
            });
        }
    });
    // That they passed isn't seen as a clock that jumped.
    clock.0.store(true, Ordering::Relaxed);
    block_on(store.probe()).unwrap();
}

/// Does nothing unless it runs in a child process: purges all that is old.
#[test]
fn the_childs_part() {
    let Ok(file) = std::env::var(FILE) else { return };
    let store = open(Path::new(&file));
    let mut left = OLD;
    while left > 0 {
        left -= block_on(store.purge(50)).unwrap();
    }
}

#[test]
fn another_process_opens_and_purges() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    fill_with_old(&path);
    let store = open(&path);
    let ended = AtomicBool::new(false);
    let accepted = std::thread::scope(|scope| {
        scope.spawn(|| {
            let child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "the_childs_part"])
                .env(FILE, &path)
                .output();
            ended.store(true, Ordering::Relaxed);
            let output = child.unwrap();
            assert!(output.status.success(), "{output:?}");
        });
        accept_until(&store, || ended.load(Ordering::Relaxed))
    });
    let stats = block_on(store.stats()).unwrap();
    assert_eq!((stats.count(State::Done), stats.count(State::Ready)), (0, accepted.iter().sum()));
    all_there(&store, &accepted);
    drop(store);
    is_whole(&path);
}

#[test]
fn a_copy_made_meanwhile_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let copies = [directory.path().join("vacuumed.db"), directory.path().join("backed-up.db")];
    fill_with_old(&path);
    let store = open(&path);
    let (ended, counts) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let accepted = std::thread::scope(|scope| {
        scope.spawn(|| {
            let _ending = End(&ended);
            let source = Connection::open(&path).unwrap();
            for copy in &copies {
                while block_on(store.stats()).unwrap().count(State::Ready) < 50 {}
                counts.lock().unwrap().push(block_on(store.stats()).unwrap().count(State::Ready));
                if copy == &copies[0] {
                    source.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
                } else {
                    source.backup("main", copy, None::<fn(rusqlite::backup::Progress)>).unwrap();
                }
            }
        });
        accept_until(&store, || ended.load(Ordering::Relaxed))
    });
    all_there(&store, &accepted);
    for (copy, count) in copies.iter().zip(counts.into_inner().unwrap()) {
        is_whole(copy);
        let copied = open(copy);
        let stats = block_on(copied.stats()).unwrap();
        // What was acknowledged before the copy began is in it, and it goes on from there.
        assert!(stats.count(State::Ready) >= count && stats.count(State::Done) == OLD, "{stats:?}, {count}");
        accept(&copied, "new");
        let claim = Claim::new(ClaimId::new(2), ["sink"], usize::MAX, Duration::from_secs(60));
        let claimed = block_on(copied.claim_due(claim)).unwrap().len();
        assert_eq!(u64::try_from(claimed).unwrap(), stats.count(State::Ready) + 1);
    }
}

/// Says so when it goes, even by a panic.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
