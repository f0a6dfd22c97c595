use prometheus::{IntCounter, IntCounterVec};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use wxhook_receiver::{Outcome, Rejection, RequestReport};
use wxhook_wire::Protocol;

/// Returns whether a server's requests of a protocol can have an outcome; `None` for those whose body isn't looked at.
///
/// A server runs no handlers before the reply.
fn is_possible(outcome: Outcome, protocol: Option<Protocol>) -> bool {
    match outcome {
        Outcome::Handled | Outcome::HandlerFailed | Outcome::Busy => false,
        Outcome::NoRoom | Outcome::Draining => protocol.is_none(),
        Outcome::Rejected(rejection) => match rejection {
            Rejection::NotFound => false,
            Rejection::Method | Rejection::Empty | Rejection::Cut => protocol.is_none(),
            Rejection::TooLarge => protocol != Some(Protocol::V3),
            Rejection::Xml(_) | Rejection::NoV2Key | Rejection::Sign | Rejection::Refund => {
                protocol == Some(Protocol::V2)
            }
            Rejection::Envelope(_) | Rejection::Sealed(_) => protocol.is_some(),
            _ => protocol == Some(Protocol::V3),
        },
        _ => protocol.is_some(),
    }
}

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
    pub(super) fn new<'a>(family: IntCounterVec, merchants: impl IntoIterator<Item = &'a str>) -> Self {
        let merchants: Vec<_> = merchants.into_iter().collect();
        family.with_label_values(&["", "unknown", "not-found"]);
        for merchant in &merchants {
            for (label, protocol) in
                [("v2", Some(Protocol::V2)), ("v3", Some(Protocol::V3)), ("unknown", None)]
            {
                for outcome in Outcome::ALL.into_iter().filter(|outcome| is_possible(*outcome, protocol)) {
                    family.with_label_values(&[*merchant, label, outcome.as_str()]);
                }
            }
        }
        let merchants = merchants.into_iter().map(|name| (Arc::from(name), ByProtocol::default())).collect();
        Self { family, merchants, nobody: ByProtocol::default() }
    }

    pub(super) fn count(&self, report: &RequestReport) {
        let (name, merchant) = match &report.merchant {
            Some(name) => (&**name, self.merchants.get(name).unwrap_or(&self.nobody)),
            None => ("", &self.nobody),
        };
        let ByProtocol([v2, v3, neither]) = merchant;
        let (protocol, counters) = match report.protocol {
            Some(Protocol::V2) => ("v2", v2),
            Some(Protocol::V3) => ("v3", v3),
            _ => ("unknown", neither),
        };
        let outcome = report.outcome.as_str();
        let known = counters.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, counter)) = known.iter().find(|(known, _)| *known == outcome) {
            counter.inc();
            return;
        }
        drop(known);
        let counter = self.family.with_label_values(&[name, protocol, outcome]);
        counter.inc();
        let mut known = counters.write().unwrap_or_else(PoisonError::into_inner);
        if !known.iter().any(|(known, _)| *known == outcome) {
            known.push((outcome, counter));
        }
    }
}
