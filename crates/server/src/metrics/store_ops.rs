use super::register;
use prometheus::{HistogramOpts, HistogramTimer, HistogramVec, IntCounter, Registry};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use wxhook_idempotency::{Error, StoreOp};

/// Seconds.
const BUCKETS: [f64; 11] = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 2.5];

/// The duration of the store's operations, and how often it found other content under a known key.
#[derive(Debug, Clone)]
pub(crate) struct StoreOps {
    seconds: HistogramVec,
    pub(crate) changed: IntCounter,
    pub(crate) accepts: Accepts,
}

impl StoreOps {
    pub(super) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let options = HistogramOpts::new("wxhook_store_seconds", "How long the store takes.");
        let seconds = register(registry, HistogramVec::new(options.buckets(BUCKETS.to_vec()), &["op"])?)?;
        for op in StoreOp::ALL {
            seconds.with_label_values(&[op.as_str()]);
        }
        let changed =
            IntCounter::new("wxhook_changed_total", "Notifications with other content under a known key.")?;
        Ok(Self { seconds, changed: register(registry, changed)?, accepts: Accepts::default() })
    }

    /// Starts to time an operation, until the timer is dropped.
    pub(crate) fn timer(&self, op: StoreOp) -> HistogramTimer {
        self.seconds.with_label_values(&[op.as_str()]).start_timer()
    }
}

/// The failures to accept since the last success, or since the last successful probe.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accepts(Arc<Failures>);

#[derive(Debug, Default)]
struct Failures {
    in_a_row: AtomicU32,
    /// The store isn't the one that was opened: this stays so until the server is restarted.
    replaced: OnceLock<&'static str>,
}

impl Accepts {
    /// Begins an attempt. One that is dropped before its end has failed: nobody waits for the store any more.
    pub(crate) fn attempt(&self) -> Attempt<'_> {
        Attempt { accepts: self, succeeded: false }
    }

    /// Returns how many attempts failed in a row.
    pub(crate) fn failures(&self) -> u32 {
        self.0.in_a_row.load(Ordering::Relaxed)
    }

    /// Forgets the failures.
    pub(crate) fn reset(&self) {
        if self.failures() > 0 {
            self.0.in_a_row.store(0, Ordering::Relaxed);
        }
    }

    /// Returns why the store must not be used any more, once it has said so.
    pub(crate) fn replaced(&self) -> Option<&'static str> {
        self.0.replaced.get().copied()
    }

    /// Remembers an error that lasts until a restart.
    pub(crate) fn note(&self, error: &Error) {
        if let Error::Replaced(why) = error {
            self.0.replaced.get_or_init(|| why);
        }
    }
}

/// An attempt at accepting something.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    accepts: &'a Accepts,
    succeeded: bool,
}

impl Attempt<'_> {
    /// Ends the attempt.
    pub(crate) fn end<T>(mut self, result: &Result<T, Error>) {
        match result {
            Ok(_) => {
                self.succeeded = true;
                self.accepts.reset();
            }
            Err(error) => self.accepts.note(error),
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.succeeded {
            self.accepts.0.in_a_row.fetch_add(1, Ordering::Relaxed);
        }
    }
}
