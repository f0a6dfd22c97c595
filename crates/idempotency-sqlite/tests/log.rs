//! The write-ahead log while writing never stops.
#![allow(clippy::unwrap_used, reason = "tests")]

use futures_executor::block_on;
use wxhook_idempotency::{Entry, Fingerprint, Store as _};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};

const CALLERS: usize = 8;
const ACCEPTS: usize = 150;
const BODY: usize = 100_000;
/// Of 120 MB that go through it: it is to start anew at about 40.
const MOST: u64 = 90_000_000;

#[test]
fn it_starts_anew_under_a_steady_load() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let store = &store;
            scope.spawn(move || {
                for number in 0..ACCEPTS {
                    let key = format!("{caller}/{number}");
                    let entry = Entry::new(key, Fingerprint::new(1, [7; 32]), vec![b'x'; BODY], "sink");
                    block_on(store.accept(entry)).unwrap();
                }
            });
        }
    });
    let log = std::fs::metadata(directory.path().join("store.db-wal")).unwrap().len();
    assert!(log <= MOST, "{log}");
}
