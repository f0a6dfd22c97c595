//! Figures for Prometheus: one registry for each server.

mod dropped_logs;
mod parked;
mod requests;
mod store_ops;

pub(crate) use parked::ParkedTotal;
pub(crate) use store_ops::{Accepts, StoreOps};

use crate::error::Error;
use dropped_logs::DroppedLogs;
use prometheus::core::Collector;
use prometheus::{
    Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use requests::Requests;
use std::time::Duration;
use wxhook_idempotency::{State, Stats};
use wxhook_receiver::Outcome;

/// Seconds. The platform waits for 5, the receiver answers within 2.
const REPLY_BUCKETS: [f64; 12] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0];

/// Figures that the store may not be able to give.
const FOREIGN: &str = "wxhook_foreign_records";
const LOST: &str = "wxhook_lost_records";

/// How an attempt at handing a record on ends.
const ATTEMPTS: [&str; 6] = ["done", "retried", "parked", "lost", "released", "store-unavailable"];

/// The server's figures. Their labels come from configuration and code only.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Requests,
    reply_seconds: Histogram,
    clock_skew: IntCounter,
    near_miss: IntCounter,
    records: IntGaugeVec,
    oldest_ready: Gauge,
    foreign: IntGauge,
    lost: IntGauge,
    attempts: IntCounterVec,
    pub(crate) connections: IntGauge,
    pub(crate) http_rejected: IntCounterVec,
    pub(crate) store: StoreOps,
    pub(crate) parked: ParkedTotal,
}

impl Metrics {
    /// For these merchants.
    pub(crate) fn new<'a>(merchants: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let merchants: Vec<_> = merchants.into_iter().collect();
        let new = || -> prometheus::Result<Self> {
            let registry = Registry::new();
            let requests = IntCounterVec::new(
                Opts::new("wxhook_requests_total", "Answered requests."),
                &["merchant", "protocol", "outcome"],
            )?;
            let build = IntGaugeVec::new(Opts::new("wxhook_build_info", "Always 1."), &["version"])?;
            build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
            register(&registry, build)?;
            Ok(Self {
                parked: ParkedTotal::new(&registry, merchants.iter().copied())?,
                requests: Requests::new(register(&registry, requests)?, merchants),
                reply_seconds: register(
                    &registry,
                    Histogram::with_opts(
                        HistogramOpts::new("wxhook_reply_seconds", "From a request's head to its answer.")
                            .buckets(REPLY_BUCKETS.to_vec()),
                    )?,
                )?,
                clock_skew: register(
                    &registry,
                    IntCounter::new(
                        "wxhook_clock_skew_total",
                        "Authentic notifications refused because of their time: is this machine's clock right?",
                    )?,
                )?,
                near_miss: register(
                    &registry,
                    IntCounter::new(
                        "wxhook_near_miss_total",
                        "Requests that look like notifications to a mistyped path.",
                    )?,
                )?,
                records: register(
                    &registry,
                    IntGaugeVec::new(Opts::new("wxhook_records", "Records in the store."), &["state"])?,
                )?,
                oldest_ready: register(
                    &registry,
                    Gauge::new(
                        "wxhook_oldest_ready_seconds",
                        "How long the oldest due record has been due.",
                    )?,
                )?,
                attempts: register(
                    &registry,
                    IntCounterVec::new(
                        Opts::new("wxhook_delivery_attempts_total", "Attempts at handing a record on."),
                        &["sink", "outcome"],
                    )?,
                )?,
                foreign: register(
                    &registry,
                    IntGauge::new(FOREIGN, "Records that wait for merchants which aren't configured.")?,
                )?,
                lost: register(
                    &registry,
                    IntGauge::new(LOST, "Acknowledged records that the store is known to have lost.")?,
                )?,
                connections: register(
                    &registry,
                    IntGauge::new("wxhook_connections", "Open connections of senders.")?,
                )?,
                http_rejected: register(
                    &registry,
                    IntCounterVec::new(
                        Opts::new("wxhook_http_rejected_total", "Requests that the HTTP layer rejected."),
                        &["reason"],
                    )?,
                )?,
                store: StoreOps::new(&registry)?,
                registry,
            })
        };
        new().map_err(|error| Error::Metrics(error.to_string()))
    }

    /// Adds the number of log lines that were dropped, which `dropped` returns.
    pub(crate) fn count_dropped_logs(&self, dropped: fn() -> u64) -> Result<(), Error> {
        let collector = DroppedLogs::new(dropped);
        let registered = collector.and_then(|collector| register(&self.registry, collector));
        registered.map(drop).map_err(|error| Error::Metrics(error.to_string()))
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, outcome: Option<&Outcome>, took: Duration) {
        self.reply_seconds.observe(took.as_secs_f64());
        let Some(outcome) = outcome else { return };
        self.requests.count(outcome);
        if outcome.outcome == "stale" {
            self.clock_skew.inc();
        }
        if outcome.near_miss {
            self.near_miss.inc();
        }
        if let Some(reason) = outcome.parked {
            self.parked.count(outcome.merchant.as_deref().unwrap_or_default(), reason);
        }
    }

    /// What counts a sink's attempts by their outcome; every series is there from the start.
    pub(crate) fn attempts_of(&self, sink: &str) -> impl Fn(&str) + Send + Sync + 'static {
        let (attempts, sink) = (self.attempts.clone(), sink.to_owned());
        for outcome in ATTEMPTS {
            attempts.with_label_values(&[&*sink, outcome]);
        }
        move |outcome| attempts.with_label_values(&[&*sink, outcome]).inc()
    }

    /// Everything as text, version 0.0.4. Without `stats` the figures of the store's records are left out.
    pub(crate) fn render(&self, stats: Option<Stats>, foreign: Option<u64>) -> String {
        let mut families = Vec::new();
        match &stats {
            Some(stats) => self.set(stats),
            None => self.records.reset(),
        }
        self.foreign.set(foreign.map_or(0, whole));
        families.extend(self.registry.gather());
        if stats.is_none() {
            families.retain(|family| !matches!(family.name(), "wxhook_oldest_ready_seconds" | LOST));
        }
        if foreign.is_none() {
            families.retain(|family| family.name() != FOREIGN);
        }
        TextEncoder::new().encode_to_string(&families).unwrap_or_default()
    }

    fn set(&self, stats: &Stats) {
        for state in State::ALL {
            self.records.with_label_values(&[state.as_str()]).set(whole(stats.count(state)));
        }
        self.lost.set(whole(stats.lost));
        self.oldest_ready.set(stats.oldest_ready.unwrap_or_default().as_secs_f64());
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Registers a figure and gives it back.
fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> prometheus::Result<C> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}
