//! The write-ahead log while writing never stops.
#![allow(clippy::unwrap_used, reason = "tests")]

use futures_executor::block_on;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use wxhook_idempotency::{Entry, Fingerprint, Store as _};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};

const CALLERS: u64 = 8;
const BODY: u32 = 100_000;
/// Accepts of each caller by which the log must have started anew; it usually does after about 50.
const MAX_ACCEPTS: u64 = 1_000;

#[test]
fn it_starts_anew_under_a_steady_load() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let log = directory.path().join("store.db-wal");
    let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    let (accepts, started_anew) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (store, log, accepts, started_anew) = (&store, &log, &accepts, &started_anew);
            scope.spawn(move || {
                for number in 0..MAX_ACCEPTS {
                    let key = format!("{caller}/{number}");
                    let entry = Entry::new(
                        key,
                        Fingerprint::new(1, [7; 32]),
                        b"x".repeat(usize::try_from(BODY).unwrap()),
                        "sink",
                    );
                    block_on(store.accept(entry)).unwrap();
                    // The file never shrinks under load: it is shorter than what went through it once it was reused.
                    let written = (accepts.fetch_add(1, Ordering::SeqCst) + 1) * u64::from(BODY);
                    if std::fs::metadata(log).unwrap().len() + 10_000_000 < written {
                        started_anew.store(true, Ordering::SeqCst);
                    }
                    if started_anew.load(Ordering::SeqCst) {
                        return;
                    }
                }
            });
        }
    });
    assert!(started_anew.into_inner(), "the log holds all of {} accepts", accepts.into_inner());
}
