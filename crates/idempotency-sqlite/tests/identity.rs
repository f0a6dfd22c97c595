//! The files of an open store are replaced, removed or moved: nothing is acknowledged that isn't kept.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "support/files.rs"]
mod files;

use files::{accept, beside, crashed, has, id, open, replaced};
use futures_executor::block_on;
use rusqlite::Connection;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};
use wxhook_idempotency::{Claim, ClaimId, Clock as _, Error, Seq, Store as _, SystemClock};
use wxhook_idempotency_sqlite::SqliteStore;

/// Set in a child process: the file that it accepts into.
const FILE: &str = "WXHOOK_TEST_ACCEPTS";
const THREADS: usize = 4;

/// Every operation says so, and goes on to when everything is put back.
fn is_replaced_for_good(store: &SqliteStore, put_back: impl FnOnce()) -> &'static str {
    let why = replaced(accept(store, "later"));
    put_back();
    assert_eq!(replaced(accept(store, "still later")), why);
    assert_eq!(replaced(block_on(store.probe())), why);
    assert_eq!(replaced(block_on(store.stats())), why);
    let claim = Claim::new(ClaimId::new(1), ["sink"], 9, Duration::from_secs(60));
    assert_eq!(replaced(block_on(store.claim_due(claim))), why);
    why
}

#[test]
fn another_file_in_its_place_stops_it() {
    for suffix in ["", "-wal", "-shm"] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let store = open(&path);
        accept(&store, "before").unwrap();
        let (name, away, other) =
            (beside(&path, suffix), directory.path().join("away"), directory.path().join("other"));
        // With the same content, to the byte.
        fs::copy(&name, &other).unwrap();
        fs::rename(&name, &away).unwrap();
        fs::rename(&other, &name).unwrap();
        let why = is_replaced_for_good(&store, || fs::rename(&away, &name).unwrap());
        assert!(why.contains(if suffix.is_empty() { "database" } else { suffix }), "{why}");
        drop(store);
        let store = open(&path);
        assert!(has(&store, "before") && !has(&store, "later") && !has(&store, "still later"));
    }
}

#[test]
fn a_removed_file_stops_it() {
    for suffix in ["", "-wal", "-shm"] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let store = open(&path);
        accept(&store, "before").unwrap();
        fs::remove_file(beside(&path, suffix)).unwrap();
        let why = is_replaced_for_good(&store, || ());
        assert!(why.contains("removed"), "{why}");
        if !suffix.is_empty() {
            // Nothing that was acknowledged is lost, though nobody closes it.
            let copy = directory.path().join("copy.db");
            fs::copy(&path, &copy).unwrap();
            if suffix == "-shm" {
                fs::copy(beside(&path, "-wal"), beside(&copy, "-wal")).unwrap();
            }
            let copy = open(&copy);
            assert!(has(&copy, "before") && !has(&copy, "later"), "{suffix}");
        }
    }
}

#[test]
fn all_of_its_files_removed_at_once_stop_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path);
    for suffix in ["", "-wal", "-shm"] {
        fs::remove_file(beside(&path, suffix)).unwrap();
    }
    is_replaced_for_good(&store, || ());
    drop(store);
    assert!(!path.exists(), "no empty one takes its place");
}

#[test]
fn a_link_that_leads_elsewhere_stops_it() {
    let directory = tempfile::tempdir().unwrap();
    let (one, other, link) =
        (directory.path().join("1.db"), directory.path().join("2.db"), directory.path().join("store.db"));
    drop((open(&one), open(&other)));
    std::os::unix::fs::symlink(&one, &link).unwrap();
    let store = open(&link);
    accept(&store, "before").unwrap();
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&other, &link).unwrap();
    is_replaced_for_good(&store, || ());
}

#[test]
fn what_is_put_in_its_place_is_left_alone_when_it_ends() {
    let directory = tempfile::tempdir().unwrap();
    let (path, other) = (directory.path().join("store.db"), directory.path().join("other.db"));
    let store = open(&path);
    accept(&store, "before").unwrap();
    let another = open(&other);
    accept(&another, "another").unwrap();
    crashed(&other, &path.with_extension("new"));
    for suffix in ["", "-wal"] {
        fs::rename(beside(&path.with_extension("new"), suffix), beside(&path, suffix)).unwrap();
    }
    replaced(accept(&store, "later"));
    let log = fs::read(beside(&path, "-wal")).unwrap();
    drop(store);
    assert_eq!(fs::read(beside(&path, "-wal")).unwrap(), log);
    fs::remove_file(beside(&path, "-shm")).unwrap();
    let store = open(&path);
    assert!(has(&store, "another") && !has(&store, "later") && !has(&store, "before"));
}

#[test]
fn what_sqlite_and_others_do_to_the_files_is_no_replacement() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path);
    for round in 0..3 {
        accept(&store, &format!("{round}/1")).unwrap();
        drop(open(&path));
        let other = Connection::open(&path).unwrap();
        other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        other.execute_batch("VACUUM").unwrap();
        drop(other);
        // A backup by links.
        fs::hard_link(&path, directory.path().join("link")).unwrap();
        accept(&store, &format!("{round}/2")).unwrap();
        fs::remove_file(directory.path().join("link")).unwrap();
        block_on(store.probe()).unwrap();
        // The folder goes away for a while.
        let (here, away) = (directory.path().to_path_buf(), directory.path().with_extension("away"));
        fs::rename(&here, &away).unwrap();
        assert!(matches!(accept(&store, "away"), Err(Error::Unavailable(_))));
        fs::rename(&away, &here).unwrap();
        accept(&store, &format!("{round}/3")).unwrap();
    }
    drop(store);
    assert!(!beside(&path, "-wal").exists());
    let store = open(&path);
    for round in 0..3 {
        assert!((1..4).all(|number| has(&store, &format!("{round}/{number}"))));
    }
}

#[test]
fn a_removed_log_loses_nothing_that_was_acknowledged() {
    for suffix in ["-wal", "-shm"] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let mut child = child(&path);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut acknowledged: Vec<String> = Vec::new();
        let mut stopped = 0;
        let mut removed = false;
        while stopped < THREADS {
            let line = lines.next().unwrap();
            if let Some(key) = line.strip_prefix("accepted ") {
                acknowledged.push(key.to_owned());
            } else if line.starts_with("replaced") {
                stopped += 1;
            }
            if acknowledged.len() >= 40 && !removed {
                fs::remove_file(beside(&path, suffix)).unwrap();
                removed = true;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let store = open(&path);
        let lost: Vec<_> = acknowledged.iter().filter(|key| !has(&store, key)).collect();
        assert!(lost.is_empty(), "{suffix}: {} of {} are lost", lost.len(), acknowledged.len());
        assert_eq!(block_on(store.inspect()).unwrap(), [""; 0]);
    }
}

/// Does nothing unless it runs in a child process: accepts until the store is replaced, then waits to be killed.
#[test]
fn the_childs_part() {
    let Ok(file) = std::env::var(FILE) else { return };
    let store = open(Path::new(&file));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = &store;
            scope.spawn(move || {
                for number in 0.. {
                    let key = format!("{thread}/{number}");
                    match accept(store, &key) {
                        Ok(_) => println!("\naccepted {key}"),
                        Err(Error::Replaced(_)) => break,
                        Err(error) => println!("\n{error:?}"),
                    }
                }
                println!("\nreplaced");
                loop {
                    std::thread::park();
                }
            });
        }
    });
}

fn child(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_childs_part", "--nocapture"])
        .env(FILE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn micros() -> u64 {
    let since = SystemClock::default().now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_micros()).unwrap()
}

#[test]
fn a_copy_is_a_store_of_its_own_and_a_renamed_one_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let (path, copy, moved) = (
        directory.path().join("store.db"),
        directory.path().join("copy.db"),
        directory.path().join("moved.db"),
    );
    let store = open(&path);
    accept(&store, "k").unwrap();
    let first = id(&store);
    drop(store);
    fs::copy(&path, &copy).unwrap();
    fs::rename(&path, &moved).unwrap();
    let store = open(&moved);
    assert_eq!(id(&store), first);
    assert_eq!(accept(&store, "l").unwrap(), Seq::new(2));

    let before = micros();
    let store = open(&copy);
    let second = id(&store);
    assert_ne!(second, first);
    assert!(has(&store, "k"));
    let seq = accept(&store, "l").unwrap().get();
    assert!(before < seq && seq <= micros() + 1);
    let claim = Claim::new(ClaimId::new(1), ["sink"], 1, Duration::from_secs(60));
    let fence = block_on(store.claim_due(claim)).unwrap()[0].fence.get();
    assert!(before < fence && fence <= micros() + 1);
    drop(store);
    let store = open(&copy);
    assert_eq!(id(&store), second);
    assert_eq!(accept(&store, "m").unwrap(), Seq::new(seq + 1));
}

/// Returns the head, which is what the store knows about itself.
fn head(connection: &Connection) -> Vec<u8> {
    connection.query_row("SELECT head FROM head", [], |row| row.get(0)).unwrap()
}

#[test]
fn numbers_are_never_used_again_when_the_file_is_put_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path);
    accept(&store, "a").unwrap();
    let other = Connection::open(&path).unwrap();
    let before = head(&other);
    for key in ["b", "c", "d"] {
        accept(&store, key).unwrap();
    }
    assert_eq!(block_on(store.stats()).unwrap().lost, 0);
    other.execute("DELETE FROM record WHERE seq > 1", []).unwrap();
    other.execute("DELETE FROM body WHERE seq > 1", []).unwrap();
    other.execute("DELETE FROM alias WHERE seq > 1", []).unwrap();
    other.execute("UPDATE head SET head = ?1", [before]).unwrap();
    assert_eq!(accept(&store, "e").unwrap(), Seq::new(5));
    assert_eq!(block_on(store.stats()).unwrap().lost, 3);
    assert_eq!(accept(&store, "f").unwrap(), Seq::new(6));
    assert_eq!(block_on(store.stats()).unwrap().lost, 3, "counted once");
    drop(store);
    assert_eq!(accept(&open(&path), "g").unwrap(), Seq::new(7));
}

#[test]
fn another_store_in_the_same_file_stops_it() {
    let directory = tempfile::tempdir().unwrap();
    let (path, another) = (directory.path().join("store.db"), directory.path().join("another.db"));
    let store = open(&path);
    accept(&store, "a").unwrap();
    let keeper = open(&another);
    let foreign = head(&Connection::open(&another).unwrap());
    drop(keeper);
    let other = Connection::open(&path).unwrap();
    let own = head(&other);
    other.execute("UPDATE head SET head = ?1", [foreign]).unwrap();
    is_replaced_for_good(&store, || {
        other.execute("UPDATE head SET head = ?1", [own]).unwrap();
    });
}

/// Overwrites or cuts an open file without another inode.
fn put_in_place(path: &Path, content: &[u8]) {
    use std::io::Write as _;
    let mut file = fs::OpenOptions::new().write(true).truncate(true).open(path).unwrap();
    file.write_all(content).unwrap();
}

#[test]
fn a_file_that_is_overwritten_in_place_stops_it() {
    for (name, checkpointed) in [
        ("older", true),
        ("backup", true),
        ("backup", false),
        ("empty", true),
        ("empty", false),
        ("log", false),
        ("log", true),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let store = open(&path);
        let checkpoint = || {
            let other = Connection::open(&path).unwrap();
            other.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
            // Closing it must not be the last one's closing; `store` is open.
        };
        accept(&store, "first").unwrap();
        checkpoint();
        let older = fs::read(&path).unwrap();
        for number in 0..20 {
            accept(&store, &format!("before {number}")).unwrap();
        }
        if checkpointed {
            checkpoint();
        }
        accept(&store, "last").unwrap();
        match name {
            "older" => put_in_place(&path, &older),
            "backup" => {
                let backup = directory.path().join("backup.db");
                block_on(store.backup(&backup)).unwrap();
                accept(&store, "after the backup").unwrap();
                put_in_place(&path, &fs::read(backup).unwrap());
            }
            "empty" => put_in_place(&path, b""),
            _ => put_in_place(&beside(&path, "-wal"), b""),
        }
        let why = is_replaced_for_good(&store, || {});
        assert!(why.contains("in place") && why.contains("-wal") == (name == "log"), "{name}: {why}");
    }
}

#[test]
fn checkpoints_of_every_kind_are_no_overwriting() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let (store, second) = (open(&path), open(&path));
    for round in 0..4 {
        for kind in ["PASSIVE", "FULL", "RESTART", "TRUNCATE"] {
            accept(&store, &format!("{round}/{kind}/1")).unwrap();
            accept(&second, &format!("{round}/{kind}/2")).unwrap();
            let other = Connection::open(&path).unwrap();
            other.query_row(&format!("PRAGMA wal_checkpoint({kind})"), [], |_| Ok(())).unwrap();
            if round == 2 {
                other.execute_batch("VACUUM").unwrap();
            }
            accept(&second, &format!("{round}/{kind}/3")).unwrap();
        }
    }
}
