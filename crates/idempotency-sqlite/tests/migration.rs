//! A file of an earlier schema version, with records in every state, is brought up to date; killing or racing harms
//! nothing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use futures_executor::block_on;
use rusqlite::Connection;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use wxhook_idempotency::{
    AcceptResult, Claim, ClaimId, Clock, Entry, Error, Fence, FenceResult, Filter, Fingerprint, Lookup, Seq,
    State, Store as _,
};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};

/// As version 1 left it: 7 and 30 are ready, 29 is leased under fence 31, 17, 27 and the sibling 31 are parked, 4 was set
/// aside, the others are done.
const VERSION_1: &str = include_str!("migration/1.sql");
/// Statements that turn a file into one of version 2.
const TO_VERSION_2: &str = include_str!("../src/schema/2.sql");
/// Set in a child process: what it does, and on which file.
const ROLE: &str = "WXHOOK_TEST_ROLE";
const FILE: &str = "WXHOOK_TEST_FILE";

/// A moment at which the lease of 29 is still held, and so many seconds later.
#[derive(Debug)]
struct Later(u64);

impl Clock for Later {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(LEASED_AT) + Duration::from_secs(self.0)
    }
}

/// A clock that goes on by hand, without stepping.
#[derive(Debug, Default)]
struct Moved(AtomicU64);

impl Clock for Moved {
    fn now(&self) -> SystemTime {
        Later(self.0.load(Ordering::Relaxed)).now()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// The version that this program writes.
const LATEST: i64 = 3;
const LEASED_AT: u64 = 1_795_285_110_000;
const DAY: u64 = 86_400;

fn version_1(directory: &Path) -> PathBuf {
    let path = directory.join("store.db");
    Connection::open(&path).unwrap().execute_batch(VERSION_1).unwrap();
    path
}

fn open(path: &Path, seconds: u64) -> SqliteStore {
    SqliteStore::open(path, SqliteOptions::default().with_clock(Arc::new(Later(seconds)))).unwrap()
}

fn version(path: &Path) -> i64 {
    Connection::open(path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

fn seqs(store: &SqliteStore, filter: Filter) -> Vec<u64> {
    let page = block_on(store.list(filter, None, 100)).unwrap();
    page.records.iter().map(|record| record.seq.get()).collect()
}

fn flagged(flag: &str, state: Option<State>) -> Filter {
    let mut filter = Filter::default();
    filter.flag = Some(flag.to_owned());
    filter.state = state;
    filter
}

fn claim(store: &SqliteStore) -> Vec<(u64, Fence)> {
    let claim = Claim::new(ClaimId::new(1), ["sink"], 10, Duration::from_secs(60));
    let leases = block_on(store.claim_due(claim)).unwrap();
    leases.into_iter().map(|lease| (lease.record.seq.get(), lease.fence)).collect()
}

#[test]
fn every_record_is_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = version_1(directory.path());
    let old = Connection::open(&path).unwrap();
    let mut rows = old
        .prepare(
            "SELECT r.seq, r.key, r.state, r.flags, b.body, k.merchant, k.event, k.variant, r.fp, r.attempts \
             FROM record r JOIN body b ON b.seq = r.seq JOIN kind k ON k.id = r.kind WHERE r.state < 4",
        )
        .unwrap();
    let before: Vec<_> = rows
        .query_map([], |row| {
            let flags: Option<String> = row.get(3)?;
            let flags: Vec<String> = flags.map_or(Vec::new(), |flags| serde_json::from_str(&flags).unwrap());
            let state = State::ALL[usize::from(row.get::<_, u8>(2)?)];
            let labels: (String, String, Option<String>) = (row.get(5)?, row.get(6)?, row.get(7)?);
            let fixed = (row.get::<_, [u8; 32]>(8)?, row.get::<_, u32>(9)?);
            Ok((
                (u64::from(row.get::<_, u32>(0)?), row.get::<_, String>(1)?, state),
                flags,
                row.get::<_, Vec<u8>>(4)?,
                labels,
                fixed,
            ))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    drop(rows);
    drop(old);
    assert_eq!(before.len(), 30);

    let store = open(&path, 0);
    for (named, flags, body, labels, fixed) in &before {
        let record = block_on(store.get(Lookup::Seq(Seq::new(named.0)))).unwrap().unwrap();
        assert_eq!((record.seq.get(), record.key.clone(), record.state), *named);
        assert_eq!((&record.flags, &record.body[..]), (flags, &body[..]));
        let own = record.labels.clone();
        assert_eq!((own.merchant, own.event, own.variant), *labels);
        assert_eq!((*record.fingerprint.digest(), record.attempts), *fixed);
        let by_key = block_on(store.get(Lookup::Key(record.key.clone()))).unwrap().unwrap();
        assert_eq!(by_key.seq, record.seq);
        for flag in flags {
            assert!(seqs(&store, flagged(flag, Some(record.state))).contains(&named.0), "{flag}");
        }
    }
    assert!(matches!(block_on(store.get(Lookup::Seq(Seq::new(4)))), Err(Error::Corrupt(_))));
    let stats = block_on(store.stats()).unwrap();
    assert_eq!(
        (
            stats.count(State::Ready),
            stats.count(State::Leased),
            stats.count(State::Done),
            stats.count(State::Parked)
        ),
        (2, 1, 24, 3)
    );
    drop(store);
    assert_eq!(version(&path), LATEST);
}

#[test]
fn filters_by_flag_find_what_they_found() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&version_1(directory.path()), 0);
    assert_eq!(seqs(&store, flagged("unsigned", None)), [30, 5]);
    assert_eq!(seqs(&store, flagged("key-fallback", Some(State::Ready))), [30]);
    assert_eq!(seqs(&store, flagged("changed", None)), [31]);
    assert_eq!(seqs(&store, flagged("mismatch", Some(State::Parked))), [27]);
    assert_eq!(seqs(&store, flagged("mismatch", Some(State::Done))), [0; 0]);
    let mut filter = flagged("unsigned", None);
    filter.event = Some("COMPLAINT.CREATE".to_owned());
    assert_eq!(seqs(&store, filter), [5]);
}

#[test]
fn duplicates_leases_marks_and_retention_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = version_1(directory.path());
    let store = open(&path, 0);
    let entry = |seq: u64| {
        let record = block_on(store.get(Lookup::Seq(Seq::new(seq)))).unwrap().unwrap();
        Entry::new(record.key, record.fingerprint, "", "sink")
    };
    let mut again = entry(2);
    assert!(
        matches!(block_on(store.accept(again.clone())).unwrap(), AcceptResult::Duplicate { seq, state: State::Done, .. } if seq.get() == 2)
    );
    // By its alias alone, with other content.
    again.key = "another key".to_owned();
    again.aliases.push("tickets/REFUND.SUCCESS/@id=3c6ef372fe94f82be73980c0b9db906a".to_owned());
    again.fingerprint = Fingerprint::new(1, [1; 32]);
    let AcceptResult::Changed { seq } = block_on(store.accept(again)).unwrap() else { panic!("changed") };
    assert_eq!(seq.get(), 32, "numbers go on");
    // A purged record is still known.
    let gone = Entry::new("shop/v2/refund/gone", Fingerprint::new(1, [9; 32]), "", "sink");
    assert!(matches!(
        block_on(store.accept(gone)).unwrap(),
        AcceptResult::Duplicate { state: State::Done, .. }
    ));
    // The lease is as it was, a forged one isn't.
    let span = Duration::from_secs(30);
    assert_eq!(block_on(store.renew(Seq::new(29), Fence::new(30), span)).unwrap(), FenceResult::Lost);
    assert_eq!(block_on(store.renew(Seq::new(29), Fence::new(31), span)).unwrap(), FenceResult::Done);
    let due = claim(&store);
    assert_eq!(due.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [30, 32]);
    assert!(due.iter().all(|(_, fence)| fence.get() > 31), "fences go on");
    drop(store);
    // What is over is claimable.
    let store = open(&path, 31);
    assert_eq!(claim(&store).iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [30, 32], "repeated");
    let other = Claim::new(ClaimId::new(2), ["sink"], 10, span);
    let leases = block_on(store.claim_due(other)).unwrap();
    assert_eq!(leases.iter().map(|lease| lease.record.seq.get()).collect::<Vec<_>>(), [29]);
    drop(store);
    // Eight days in one go are a clock that jumped: nothing is purged for a day's time.
    let clock = Arc::new(Moved::default());
    let shared: Arc<dyn Clock> = clock.clone();
    let options = SqliteOptions::default().with_clock(shared);
    clock.0.store(8 * DAY, Ordering::Relaxed);
    let store = SqliteStore::open(&path, options).unwrap();
    assert_eq!(block_on(store.purge(100)).unwrap(), 0);
    clock.0.store(10 * DAY, Ordering::Relaxed);
    // 2 was seen again, as everything was by the clock of these tests.
    assert_eq!(block_on(store.purge(100)).unwrap(), 24);
    let stats = block_on(store.stats()).unwrap();
    assert_eq!((stats.count(State::Done), stats.count(State::Parked)), (0, 3));
}

#[test]
fn killing_it_half_way_leaves_the_file_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = version_1(directory.path());
    for _ in 0..2 {
        let mut child = child("half", &path);
        assert_eq!(line(&mut child), "half way");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(version(&path), 1);
    }
    let store = open(&path, 0);
    assert_eq!(seqs(&store, flagged("unsigned", None)), [30, 5]);
    drop(store);
    assert_eq!(version(&path), LATEST);
}

#[test]
fn one_of_those_who_open_at_once_does_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = version_1(directory.path());
    let children: Vec<_> = (0..4).map(|_| child("open", &path)).collect();
    for mut child in children {
        assert_eq!(line(&mut child), "[30, 5]");
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(version(&path), LATEST);
}

#[test]
fn who_opened_it_before_writes_nothing_any_more() {
    // What every transaction of these versions begins with.
    for (version, begin) in [(1, "SELECT seq, fence FROM counter"), (2, "SELECT seq, fence FROM last")] {
        let directory = tempfile::tempdir().unwrap();
        let path = version_1(directory.path());
        let old = Connection::open(&path).unwrap();
        if version == 2 {
            old.execute_batch(TO_VERSION_2).unwrap();
            old.pragma_update(None, "user_version", 2).unwrap();
        }
        let mut begin = old.prepare(begin).unwrap();
        assert_eq!(begin.query_row([], |row| row.get::<_, i64>(0)).unwrap(), 31);
        let store = open(&path, 0);
        assert!(begin.query_row([], |row| row.get::<_, i64>(0)).is_err());
        let entry = Entry::new("another", Fingerprint::new(1, [1; 32]), "", "sink");
        let AcceptResult::New { seq } = block_on(store.accept(entry)).unwrap() else { panic!("new") };
        assert_eq!(seq.get(), 32, "numbers go on");
    }
}

/// Does nothing unless it runs in a child process.
#[test]
fn the_childs_part() {
    let (Ok(role), Ok(file)) = (std::env::var(ROLE), std::env::var(FILE)) else { return };
    if role == "open" {
        println!("\n={:?}", seqs(&open(Path::new(&file), 0), flagged("unsigned", None)));
        return;
    }
    let connection = Connection::open(&file).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    // So that half of it is in the log already.
    connection.execute_batch("PRAGMA cache_size = 2; BEGIN IMMEDIATE").unwrap();
    connection.execute_batch(TO_VERSION_2).unwrap();
    println!("\n=half way");
    loop {
        std::thread::park();
    }
}

fn child(role: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_childs_part", "--nocapture"])
        .env(ROLE, role)
        .env(FILE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Lines that a child prints.
fn line(child: &mut Child) -> String {
    let output = BufReader::new(child.stdout.as_mut().unwrap());
    let said = output.lines().map(Result::unwrap).find_map(|line| Some(line.strip_prefix('=')?.to_owned()));
    said.unwrap()
}
