use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounter, Opts};

/// A counter whose value is asked for when it is needed.
#[derive(Clone)]
pub(super) struct DroppedLogs {
    counter: IntCounter,
    dropped: fn() -> u64,
}

impl DroppedLogs {
    pub(super) fn new(dropped: fn() -> u64) -> prometheus::Result<Self> {
        Ok(Self { counter: counter()?, dropped })
    }
}

fn counter() -> prometheus::Result<IntCounter> {
    IntCounter::with_opts(Opts::new(
        "wxhook_log_dropped_total",
        "Log lines that could not be written, or not in time.",
    ))
}

impl Collector for DroppedLogs {
    fn desc(&self) -> Vec<&Desc> {
        self.counter.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        // A new one each time: a counter can't be set.
        let Ok(counter) = counter() else { return Vec::new() };
        counter.inc_by((self.dropped)());
        counter.collect()
    }
}
