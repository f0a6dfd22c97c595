//! A disk that is full, can't be written or gives damaged pages: accepting and probing fail alike, and recover.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "support/files.rs"]
mod files;

use files::{accept, beside, has, open};
use futures_executor::block_on;
use rusqlite::Connection;
use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use wxhook_idempotency::{Error, Filter, State, Store as _};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};

/// A small file system of its own, where the test may mount one.
struct Small(PathBuf);

impl Small {
    fn mount(on: &Path) -> Option<Self> {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"]).arg(on).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(on.to_owned()));
        }
        println!("skipped: no file system can be mounted here");
        None
    }

    fn remount(&self, options: &str) {
        let remounted =
            Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).status();
        assert!(remounted.unwrap().success());
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _gone_with_the_test = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn fails_alike(store: &SqliteStore, what: &str) {
    let (accepted, probed) = (accept(store, "another"), block_on(store.probe()));
    assert!(accepted.is_err() && probed.is_err(), "{what}: {accepted:?} {probed:?}");
}

#[test]
fn a_full_disk_fails_both_until_there_is_room() {
    let directory = tempfile::tempdir().unwrap();
    let Some(small) = Small::mount(directory.path()) else { return };
    let store = open(&small.0.join("store.db"));
    let mut accepted = 0;
    let error = loop {
        match accept(&store, &format!("{accepted}")) {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert!(accepted > 50);
    // The probe needs at least as much room as an accept of a typical size.
    let filler = small.0.join("filler");
    let _as_far_as_it_goes = fs::write(&filler, vec![0; 3 << 20]);
    for _ in 0..3 {
        fails_alike(&store, "full");
    }
    assert!((0..accepted).all(|number| has(&store, &format!("{number}"))), "reading goes on");
    small.remount("size=6m");
    fs::remove_file(filler).unwrap();
    block_on(store.probe()).unwrap();
    accept(&store, "another").unwrap();
    assert_eq!(block_on(store.inspect()).unwrap(), [""; 0]);
    assert_eq!(block_on(store.stats()).unwrap().count(State::Ready), accepted + 1);
}

#[test]
fn a_read_only_file_system_is_told_when_it_is_opened() {
    let directory = tempfile::tempdir().unwrap();
    let Some(small) = Small::mount(directory.path()) else { return };
    let path = small.0.join("store.db");
    drop(open(&path));
    small.remount("ro");
    let opened = SqliteStore::open(&path, SqliteOptions::default());
    assert!(matches!(opened, Err(Error::Unavailable(_))), "{opened:?}");
    small.remount("rw");
    accept(&open(&path), "k").unwrap();
}

#[test]
fn a_damaged_page_of_what_an_accept_writes_fails_both() {
    for table in ["record", "record_key", "body", "alias", "alias_seq", "term", "head", "lane"] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let store = open(&path);
        accept(&store, "k").unwrap();
        block_on(store.probe()).unwrap();
        drop(store);
        let connection = Connection::open(&path).unwrap();
        let root =
            connection.query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", [table], |row| {
                row.get::<_, i64>(0)
            });
        let root = root.unwrap().unsigned_abs();
        drop(connection);
        let damage = |bytes: &[u8]| {
            let mut file = OpenOptions::new().write(true).open(&path).unwrap();
            file.seek(SeekFrom::Start((root - 1) * 4096)).unwrap();
            file.write_all(bytes).unwrap();
        };
        let whole = fs::read(&path).unwrap();
        let page = usize::try_from((root - 1) * 4096).unwrap();
        damage(&[0xff; 4096]);
        match SqliteStore::open(&path, SqliteOptions::default()) {
            Ok(store) => fails_alike(&store, table),
            Err(error) => {
                assert!(table == "head" && matches!(error, Error::Corrupt(_)), "{table}: {error:?}")
            }
        }
        let _none = fs::remove_file(beside(&path, "-wal"));
        damage(whole.get(page..page + 4096).unwrap());
        let store = open(&path);
        assert!(has(&store, "k"), "{table}");
        block_on(store.probe()).unwrap();
    }
}

#[test]
fn a_probe_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path);
    let count = |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        Connection::open(&path).unwrap().query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    let tables = ["record", "body", "alias", "term", "lane", "kind", "mark"];
    for round in 1..=2 {
        let before = tables.map(count);
        for _ in 0..20 {
            block_on(store.probe()).unwrap();
        }
        assert_eq!(tables.map(count), before);
        // No number is used up either.
        assert_eq!(accept(&store, &format!("{round}")).unwrap().get(), round);
    }
    let lanes = block_on(store.stats()).unwrap().lanes;
    assert_eq!(
        lanes.iter().map(|lane| (&*lane.lane, lane.count(State::Ready), lane.bytes)).collect::<Vec<_>>(),
        [("sink", 2, 2048)]
    );
    assert_eq!(block_on(store.list(Filter::default(), None, 9)).unwrap().records.len(), 2);
    assert_eq!(block_on(store.inspect()).unwrap(), [""; 0]);
}
