use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Failures within this time after one that was said aren't said one by one.
const QUIET: Duration = Duration::from_secs(60);

/// What is said of attempts that fail, so that a sink that is down doesn't fill the log: its first failure, then at most a
/// summary a minute, and that it is over. A sink that fails now and then says no more than that, either.
#[derive(Debug, Default)]
pub(super) struct Trouble(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    /// When a failure was last said.
    at: Option<Instant>,
    /// Whether a failure was said, and not yet that it is over.
    going_on: bool,
    /// Failures since one was said.
    unsaid: u64,
    /// Failures since it was said that it is over.
    failures: u64,
}

impl Trouble {
    /// Notes a failure. Gives the number of failures to be said now, this one included; `None`: nothing is to be said.
    pub(super) fn failed(&self, now: Instant) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.unsaid = told.unsaid.saturating_add(1);
        told.failures = told.failures.saturating_add(1);
        if told.at.is_some_and(|at| now.saturating_duration_since(at) < QUIET) {
            return None;
        }
        told.at = Some(now);
        told.going_on = true;
        Some(std::mem::take(&mut told.unsaid))
    }

    /// Notes a success. Gives the number of failures before it if it is to be said that they are over.
    pub(super) fn delivered(&self) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut told.going_on).then(|| std::mem::take(&mut told.failures))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_its_beginning_a_line_a_minute_and_its_end() {
        let (trouble, start) = (Trouble::default(), Instant::now());
        assert_eq!(trouble.delivered(), None, "nothing was wrong");
        let tenths = |n: u64| start + Duration::from_millis(100 * n);
        // Ten failures a second, for two minutes and a half.
        let said: Vec<_> =
            (0..1_500).filter_map(|n| trouble.failed(tenths(n)).map(|failures| (n, failures))).collect();
        assert_eq!(said, [(0, 1), (600, 600), (1_200, 600)]);
        assert_eq!(trouble.delivered(), Some(1_500));
        assert_eq!(trouble.delivered(), None, "it is said once");
    }

    #[test]
    fn a_sink_that_fails_every_other_time_says_two_lines_a_minute() {
        let (trouble, start) = (Trouble::default(), Instant::now());
        let (mut failed, mut over) = (Vec::new(), Vec::new());
        for second in 0..90 {
            failed.extend(trouble.failed(start + Duration::from_secs(second)));
            over.extend(trouble.delivered());
        }
        assert_eq!((failed, over), (vec![1, 60], vec![1, 60]));
    }
}
