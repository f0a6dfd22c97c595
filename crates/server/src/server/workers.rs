use super::phase::{Phase, Phases};
use crate::config::{MerchantConfig, SinkConfig};
use crate::error::Error;
use crate::metrics::Metrics;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::task::JoinSet;
use wxhook_delivery::{LineSink, Processor, SharedSink, Sink as _, Waker, Worker, WorkerOptions};
use wxhook_idempotency::SharedStore;
use wxhook_receiver::COMMON_LANE;

/// How often a lane is looked at that gets nothing new.
const LEFTOVERS: Duration = Duration::from_secs(10);

/// One worker for each lane that has a sink.
#[derive(Debug, Default)]
pub(super) struct Workers(Vec<(String, Worker)>);

/// The lane of a merchant; one of its own has a name that no merchant can have.
pub(super) fn lane(merchant: &MerchantConfig) -> String {
    if merchant.sink.is_some() { own_lane(merchant) } else { COMMON_LANE.to_owned() }
}

fn own_lane(merchant: &MerchantConfig) -> String {
    format!("merchant/{}", merchant.name)
}

impl Workers {
    /// For these merchants; `replaced` takes the place of every sink.
    pub(super) fn new(
        store: &SharedStore,
        metrics: &Metrics,
        common: Option<SinkConfig>,
        merchants: &[MerchantConfig],
        replaced: Option<&SharedSink>,
    ) -> Result<Self, Error> {
        let mut lanes = Vec::new();
        if common.is_some() || replaced.is_some() {
            lanes.push((COMMON_LANE.to_owned(), common));
        } else {
            let inboxes = merchants.iter().filter(|merchant| merchant.sink.is_none());
            let merchants = inboxes.map(|merchant| &*merchant.name).collect::<Vec<_>>().join(", ");
            if !merchants.is_empty() {
                tracing::warn!(merchants, "no sink: an inbox only, records are kept and not handed on");
            }
        }
        // A merchant that has no sink of its own any more may still have records in its lane: the common sink takes them.
        lanes.extend(merchants.iter().map(|merchant| (own_lane(merchant), merchant.sink.or(common))));
        let in_use: HashSet<String> = merchants.iter().map(lane).collect();
        // One for all: two on standard output could write into each other's lines.
        let mut stdout = None;
        let mut workers = Vec::new();
        for (lane, kind) in lanes {
            let sink = match (replaced, kind) {
                (Some(sink), _) => sink.clone(),
                (None, Some(SinkConfig::Stdout)) => {
                    stdout.get_or_insert_with(|| SharedSink::new(LineSink::stdout())).clone()
                }
                (None, None) => continue,
            };
            let count = metrics.attempts_of(sink.name());
            let processor = Processor::builder(store.clone(), sink)
                .observe(move |processed| count(processed.as_str()))
                .build()?;
            let mut options = WorkerOptions::default();
            if lane != COMMON_LANE && !in_use.contains(&lane) {
                options.poll = LEFTOVERS;
            }
            workers.push((lane.clone(), Worker::new(processor, lane, options)));
        }
        Ok(Self(workers))
    }

    /// What wakes them, by lane.
    pub(super) fn wakers(&self) -> HashMap<String, Waker> {
        self.0.iter().map(|(lane, worker)| (lane.clone(), worker.waker())).collect()
    }

    /// Starts them; they drain when `phases` say so.
    pub(super) fn start(self, tasks: &mut JoinSet<&'static str>, phases: &Phases) {
        for (_, worker) in self.0 {
            let mut watch = phases.watch();
            tasks.spawn(async move {
                worker.run(async move { watch.until(Phase::Draining).await }).await;
                "worker"
            });
        }
    }
}
