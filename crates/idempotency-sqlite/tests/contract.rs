//! The SQLite store passes the conformance suite.
#![allow(clippy::unwrap_used, reason = "tests")]

use rusqlite::Connection;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use wxhook_idempotency::Seq;
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};
use wxhook_testkit::store::{Backend, Outage, Place, Time};
use wxhook_testkit::store_suite;

struct Sqlite;

fn directory(place: &Place) -> PathBuf {
    place.directory().join("data")
}

fn file(place: &Place) -> PathBuf {
    directory(place).join("store.db")
}

impl Backend for Sqlite {
    type Store = SqliteStore;

    fn open(&self, place: &Place) -> SqliteStore {
        fs::create_dir_all(directory(place)).unwrap();
        let options = SqliteOptions::default().with_clock(Arc::new(place.clock().clone()));
        SqliteStore::open(file(place), options).unwrap()
    }

    fn time(&self) -> Time {
        Time::Still
    }

    /// The file's directory goes away for a while, as a volume does.
    fn outage(&self, place: &Place) -> Option<Outage> {
        let (here, away) = (directory(place), place.directory().join("away"));
        fs::rename(&here, &away).unwrap();
        Some(Outage::new(move || fs::rename(away, here).unwrap()))
    }

    fn damage(&self, place: &Place, seq: Seq) -> bool {
        let other = Connection::open(file(place)).unwrap();
        let changed = other.execute("UPDATE record SET fp = x'00' WHERE seq = ?1", [seq.get().cast_signed()]);
        assert_eq!(changed.unwrap(), 1);
        true
    }
}

store_suite!(Sqlite);
