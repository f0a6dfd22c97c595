use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The longest delay that is caught up with after a pause.
const MAX_BEHIND: Duration = Duration::from_millis(100);
const USUAL_CONCURRENCY: NonZeroU32 = NonZeroU32::new(16).unwrap();

/// The pace of a campaign: the maximum number of deliveries in flight, and the maximum rate per second.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    concurrency: NonZeroU32,
    rate: Option<f64>,
}

impl Pace {
    /// Returns a pace of 16 deliveries in flight, without a limit per second.
    pub const fn new() -> Self {
        Self { concurrency: USUAL_CONCURRENCY, rate: None }
    }

    /// Sets the maximum number in flight.
    #[must_use]
    pub const fn concurrency(mut self, concurrency: NonZeroU32) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// Sets the maximum number begun per second; a value that isn't positive means no limit.
    #[must_use]
    pub const fn rate(mut self, per_second: f64) -> Self {
        self.rate = Some(per_second);
        self
    }

    pub(crate) const fn most(&self) -> NonZeroU32 {
        self.concurrency
    }

    pub(crate) fn ticker(&self) -> Ticker {
        let period = self.rate.and_then(|rate| Duration::try_from_secs_f64(rate.recip()).ok());
        Ticker { period: period.unwrap_or_default(), next: Instant::now() }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new()
    }
}

/// Schedules the moments at which deliveries may begin.
#[derive(Debug)]
pub(crate) struct Ticker {
    period: Duration,
    next: Instant,
}

impl Ticker {
    /// Returns the next moment; `None` means immediately.
    pub(crate) fn next(&mut self) -> Option<Instant> {
        if self.period.is_zero() {
            return None;
        }
        let now = Instant::now();
        let due = now.checked_sub(MAX_BEHIND).map_or(self.next, |earliest| self.next.max(earliest));
        self.next = due + self.period;
        (due > now).then_some(due)
    }

    pub(crate) async fn wait(&mut self) {
        if let Some(due) = self.next() {
            sleep_until(due).await;
        }
    }
}
