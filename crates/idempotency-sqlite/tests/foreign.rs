//! A database beside a write-ahead log that isn't its own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "support/files.rs"]
mod files;

use files::{accept, beside, crashed, has, id, open};
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use wxhook_idempotency::Error;
use wxhook_idempotency_sqlite::{BackupError, SqliteOptions, SqliteStore};

/// A store's history on the disk: `1` closed; `2` as a crash in its second run left it; `3` closed after that run; `4` as a
/// crash in its third run left it; `5` closed after that.
struct History(TempDir);

impl History {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let this = Self(directory);
        let path = this.file("live");
        drop(open(&path));
        let store = open(&path);
        accept(&store, "first").unwrap();
        drop(store);
        fs::copy(&path, this.file("1")).unwrap();
        let store = open(&path);
        accept(&store, "second").unwrap();
        accept(&store, "2nd").unwrap();
        crashed(&path, &this.file("2"));
        drop(store);
        fs::copy(&path, this.file("3")).unwrap();
        let store = open(&path);
        accept(&store, "third").unwrap();
        crashed(&path, &this.file("4"));
        drop(store);
        fs::copy(&path, this.file("5")).unwrap();
        this
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The database of one moment beside the log of another.
    fn joined(&self, database: &str, log: &str) -> PathBuf {
        let path = self.file("joined");
        fs::copy(self.file(database), &path).unwrap();
        fs::copy(beside(&self.file(log), "-wal"), beside(&path, "-wal")).unwrap();
        path
    }
}

fn refused(path: &Path) {
    for _ in 0..2 {
        match SqliteStore::open(path, SqliteOptions::default()) {
            Err(Error::Unsupported(text)) => assert!(text.contains("-wal, isn't its own"), "{text}"),
            other => panic!("{other:?}"),
        }
    }
    let copy = path.with_extension("backup");
    assert!(matches!(SqliteStore::backup_file(path, copy), Err(BackupError::Store(Error::Unsupported(_)))));
}

#[test]
fn its_own_log_is_used() {
    let history = History::new();
    for (name, keys) in [("2", &["first", "second", "2nd"][..]), ("4", &["first", "second", "2nd", "third"])]
    {
        let store = open(&history.joined(name, name));
        assert!(keys.iter().all(|key| has(&store, key)), "{name}");
    }
    // The state before its log's first step is what a crash leaves, too.
    let store = open(&history.joined("3", "4"));
    assert!(has(&store, "third"));
}

#[test]
fn a_log_of_another_state_is_refused() {
    let history = History::new();
    // All that the log has is in it already, which does no harm.
    assert!(has(&open(&history.joined("3", "2")), "2nd"));
    for (database, log) in [("1", "4"), ("2", "4"), ("5", "2")] {
        let path = history.joined(database, log);
        refused(&path);
        // As the message says.
        fs::rename(beside(&path, "-wal"), history.file("kept")).unwrap();
        assert!(has(&open(&path), "first"));
    }
}

#[test]
fn a_log_of_another_store_is_refused() {
    let (history, other) = (History::new(), History::new());
    let path = history.joined("3", "4");
    fs::copy(beside(&other.file("4"), "-wal"), beside(&path, "-wal")).unwrap();
    refused(&path);
}

#[test]
fn a_backup_put_beside_the_log_that_goes_on_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (path, backup, here) = (
        directory.path().join("store.db"),
        directory.path().join("backup.db"),
        directory.path().join("here.db"),
    );
    let store = open(&path);
    accept(&store, "before").unwrap();
    SqliteStore::backup_file(&path, &backup).unwrap();
    accept(&store, "after").unwrap();
    crashed(&path, &here);
    fs::copy(&backup, &here).unwrap();
    refused(&here);
    fs::remove_file(beside(&here, "-wal")).unwrap();
    let restored = open(&here);
    assert!(has(&restored, "before") && !has(&restored, "after"));
    assert_ne!(id(&restored), id(&store));
}

#[test]
fn an_empty_or_cut_log_is_no_other() {
    let history = History::new();
    for bytes in [0, 31, 32, 40, 5_000] {
        let path = history.joined("3", "4");
        let log = fs::read(beside(&path, "-wal")).unwrap();
        fs::write(beside(&path, "-wal"), &log[..bytes]).unwrap();
        assert!(has(&open(&path), "2nd"), "{bytes}");
        let _gone = fs::remove_file(beside(&path, "-wal"));
    }
}

#[test]
fn a_log_in_which_the_file_was_brought_up_to_date_is_its_own_only_there() {
    let directory = tempfile::tempdir().unwrap();
    let (path, other) = (directory.path().join("store.db"), directory.path().join("other.db"));
    let version_2 = |path: &Path| {
        let old = Connection::open(path).unwrap();
        old.execute_batch(include_str!("../src/schema/1.sql")).unwrap();
        old.execute_batch(include_str!("../src/schema/2.sql")).unwrap();
        old.pragma_update(None, "application_id", 0x7778_686b).unwrap();
        old.pragma_update(None, "user_version", 2).unwrap();
        old.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
    };
    version_2(&path);
    version_2(&other);
    let store = open(&path);
    accept(&store, "k").unwrap();
    // A second process finds the log beside the file as it was.
    assert!(has(&open(&path), "k"));
    fs::copy(beside(&path, "-wal"), beside(&other, "-wal")).unwrap();
    refused(&other);
}
