//! A file that version 1 made passes the conformance suite once it was brought up to date.
#![allow(clippy::unwrap_used, reason = "tests")]

use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::Arc;
use wxhook_idempotency::Seq;
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};
use wxhook_testkit::store::{Backend, Place, Time};
use wxhook_testkit::store_suite;

/// `wxhk`.
const APPLICATION: i32 = 0x7778_686b;

struct Migrated;

fn file(place: &Place) -> PathBuf {
    place.directory().join("store.db")
}

impl Backend for Migrated {
    type Store = SqliteStore;

    fn open(&self, place: &Place) -> SqliteStore {
        let path = file(place);
        // Several processes come here at once: one of them makes the file, under another name.
        if !path.exists() {
            let made = place.directory().join(format!("made-{}.db", std::process::id()));
            let old = Connection::open(&made).unwrap();
            old.execute_batch(include_str!("../src/schema/1.sql")).unwrap();
            old.pragma_update(None, "application_id", APPLICATION).unwrap();
            old.pragma_update(None, "user_version", 1).unwrap();
            drop(old);
            let _another_was_first = std::fs::hard_link(&made, &path);
            std::fs::remove_file(&made).unwrap();
        }
        let options = SqliteOptions::default().with_clock(Arc::new(place.clock().clone()));
        SqliteStore::open(path, options).unwrap()
    }

    fn time(&self) -> Time {
        Time::Still
    }

    fn damage(&self, place: &Place, seq: Seq) -> bool {
        let other = Connection::open(file(place)).unwrap();
        let changed = other.execute("UPDATE record SET fp = x'00' WHERE seq = ?1", [seq.get().cast_signed()]);
        assert_eq!(changed.unwrap(), 1);
        true
    }
}

store_suite!(Migrated);
