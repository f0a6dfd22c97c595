//! A copy of a store holds everything that the original holds.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "support/files.rs"]
mod files;

use files::{accept, open};
use futures_executor::block_on;
use std::sync::Arc;
use wxhook_idempotency::{Cursor, Error, Store as _, Transfer as _};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};
use wxhook_testkit::store::{Backend, Place, Time, check_transfer};

struct Sqlite;

impl Backend for Sqlite {
    type Store = SqliteStore;

    fn open(&self, place: &Place) -> SqliteStore {
        let options = SqliteOptions::default().with_clock(Arc::new(place.clock().clone()));
        SqliteStore::open(place.directory().join("store.db"), options).unwrap()
    }

    fn time(&self) -> Time {
        Time::Still
    }
}

#[test]
fn they_are_whole() {
    check_transfer(&Sqlite);
}

#[test]
fn an_unfinished_one_takes_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let store = |name: &str| open(&directory.path().join(name));
    let (from, other, to) = (store("from.db"), store("other.db"), store("to.db"));
    accept(&from, "k").unwrap();
    accept(&other, "l").unwrap();
    let page = |store: &SqliteStore| block_on(store.export(Cursor::START, 9)).unwrap();
    block_on(to.import(page(&from))).unwrap();
    assert!(matches!(accept(&to, "m"), Err(Error::Unsupported(_))));
    assert!(matches!(block_on(to.probe()), Err(Error::Unsupported(_))));
    assert!(matches!(block_on(to.import(page(&other))), Err(Error::Unsupported(_))), "of another source");
    drop(to);
    // Whoever goes on with it need not be the one who began.
    let to = store("to.db");
    let mut next = Some(Cursor::START);
    while let Some(cursor) = next {
        let page = block_on(from.export(cursor, 9)).unwrap();
        next = page.next.clone();
        block_on(to.import(page)).unwrap();
    }
    assert_eq!(accept(&to, "k").unwrap(), accept(&from, "k").unwrap());
    assert_eq!(accept(&to, "m").unwrap().get(), 2, "numbers go on");
    assert_eq!(block_on(to.inspect()).unwrap(), [""; 0]);
    assert!(matches!(block_on(to.import(page(&from))), Err(Error::Unsupported(_))), "it is in use");
}
