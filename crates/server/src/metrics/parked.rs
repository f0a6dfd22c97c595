use prometheus::{IntCounterVec, Opts, Registry};
use std::collections::HashSet;
use std::sync::Arc;
use wxhook_delivery::ParkReason;
use wxhook_receiver::HoldReason;

/// Returns every reason for which a record is parked.
fn reasons() -> impl Iterator<Item = &'static str> {
    let failed = ParkReason::ALL.map(ParkReason::as_str);
    HoldReason::ALL.map(HoldReason::as_str).into_iter().chain(["operator"]).chain(failed)
}

/// Number of records that were parked, by merchant and reason. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct ParkedTotal {
    family: IntCounterVec,
    /// A store may have records of others.
    merchants: Arc<HashSet<String>>,
}

impl ParkedTotal {
    /// Every series is there from the start: `increase()` doesn't see the first event of a new one.
    pub(super) fn new<'a>(
        registry: &Registry,
        merchants: impl Iterator<Item = &'a str>,
    ) -> prometheus::Result<Self> {
        let options = Opts::new("wxhook_parked_total", "Records that were parked and wait for an operator.");
        let family = super::register(registry, IntCounterVec::new(options, &["merchant", "reason"])?)?;
        let merchants: HashSet<_> = merchants.map(str::to_owned).collect();
        for merchant in &merchants {
            for reason in reasons() {
                family.with_label_values(&[merchant, reason]);
            }
        }
        Ok(Self { family, merchants: Arc::new(merchants) })
    }

    /// Counts a record; one of a merchant that isn't configured has an empty label.
    pub(crate) fn count(&self, merchant: &str, reason: &str) {
        let merchant = if self.merchants.contains(merchant) { merchant } else { "" };
        self.family.with_label_values(&[merchant, reason]).inc();
    }
}
