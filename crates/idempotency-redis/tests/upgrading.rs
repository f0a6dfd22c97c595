//! A store that c7b4cc5 wrote opens as it is, its common lane is split, and everything of it can be copied.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(missing_debug_implementations, unreachable_pub, dead_code, reason = "tests")]

#[path = "support/figures.rs"]
mod figures;
#[path = "support/log.rs"]
mod log;
#[path = "support/samples.rs"]
mod samples;
#[path = "support/server.rs"]
mod server;

use figures::{all, lanes_add_up};
use log::Log;
use server::{DURABLE, Server};
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;
use tracing::Level;
use wxhook_idempotency::{
    AcceptResult, Claim, ClaimId, Cursor, Entry, Error, Fingerprint, FullRecord, Lookup, MemoryOptions,
    MemoryStore, Move, Start, State, Store, StoredRecord, TombstoneKey, Transfer,
};
use wxhook_idempotency_redis::{RedisOptions, RedisStore};

const FIXTURES: &str = "../../fixtures/upgrade/c7b4cc5/redis";

fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), FIXTURES, name].iter().collect()
}

/// A server with the dump of c7b4cc5.
fn old_server() -> Server {
    let directory = tempfile::tempdir().unwrap();
    std::fs::copy(fixture("dump.rdb"), directory.path().join("dump.rdb")).unwrap();
    Server::start_in(directory, &["--appendonly", "no"], &[])
}

async fn open(server: &Server) -> RedisStore {
    RedisStore::open(&server.url(), RedisOptions::default()).await.unwrap()
}

/// Everything of a record but its lane.
fn text(record: &StoredRecord) -> String {
    let StoredRecord { seq, key, fingerprint, body, labels, group, sibling_of, .. } = record;
    let (flags, state) = (&record.flags, record.state);
    format!(
        "{seq} {key} {fingerprint} {body:?} {flags:?} {group:?} {sibling_of:?} {state} {:?} {:?} {:?} {:?} {:?} {:?} {:?} \
         {:?} {:?} {:?} {:?} {:?} {:?}",
        (&labels.merchant, &labels.event, &labels.variant, &labels.id, &labels.numbers),
        record.generation,
        record.attempts,
        record.max_attempts,
        record.fence,
        record.due_at,
        record.lease_until,
        record.accepted_at,
        record.seen_at,
        record.done_at,
        record.outcome,
        record.error,
        record.notes
    )
}

fn texts(records: &[StoredRecord]) -> Vec<String> {
    records.iter().map(text).collect()
}

#[tokio::test]
async fn records_in_every_state_open_as_they_are() {
    let log = Log::start();
    let server = old_server();
    let store = open(&server).await;
    assert!(log.take(Level::WARN, "a new, empty store").is_empty());
    assert_eq!(log.take(Level::INFO, "was made by an older version").len(), 1);
    let records = all(&store).await;
    let listed = std::fs::read_to_string(fixture("records.jsonl")).unwrap();
    let listed: Vec<serde_json::Value> =
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.len(), listed.len());
    let mut states = HashMap::new();
    for (record, was) in records.iter().zip(&listed) {
        assert_eq!(
            (record.seq.get(), &*record.key),
            (was["seq"].as_u64().unwrap(), was["key"].as_str().unwrap())
        );
        assert_eq!(record.state.as_str(), was["state"]);
        assert_eq!(record.error.as_deref(), was["error"].as_str());
        assert_eq!(u64::from(record.attempts), was["attempts"].as_u64().unwrap());
        assert_eq!(serde_json::json!(record.flags), was["flags"]);
        *states.entry(record.state).or_insert(0) += 1;
    }
    assert_eq!(states.len(), 4, "{states:?}");
    lanes_add_up(&store).await;
    // Once more: nothing is counted or moved by opening.
    let again = open(&server).await;
    assert_eq!(again.capabilities().id, store.capabilities().id);
    assert_eq!(texts(&all(&again).await), texts(&records));
    store.probe().await.unwrap();
    // Numbers go on.
    let last = records[0].seq;
    let AcceptResult::New { seq } = store.accept(samples::entry("new")).await.unwrap() else { panic!() };
    assert_eq!(seq.get(), last.get() + 1);
    // The same content by the older fingerprint is known, other content isn't the same.
    for record in records.iter().filter(|record| record.sibling_of.is_none()).take(50) {
        let old = record.fingerprint;
        let mut entry =
            Entry::new(record.key.clone(), Fingerprint::new(old.version() + 1, [9; 32]), "x", "sink");
        entry.start = Start::Parked("test");
        entry.older_fingerprints = vec![old];
        let answer = store.accept(entry.clone()).await.unwrap();
        assert!(matches!(answer, AcceptResult::Duplicate { seq, .. } if seq == record.seq), "{answer:?}");
        entry.older_fingerprints = vec![Fingerprint::new(old.version(), [8; 32])];
        let answer = store.accept(entry).await.unwrap();
        assert!(matches!(answer, AcceptResult::Changed { .. } | AcceptResult::Full), "{answer:?}");
    }
    lanes_add_up(&store).await;
}

#[tokio::test]
async fn the_common_lane_is_split_in_slices() {
    let server = old_server();
    let before = all(&open(&server).await).await;
    let common = before.iter().filter(|record| record.lane == "default").count();
    assert!(common > 100, "{common}");
    let done_before =
        before.iter().filter(|record| record.lane == "default" && record.state == State::Done).count();
    let mut moved = 0;
    // Each slice by another process: whoever was killed is gone on after.
    loop {
        let store = open(&server).await;
        let first = store.move_records(Move::split("default", "merchant/", 7)).await.unwrap().moved();
        let second = store.move_records(Move::split("default", "merchant/", 7)).await.unwrap().moved();
        assert!(first <= 7 && second <= 7);
        moved += first + second;
        // First what isn't done.
        let left: Vec<_> = all(&store).await.into_iter().filter(|record| record.lane == "default").collect();
        let done = left.iter().filter(|record| record.state == State::Done).count();
        assert!(done == left.len() || done == done_before, "{done} of {}", left.len());
        if first + second == 0 {
            break;
        }
    }
    assert_eq!(moved, u64::try_from(common).unwrap());
    let store = open(&server).await;
    let after = all(&store).await;
    assert_eq!(texts(&before), texts(&after), "nothing else changed");
    for (was, is) in before.iter().zip(&after) {
        let wanted = if was.lane == "default" {
            format!("merchant/{}", was.labels.merchant)
        } else {
            was.lane.clone()
        };
        assert_eq!(is.lane, wanted);
    }
    lanes_add_up(&store).await;
    // What was due is due, once, and of a group only the first.
    let lanes: Vec<String> = store.stats().await.unwrap().lanes.into_iter().map(|stats| stats.lane).collect();
    let mut claimed = Vec::new();
    for id in 1.. {
        let leases =
            store.claim_due(Claim::new(ClaimId::new(id), lanes.clone(), 9, Duration::from_secs(60))).await;
        let leases = leases.unwrap();
        if leases.is_empty() {
            break;
        }
        claimed.extend(leases.into_iter().map(|lease| lease.record.seq));
    }
    let count = claimed.len();
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!(claimed.len(), count);
    for seq in &claimed {
        let record = before.iter().find(|record| record.seq == *seq).unwrap();
        assert!(matches!(record.state, State::Ready | State::Leased), "{record:?}");
        let behind = before.iter().find(|other| {
            other.group.is_some()
                && other.group == record.group
                && other.lane == record.lane
                && other.seq < record.seq
                && matches!(other.state, State::Ready | State::Leased)
        });
        assert!(behind.is_none(), "{record:?} goes before {behind:?}");
    }
    assert!(!claimed.is_empty());
}

/// Copies in pages of this size, each of them twice.
async fn copy(from: &impl Transfer, to: &impl Transfer, max: usize) {
    let mut cursor = Some(Cursor::START);
    while let Some(at) = cursor {
        let mut page = from.export(at, max).await.unwrap();
        cursor = page.next.clone();
        // A store in memory knows keys of marks, or has none.
        let has_hashes = page.tombstones.iter().any(|mark| matches!(mark.key, TombstoneKey::Hash(_)));
        if to.capabilities().id.is_none() && has_hashes {
            page.tombstones.clear();
        }
        to.import(page.clone()).await.unwrap();
        // The last page ends the copy.
        if page.counters.is_none() {
            to.import(page).await.unwrap();
        }
    }
}

async fn exported(store: &impl Transfer) -> (Vec<String>, Vec<String>, String) {
    let (mut records, mut marks, mut counters) = (Vec::new(), Vec::new(), String::new());
    let mut cursor = Some(Cursor::START);
    while let Some(at) = cursor {
        let page = store.export(at, 50).await.unwrap();
        let line = |exported: &FullRecord| {
            let FullRecord { record, aliases, keeps_tombstone, .. } = exported;
            format!("{} {} {aliases:?} {keeps_tombstone} {:?}", text(record), record.lane, record.claim)
        };
        records.extend(page.records.iter().map(line));
        marks.extend(page.tombstones.iter().map(|mark| format!("{mark:?}")));
        counters = page.counters.map_or(counters, |counters| format!("{} {}", counters.seq, counters.fence));
        cursor = page.next;
    }
    (records, marks, counters)
}

#[tokio::test]
async fn a_copy_holds_everything() {
    let server = old_server();
    let store = open(&server).await;
    let target = Server::start(DURABLE);
    let copied = open(&target).await;
    copy(&store, &copied, 30).await;
    assert_ne!(copied.capabilities().id, store.capabilities().id);
    let (records, marks, counters) = exported(&store).await;
    assert!(records.len() > 100 && marks.len() >= 4, "{} {}", records.len(), marks.len());
    let copy_of = exported(&copied).await;
    assert_eq!(copy_of.2, counters);
    assert_eq!(copy_of.1, marks);
    assert_eq!(copy_of.0, records);
    lanes_add_up(&copied).await;
    // Through a store of another kind, too.
    let memory = MemoryStore::new(MemoryOptions::default());
    copy(&store, &memory, 30).await;
    assert_eq!(exported(&memory).await.0, records);
    let third = Server::start(DURABLE);
    let third = open(&third).await;
    copy(&memory, &third, 100).await;
    assert_eq!(exported(&third).await.0, records);

    // It goes on as the original does.
    for original in all(&store).await {
        let mut entry = Entry::new(original.key.clone(), original.fingerprint, "x", "sink");
        entry.start = Start::Parked("test");
        let answers = [store.accept(entry.clone()).await.unwrap(), copied.accept(entry).await.unwrap()];
        assert_eq!(answers[0], answers[1], "{original:?}");
    }
    let [one, other] = [&store, &copied].map(|store| store.accept(samples::entry("new")));
    assert_eq!(one.await.unwrap(), other.await.unwrap());
    // A store that holds something takes none.
    let page = store.export(Cursor::START, 1).await.unwrap();
    assert!(matches!(copied.import(page.clone()).await, Err(Error::Unsupported(_))));
    let half = Server::start(DURABLE);
    let half = open(&half).await;
    half.import(page.clone()).await.unwrap();
    let first = page.records[0].record.seq;
    for answer in [half.accept(samples::entry("new")).await.err(), half.probe().await.err()] {
        assert!(
            matches!(&answer, Some(Error::Unsupported(why)) if why.contains("unfinished copy")),
            "{answer:?}"
        );
    }
    let mut foreign = page;
    foreign.source = copied.capabilities().id;
    assert!(
        matches!(half.import(foreign).await, Err(Error::Unsupported(_))),
        "a begun copy of another store"
    );
    assert!(half.get(Lookup::Seq(first)).await.unwrap().is_some());
}
