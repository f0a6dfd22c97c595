use super::phase::{Phase, Phases};
use crate::config::{MerchantConfig, SinkConfig};
use crate::error::Error;
use crate::metrics::Metrics;
use std::collections::HashMap;
use tokio::task::JoinSet;
use wxhook_delivery::{LineSink, Processor, SharedSink, Sink as _, Waker, Worker, WorkerOptions};
use wxhook_idempotency::SharedStore;

/// The lane of merchants that have no sink of their own.
const COMMON: &str = "default";

/// One worker for each lane that has a sink.
#[derive(Debug, Default)]
pub(super) struct Workers(Vec<(String, Worker)>);

/// The lane of a merchant; one of its own has a name that no merchant can have.
pub(super) fn lane(merchant: &MerchantConfig) -> String {
    if merchant.sink.is_some() { format!("merchant/{}", merchant.name) } else { COMMON.to_owned() }
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
            lanes.push((COMMON.to_owned(), common));
        } else if merchants.iter().any(|merchant| merchant.sink.is_none()) {
            tracing::warn!("no [sink]: records are only kept, nothing is handed on");
        }
        let own = merchants.iter().filter(|merchant| merchant.sink.is_some());
        lanes.extend(own.map(|merchant| (lane(merchant), merchant.sink)));
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
            workers.push((lane.clone(), Worker::new(processor, lane, WorkerOptions::default())));
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
