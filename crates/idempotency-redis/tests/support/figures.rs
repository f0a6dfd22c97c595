//! The figures of lanes beside what is there.

use std::collections::BTreeMap;
use wxhook_idempotency::{LaneStats, State, Store, StoredRecord};
use wxhook_idempotency_redis::RedisStore;

pub async fn all(store: &impl Store) -> Vec<StoredRecord> {
    store.list(Default::default(), None, 10_000).await.unwrap().records
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

pub async fn lanes_add_up(store: &RedisStore) {
    let mut lanes = store.lanes().await.unwrap();
    lanes.sort_by(|one, other| one.lane.cmp(&other.lane));
    assert_eq!(lanes, counted(&all(store).await));
}
