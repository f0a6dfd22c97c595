use crate::config::{MerchantConfig, SinkConfig};
use crate::error::Error;
use crate::merchant_lanes::lane_of;
use crate::metrics::Metrics;
use crate::sinks;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wxhook_delivery::{Processor, SharedSink, Sink as _, Waker, Worker, WorkerOptions};
use wxhook_idempotency::{Clock, SharedStore};

/// A configured sink and the lanes whose records it delivers.
#[derive(Debug)]
pub(crate) struct Route<'a> {
    /// The sink's name in metrics and logs.
    pub(crate) name: String,
    pub(crate) sink: &'a SinkConfig,
    pub(crate) lanes: Vec<String>,
}

impl<'a> Route<'a> {
    /// Returns the routes to the common sink and to the merchants' own ones.
    pub(crate) fn all(common: Option<&'a SinkConfig>, merchants: &'a [MerchantConfig]) -> Vec<Self> {
        let without_own = merchants.iter().filter(|merchant| merchant.sink.is_none());
        let lanes: Vec<_> = without_own.map(|merchant| lane_of(&merchant.name)).collect();
        let common = common.filter(|_| !lanes.is_empty());
        let common = common.map(|sink| Self { name: sink.kind().to_owned(), sink, lanes });
        let own = merchants.iter().filter_map(|merchant| {
            let sink = merchant.sink.as_ref()?;
            let name = format!("{}/{}", merchant.name, sink.kind());
            Some(Self { name, sink, lanes: vec![lane_of(&merchant.name)] })
        });
        common.into_iter().chain(own).collect()
    }

    /// Returns whether the store adds the records of these lanes to a stream as it accepts them.
    pub(crate) fn is_at_accept(&self) -> bool {
        matches!(self.sink, SinkConfig::RedisStream(stream) if stream.at_accept)
    }
}

/// Returns a lane whose records go to the common sink: that of the first merchant without a sink of its own. `None` if
/// there is no such merchant or no common sink.
pub(crate) fn common_lane(has_common_sink: bool, merchants: &[MerchantConfig]) -> Option<String> {
    let mut without_own = merchants.iter().filter(|merchant| has_common_sink && merchant.sink.is_none());
    without_own.next().map(|merchant| lane_of(&merchant.name))
}

/// One worker for each sink, and the lanes that it claims from.
#[derive(Debug, Default)]
pub(super) struct Workers(Vec<(Vec<String>, Worker)>);

impl Workers {
    /// Creates a worker for each route.
    pub(super) fn new(
        routes: &[Route<'_>],
        store: &SharedStore,
        metrics: &Metrics,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let mut workers = Self::default();
        // Two writers of standard output could write into each other's lines.
        let mut stdout = None;
        for Route { name, sink, lanes } in routes {
            let (sink, limits) = match sink {
                SinkConfig::Stdout => (stdout.get_or_insert_with(sinks::stdout).clone(), None),
                sink => {
                    let (sink, limits) = sinks::open(name, sink, clock)?;
                    (sink, Some(limits))
                }
            };
            workers.add(lanes.clone(), sink, limits, store, metrics)?;
        }
        Ok(workers)
    }

    /// Adds a worker that delivers the records of these lanes.
    pub(super) fn add(
        &mut self,
        lanes: Vec<String>,
        sink: SharedSink,
        limits: Option<sinks::DeliveryLimits>,
        store: &SharedStore,
        metrics: &Metrics,
    ) -> Result<(), Error> {
        let (count, parked) = (metrics.delivery_attempts(sink.name()), metrics.parked.clone());
        let builder = Processor::builder(store.clone(), sink);
        let builder = match limits {
            Some(limits) => limits.apply(builder),
            None => builder,
        };
        let processor = builder
            .observe(move |outcome| count(outcome.as_str()))
            .observe_parked(move |record| parked.count(record.merchant, record.reason.as_str()))
            .build()?;
        let worker = Worker::new(processor, &lanes, WorkerOptions::default());
        self.0.push((lanes, worker));
        Ok(())
    }

    /// Returns the wakers of the workers, by lane.
    pub(super) fn wakers(&self) -> HashMap<String, Waker> {
        let lanes = self.0.iter().flat_map(|(lanes, worker)| lanes.iter().map(move |lane| (lane, worker)));
        lanes.map(|(lane, worker)| (lane.clone(), worker.waker())).collect()
    }

    /// Starts the workers, which drain when `drain` is cancelled.
    pub(super) fn start(self, tasks: &mut JoinSet<&'static str>, drain: &CancellationToken) {
        for (_, worker) in self.0 {
            let drain = drain.clone();
            tasks.spawn(async move {
                worker.run(drain.cancelled()).await;
                "worker"
            });
        }
    }
}
