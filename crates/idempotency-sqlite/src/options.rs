use std::sync::Arc;
use std::time::Duration;
use wxhook_idempotency::{Clock, Retention, SystemClock};

/// Options of a [`crate::SqliteStore`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// Retention of done records and of tombstones. Default: [`Retention::default`].
    pub retention: Retention,
    /// Clock for due times, leases and retention. Default: the system's. Processes that share a file need clocks that
    /// agree, as those of one machine do.
    pub clock: Arc<dyn Clock>,
    /// Maximum time that an operation waits while another process writes, before it fails as unavailable. Default: 2 s.
    pub busy_timeout: Duration,
    /// Number of reading threads besides the writer, at least 1. Default: 1.
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

    /// Sets the maximum time to wait for another process that writes.
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
