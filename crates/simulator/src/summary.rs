use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::{Answer, Error};

/// The longest recorded latency; longer ones count as this long.
const MOST: Duration = Duration::from_secs(3600);
/// Significant digits.
const DIGITS: u8 = 3;

/// The summary of a campaign.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Summary {
    /// Number of notifications.
    pub notifications: u64,
    /// Number of notifications that were accepted.
    pub accepted: u64,
    /// Number of notifications that weren't accepted by the end of their schedule.
    pub given_up: u64,
    /// Number of requests that were sent.
    pub attempts: u64,
    /// Number of answers for each status.
    pub statuses: BTreeMap<u16, u64>,
    /// Number of requests without an answer within the deadline.
    pub timeouts: u64,
    /// Number of requests without an answer for another reason.
    pub failures: u64,
    /// Latencies of the answers.
    pub latencies: Latencies,
    /// Time between the first request and the last answer.
    pub elapsed: Duration,
}

impl Summary {
    /// Returns the number of requests per second.
    pub fn rate(&self) -> f64 {
        let attempts = u32::try_from(self.attempts).map_or(f64::from(u32::MAX), f64::from);
        if self.elapsed.is_zero() { 0.0 } else { attempts / self.elapsed.as_secs_f64() }
    }

    pub(crate) fn new() -> Self {
        Self {
            notifications: 0,
            accepted: 0,
            given_up: 0,
            attempts: 0,
            statuses: BTreeMap::new(),
            timeouts: 0,
            failures: 0,
            latencies: Latencies::new(),
            elapsed: Duration::ZERO,
        }
    }

    pub(crate) fn answered(&mut self, result: &Result<Answer, Error>) {
        self.attempts += 1;
        match result {
            Ok(answer) => {
                *self.statuses.entry(answer.status).or_default() += 1;
                self.latencies.record(answer.elapsed);
            }
            Err(Error::Timeout(_)) => self.timeouts += 1,
            Err(_) => self.failures += 1,
        }
    }

    pub(crate) const fn ended(&mut self, accepted: bool) {
        self.notifications += 1;
        if accepted {
            self.accepted += 1;
        } else {
            self.given_up += 1;
        }
    }
}

/// A histogram of answer latencies, with constant memory and a precision of one thousandth.
#[derive(Clone)]
pub struct Latencies(Option<Histogram<u64>>);

impl Latencies {
    pub(crate) fn new() -> Self {
        Self(Histogram::new_with_bounds(1, micros(MOST), DIGITS).ok())
    }

    pub(crate) fn record(&mut self, took: Duration) {
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(micros(took).max(1));
        }
    }

    /// Returns the number of latencies.
    pub fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::len)
    }

    /// Returns the latency at this percentile; zero if there are none.
    pub fn percentile(&self, percent: f64) -> Duration {
        self.of(|histogram| histogram.value_at_percentile(percent))
    }

    /// Returns the shortest latency; zero if there are none.
    pub fn min(&self) -> Duration {
        self.of(Histogram::min)
    }

    /// Returns the longest latency; zero if there are none.
    pub fn max(&self) -> Duration {
        self.of(Histogram::max)
    }

    /// Returns the mean latency; zero if there are none.
    pub fn mean(&self) -> Duration {
        let mean = self.0.as_ref().filter(|histogram| !histogram.is_empty()).map(Histogram::mean);
        Duration::try_from_secs_f64(mean.unwrap_or_default() / 1e6).unwrap_or_default()
    }

    fn of(&self, value: impl Fn(&Histogram<u64>) -> u64) -> Duration {
        let filled = self.0.as_ref().filter(|histogram| !histogram.is_empty());
        filled.map_or(Duration::ZERO, |histogram| Duration::from_micros(value(histogram)))
    }
}

impl fmt::Debug for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latencies")
            .field("count", &self.count())
            .field("p50", &self.percentile(50.0))
            .field("p99", &self.percentile(99.0))
            .field("max", &self.max())
            .finish()
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_exact_to_a_thousandth() {
        let mut latencies = Latencies::new();
        assert_eq!(
            (latencies.count(), latencies.percentile(99.0), latencies.mean()),
            (0, Duration::ZERO, Duration::ZERO)
        );
        for millis in 1..=1000 {
            latencies.record(Duration::from_millis(millis));
        }
        for (percent, expected) in [(50.0, 0.5), (99.0, 0.99), (100.0, 1.0)] {
            let found = latencies.percentile(percent).as_secs_f64();
            assert!((found / expected - 1.0).abs() < 0.002, "{percent}: {found}");
        }
        assert!((latencies.mean().as_secs_f64() / 0.5005 - 1.0).abs() < 0.002);
        latencies.record(Duration::MAX);
        assert_eq!((latencies.count(), latencies.min().as_millis()), (1001, 1));
        assert!(latencies.max() >= MOST);
    }
}
