//! Backups of a store that is in use, and what is opened from them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "support/files.rs"]
mod files;

use files::{accept, beside, has, id, open};
use futures_executor::block_on;
use rusqlite::Connection;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use wxhook_idempotency::{Error, State, Store as _};
use wxhook_idempotency_sqlite::{BackupError, SqliteStore};

#[test]
fn it_is_whole_and_private_while_everything_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path);
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                accept(&store, &format!("beside/{number}")).unwrap();
                if ended.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        for round in 0..3 {
            let key = format!("before/{round}");
            accept(&store, &key).unwrap();
            let backup = directory.path().join(format!("{round}.db"));
            block_on(store.backup(&backup)).unwrap();
            #[cfg(unix)]
            assert_eq!(
                std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&backup).unwrap().permissions())
                    & 0o777,
                0o600
            );
            let restored = open(&backup);
            assert!(has(&restored, &key) && has(&restored, "before/0"));
            assert_ne!(id(&restored), id(&store));
            assert_eq!(block_on(restored.inspect()).unwrap(), [""; 0]);
            let next = accept(&restored, "next").unwrap().get();
            assert!(
                next > block_on(store.stats()).unwrap().count(State::Ready) + 1_000_000_000,
                "above all that the original gives"
            );
        }
        ended.store(true, Ordering::Relaxed);
    });
    let mut names: Vec<_> =
        fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(
        names,
        ["0.db", "1.db", "2.db", "store.db", "store.db-shm", "store.db-wal"],
        "nothing is left behind"
    );
}

#[test]
fn it_overwrites_nothing_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path);
    let there = directory.path().join("there");
    fs::write(&there, "something").unwrap();
    let error = block_on(store.backup(&there)).unwrap_err();
    assert!(matches!(error, BackupError::Exists(_)), "{error:?}");
    assert_eq!(fs::read_to_string(&there).unwrap(), "something");
    #[cfg(unix)]
    {
        let dangling = directory.path().join("dangling");
        std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
        assert!(matches!(block_on(store.backup(&dangling)), Err(BackupError::Exists(_))));
    }
    let nowhere = directory.path().join("none/backup.db");
    assert!(matches!(block_on(store.backup(&nowhere)), Err(BackupError::Target { .. })));
    let missing =
        SqliteStore::backup_file(directory.path().join("missing.db"), directory.path().join("b.db"));
    assert!(matches!(missing, Err(BackupError::Store(Error::Unavailable(_)))), "{missing:?}");
    fs::write(directory.path().join("text"), "no database ".repeat(1_000)).unwrap();
    let text = SqliteStore::backup_file(directory.path().join("text"), directory.path().join("b.db"));
    assert!(matches!(text, Err(BackupError::Store(Error::Corrupt(_)))), "{text:?}");
    assert!(!directory.path().join("b.db").exists() && !directory.path().join("missing.db").exists());
    // A store that isn't the one that was opened isn't worth a backup.
    fs::remove_file(beside(&path, "-shm")).unwrap();
    let error = block_on(store.backup(directory.path().join("b.db"))).unwrap_err();
    assert!(matches!(error, BackupError::Store(Error::Replaced(_))), "{error:?}");
}

#[test]
fn a_file_of_an_earlier_version_is_copied_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let (path, backup) = (directory.path().join("store.db"), directory.path().join("backup.db"));
    Connection::open(&path).unwrap().execute_batch(include_str!("migration/1.sql")).unwrap();
    SqliteStore::backup_file(&path, &backup).unwrap();
    let version = |path: &Path| -> i64 {
        Connection::open(path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    };
    assert_eq!((version(&path), version(&backup)), (1, 1));
}

#[test]
fn whether_it_is_in_use_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path);
    accept(&store, "k").unwrap();
    assert!(SqliteStore::is_in_use(&path).unwrap());
    accept(&store, "l").unwrap();
    drop(store);
    assert!(!SqliteStore::is_in_use(&path).unwrap());
    assert!(has(&open(&path), "l"));
}

#[test]
fn a_thorough_look_finds_what_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path);
    for key in ["a", "b", "c"] {
        accept(&store, key).unwrap();
    }
    assert_eq!(block_on(store.inspect()).unwrap(), [""; 0]);
    let other = Connection::open(&path).unwrap();
    for (spoil, mend, expected) in [
        (
            "UPDATE lane SET ready = ready + 1",
            "UPDATE lane SET ready = ready - 1",
            "1 lanes whose counts are wrong",
        ),
        (
            "UPDATE lane SET bytes = bytes + 1",
            "UPDATE lane SET bytes = bytes - 1",
            "1 lanes whose counts are wrong",
        ),
        (
            "UPDATE body SET seq = 9 WHERE seq = 2",
            "UPDATE body SET seq = 2 WHERE seq = 9",
            "1 records without their content",
        ),
        (
            "INSERT INTO alias VALUES ('x', 9)",
            "DELETE FROM alias WHERE name = 'x'",
            "1 names that lead to no record",
        ),
        (
            "UPDATE record SET wake = NULL WHERE seq = 1",
            "UPDATE record SET wake = due",
            "1 records that would never be delivered",
        ),
        (
            "UPDATE record SET fence = 77 WHERE seq = 1",
            "UPDATE record SET fence = NULL",
            "a record has the fence 77",
        ),
    ] {
        other.execute_batch(spoil).unwrap();
        let found = block_on(store.inspect()).unwrap();
        assert!(found.iter().any(|line| line.starts_with(expected)), "{spoil}: {found:?}");
        other.execute_batch(mend).unwrap();
        assert_eq!(block_on(store.inspect()).unwrap(), [""; 0], "{mend}");
    }
}
