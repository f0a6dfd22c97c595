use super::phase::{Phase, Watch};
use crate::metrics::ParkedTotal;
use std::collections::HashSet;
use std::time::Duration;
use tokio::time::sleep;
use wxhook_delivery::ParkReason;
use wxhook_idempotency::machine::ATTEMPTS_USED_UP;
use wxhook_idempotency::{
    Error, Filter, Lookup, Seq, SharedStore, State, Store as _, StoreExt as _, StoredRecord,
};

/// Records that are looked at in one go.
const PAGE: usize = 200;
/// Pause between two looks: shorter than a lease usually is.
const PAUSE: Duration = Duration::from_secs(10);
/// Maximum bytes of an event's name in a log line.
const MAX_EVENT: usize = 64;

/// Tells of records that the store parks by itself: their last attempt ended without a word, in a crash or a lost lease,
/// and its lease ran out. Nobody else notices, so this looks at what is in its last attempt, which is next to nothing.
#[derive(Debug)]
pub(super) struct Expired {
    store: SharedStore,
    parked: ParkedTotal,
    /// Records in their last attempt when it last looked.
    last_attempts: HashSet<Seq>,
}

impl Expired {
    pub(super) fn new(store: SharedStore, parked: ParkedTotal) -> Self {
        Self { store, parked, last_attempts: HashSet::new() }
    }

    /// Runs until the server drains.
    pub(super) async fn run(mut self, mut watch: Watch) -> &'static str {
        let looking = async {
            self.say_how_many_wait().await;
            loop {
                // A store that doesn't answer is reported by those who need it.
                let _unavailable = self.look().await;
                sleep(PAUSE).await;
            }
        };
        tokio::select! {
            () = watch.until(Phase::Draining) => {}
            () = looking => {}
        }
        "expired leases"
    }

    /// Says at the start what may have been parked while nobody looked.
    async fn say_how_many_wait(&self) {
        if let Ok(stats) = self.store.stats().await
            && stats.count(State::Parked) > 0
        {
            tracing::warn!(records = stats.count(State::Parked), "parked records wait for an operator");
        }
    }

    async fn look(&mut self) -> Result<(), Error> {
        let now = self.in_last_attempt().await?;
        for seq in self.last_attempts.difference(&now) {
            if let Some(record) = self.store.get(Lookup::Seq(*seq)).await?
                && record.state == State::Parked
                && record.error.as_deref() == Some(ATTEMPTS_USED_UP)
            {
                self.tell(&record);
            }
        }
        self.last_attempts = now;
        Ok(())
    }

    async fn in_last_attempt(&self) -> Result<HashSet<Seq>, Error> {
        let (mut found, mut before) = (HashSet::new(), None);
        let mut filter = Filter::default();
        filter.state = Some(State::Leased);
        loop {
            let page = self.store.list(filter.clone(), before, PAGE).await?;
            let last = page.records.iter().filter(|record| record.attempts >= record.max_attempts);
            found.extend(last.map(|record| record.seq));
            before = page.next;
            if before.is_none() {
                return Ok(found);
            }
        }
    }

    fn tell(&self, record: &StoredRecord) {
        let (seq, merchant, event) = (record.seq, &record.labels.merchant, &record.labels.event);
        let event = event.get(..event.floor_char_boundary(MAX_EVENT)).unwrap_or_default();
        let reason = ParkReason::Attempts.as_str();
        tracing::warn!(%seq, merchant, event, reason, "parked: its last lease ran out; it waits for an operator");
        self.parked.count(merchant, reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;
    use std::time::SystemTime;
    use wxhook_idempotency::{
        Claim, ClaimId, Clock, Entry, FenceResult, Fingerprint, MemoryOptions, MemoryStore,
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
    async fn a_record_that_parks_as_its_last_lease_runs_out_is_counted_once() {
        let clock = std::sync::Arc::new(TokioClock(tokio::time::Instant::now()));
        let store = SharedStore::new(MemoryStore::new(MemoryOptions::default().with_clock(clock)));
        let metrics = Metrics::new(["shop"]).unwrap();
        let mut expired = Expired::new(store.clone(), metrics.parked.clone());
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
        expired.look().await.unwrap();
        assert_eq!(expired.last_attempts.len(), 1, "the other one has an attempt left");
        sleep(Duration::from_secs(31)).await;
        expired.look().await.unwrap();
        assert_eq!(counted(), "0", "nobody has asked for it yet");
        // One parks, the other one begins its last attempt, which goes well.
        let leases = claim(2).await.unwrap();
        assert_eq!(leases.len(), 1);
        expired.look().await.unwrap();
        assert_eq!((counted().as_str(), expired.last_attempts.len()), ("1", 1));
        let done = store.complete(leases[0].record.seq, leases[0].fence, None).await.unwrap();
        assert_eq!(done, FenceResult::Done);
        for _ in 0..2 {
            expired.look().await.unwrap();
            assert_eq!(counted(), "1");
        }
    }
}
