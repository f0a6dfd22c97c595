use prometheus::{IntCounter, IntCounterVec};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use wxhook_receiver::Outcome;
use wxhook_wire::Protocol;

/// What becomes of v2 requests.
const V2: &[&str] = &[
    "new",
    "duplicate",
    "changed",
    "parked",
    "full",
    "unanswered",
    "too-large",
    "no-v2-key",
    "xml",
    "sign",
    "refund",
    "envelope",
    "sealed",
    "unavailable",
    "deadline",
];
/// What becomes of v3 requests.
const V3: &[&str] = &[
    "new",
    "duplicate",
    "changed",
    "parked",
    "full",
    "unanswered",
    "header",
    "doubled-header",
    "timestamp",
    "probe",
    "unknown-key",
    "signature-type",
    "signature",
    "stale",
    "envelope",
    "sealed",
    "unavailable",
    "deadline",
];
/// What becomes of requests whose body isn't looked at.
const UNREAD: &[&str] = &["method", "empty", "cut", "too-large", "no-room", "draining"];

/// Counters by merchant, protocol and outcome, each looked up by its labels only once.
#[derive(Debug)]
pub(super) struct Requests {
    family: IntCounterVec,
    merchants: HashMap<Arc<str>, ByProtocol>,
    nobody: ByProtocol,
}

/// v2, v3, neither.
#[derive(Debug, Default)]
struct ByProtocol([ByOutcome; 3]);

/// A few dozen at most: looking through them is quicker than hashing.
type ByOutcome = RwLock<Vec<(&'static str, IntCounter)>>;

impl Requests {
    /// With every series that a merchant can have: `increase()` doesn't see the first event of a new one.
    pub(super) fn new(family: IntCounterVec, merchants: &[String]) -> Self {
        family.with_label_values(&["", "unknown", "not-found"]);
        for merchant in merchants {
            for (protocol, outcomes) in [("v2", V2), ("v3", V3), ("unknown", UNREAD)] {
                for outcome in outcomes {
                    family.with_label_values(&[merchant, protocol, outcome]);
                }
            }
        }
        let merchants = merchants.iter().map(|name| (Arc::from(&**name), ByProtocol::default())).collect();
        Self { family, merchants, nobody: ByProtocol::default() }
    }

    pub(super) fn count(&self, outcome: &Outcome) {
        let (name, merchant) = match &outcome.merchant {
            Some(name) => (&**name, self.merchants.get(name).unwrap_or(&self.nobody)),
            None => ("", &self.nobody),
        };
        let ByProtocol([v2, v3, neither]) = merchant;
        let (protocol, counters) = match outcome.protocol {
            Some(Protocol::V2) => ("v2", v2),
            Some(Protocol::V3) => ("v3", v3),
            _ => ("unknown", neither),
        };
        let known = counters.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, counter)) = known.iter().find(|(known, _)| *known == outcome.outcome) {
            counter.inc();
            return;
        }
        drop(known);
        let counter = self.family.with_label_values(&[name, protocol, outcome.outcome]);
        counter.inc();
        let mut known = counters.write().unwrap_or_else(PoisonError::into_inner);
        if !known.iter().any(|(known, _)| *known == outcome.outcome) {
            known.push((outcome.outcome, counter));
        }
    }
}
