//! Stores as files that tests copy, move and remove.
#![allow(dead_code, reason = "each test uses its own part")]

use futures_executor::block_on;
use std::fs;
use std::path::{Path, PathBuf};
use wxhook_idempotency::{AcceptResult, Entry, Error, Fingerprint, Lookup, Seq, State, Store as _, StoreId};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};

pub(crate) fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, SqliteOptions::default()).unwrap()
}

pub(crate) fn entry(key: &str) -> Entry {
    let mut entry = Entry::new(key, Fingerprint::new(1, [7; 32]), vec![b'x'; 1024], "sink");
    entry.aliases.push(format!("EV-{key}"));
    entry.labels.id = Some(format!("EV-{key}"));
    entry
}

/// The record's number, new or not.
pub(crate) fn accept(store: &SqliteStore, key: &str) -> Result<Seq, Error> {
    block_on(store.accept(entry(key))).map(|accepted| match accepted {
        AcceptResult::New { seq } | AcceptResult::Duplicate { seq, .. } => seq,
        other => panic!("{other:?}"),
    })
}

pub(crate) fn has(store: &SqliteStore, key: &str) -> bool {
    let found = block_on(store.get(Lookup::Key(key.to_owned()))).unwrap();
    found.is_some_and(|record| record.state == State::Ready && record.body.len() == 1024)
}

pub(crate) fn id(store: &SqliteStore) -> StoreId {
    store.capabilities().id.unwrap()
}

/// The file's own name, or that of its log (`-wal`) or the log's index (`-shm`).
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.to_path_buf().into_os_string();
    name.push(suffix);
    name.into()
}

/// Copies the database and its log as they are on the disk now, as if the machine had failed.
pub(crate) fn crashed(path: &Path, to: &Path) {
    fs::copy(path, to).unwrap();
    fs::copy(beside(path, "-wal"), beside(to, "-wal")).unwrap();
}

pub(crate) fn replaced<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    match result {
        Err(Error::Replaced(why)) => why,
        other => panic!("{other:?}"),
    }
}
