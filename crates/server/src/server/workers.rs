use super::phase::{Phase, Phases};
use super::strays::Strays;
use crate::config::{MerchantConfig, SinkConfig};
use crate::error::Error;
use crate::metrics::Metrics;
use crate::sinks::Outlet;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use wxhook_delivery::{SharedSink, Sink as _, Waker, Worker, WorkerOptions};
use wxhook_idempotency::{Clock, SharedStore};
use wxhook_receiver::COMMON_LANE;

/// What the lanes of merchants with sinks of their own begin with.
const OWN_LANES: &str = "merchant/";
/// How often a lane is looked at that gets nothing new.
const LEFTOVERS: Duration = Duration::from_secs(10);

/// One worker for each lane that has a sink, and one that looks for others.
#[derive(Debug)]
pub(super) struct Workers {
    workers: Vec<(String, Worker)>,
    strays: Strays,
}

/// What a sink is called in metrics and logs.
pub(super) fn sink_name(config: &SinkConfig, merchant: Option<&str>) -> String {
    let kind = config.kind();
    merchant.map_or_else(|| kind.to_owned(), |merchant| format!("{merchant}/{kind}"))
}

/// The lane of a merchant; one of its own has a name that no merchant can have.
pub(super) fn lane(merchant: &MerchantConfig) -> String {
    if merchant.sink.is_some() { own_lane(merchant) } else { COMMON_LANE.to_owned() }
}

/// Whether a lane is that of a merchant with a sink of its own, in this configuration or an earlier one.
pub(super) fn is_own_lane(lane: &str) -> bool {
    lane.starts_with(OWN_LANES)
}

fn own_lane(merchant: &MerchantConfig) -> String {
    format!("{OWN_LANES}{}", merchant.name)
}

/// What workers are made with.
#[derive(Debug, Clone)]
pub(super) struct Workshop {
    pub(super) store: SharedStore,
    pub(super) metrics: Arc<Metrics>,
}

impl Workshop {
    fn worker(&self, lane: &str, outlet: &Outlet, options: WorkerOptions) -> Result<Worker, Error> {
        let count = self.metrics.attempts_of(outlet.sink.name());
        let processor =
            outlet.processor(&self.store).observe(move |processed| count(processed.as_str())).build()?;
        Ok(Worker::new(processor, [lane], options))
    }

    /// For a lane that gets nothing new.
    pub(super) fn leftovers(&self, lane: &str, outlet: &Outlet) -> Result<Worker, Error> {
        self.worker(lane, outlet, WorkerOptions::default().with_poll(LEFTOVERS))
    }
}

impl Workers {
    /// For these merchants; `replaced` takes the place of every sink.
    pub(super) fn new(
        workshop: Workshop,
        clock: &Arc<dyn Clock>,
        common: Option<&SinkConfig>,
        merchants: &[MerchantConfig],
        replaced: Option<SharedSink>,
    ) -> Result<Self, Error> {
        let replaced = replaced.map(Outlet::new);
        let mut stdout = None;
        let mut open = |config: &SinkConfig, merchant: Option<&str>| match (&replaced, config) {
            (Some(outlet), _) => Ok(outlet.clone()),
            (None, SinkConfig::Stdout) => Ok(stdout.get_or_insert_with(Outlet::stdout).clone()),
            (None, _) => Outlet::open(sink_name(config, merchant), config, clock),
        };
        let common = match common {
            Some(config) => Some(open(config, None)?),
            None => replaced.clone(),
        };
        let mut workers = Vec::new();
        match &common {
            Some(outlet) => {
                let worker = workshop.worker(COMMON_LANE, outlet, WorkerOptions::default())?;
                workers.push((COMMON_LANE.to_owned(), worker));
            }
            None => warn_of_inboxes(merchants),
        }
        for merchant in merchants {
            let lane = own_lane(merchant);
            let worker = match (&merchant.sink, &common) {
                (Some(own), _) => {
                    workshop.worker(&lane, &open(own, Some(&merchant.name))?, WorkerOptions::default())?
                }
                // It may still have records from when it had a sink of its own: the common one takes them.
                (None, Some(outlet)) => workshop.leftovers(&lane, outlet)?,
                (None, None) => continue,
            };
            workers.push((lane, worker));
        }
        let known: HashSet<_> = workers.iter().map(|(lane, _)| lane.clone()).collect();
        Ok(Self { workers, strays: Strays::new(workshop, known, common) })
    }

    /// What wakes them, by lane.
    pub(super) fn wakers(&self) -> HashMap<String, Waker> {
        self.workers.iter().map(|(lane, worker)| (lane.clone(), worker.waker())).collect()
    }

    /// Starts them; they drain when `phases` say so.
    pub(super) fn start(self, tasks: &mut JoinSet<&'static str>, phases: &Phases) {
        for (_, worker) in self.workers {
            let mut watch = phases.watch();
            tasks.spawn(async move {
                worker.run(async move { watch.until(Phase::Draining).await }).await;
                "worker"
            });
        }
        tasks.spawn(self.strays.run(phases.watch()));
    }
}

fn warn_of_inboxes(merchants: &[MerchantConfig]) {
    let inboxes = merchants.iter().filter(|merchant| merchant.sink.is_none());
    let merchants = inboxes.map(|merchant| &*merchant.name).collect::<Vec<_>>().join(", ");
    if !merchants.is_empty() {
        tracing::warn!(merchants, "no sink: an inbox only, records are kept and not handed on");
    }
}
