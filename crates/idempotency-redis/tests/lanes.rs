//! Lanes: their figures, records that go to another one, and what is noted of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(missing_debug_implementations, unreachable_pub, dead_code, reason = "tests")]

#[path = "support/figures.rs"]
mod figures;
#[path = "support/samples.rs"]
mod samples;
#[path = "support/server.rs"]
mod server;

use figures::{all, lanes_add_up};
use server::{DURABLE, Server};
use std::time::Duration;
use wxhook_idempotency::{
    AcceptResult, Action, Change, Claim, ClaimId, Entry, Fingerprint, LaneStats, Lookup, Move, MoveResult,
    State, Store as _, StoreExt as _,
};
use wxhook_idempotency_redis::{RedisOptions, RedisStore};

async fn open(server: &Server) -> RedisStore {
    RedisStore::open(&server.url(), RedisOptions::default()).await.unwrap()
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
        let slice = store.move_records(Move::split("default", "merchant/", 700)).await.unwrap().moved();
        if slice == 0 {
            break;
        }
        moved.push(slice);
    }
    assert_eq!(moved, [700, 700, 700, 700, 700, 500]);
    let lanes = store.stats().await.unwrap().lanes;
    assert_eq!(
        lanes.iter().map(|stats| stats.count(State::Ready)).collect::<Vec<_>>(),
        [1_360, 1_320, 1_320]
    );
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
    let lanes = store.stats().await.unwrap().lanes;
    assert_eq!(lanes.iter().map(LaneStats::records).sum::<u64>(), 39);
    assert_eq!(store.stats().await.unwrap().lanes, lanes);
    let rest: String = server.ask(&["HGET", "{wxhook}:meta", "unaccounted"]);
    assert_eq!(rest, "1 0 0 0");
    // It is set aside when its turn comes, and all is right again.
    let claim = Claim::new(ClaimId::new(1), ["merchant/0"], 99, Duration::from_secs(60));
    assert_eq!(store.claim_due(claim).await.unwrap().len(), 13);
    assert_eq!(store.stats().await.unwrap().lanes.iter().map(LaneStats::records).sum::<u64>(), 39);
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
        let AcceptResult::New { seq } = store.accept(entry).await.unwrap() else { panic!() };
        seqs.push(seq);
    }
    let claim = |id: u128, lane: &str| Claim::new(ClaimId::new(id), [lane], 1, Duration::from_secs(60));
    let lease = store.claim_due(claim(1, "merchant/gone")).await.unwrap().remove(0);
    let action = Action::new("li".repeat(200), "moved");
    let adoption =
        |until: usize, max| Move::adopt("merchant/gone", "merchant/shop", seqs[until], action.clone(), max);
    assert_eq!(store.move_records(adoption(4, 2)).await.unwrap(), MoveResult::Leased);
    let _done = store.release(lease.record.seq, lease.fence).await.unwrap();
    for moved in [2, 2, 1, 0, 0] {
        assert_eq!(store.move_records(adoption(4, 2)).await.unwrap(), MoveResult::Moved(moved));
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
    assert_eq!(store.move_records(adoption(5, 9)).await.unwrap(), MoveResult::Moved(1));
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
    let AcceptResult::New { seq } = store.accept(samples::entry("k")).await.unwrap() else { panic!() };
    for number in 0..60 {
        let action = Action::new("li", number.to_string());
        store.park(seq, action.clone()).await.unwrap();
        store.requeue(seq, action).await.unwrap();
    }
    let notes = store.get(Lookup::Seq(seq)).await.unwrap().unwrap().progress.notes;
    assert_eq!(
        (notes.len(), &*notes[0].reason, &*notes[1].reason, &*notes[49].reason),
        (50, "0", "35", "59")
    );
    let parked = store.park(seq, Action::new("li", "why")).await.unwrap().unwrap();
    assert_eq!(parked.error.as_deref(), Some("why"));
}
