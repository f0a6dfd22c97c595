//! Files written by earlier programs: every record is there as it was listed, and what was accepted is a duplicate. See
//! `fixtures/upgrade`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "support/files.rs"]
mod files;

use files::{id, open};
use futures_executor::block_on;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use wxhook_idempotency::{
    AcceptResult, Entry, Filter, Fingerprint, Lookup, Move, Seq, State, Store as _, StoredRecord,
};
use wxhook_idempotency_sqlite::SqliteStore;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/upgrade/c7b4cc5/sqlite").join(name)
}

/// A copy of the file, with what the old program listed, newest first.
fn written_by_c7b4cc5(directory: &Path) -> (PathBuf, Vec<Value>) {
    let path = directory.join("wxhook.db");
    fs::copy(fixture("wxhook.db"), &path).unwrap();
    let listed = fs::read_to_string(fixture("records.jsonl")).unwrap();
    (path, listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn all(store: &SqliteStore) -> Vec<StoredRecord> {
    block_on(store.list(Filter::default(), None, 10_000)).unwrap().records
}

fn shown(record: &StoredRecord) -> Value {
    json!({
        "seq": record.seq.get(), "key": record.key, "merchant": record.labels.merchant,
        "event_type": record.labels.event, "variant": record.labels.variant, "id": record.labels.id,
        "state": record.state.as_str(), "flags": record.flags, "generation": record.generation,
        "attempts": record.attempts, "error": record.error,
    })
}

#[test]
fn every_record_is_there_as_it_was_listed() {
    let directory = tempfile::tempdir().unwrap();
    let (path, listed) = written_by_c7b4cc5(directory.path());
    let store = open(&path);
    let records = all(&store);
    assert_eq!(records.len(), listed.len());
    for (record, listed) in records.iter().zip(&listed) {
        let shown = shown(record);
        for (name, value) in shown.as_object().unwrap() {
            assert_eq!(*value, listed[name], "{name} of {}", listed["seq"]);
        }
        assert!(!record.body.is_empty());
    }
    for state in State::ALL {
        assert!(records.iter().any(|record| record.state == state), "{state}");
    }
    assert_eq!(block_on(store.inspect()).unwrap(), [""; 0]);
    let first = id(&store);
    drop(store);
    assert_eq!(id(&open(&path)), first, "it is the same store from then on");
}

#[test]
fn what_was_accepted_is_a_duplicate() {
    let directory = tempfile::tempdir().unwrap();
    let (path, _) = written_by_c7b4cc5(directory.path());
    let store = open(&path);
    let records = all(&store);
    let last = records[0].seq;
    for record in &records {
        let root = record.sibling_of.and_then(|root| block_on(store.get(Lookup::Seq(root))).unwrap());
        let key = root.map_or_else(|| record.key.clone(), |root| root.key);
        let entry = Entry::new(key, record.fingerprint, "again", "merchant/shop");
        match block_on(store.accept(entry)).unwrap() {
            AcceptResult::Duplicate { seq, state, .. } => {
                assert_eq!((seq, state), (record.seq, record.state))
            }
            other => panic!("{}: {other:?}", record.seq),
        }
    }
    // Purged records left marks.
    let marks = "SELECT count(*) FROM mark";
    let marks: i64 = Connection::open(&path).unwrap().query_row(marks, [], |row| row.get(0)).unwrap();
    let purged = fs::read_to_string(fixture("purged.jsonl")).unwrap();
    assert_eq!(usize::try_from(marks).unwrap(), purged.lines().count());
    // Numbers go on where they were.
    let entry = Entry::new("new", Fingerprint::new(2, [3; 32]), "new", "merchant/shop");
    assert_eq!(block_on(store.accept(entry)).unwrap(), AcceptResult::New { seq: Seq::new(last.get() + 1) });
}

#[test]
fn the_common_lane_is_split_by_merchant_in_slices() {
    let directory = tempfile::tempdir().unwrap();
    let (path, _) = written_by_c7b4cc5(directory.path());
    let mut store = open(&path);
    let before = all(&store);
    let from = "default".to_owned();
    let mut moved = 0;
    loop {
        // Another process each time.
        let slice = block_on(store.move_records(Move::split(&*from, "of/", 7))).unwrap().moved();
        moved += usize::try_from(slice).unwrap();
        assert!(slice <= 7);
        assert_eq!(block_on(store.inspect()).unwrap(), [""; 0]);
        if slice == 0 {
            break;
        }
        drop(store);
        store = open(&path);
    }
    assert_eq!(moved, before.iter().filter(|record| record.lane == from).count());
    for (before, after) in before.iter().zip(all(&store)) {
        let mut expected = before.clone();
        if before.lane == from {
            expected.lane = format!("of/{}", before.labels.merchant);
        }
        assert_eq!(format!("{:?}", shown(&expected)), format!("{:?}", shown(&after)));
        assert_eq!(
            (&expected.lane, expected.due_at, expected.fence),
            (&after.lane, after.due_at, after.fence)
        );
    }
    let lanes = block_on(store.stats()).unwrap().lanes;
    assert!(lanes.iter().all(|lane| lane.lane != from), "{lanes:?}");
}
