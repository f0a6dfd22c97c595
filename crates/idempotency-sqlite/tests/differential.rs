//! Long random sequences of operations get the same answers from the memory model and from SQLite, when several
//! threads read beside the one that writes.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};
use wxhook_testkit::store::{Backend, Place, Time, check_against_model};

struct Readers;

impl Backend for Readers {
    type Store = SqliteStore;

    fn open(&self, place: &Place) -> SqliteStore {
        let options = SqliteOptions::default().with_clock(Arc::new(place.clock().clone())).with_readers(3);
        SqliteStore::open(place.directory().join("store.db"), options).unwrap()
    }

    fn time(&self) -> Time {
        Time::Still
    }
}

#[test]
fn the_check_against_model() {
    check_against_model(&Readers, 16);
}
