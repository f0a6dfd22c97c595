//! Lanes of merchants, and records of merchants that the configuration doesn't have.

use crate::config::Config;
use std::fmt;
use wxhook_idempotency::LaneStats;

/// Prefix of every merchant's lane.
pub(crate) const MERCHANT_LANES: &str = "merchant/";
/// At most this many merchants are named.
const MAX_NAMED: usize = 10;

/// Returns the lane that a merchant's records wait in.
pub(crate) fn lane_of(merchant: &str) -> String {
    [MERCHANT_LANES, merchant].concat()
}

/// Number of waiting records of each merchant that isn't configured. `Display` names them, with the remedy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Foreign(Vec<(String, u64)>);

impl Foreign {
    /// Finds them among the lanes of a store.
    pub(crate) fn among(lanes: &[LaneStats], is_configured: impl Fn(&str) -> bool) -> Self {
        let waiting = lanes.iter().filter(|stats| stats.waiting() > 0);
        let merchants = waiting.filter_map(|stats| {
            let merchant = stats.lane.strip_prefix(MERCHANT_LANES)?;
            Some((merchant.to_owned(), stats.waiting()))
        });
        Self(merchants.filter(|(merchant, _)| !is_configured(merchant)).collect())
    }

    /// Returns how many records they are together.
    pub(crate) fn records(&self) -> u64 {
        self.0.iter().fold(0, |sum, (_, records)| sum.saturating_add(*records))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "records of merchants that aren't configured here wait, and nothing delivers them here: ",
        )?;
        for (nth, (merchant, records)) in self.0.iter().take(MAX_NAMED).enumerate() {
            write!(f, "{}{merchant} ({records})", if nth == 0 { "" } else { ", " })?;
        }
        if let Some(more) = self.0.len().checked_sub(MAX_NAMED).filter(|more| *more > 0) {
            write!(f, " and {more} more")?;
        }
        f.write_str(
            "; unless another deployment delivers them, configure the merchant again, or give them to the common sink: \
             wxhook events adopt --merchant NAME --reason TEXT",
        )
    }
}

impl Config {
    /// Returns a warning about records in a store with these lanes that wait for merchants which aren't configured.
    pub fn foreign_records(&self, lanes: &[LaneStats]) -> Option<String> {
        let is_configured = |name: &str| self.merchants.iter().any(|merchant| merchant.name == name);
        let foreign = Foreign::among(lanes, is_configured);
        (!foreign.is_empty()).then(|| foreign.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(name: &str, ready: u64, done: u64) -> LaneStats {
        LaneStats::new(name, [ready, 0, done, 0], 0)
    }

    #[test]
    fn what_waits_for_others_is_counted() {
        let mut parked = lane("merchant/parked", 0, 3);
        parked.counts[3] = 2;
        let lanes = [
            lane("default", 9, 0),
            lane("merchant/done", 0, 9),
            lane("merchant/gone", 4, 1),
            parked,
            lane("merchant/shop", 9, 9),
            lane("quarantine/gone", 9, 9),
        ];
        let foreign = Foreign::among(&lanes, |name| name == "shop");
        assert_eq!(foreign.records(), 6);
        let text = foreign.to_string();
        assert!(text.contains("gone (4), parked (2);") && text.contains("events adopt"), "{text}");
        assert!(Foreign::among(&lanes, |_| true).is_empty());
    }

    #[test]
    fn not_every_merchant_is_named() {
        let lanes: Vec<_> = (0..12).map(|number| lane(&lane_of(&format!("m{number}")), 1, 0)).collect();
        let text = Foreign::among(&lanes, |_| false).to_string();
        assert!(text.contains("m9 (1) and 2 more;") && !text.contains("m10"), "{text}");
    }
}
