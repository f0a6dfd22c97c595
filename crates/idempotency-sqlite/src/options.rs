use std::sync::Arc;
use std::time::Duration;
use wxhook_idempotency::{Clock, Retention, SystemClock};

/// Options of a [`crate::SqliteStore`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// Time that Done records and tombstones stay; the default is [`Retention::default`].
    pub retention: Retention,
    /// Decides about due times, leases and retention; the default is the machine's. Processes that share a file need
    /// clocks that agree, which those of one machine do.
    pub clock: Arc<dyn Clock>,
    /// Time that an operation waits while another process writes; then it is unavailable. 2 s by default.
    pub busy_timeout: Duration,
    /// Threads that read beside the writer, at least one; 1 by default.
    pub readers: usize,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            retention: Retention::default(),
            clock: Arc::new(SystemClock::default()),
            busy_timeout: Duration::from_secs(2),
            readers: 1,
        }
    }
}

impl SqliteOptions {
    /// Sets the retention.
    #[must_use]
    pub fn with_retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Sets the clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Waiting at most so long for another process that writes.
    #[must_use]
    pub fn with_busy_timeout(mut self, busy_timeout: Duration) -> Self {
        self.busy_timeout = busy_timeout;
        self
    }

    /// Sets the number of reading threads.
    #[must_use]
    pub fn with_readers(mut self, readers: usize) -> Self {
        self.readers = readers;
        self
    }
}
