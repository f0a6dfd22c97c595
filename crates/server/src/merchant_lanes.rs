//! Lanes of merchants, and records of merchants that aren't configured.

use crate::config::Config;
use std::fmt;
use wxhook_idempotency::LaneStats;

/// Prefix of every merchant's lane.
pub(crate) const MERCHANT_LANES: &str = "merchant/";
/// Maximum number of merchants that a warning names.
const MAX_NAMED: usize = 10;

/// Returns the lane of a merchant's records.
pub(crate) fn lane_of(merchant: &str) -> String {
    [MERCHANT_LANES, merchant].concat()
}

/// Numbers of waiting records by merchant that isn't configured. `Display` names the merchants, with the remedy.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ForeignRecords(Vec<(String, u64)>);

impl ForeignRecords {
    /// Finds them among the lanes of a store.
    pub(crate) fn among(lanes: &[LaneStats], configured: &[String]) -> Self {
        let foreign = lanes.iter().filter(|stats| stats.waiting() > 0).filter_map(|stats| {
            let merchant = stats.lane.strip_prefix(MERCHANT_LANES)?.to_owned();
            (!configured.contains(&merchant)).then(|| (merchant, stats.waiting()))
        });
        Self(foreign.collect())
    }

    /// Returns the number of records of all these merchants.
    pub(crate) fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, (_, records)| sum.saturating_add(*records))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for ForeignRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named =
            self.0.iter().take(MAX_NAMED).map(|(merchant, records)| format!("{merchant} ({records})"));
        let named = named.collect::<Vec<_>>().join(", ");
        let more = match self.0.len().saturating_sub(MAX_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        write!(
            f,
            "records of merchants that aren't configured here wait, and nothing delivers them here: {named}{more}; unless \
             another deployment delivers them, configure the merchant again, or give them to the common sink: \
             wxhook events adopt --merchant NAME --reason TEXT"
        )
    }
}

impl Config {
    /// Returns a warning if records in a store with these lanes wait for merchants that aren't configured.
    pub fn foreign_records(&self, lanes: &[LaneStats]) -> Option<String> {
        let configured: Vec<_> = self.merchants.iter().map(|merchant| merchant.name.clone()).collect();
        let foreign = ForeignRecords::among(lanes, &configured);
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
    fn records_of_other_merchants_are_counted() {
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
        let foreign = ForeignRecords::among(&lanes, &["shop".to_owned()]);
        assert_eq!(foreign.total(), 6);
        let text = foreign.to_string();
        assert!(text.contains("gone (4), parked (2);") && text.contains("events adopt"), "{text}");
        let all = ["gone", "parked", "shop"].map(str::to_owned);
        assert!(ForeignRecords::among(&lanes, &all).is_empty());
    }

    #[test]
    fn at_most_ten_merchants_are_named() {
        let lanes: Vec<_> = (0..12).map(|number| lane(&lane_of(&format!("m{number}")), 1, 0)).collect();
        let text = ForeignRecords::among(&lanes, &[]).to_string();
        assert!(text.contains("m9 (1) and 2 more;") && !text.contains("m10"), "{text}");
    }
}
