//! Prometheus metrics: one registry for each server.

mod store_ops;

pub(crate) use store_ops::{Accepts, StoreOps};

use crate::error::Error;
use prometheus::{
    Gauge, Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry, TextEncoder,
    histogram_opts, register_gauge_with_registry, register_histogram_with_registry,
    register_int_counter_vec_with_registry, register_int_counter_with_registry,
    register_int_gauge_vec_with_registry, register_int_gauge_with_registry,
};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wxhook_delivery::ParkReason;
use wxhook_idempotency::{State, Stats};
use wxhook_receiver::{HoldReason, Outcome, Rejection, RequestReport};
use wxhook_wire::Protocol;

/// Buckets in seconds. The platform waits for 5 s, the receiver answers within 2 s.
const REPLY_BUCKETS: [f64; 12] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0];
/// Metrics that the store may not be able to tell.
const FOREIGN: &str = "wxhook_foreign_records";
const LOST: &str = "wxhook_lost_records";
const OLDEST_READY: &str = "wxhook_oldest_ready_seconds";
/// Outcomes of a delivery attempt.
const ATTEMPTS: [&str; 6] = ["done", "retried", "parked", "lost", "released", "store-unavailable"];

/// The metrics of a server. Their labels come from configuration and code only.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    reply_seconds: Histogram,
    clock_skew: IntCounter,
    near_miss: IntCounter,
    records: IntGaugeVec,
    oldest_ready: Gauge,
    foreign: IntGauge,
    lost: IntGauge,
    attempts: IntCounterVec,
    dropped_logs: IntCounter,
    /// Returns the number of dropped log lines. Locked while metrics are rendered.
    dropped: Mutex<fn() -> u64>,
    pub(crate) connections: IntGauge,
    pub(crate) http_rejected: IntCounterVec,
    pub(crate) store: StoreOps,
    pub(crate) parked: ParkedTotal,
}

impl Metrics {
    /// Registers the metrics of a server with these merchants. `dropped` returns the number of dropped log lines.
    pub(crate) fn new(merchants: &[String], dropped: fn() -> u64) -> Result<Self, Error> {
        Self::register(merchants, dropped).map_err(|error| Error::Metrics(error.to_string()))
    }

    fn register(merchants: &[String], dropped: fn() -> u64) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let counter = |name, help| register_int_counter_with_registry!(name, help, registry);
        let gauge = |name, help| register_int_gauge_with_registry!(name, help, registry);
        let counters = |name, help, labels: &[&str]| {
            register_int_counter_vec_with_registry!(name, help, labels, registry)
        };
        let gauges =
            |name, help, label| register_int_gauge_vec_with_registry!(name, help, &[label], registry);
        gauges("wxhook_build_info", "Always 1.", "version")?
            .with_label_values(&[env!("CARGO_PKG_VERSION")])
            .set(1);
        let requests =
            counters("wxhook_requests_total", "Answered requests.", &["merchant", "protocol", "outcome"])?;
        // Every series starts at 0, because `increase()` doesn't see the first event of a new one.
        requests.with_label_values(&["", "unknown", Rejection::NotFound.as_str()]);
        for (merchant, protocol) in merchants.iter().flat_map(|merchant| PROTOCOLS.map(|it| (merchant, it))) {
            for outcome in Outcome::ALL.into_iter().filter(|outcome| is_possible(*outcome, protocol)) {
                requests.with_label_values(&[merchant, protocol_label(protocol), outcome.as_str()]);
            }
        }
        let parked = counters(
            "wxhook_parked_total",
            "Records that were parked and wait for an operator.",
            &["merchant", "reason"],
        )?;
        Ok(Self {
            requests,
            parked: ParkedTotal::new(parked, merchants),
            reply_seconds: register_histogram_with_registry!(
                histogram_opts!(
                    "wxhook_reply_seconds",
                    "Time from a request's head to its reply.",
                    REPLY_BUCKETS.to_vec()
                ),
                registry
            )?,
            clock_skew: counter(
                "wxhook_clock_skew_total",
                "Authentic notifications rejected because of their time: is this machine's clock right?",
            )?,
            near_miss: counter(
                "wxhook_near_miss_total",
                "Requests that look like notifications to a mistyped path.",
            )?,
            records: gauges("wxhook_records", "Records in the store.", "state")?,
            oldest_ready: register_gauge_with_registry!(
                OLDEST_READY,
                "Time since the oldest due record became due.",
                registry
            )?,
            attempts: counters(
                "wxhook_delivery_attempts_total",
                "Attempts to deliver a record.",
                &["sink", "outcome"],
            )?,
            foreign: gauge(FOREIGN, "Records that wait for merchants which aren't configured.")?,
            lost: gauge(LOST, "Acknowledged records that the store is known to have lost.")?,
            connections: gauge("wxhook_connections", "Open connections of senders.")?,
            http_rejected: counters(
                "wxhook_http_rejected_total",
                "Requests that the HTTP layer rejected.",
                &["reason"],
            )?,
            dropped_logs: counter(
                "wxhook_log_dropped_total",
                "Log lines that could not be written, or not in time.",
            )?,
            dropped: Mutex::new(dropped),
            store: StoreOps::new(&registry)?,
            registry,
        })
    }

    /// Counts a reply.
    pub(crate) fn answered(&self, report: Option<&RequestReport>, elapsed: Duration) {
        self.reply_seconds.observe(elapsed.as_secs_f64());
        let Some(report) = report else { return };
        let merchant = report.merchant.as_deref().unwrap_or_default();
        let labels = [merchant, protocol_label(report.protocol), report.outcome.as_str()];
        self.requests.with_label_values(&labels).inc();
        if let Outcome::Rejected(Rejection::Stale(_)) = report.outcome {
            self.clock_skew.inc();
        }
        if report.near_miss {
            self.near_miss.inc();
        }
        if let Some(reason) = report.parked {
            self.parked.count(merchant, reason.as_str());
        }
    }

    /// Returns a function that counts a sink's delivery attempts by outcome. Every series starts at 0.
    pub(crate) fn delivery_attempts(&self, sink: &str) -> impl Fn(&str) + Send + Sync + 'static {
        let (attempts, sink) = (self.attempts.clone(), sink.to_owned());
        for outcome in ATTEMPTS {
            attempts.with_label_values(&[&*sink, outcome]);
        }
        move |outcome| attempts.with_label_values(&[&*sink, outcome]).inc()
    }

    /// Renders all metrics as text, version 0.0.4. Those that the store couldn't tell are omitted.
    pub(crate) fn render(&self, stats: Option<Stats>, foreign: Option<u64>) -> String {
        let dropped = self.dropped.lock().unwrap_or_else(PoisonError::into_inner);
        self.dropped_logs.inc_by(dropped().saturating_sub(self.dropped_logs.get()));
        match &stats {
            Some(stats) => self.set(stats),
            None => self.records.reset(),
        }
        self.foreign.set(foreign.map_or(0, to_gauge));
        let mut families = self.registry.gather();
        families.retain(|family| match family.name() {
            OLDEST_READY | LOST => stats.is_some(),
            FOREIGN => foreign.is_some(),
            _ => true,
        });
        TextEncoder::new().encode_to_string(&families).unwrap_or_default()
    }

    fn set(&self, stats: &Stats) {
        for state in State::ALL {
            self.records.with_label_values(&[state.as_str()]).set(to_gauge(stats.count(state)));
        }
        self.lost.set(to_gauge(stats.lost));
        self.oldest_ready.set(stats.oldest_ready.unwrap_or_default().as_secs_f64());
    }
}

fn to_gauge(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The protocols of requests; `None` is that of a request whose body isn't read.
const PROTOCOLS: [Option<Protocol>; 3] = [Some(Protocol::V2), Some(Protocol::V3), None];

fn protocol_label(protocol: Option<Protocol>) -> &'static str {
    match protocol {
        Some(Protocol::V2) => "v2",
        Some(Protocol::V3) => "v3",
        _ => "unknown",
    }
}

/// Returns whether a server's requests of a protocol can have an outcome. A server runs no handlers before the
/// reply.
fn is_possible(outcome: Outcome, protocol: Option<Protocol>) -> bool {
    match outcome {
        Outcome::Handled | Outcome::HandlerFailed | Outcome::Busy => false,
        Outcome::NoRoom | Outcome::Draining => protocol.is_none(),
        Outcome::Rejected(rejection) => match rejection {
            Rejection::NotFound => false,
            Rejection::Method | Rejection::Empty | Rejection::Cut => protocol.is_none(),
            Rejection::TooLarge => protocol != Some(Protocol::V3),
            Rejection::Xml(_) | Rejection::NoV2Key | Rejection::Sign | Rejection::Refund => {
                protocol == Some(Protocol::V2)
            }
            Rejection::Envelope(_) | Rejection::Sealed(_) => protocol.is_some(),
            _ => protocol == Some(Protocol::V3),
        },
        _ => protocol.is_some(),
    }
}

/// Counts records that were parked, by merchant and reason. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct ParkedTotal {
    counter: IntCounterVec,
    /// A store may have records of other merchants.
    merchants: Arc<[String]>,
}

impl ParkedTotal {
    /// Starts every series at 0, because `increase()` doesn't see the first event of a new one.
    fn new(counter: IntCounterVec, merchants: &[String]) -> Self {
        for merchant in merchants {
            let held = HoldReason::ALL.map(HoldReason::as_str).into_iter();
            for reason in held.chain(ParkReason::ALL.map(ParkReason::as_str)).chain(["operator"]) {
                counter.with_label_values(&[merchant, reason]);
            }
        }
        Self { counter, merchants: merchants.into() }
    }

    /// Counts a record. The label of a merchant that isn't configured is empty.
    pub(crate) fn count(&self, merchant: &str, reason: &str) {
        let is_configured = self.merchants.iter().any(|name| name == merchant);
        let merchant = if is_configured { merchant } else { "" };
        self.counter.with_label_values(&[merchant, reason]).inc();
    }
}
