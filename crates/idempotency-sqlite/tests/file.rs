//! Behaviour of a store in a file: permissions, versions, faults, several processes, kill -9.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use futures_executor::block_on;
use rusqlite::Connection;
use std::collections::HashSet;
use std::future::Future as _;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::pin::pin;
use std::process::{Child, Command, Stdio};
use std::task::{Context, Waker};
use std::time::Duration;
use wxhook_idempotency::{
    AcceptResult, Claim, ClaimId, Entry, Error, FenceResult, Filter, Fingerprint, Lease, Lookup, Seq, State,
    Store as _, StoreExt as _,
};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};

const SPAN: Duration = Duration::from_secs(60);
/// Set in a child process: what it does, and on which file.
const ROLE: &str = "WXHOOK_TEST_ROLE";
const FILE: &str = "WXHOOK_TEST_FILE";

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, SqliteOptions::default()).unwrap()
}

fn entry(key: &str) -> Entry {
    let mut entry = Entry::new(key, Fingerprint::new(1, [7; 32]), vec![b'x'; 1024], "sink");
    entry.aliases.push(format!("EV-{key}"));
    entry
}

fn accept(store: &SqliteStore, key: &str) -> Result<Seq, Error> {
    block_on(store.accept(entry(key))).map(|accepted| match accepted {
        AcceptResult::New { seq } | AcceptResult::Duplicate { seq, .. } => seq,
        other => panic!("{other:?}"),
    })
}

fn claim(store: &SqliteStore, id: u128, most: usize) -> Vec<Lease> {
    block_on(store.claim_due(Claim::new(ClaimId::new(id), ["sink"], most, SPAN))).unwrap()
}

fn unavailable<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
}

/// This test program once more, running nothing but the child's part.
fn child(role: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_childs_part", "--nocapture"])
        .env(ROLE, role)
        .env(FILE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Does nothing unless it runs in a child process.
#[test]
fn the_childs_part() {
    let (Ok(role), Ok(file)) = (std::env::var(ROLE), std::env::var(FILE)) else { return };
    let store = open(Path::new(&file));
    match &*role {
        "accept" => std::thread::scope(|scope| {
            for thread in 0..4 {
                let store = &store;
                scope.spawn(move || {
                    for number in 0_u32.. {
                        let key = format!("{thread}/{number}");
                        let seq = accept(store, &key).unwrap();
                        println!("\naccepted {key} {seq}");
                    }
                });
            }
        }),
        _ => {
            let process = u128::from(std::process::id());
            for number in 0_u128.. {
                let leases = claim(&store, process << 32 | number, 3);
                if leases.is_empty() {
                    break;
                }
                for lease in leases {
                    println!("\nclaimed {} {}", lease.record.seq, lease.fence);
                }
            }
        }
    }
}

/// The lines of a child's output that begin with `word`, without it.
fn lines(child: &mut Child, word: &'static str) -> impl Iterator<Item = Vec<String>> + use<> {
    let output = BufReader::new(child.stdout.take().unwrap());
    output.lines().map_while(Result::ok).filter_map(move |line| {
        let rest = line.strip_prefix(word)?.strip_prefix(' ')?;
        Some(rest.split(' ').map(str::to_owned).collect())
    })
}

#[test]
fn what_was_answered_survives_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let mut acknowledged = Vec::new();
    for round in 1..=3 {
        let mut child = child("accept", &path);
        let mut accepted = lines(&mut child, "accepted");
        acknowledged.extend(accepted.by_ref().take(150 * round));
        child.kill().unwrap();
        acknowledged.extend(accepted.filter(|words| words.len() == 2 && words[1].parse::<u64>().is_ok()));
        child.wait().unwrap();
    }
    let store = open(&path);
    let mut least = u64::MAX;
    for words in &acknowledged {
        let record = block_on(store.get(Lookup::Key(words[0].clone()))).unwrap().unwrap();
        // The last line may have been cut off in the middle of its number.
        assert!(record.seq.to_string().starts_with(&words[1]));
        assert_eq!((record.state, record.body.len()), (State::Ready, 1024));
        least = least.min(record.seq.get());
    }
    assert_eq!(least, 1);
    // Nothing is marked without its work: every record can be claimed, and every alias leads to one.
    let stats = block_on(store.stats()).unwrap();
    assert!(
        stats.count(State::Ready)
            >= u64::try_from(acknowledged.iter().collect::<HashSet<_>>().len()).unwrap()
    );
    let claimed = claim(&store, 1, usize::MAX);
    assert_eq!(u64::try_from(claimed.len()).unwrap(), stats.count(State::Ready));
    for lease in claimed {
        let again = accept(&store, &lease.record.key).unwrap();
        assert_eq!(again, lease.record.seq);
    }
}

#[test]
fn processes_share_the_work() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path);
    for number in 0..300 {
        accept(&store, &number.to_string()).unwrap();
    }
    let mut children: Vec<_> = (0..3).map(|_| child("claim", &path)).collect();
    let readers: Vec<_> = children
        .iter_mut()
        .map(|child| {
            let lines = lines(child, "claimed");
            std::thread::spawn(move || lines.collect::<Vec<_>>())
        })
        .collect();
    let mut claimed: Vec<_> = readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let count = claimed.len();
    let fences: HashSet<_> = claimed.iter().map(|words| words[1].clone()).collect();
    claimed.sort();
    claimed.dedup_by(|one, other| one[0] == other[0]);
    assert_eq!((count, claimed.len(), fences.len()), (300, 300, 300));
}

#[test]
fn two_stores_on_one_file_agree() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let stores = [open(&path), open(&path)];
    std::thread::scope(|scope| {
        for store in &stores {
            scope.spawn(move || {
                for number in 0..100 {
                    accept(store, &number.to_string()).unwrap();
                }
            });
        }
    });
    assert_eq!(block_on(stores[0].stats()).unwrap().count(State::Ready), 100);
    let lease = claim(&stores[0], 1, 1).remove(0);
    assert_eq!(block_on(stores[1].complete(lease.record.seq, lease.fence, None)).unwrap(), FenceResult::Done);
    let other = claim(&stores[1], 2, 1).remove(0);
    assert!(other.fence > lease.fence && other.record.seq != lease.record.seq);
}

#[test]
fn numbers_and_fences_go_on_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let mut last = None;
    for round in 0..3 {
        let store = open(&path);
        accept(&store, &round.to_string()).unwrap();
        let lease = claim(&store, round, 1).remove(0);
        assert!(Some((lease.record.seq, lease.fence)) > last);
        last = Some((lease.record.seq, lease.fence));
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path);
    accept(&store, "k").unwrap();
    for name in ["store.db", "store.db-wal", "store.db-shm"] {
        let mode = std::fs::metadata(directory.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    drop(store);
    // What somebody opened up stays as it is.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    drop(open(&path));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn foreign_and_newer_files_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    drop(open(&path));
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
    match SqliteStore::open(&path, SqliteOptions::default()) {
        Err(Error::Unsupported(text)) => {
            assert!(text.contains("version 7") && text.contains("up to 3"), "{text}")
        }
        other => panic!("{other:?}"),
    }
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 3).unwrap();
    drop(open(&path));
    let foreign = directory.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert!(matches!(SqliteStore::open(&foreign, SqliteOptions::default()), Err(Error::Unsupported(_))));
    let mode: String = Connection::open(&foreign)
        .unwrap()
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "delete", "it isn't touched");
    let text = directory.path().join("text");
    std::fs::write(&text, "no database ".repeat(1_000)).unwrap();
    assert!(matches!(SqliteStore::open(&text, SqliteOptions::default()), Err(Error::Corrupt(_))));
    unavailable(SqliteStore::open(directory.path().join("none/store.db"), SqliteOptions::default()));
}

#[test]
fn a_file_that_went_missing_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let (here, there) = (directory.path().join("here"), directory.path().join("there"));
    std::fs::create_dir(&here).unwrap();
    let store = open(&here.join("store.db"));
    let seq = accept(&store, "k").unwrap();
    std::fs::rename(&here, &there).unwrap();
    unavailable(accept(&store, "k"));
    unavailable(block_on(store.get(Lookup::Seq(seq))));
    unavailable(block_on(store.probe()));
    std::fs::rename(&there, &here).unwrap();
    assert_eq!(accept(&store, "k").unwrap(), seq);
    assert!(block_on(store.get(Lookup::Seq(seq))).unwrap().is_some());
    block_on(store.probe()).unwrap();
}

#[test]
fn a_full_or_locked_file_is_unavailable_for_a_while() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let options = SqliteOptions::default().with_busy_timeout(Duration::from_millis(20));
    let store = SqliteStore::open(&path, options).unwrap();
    let seq = accept(&store, "k").unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    unavailable(accept(&store, "k"));
    unavailable(block_on(store.claim_due(Claim::new(ClaimId::new(1), ["sink"], 1, SPAN))));
    assert!(block_on(store.get(Lookup::Seq(seq))).unwrap().is_some(), "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(accept(&store, "k").unwrap(), seq);
    // Full: as of a limit that each connection has to be told about, so by a trigger instead.
    other
        .execute_batch("CREATE TRIGGER full BEFORE INSERT ON body BEGIN SELECT raise(FAIL, 'full'); END")
        .unwrap();
    unavailable(accept(&store, "l"));
    assert_eq!(accept(&store, "k").unwrap(), seq, "what needs no room still works");
    other.execute_batch("DROP TRIGGER full").unwrap();
    assert!(block_on(store.get(Lookup::Key("l".to_owned()))).unwrap().is_none(), "nothing is left half done");
    accept(&store, "l").unwrap();
}

#[test]
fn one_failing_operation_harms_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path);
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TRIGGER bad BEFORE INSERT ON record WHEN new.key LIKE '%bad' BEGIN SELECT raise(FAIL, 'bad'); END")
        .unwrap();
    let answers = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..32)
            .map(|number| {
                let store = &store;
                let key = format!("{number}{}", if number % 5 == 0 { "bad" } else { "" });
                scope.spawn(move || (number % 5 == 0, accept(store, &key)))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    for (bad, answer) in answers {
        assert_eq!(bad, answer.is_err());
    }
    assert_eq!(block_on(store.stats()).unwrap().count(State::Ready), 25);
}

#[test]
fn a_corrupt_record_is_set_aside() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path);
    let seqs: Vec<_> = ["a", "b", "c", "d"].iter().map(|key| accept(&store, key).unwrap()).collect();
    let other = Connection::open(&path).unwrap();
    other.execute("UPDATE record SET flags = '[' WHERE seq = ?1", [seqs[0].get().cast_signed()]).unwrap();
    other.execute("UPDATE record SET fp = x'00' WHERE seq = ?1", [seqs[1].get().cast_signed()]).unwrap();
    other.execute("DELETE FROM body WHERE seq = ?1", [seqs[2].get().cast_signed()]).unwrap();
    let leases = claim(&store, 1, 9);
    assert_eq!(leases.iter().map(|lease| lease.record.seq).collect::<Vec<_>>(), [seqs[3]]);
    assert!(claim(&store, 2, 9).is_empty());
    assert!(matches!(block_on(store.get(Lookup::Seq(seqs[0]))), Err(Error::Corrupt(_))));
    assert!(matches!(accept(&store, "b"), Err(Error::Corrupt(_))), "neither new nor a duplicate");
    let page = block_on(store.list(Filter::default(), None, 9)).unwrap();
    assert_eq!(page.records.iter().map(|record| record.seq).collect::<Vec<_>>(), [seqs[3]]);
    let stats = block_on(store.stats()).unwrap();
    assert_eq!((stats.count(State::Ready), stats.count(State::Leased)), (0, 1));
}

#[test]
fn dropped_futures_leave_everything_true() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("store.db"));
    let mut context = Context::from_waker(Waker::noop());
    for number in 0..200 {
        let key = (number / 2).to_string();
        // Never polled, or dropped while the writer has it.
        drop(store.accept(entry(&key)));
        let mut begun = pin!(store.begin(entry(&key), ClaimId::new(number), SPAN));
        let _dropped = begun.as_mut().poll(&mut context).is_ready();
        let mut claimed = pin!(store.claim_due(Claim::new(ClaimId::new(1_000 + number), ["sink"], 1, SPAN)));
        let _dropped = claimed.as_mut().poll(&mut context).is_ready();
    }
    for number in 0..100 {
        let seq = accept(&store, &number.to_string()).unwrap();
        let record = block_on(store.get(Lookup::Seq(seq))).unwrap().unwrap();
        assert!(matches!(record.state, State::Ready | State::Leased));
        // A claim that was dropped can be repeated for its lease; else the record is there to be begun.
        assert!(record.attempts <= 1);
    }
    let stats = block_on(store.stats()).unwrap();
    assert_eq!(
        (
            stats.count(State::Ready) + stats.count(State::Leased),
            stats.count(State::Done),
            stats.count(State::Parked)
        ),
        (100, 0, 0)
    );
}

#[test]
fn what_was_asked_for_is_done_before_the_store_goes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path);
    let mut context = Context::from_waker(Waker::noop());
    let mut waiting: Vec<_> = (0..50)
        .map(|number| {
            let store = store.clone();
            Box::pin(async move { store.accept(entry(&number.to_string())).await })
        })
        .collect();
    for future in &mut waiting {
        let _ready = future.as_mut().poll(&mut context);
    }
    drop(store);
    for future in waiting {
        assert!(matches!(block_on(future), Ok(AcceptResult::New { .. })));
    }
    assert_eq!(block_on(open(&path).stats()).unwrap().count(State::Ready), 50);
}
