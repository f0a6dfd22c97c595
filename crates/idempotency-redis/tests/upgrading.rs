//! A store that c7b4cc5 wrote opens as it is, its common lane is split, and everything of it can be copied.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(missing_debug_implementations, unreachable_pub, dead_code, reason = "tests")]

#[path = "support/log.rs"]
mod log;
#[path = "support/samples.rs"]
mod samples;
#[path = "support/server.rs"]
mod server;

use log::Log;
use server::{DURABLE, Server};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::Duration;
use tracing::Level;
use wxhook_idempotency::{
    Accepted, Action, Adopted, Adoption, Change, Claim, ClaimId, Cursor, Entry, Error, ExportedRecord,
    Fingerprint, LaneStats, Lookup, MarkKey, MemoryOptions, MemoryStore, Start, State, Store, StoredRecord,
    Transfer,
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

async fn all(store: &impl Store) -> Vec<StoredRecord> {
    store.list(Default::default(), None, 10_000).await.unwrap().records
}

/// Everything of a record but its lane.
fn text(record: &StoredRecord) -> String {
    let StoredRecord { seq, key, fingerprint, body, labels, flags, group, sibling_of, state, .. } = record;
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

/// The figures of the lanes, counted by hand.
fn counted(records: &[StoredRecord]) -> Vec<LaneStats> {
    let mut lanes = BTreeMap::new();
    for record in records {
        let stats = lanes.entry(record.lane.clone()).or_insert_with(|| LaneStats::new(record.lane.clone()));
        match record.state {
            State::Ready => stats.ready += 1,
            State::Leased => stats.leased += 1,
            State::Done => stats.done += 1,
            _ => stats.parked += 1,
        }
        if record.state != State::Done {
            stats.bytes += u64::try_from(record.body.len()).unwrap();
        }
    }
    lanes.into_values().collect()
}

async fn lanes_add_up(store: &RedisStore) {
    let mut lanes = store.lanes().await.unwrap();
    lanes.sort_by(|one, other| one.lane.cmp(&other.lane));
    assert_eq!(lanes, counted(&all(store).await));
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
    assert_eq!(again.id(), store.id());
    assert_eq!(texts(&all(&again).await), texts(&records));
    store.probe().await.unwrap();
    // Numbers go on.
    let last = records[0].seq;
    let Accepted::New { seq } = store.accept(samples::entry("new")).await.unwrap() else { panic!() };
    assert_eq!(seq.get(), last.get() + 1);
    // The same content by the older fingerprint is known, other content isn't the same.
    for record in records.iter().filter(|record| record.sibling_of.is_none()).take(50) {
        let old = record.fingerprint;
        let mut entry =
            Entry::new(record.key.clone(), Fingerprint::new(old.version() + 1, [9; 32]), "x", "sink");
        entry.start = Start::Parked("test");
        entry.older_fingerprints = vec![old];
        let answer = store.accept(entry.clone()).await.unwrap();
        assert!(matches!(answer, Accepted::Duplicate { seq, .. } if seq == record.seq), "{answer:?}");
        entry.older_fingerprints = vec![Fingerprint::new(old.version(), [8; 32])];
        let answer = store.accept(entry).await.unwrap();
        assert!(matches!(answer, Accepted::Changed { .. } | Accepted::Full), "{answer:?}");
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
        let first = store.split_lane("default".to_owned(), "merchant/".to_owned(), 7).await.unwrap();
        let second = store.split_lane("default".to_owned(), "merchant/".to_owned(), 7).await.unwrap();
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
    let lanes: Vec<String> = store.lanes().await.unwrap().into_iter().map(|stats| stats.lane).collect();
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

/// A long way is gone in steps, and not from its beginning each time.
#[tokio::test]
async fn many_records_are_split() {
    let server = Server::start(&["--appendonly", "no"]);
    let store = open(&server).await;
    let accepted = (0..40).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0..100 {
                let mut entry =
                    Entry::new(format!("{task}/{number}"), Fingerprint::new(1, [7; 32]), "x", "default");
                entry.labels.merchant = format!("m{}", number % 3);
                store.accept(entry).await.unwrap();
            }
        })
    });
    for task in accepted.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let mut moved = Vec::new();
    loop {
        let slice = store.split_lane("default".to_owned(), "merchant/".to_owned(), 700).await.unwrap();
        if slice == 0 {
            break;
        }
        moved.push(slice);
    }
    assert_eq!(moved, [700, 700, 700, 700, 700, 500]);
    let lanes = store.lanes().await.unwrap();
    assert_eq!(lanes.iter().map(|stats| stats.ready).collect::<Vec<_>>(), [1_360, 1_320, 1_320]);
}

#[tokio::test]
async fn lanes_are_counted_anew_when_they_do_not_add_up() {
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    for number in 0..40 {
        let mut entry = samples::entry(&number.to_string());
        entry.lane = format!("merchant/{}", number % 3);
        store.accept(entry).await.unwrap();
    }
    lanes_add_up(&store).await;
    // A program of an older version accepts and completes something and counts nothing.
    let _set: u32 = server.ask(&["HDEL", "{wxhook}:meta", "lane:merchant/1"]);
    let _set: u32 = server.ask(&["HSET", "{wxhook}:meta", "lane:gone", "9 9 9 9"]);
    lanes_add_up(&store).await;
    // A record that is damaged isn't counted for ever, nor again and again.
    let _gone: u32 = server.ask(&["DEL", "{wxhook}:r:0000000000000004"]);
    let _set: u32 = server.ask(&["HDEL", "{wxhook}:meta", "lane:merchant/0"]);
    let lanes = store.lanes().await.unwrap();
    assert_eq!(lanes.iter().map(LaneStats::records).sum::<u64>(), 39);
    assert_eq!(store.lanes().await.unwrap(), lanes);
    let rest: String = server.ask(&["HGET", "{wxhook}:meta", "unaccounted"]);
    assert_eq!(rest, "1 0 0 0");
    // It is set aside when its turn comes, and all is right again.
    let claim = Claim::new(ClaimId::new(1), ["merchant/0"], 99, Duration::from_secs(60));
    assert_eq!(store.claim_due(claim).await.unwrap().len(), 13);
    assert_eq!(store.lanes().await.unwrap().iter().map(LaneStats::records).sum::<u64>(), 39);
    assert!(!server.ask::<bool>(&["HEXISTS", "{wxhook}:meta", "unaccounted"]));
}

#[tokio::test]
async fn an_operator_gives_a_lane_to_another() {
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    let mut seqs = Vec::new();
    for number in 0..6 {
        let mut entry = samples::entry(&number.to_string());
        entry.lane = "merchant/gone".to_owned();
        entry.group = (number < 2).then(|| "order".to_owned());
        let Accepted::New { seq } = store.accept(entry).await.unwrap() else { panic!() };
        seqs.push(seq);
    }
    let claim = |id: u128, lane: &str| Claim::new(ClaimId::new(id), [lane], 1, Duration::from_secs(60));
    let lease = store.claim_due(claim(1, "merchant/gone")).await.unwrap().remove(0);
    let action = Action::new("li".repeat(200), "moved");
    let adoption =
        |until: usize, max| Adoption::new("merchant/gone", "merchant/shop", seqs[until], action.clone(), max);
    assert_eq!(store.adopt(adoption(4, 2)).await.unwrap(), Adopted::Held);
    let _done = store.release(lease.record.seq, lease.fence).await.unwrap();
    for moved in [2, 2, 1, 0, 0] {
        assert_eq!(store.adopt(adoption(4, 2)).await.unwrap(), Adopted::Moved(moved));
    }
    let records = all(&store).await;
    for record in &records {
        let is_moved = record.seq <= seqs[4];
        assert_eq!(record.lane, if is_moved { "merchant/shop" } else { "merchant/gone" });
        assert_eq!(record.notes.len(), usize::from(is_moved));
        if is_moved {
            let note = &record.notes[0];
            assert_eq!((note.change, note.actor.len(), &*note.reason), (Change::Adopted, 200, "moved"));
        }
    }
    lanes_add_up(&store).await;
    assert_eq!(store.adopt(adoption(5, 9)).await.unwrap(), Adopted::Moved(1));
    // Each once; of the group the first, which was released last, goes before the second.
    let mut order = Vec::new();
    for id in 2..8 {
        order.extend(
            store
                .claim_due(claim(id, "merchant/shop"))
                .await
                .unwrap()
                .into_iter()
                .map(|lease| lease.record.seq),
        );
    }
    assert_eq!(order, [seqs[2], seqs[3], seqs[4], seqs[5], seqs[0]], "the second waits behind the first");
}

#[tokio::test]
async fn a_history_is_bounded() {
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    let Accepted::New { seq } = store.accept(samples::entry("k")).await.unwrap() else { panic!() };
    for number in 0..60 {
        let action = Action::new("li", number.to_string());
        store.park(seq, action.clone()).await.unwrap();
        store.requeue(seq, action).await.unwrap();
    }
    let notes = store.get(Lookup::Seq(seq)).await.unwrap().unwrap().notes;
    assert_eq!(
        (notes.len(), &*notes[0].reason, &*notes[1].reason, &*notes[49].reason),
        (50, "0", "35", "59")
    );
    let parked = store.park(seq, Action::new("li", "why")).await.unwrap().unwrap();
    assert_eq!(parked.error.as_deref(), Some("why"));
}

/// Copies in pages of this size, each of them twice.
async fn copy(from: &impl Transfer, to: &impl Transfer, max: usize) {
    let mut cursor = Some(Cursor::START);
    while let Some(at) = cursor {
        let mut page = from.export(at, max).await.unwrap();
        cursor = page.next.clone();
        // A store in memory knows keys of marks, or has none.
        let has_hashes = page.marks.iter().any(|mark| matches!(mark.key, MarkKey::Hash(_)));
        if to.id().is_none() && has_hashes {
            page.marks.clear();
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
        let line = |exported: &ExportedRecord| {
            let ExportedRecord { record, aliases, keeps_mark, claim, .. } = exported;
            format!("{} {} {aliases:?} {keeps_mark} {claim:?}", text(record), record.lane)
        };
        records.extend(page.records.iter().map(line));
        marks.extend(page.marks.iter().map(|mark| format!("{mark:?}")));
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
    assert_ne!(copied.id(), store.id());
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
    foreign.source = copied.id();
    assert!(
        matches!(half.import(foreign).await, Err(Error::Unsupported(_))),
        "a begun copy of another store"
    );
    assert!(half.get(Lookup::Seq(first)).await.unwrap().is_some());
}
