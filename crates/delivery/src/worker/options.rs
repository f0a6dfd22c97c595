use std::num::NonZeroUsize;
use std::time::Duration;

/// How a [`Worker`](crate::Worker) works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerOptions {
    /// At most so many records at a time; the default is 64.
    pub concurrency: NonZeroUsize,
    /// How often it looks for due records when nothing wakes it; the default is 500 milliseconds.
    pub poll: Duration,
    /// How long running deliveries may go on at shutdown; the default is 10 seconds.
    pub drain: Duration,
}

impl WorkerOptions {
    /// With this many records at a time, 0 meaning 1.
    #[must_use]
    pub fn with_concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = NonZeroUsize::new(concurrency).unwrap_or(NonZeroUsize::MIN);
        self
    }

    /// Looks for due records so often.
    #[must_use]
    pub fn with_poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// Waits so long at shutdown.
    #[must_use]
    pub fn with_drain(mut self, drain: Duration) -> Self {
        self.drain = drain;
        self
    }
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            concurrency: NonZeroUsize::MIN.saturating_add(63),
            poll: Duration::from_millis(500),
            drain: Duration::from_secs(10),
        }
    }
}
