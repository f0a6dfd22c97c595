use std::time::Duration;

/// Exponential backoff with full jitter: a random wait of at most `base * 2^(n - 1)` after n failed attempts, and never more
/// than `cap`.
///
/// Full jitter spreads records that failed together, e.g. in an outage of the sink, over the whole span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
}

impl Backoff {
    /// Creates a backoff that doubles from `base` up to `cap`.
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// Returns the longest wait after so many failed attempts; 0 counts as 1.
    pub fn max(&self, attempts: u32) -> Duration {
        let doublings = attempts.saturating_sub(1);
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// Returns a random wait after so many failed attempts, from zero to [`max`](Self::max).
    pub fn wait(&self, attempts: u32) -> Duration {
        self.max(attempts).mul_f64(fastrand::f64())
    }
}

impl Default for Backoff {
    /// Returns a backoff from 1 second to 15 minutes: about 600 attempts in three days.
    fn default() -> Self {
        Self::new(Duration::from_secs(1), Duration::from_secs(900))
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;
    use std::time::Duration;

    #[test]
    fn waits_double_up_to_the_cap() {
        let seconds: Vec<_> =
            [0, 1, 2, 3, 9, 10, 33, u32::MAX].map(|n| Backoff::default().max(n).as_secs()).to_vec();
        assert_eq!(seconds, [1, 1, 2, 4, 256, 512, 900, 900]);
    }

    #[test]
    fn waits_are_spread_over_the_whole_span() {
        let backoff = Backoff::default();
        let waits: Vec<_> = (0..1000).map(|_| backoff.wait(4)).collect();
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(8)));
        for second in 0..8 {
            assert!(waits.iter().any(|wait| wait.as_secs() == second), "none in second {second}");
        }
    }

    #[test]
    fn the_longest_durations_work() {
        let endless = Backoff::new(Duration::MAX, Duration::MAX);
        assert_eq!(endless.max(u32::MAX), Duration::MAX);
    }
}
