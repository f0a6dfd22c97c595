//! Regular maintenance of the store.

use crate::merchant_lanes::{ForeignRecords, MERCHANT_LANES};
use crate::metrics::ParkedTotal;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use wxhook_delivery::ParkReason;
use wxhook_idempotency::machine::ATTEMPTS_USED_UP;
use wxhook_idempotency::{Error, Filter, Lookup, Move, MoveResult, Seq, SharedStore, State, Store as _};
use wxhook_receiver::COMMON_LANE;

/// Number of records that are purged in one step: small, so that nothing waits for it.
const PURGE_BATCH: usize = 500;
/// Pause between steps while there is more to purge, and after the last one.
const PURGE_PAUSE: Duration = Duration::from_millis(200);
const PURGE_INTERVAL: Duration = Duration::from_secs(60);
/// Number of records whose lane is changed in one step, and the pause after it.
const LANE_BATCH: usize = 200;
const LANE_PAUSE: Duration = Duration::from_millis(10);
/// Time until the lanes are checked again, and until an unavailable store is tried again.
const LANE_INTERVAL: Duration = Duration::from_secs(3600);
const LANE_RETRY: Duration = Duration::from_secs(10);
/// Time between two checks for expired leases: shorter than a lease usually is.
const LEASE_INTERVAL: Duration = Duration::from_secs(10);
/// Number of records that are read at a time.
const PAGE: usize = 200;
/// Maximum number of characters of an event's name in a log line.
const MAX_EVENT: usize = 64;

/// Removes records past their retention.
pub(super) async fn purge(store: SharedStore) {
    loop {
        let purged = store.purge(PURGE_BATCH).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "purging failed");
            0
        });
        if purged > 0 {
            tracing::debug!(purged, "records past their retention");
        }
        let has_more = usize::try_from(purged).is_ok_and(|purged| purged >= PURGE_BATCH);
        sleep(if has_more { PURGE_PAUSE } else { PURGE_INTERVAL }).await;
    }
}

/// Moves records of earlier versions, which had one lane for all, to the lanes of their merchants, and warns of records
/// whose merchant isn't configured.
pub(super) async fn check_lanes(store: SharedStore, merchants: Arc<[String]>) {
    let mut warned = ForeignRecords::default();
    loop {
        let checked = async {
            warn_of_foreign_records(&store, &merchants, &mut warned).await?;
            if split_common_lane(&store).await? > 0 {
                warn_of_foreign_records(&store, &merchants, &mut warned).await?;
            }
            Ok::<_, Error>(())
        };
        let pause = match checked.await {
            Ok(()) => LANE_INTERVAL,
            Err(error) => {
                tracing::warn!(%error, "the lanes of the store can't be checked; trying again");
                LANE_RETRY
            }
        };
        sleep(pause).await;
    }
}

/// Returns the number of records that were moved.
async fn split_common_lane(store: &SharedStore) -> Result<u64, Error> {
    let mut records = 0;
    loop {
        match store.move_records(Move::split(COMMON_LANE, MERCHANT_LANES, LANE_BATCH)).await? {
            MoveResult::Moved(moved) if moved > 0 => records += moved,
            _ => break,
        }
        sleep(LANE_PAUSE).await;
    }
    if records > 0 {
        tracing::info!(records, "records of an earlier version were moved to the lanes of their merchants");
    }
    Ok(records)
}

/// Warns of foreign records that have changed since the last warning.
async fn warn_of_foreign_records(
    store: &SharedStore,
    merchants: &[String],
    warned: &mut ForeignRecords,
) -> Result<(), Error> {
    let foreign = ForeignRecords::among(&store.stats().await?.lanes, merchants);
    if foreign != *warned && !foreign.is_empty() {
        tracing::warn!("{foreign}");
    }
    *warned = foreign;
    Ok(())
}

/// Counts and logs records that the store parks by itself: their last attempt ended in a crash or a lost lease, and the
/// lease expired. Nobody else notices, so this watches the few records that are in their last attempt.
pub(super) async fn watch_last_attempts(store: SharedStore, parked: ParkedTotal) {
    if let Ok(stats) = store.stats().await
        && stats.count(State::Parked) > 0
    {
        tracing::warn!(records = stats.count(State::Parked), "parked records wait for an operator");
    }
    let mut last_attempts = HashSet::new();
    loop {
        // Those who need the store report that it is unavailable.
        let _unavailable = check_last_attempts(&store, &parked, &mut last_attempts).await;
        sleep(LEASE_INTERVAL).await;
    }
}

/// Reports those of `last_attempts` that are parked, and replaces them with the current ones.
async fn check_last_attempts(
    store: &SharedStore,
    parked: &ParkedTotal,
    last_attempts: &mut HashSet<Seq>,
) -> Result<(), Error> {
    let (mut current, mut before) = (HashSet::new(), None);
    let mut filter = Filter::default();
    filter.state = Some(State::Leased);
    loop {
        let page = store.list(filter.clone(), before, PAGE).await?;
        let last = page.records.iter().filter(|record| record.attempts >= record.max_attempts);
        current.extend(last.map(|record| record.seq));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    for seq in last_attempts.difference(&current) {
        if let Some(record) = store.get(Lookup::Seq(*seq)).await?
            && record.state == State::Parked
            && record.error.as_deref() == Some(ATTEMPTS_USED_UP)
        {
            let (merchant, reason) = (&record.labels.merchant, ParkReason::Attempts.as_str());
            let event: String = record.labels.event.chars().take(MAX_EVENT).collect();
            tracing::warn!(%seq, merchant, event, reason, "parked: its last lease expired; it waits for an operator");
            parked.count(merchant, reason);
        }
    }
    *last_attempts = current;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;
    use std::time::SystemTime;
    use wxhook_idempotency::{
        Claim, ClaimId, Clock, Entry, FenceResult, Fingerprint, MemoryOptions, MemoryStore, StoreExt as _,
    };

    /// Wall time that moves with tokio's.
    #[derive(Debug)]
    struct TokioClock(tokio::time::Instant);

    impl Clock for TokioClock {
        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + self.0.elapsed()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_parked_by_the_expiry_of_its_last_lease_is_counted_once() {
        let clock = Arc::new(TokioClock(tokio::time::Instant::now()));
        let store = SharedStore::new(MemoryStore::new(MemoryOptions::default().with_clock(clock)));
        let metrics = Metrics::new(&["shop".to_owned()], || 0).unwrap();
        let mut last_attempts = HashSet::new();
        let counted = || {
            let text = metrics.render(None, None);
            let line = text
                .lines()
                .find(|line| line.starts_with("wxhook_parked_total{merchant=\"shop\",reason=\"attempts\"}"));
            line.unwrap().rsplit(' ').next().unwrap().to_owned()
        };
        for (number, max_attempts) in [(1, 1), (2, 2)] {
            let mut entry = Entry::new(format!("k{number}"), Fingerprint::new(1, [number; 32]), "{}", "lane");
            entry.labels.merchant = "shop".to_owned();
            entry.max_attempts = max_attempts;
            store.accept(entry).await.unwrap();
        }
        let claim = |id| store.claim_due(Claim::new(ClaimId::new(id), ["lane"], 10, Duration::from_secs(30)));
        assert_eq!(claim(1).await.unwrap().len(), 2);
        check_last_attempts(&store, &metrics.parked, &mut last_attempts).await.unwrap();
        assert_eq!(last_attempts.len(), 1, "the other one has an attempt left");
        sleep(Duration::from_secs(31)).await;
        check_last_attempts(&store, &metrics.parked, &mut last_attempts).await.unwrap();
        assert_eq!(counted(), "0", "nobody has asked for it yet");
        // One parks, the other one begins its last attempt, which goes well.
        let leases = claim(2).await.unwrap();
        assert_eq!(leases.len(), 1);
        check_last_attempts(&store, &metrics.parked, &mut last_attempts).await.unwrap();
        assert_eq!((counted().as_str(), last_attempts.len()), ("1", 1));
        let done = store.complete(leases[0].record.seq, leases[0].fence, None).await.unwrap();
        assert_eq!(done, FenceResult::Done);
        for _ in 0..2 {
            check_last_attempts(&store, &metrics.parked, &mut last_attempts).await.unwrap();
            assert_eq!(counted(), "1");
        }
    }
}
