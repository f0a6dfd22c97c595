use super::phase::{Phase, Phases};
use crate::config::{MerchantConfig, SinkConfig};
use crate::error::Error;
use crate::foreign::lane_of;
use crate::metrics::Metrics;
use crate::sinks::Outlet;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::task::JoinSet;
use wxhook_delivery::{SharedSink, Sink as _, Waker, Worker, WorkerOptions};
use wxhook_idempotency::{Clock, SharedStore};

/// One worker for each sink, and the lanes that it claims from.
#[derive(Debug)]
pub(super) struct Workers(Vec<(Vec<String>, Worker)>);

/// What a sink is called in metrics and logs.
pub(super) fn sink_name(config: &SinkConfig, merchant: Option<&str>) -> String {
    let kind = config.kind();
    merchant.map_or_else(|| kind.to_owned(), |merchant| format!("{merchant}/{kind}"))
}

/// Returns a lane whose records go to the common sink: that of the first merchant without a sink of its own. `None` if
/// there is no such merchant or no common sink.
pub(crate) fn common_lane(has_common_sink: bool, merchants: &[MerchantConfig]) -> Option<String> {
    let mut without_own = merchants.iter().filter(|merchant| has_common_sink && merchant.sink.is_none());
    without_own.next().map(|merchant| lane_of(&merchant.name))
}

impl Workers {
    /// For these merchants; `replaced` takes the place of every sink.
    pub(super) fn new(
        store: &SharedStore,
        metrics: &Metrics,
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
        let worker = |lanes: &[String], outlet: &Outlet| -> Result<Worker, Error> {
            let count = metrics.attempts_of(outlet.sink.name());
            let parked = metrics.parked.clone();
            let processor = outlet
                .processor(store)
                .observe(move |processed| count(processed.as_str()))
                .observe_parked(move |record| parked.count(record.merchant, record.reason.as_str()))
                .build()?;
            Ok(Worker::new(processor, lanes, WorkerOptions::default()))
        };
        let mut workers = Vec::new();
        let common = match common {
            Some(config) => Some(open(config, None)?),
            None => replaced.clone(),
        };
        let in_common = merchants.iter().filter(|merchant| merchant.sink.is_none());
        let lanes: Vec<_> = in_common.map(|merchant| lane_of(&merchant.name)).collect();
        match &common {
            Some(outlet) if !lanes.is_empty() => {
                let worker = worker(&lanes, outlet)?;
                workers.push((lanes, worker));
            }
            Some(_) => {}
            None => warn_of_inboxes(merchants),
        }
        for merchant in merchants {
            if let Some(own) = &merchant.sink {
                let lanes = vec![lane_of(&merchant.name)];
                let worker = worker(&lanes, &open(own, Some(&merchant.name))?)?;
                workers.push((lanes, worker));
            }
        }
        Ok(Self(workers))
    }

    /// What wakes them, by lane.
    pub(super) fn wakers(&self) -> HashMap<String, Waker> {
        let each = |(lanes, worker): &(Vec<String>, Worker)| {
            let waker = worker.waker();
            lanes.iter().map(move |lane| (lane.clone(), waker.clone())).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(each).collect()
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

fn warn_of_inboxes(merchants: &[MerchantConfig]) {
    let inboxes = merchants.iter().filter(|merchant| merchant.sink.is_none());
    let merchants = inboxes.map(|merchant| &*merchant.name).collect::<Vec<_>>().join(", ");
    if !merchants.is_empty() {
        tracing::warn!(merchants, "no sink: an inbox only, records are kept and not handed on");
    }
}
