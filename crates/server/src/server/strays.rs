use super::phase::{Phase, Watch};
use super::workers::{Workshop, is_own_lane};
use crate::sinks::Outlet;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;
use wxhook_idempotency::{Error, Filter, State, Store as _};

/// Records that are looked at in one go, and the pause after it: nobody shall notice.
const PAGE: usize = 100;
const PAUSE: Duration = Duration::from_millis(20);
/// Between tries of a store that is unavailable.
const AGAIN: Duration = Duration::from_secs(10);

/// Looks, once, for records of merchants that had a sink of their own and aren't in the configuration any more. The
/// common sink takes them; without one a warning says that they wait.
#[derive(Debug)]
pub(super) struct Strays {
    workshop: Workshop,
    /// Lanes that have a worker.
    known: HashSet<String>,
    common: Option<Outlet>,
}

impl Strays {
    pub(super) fn new(workshop: Workshop, known: HashSet<String>, common: Option<Outlet>) -> Self {
        Self { workshop, known, common }
    }

    /// Until the server drains.
    pub(super) async fn run(self, mut watch: Watch) -> &'static str {
        let found = tokio::select! {
            found = self.find() => found,
            () = watch.until(Phase::Draining) => BTreeMap::new(),
        };
        let mut workers = JoinSet::new();
        for (lane, records) in found {
            let Some(outlet) = &self.common else {
                tracing::warn!(lane, records, "no merchant has this lane any more; its records wait");
                continue;
            };
            match self.workshop.leftovers(&lane, outlet) {
                Ok(worker) => {
                    tracing::warn!(
                        lane,
                        records,
                        "no merchant has this lane any more; the common sink takes its records"
                    );
                    let mut watch = watch.clone();
                    workers.spawn(worker.run(async move { watch.until(Phase::Draining).await }));
                }
                Err(error) => tracing::error!(lane, records, %error, "no worker for this lane"),
            }
        }
        watch.until(Phase::Draining).await;
        while workers.join_next().await.is_some() {}
        "strays"
    }

    /// How many records wait, by lane.
    async fn find(&self) -> BTreeMap<String, u64> {
        loop {
            match self.look().await {
                Ok(found) => return found,
                Err(error) => tracing::warn!(%error, "records without a worker can't be looked for yet"),
            }
            sleep(AGAIN).await;
        }
    }

    async fn look(&self) -> Result<BTreeMap<String, u64>, Error> {
        let mut found = BTreeMap::new();
        // A parked one may be sent again by a person.
        for state in [State::Ready, State::Leased, State::Parked] {
            let mut filter = Filter::default();
            filter.state = Some(state);
            let mut before = None;
            loop {
                let page = self.workshop.store.list(filter.clone(), before, PAGE).await?;
                for record in page.records {
                    if is_own_lane(&record.lane) && !self.known.contains(&record.lane) {
                        *found.entry(record.lane).or_default() += 1;
                    }
                }
                before = page.next;
                if before.is_none() {
                    break;
                }
                sleep(PAUSE).await;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;
    use std::sync::Arc;
    use wxhook_idempotency::{Accepted, Action, Entry, Fingerprint, MemoryStore, SharedStore};

    #[tokio::test(start_paused = true)]
    async fn what_waits_in_lanes_without_a_worker_is_counted() {
        let store = SharedStore::new(MemoryStore::default());
        let mut number = 0;
        let mut put = async |lane: &str, count: u8| {
            let mut last = None;
            for _ in 0..count {
                number += 1;
                let entry = Entry::new(format!("k{number}"), Fingerprint::new(1, [number; 32]), "{}", lane);
                let Accepted::New { seq } = store.accept(entry).await.unwrap() else { panic!() };
                last = Some(seq);
            }
            last.unwrap()
        };
        put("merchant/known", 3).await;
        put("default", 3).await;
        put("orders", 3).await;
        put("merchant/a", 120).await;
        let parked = put("merchant/b", 2).await;
        let done = put("merchant/c", 1).await;
        store.park(parked, Action::new("li", "test")).await.unwrap();
        store.discard(done, Action::new("li", "test")).await.unwrap();

        let metrics = Arc::new(Metrics::new([]).unwrap());
        let strays =
            Strays::new(Workshop { store, metrics }, HashSet::from(["merchant/known".to_owned()]), None);
        let found: Vec<_> = strays.find().await.into_iter().collect();
        assert_eq!(found, [("merchant/a".to_owned(), 120), ("merchant/b".to_owned(), 2)]);
    }
}
