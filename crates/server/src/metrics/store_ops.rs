use super::register;
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, Registry};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Seconds.
const BUCKETS: [f64; 11] = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 2.5];

/// Writes the figures of the store's operations, so that their list stands once.
macro_rules! operations {
    ($($name:ident),*) => {
        /// How long the store takes, by operation, and how often it found other content under a known key.
        #[derive(Debug, Clone)]
        pub(crate) struct StoreOps {
            $(pub(crate) $name: Histogram,)*
            pub(crate) changed: IntCounter,
            pub(crate) accepts: Accepts,
        }

        impl StoreOps {
            pub(super) fn new(registry: &Registry) -> prometheus::Result<Self> {
                let options = HistogramOpts::new("wxhook_store_seconds", "How long the store takes.");
                let family = HistogramVec::new(options.buckets(BUCKETS.to_vec()), &["op"])?;
                let family = register(registry, family)?;
                Ok(Self {
                    $($name: family.with_label_values(&[stringify!($name)]),)*
                    changed: register(
                        registry,
                        IntCounter::new("wxhook_changed_total", "Notifications with other content under a known key.")?,
                    )?,
                    accepts: Accepts::default(),
                })
            }
        }
    };
}

operations!(
    accept, begin, claim_due, renew, complete, fail, release, requeue, park, discard, get, list, stats,
    lanes, split_lane, adopt, purge, probe
);

/// Failures to accept since the last success, or since the last successful probe.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accepts(Arc<AtomicU32>);

impl Accepts {
    /// Begins an attempt. One that is dropped before its end has failed: nobody waits for the store any more.
    pub(crate) fn attempt(&self) -> Attempt<'_> {
        Attempt { failures: &self.0, succeeded: false }
    }

    /// Returns how many attempts failed in a row.
    pub(crate) fn failures(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// Forgets the failures.
    pub(crate) fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// An attempt at accepting something.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    failures: &'a AtomicU32,
    succeeded: bool,
}

impl Attempt<'_> {
    /// Ends the attempt.
    pub(crate) fn end(mut self, succeeded: bool) {
        self.succeeded = succeeded;
        if succeeded && self.failures.load(Ordering::Relaxed) > 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.succeeded {
            // It can't overflow: failures take time.
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
    }
}
