use prometheus::{Histogram, HistogramOpts, IntCounter, Registry, register_histogram_vec_with_registry, register_int_counter_with_registry};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use wxhook_idempotency::Error;

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
                let options = options.buckets(BUCKETS.to_vec());
                let family = register_histogram_vec_with_registry!(options, &["op"], registry)?;
                Ok(Self {
                    $($name: family.with_label_values(&[stringify!($name)]),)*
                    changed: register_int_counter_with_registry!(
                        "wxhook_changed_total",
                        "Notifications with other content under a known key.",
                        registry
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
