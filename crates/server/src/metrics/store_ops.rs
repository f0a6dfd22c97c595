use super::register;
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, Registry};

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
                })
            }
        }
    };
}

operations!(
    accept, begin, claim_due, renew, complete, fail, release, requeue, park, discard, get, list, stats,
    lanes, split_lane, adopt, purge, probe
);
