//! The figures of lanes beside what is there.

use std::collections::BTreeMap;
use wxhook_idempotency::{LaneStats, Store, StoredRecord};
use wxhook_idempotency_redis::RedisStore;

pub async fn all(store: &impl Store) -> Vec<StoredRecord> {
    store.list(Default::default(), None, 10_000).await.unwrap().records
}

/// The figures of the lanes, counted by hand.
fn counted(records: &[StoredRecord]) -> Vec<LaneStats> {
    let mut lanes = BTreeMap::new();
    for record in records {
        let stats =
            lanes.entry(record.lane.clone()).or_insert_with(|| LaneStats::new(&*record.lane, [0; 4], 0));
        stats.add(record.state, &record.body);
    }
    lanes.into_values().collect()
}

pub async fn lanes_add_up(store: &RedisStore) {
    let mut lanes = store.stats().await.unwrap().lanes;
    lanes.sort_by(|one, other| one.lane.cmp(&other.lane));
    assert_eq!(lanes, counted(&all(store).await));
}
