//! What has been counted, at any moment.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use wxhook_simulator::{Attempt, Error, Sent, Summary};

/// Longer answers count as this long.
const MAX_MICROS: u64 = 3_600_000_000;
/// Significant digits of latencies.
const DIGITS: u8 = 3;

/// How a run went, or how far it came.
#[derive(Debug, Clone)]
pub(super) struct Totals {
    /// Notifications that were begun.
    pub(super) notifications: u64,
    /// Those that the platform would be content with.
    pub(super) accepted: u64,
    /// Questions that were answered 500, as must be where nobody answers them; counted among all events only.
    pub(super) unanswered: u64,
    /// Requests.
    pub(super) attempts: u64,
    pub(super) statuses: BTreeMap<u16, u64>,
    /// No answer in time.
    pub(super) timeouts: u64,
    /// No answer at all.
    pub(super) failures: u64,
    pub(super) elapsed: Duration,
    /// None without answers.
    pub(super) latency: Option<Latency>,
}

/// How long answers took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Latency {
    pub(super) min: Duration,
    pub(super) p50: Duration,
    pub(super) p90: Duration,
    pub(super) p99: Duration,
    pub(super) max: Duration,
}

impl From<Summary> for Totals {
    fn from(summary: Summary) -> Self {
        let latencies = &summary.latencies;
        let latency = Latency {
            min: latencies.min(),
            p50: latencies.percentile(50.0),
            p90: latencies.percentile(90.0),
            p99: latencies.percentile(99.0),
            max: latencies.max(),
        };
        Self {
            notifications: summary.notifications,
            accepted: summary.accepted,
            unanswered: 0,
            attempts: summary.attempts,
            latency: (latencies.count() > 0).then_some(latency),
            statuses: summary.statuses,
            timeouts: summary.timeouts,
            failures: summary.failures,
            elapsed: summary.elapsed,
        }
    }
}

/// Counts attempts as they go by, in memory that doesn't grow with them.
pub(super) struct Tally {
    /// Requests at the same moment.
    copies: u32,
    /// True if questions may stay unanswered.
    all: bool,
    /// Unfinished tries: the number of finished copies of each, and whether one was accepted.
    open: HashMap<u32, (u32, bool)>,
    totals: Totals,
    latencies: Option<Histogram<u64>>,
    began: Instant,
}

impl Tally {
    pub(super) fn new(copies: NonZeroU32, all: bool) -> Self {
        let totals = Totals {
            notifications: 0,
            accepted: 0,
            unanswered: 0,
            attempts: 0,
            statuses: BTreeMap::new(),
            timeouts: 0,
            failures: 0,
            elapsed: Duration::ZERO,
            latency: None,
        };
        Self {
            copies: copies.get(),
            all,
            open: HashMap::new(),
            totals,
            latencies: Histogram::new_with_bounds(1, MAX_MICROS, DIGITS).ok(),
            began: Instant::now(),
        }
    }

    /// They are begun in their order.
    pub(super) fn sent(&mut self, sent: &Sent) {
        self.totals.notifications = self.totals.notifications.max(u64::from(sent.nth) + 1);
    }

    /// With the last copy's answer the try is over: whether it was accepted.
    pub(super) fn answered(&mut self, attempt: &Attempt) -> Option<bool> {
        let totals = &mut self.totals;
        totals.attempts += 1;
        match &attempt.result {
            Ok(answer) => {
                *totals.statuses.entry(answer.status).or_default() += 1;
                if let Some(latencies) = &mut self.latencies {
                    latencies.saturating_record(micros(answer.elapsed));
                }
            }
            Err(Error::Timeout(_)) => totals.timeouts += 1,
            Err(_) => totals.failures += 1,
        }
        let (over, accepted) = self.open.entry(attempt.sent.nth).or_default();
        *over += 1;
        *accepted |= attempt.accepted();
        if *over < self.copies {
            return None;
        }
        let (_, accepted) = self.open.remove(&attempt.sent.nth)?;
        totals.accepted += u64::from(accepted);
        let is_unanswered = !accepted && attempt.sent.meta.question && attempt.status() == Some(500);
        totals.unanswered += u64::from(self.all && is_unanswered);
        Some(accepted)
    }

    /// What there is now.
    pub(super) fn totals(&self) -> Totals {
        let filled = self.latencies.as_ref().filter(|latencies| !latencies.is_empty());
        let latency = filled.map(|latencies| {
            let at = |percentile| Duration::from_micros(latencies.value_at_percentile(percentile));
            Latency {
                min: Duration::from_micros(latencies.min()),
                p50: at(50.0),
                p90: at(90.0),
                p99: at(99.0),
                max: Duration::from_micros(latencies.max()),
            }
        });
        Totals { latency, elapsed: self.began.elapsed(), ..self.totals.clone() }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1)
}
