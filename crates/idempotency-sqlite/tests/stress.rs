//! The stress test on one file, which four processes have open and are killed over.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::thread::sleep;
use std::time::{Duration, Instant};
use wxhook_idempotency::Error;
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};
use wxhook_testkit::store::{Backend, Place, Time};

struct Sqlite;

impl Backend for Sqlite {
    type Store = SqliteStore;

    fn open(&self, place: &Place) -> SqliteStore {
        let give_up = Instant::now() + Duration::from_secs(30);
        loop {
            match SqliteStore::open(place.directory().join("store.db"), SqliteOptions::default()) {
                Ok(store) => return store,
                // Others may be writing for longer than it waits.
                Err(Error::Unavailable(_)) if Instant::now() < give_up => sleep(Duration::from_millis(20)),
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    fn time(&self) -> Time {
        Time::Real
    }
}

wxhook_testkit::store_stress!(Sqlite);
