use crate::refusal::Refusal;
use std::sync::Arc;
use wxhook_idempotency::Seq;
use wxhook_wire::{Protocol, Reply, ReplyError};

/// What became of a request, for metrics and logs: names from configuration and code only, nothing of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The merchant, once the path told it.
    pub merchant: Option<Arc<str>>,
    /// The protocol, once the body told it.
    pub protocol: Option<Protocol>,
    /// E.g. `new`, `duplicate`, `changed`, `signature`, `busy`.
    pub outcome: &'static str,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// The record that it became, or that was there already.
    pub seq: Option<Seq>,
    /// Why this request made a record that waits for an operator, if it did; e.g. `changed`, `quarantine`.
    pub parked: Option<&'static str>,
    /// True if it looks like a notification to a mistyped path: an unknown one that differs from a merchant's only by
    /// slashes, case or percent-encoding.
    pub near_miss: bool,
}

impl Outcome {
    pub(crate) const fn new(
        merchant: Option<Arc<str>>,
        protocol: Option<Protocol>,
        outcome: &'static str,
    ) -> Self {
        Self { merchant, protocol, outcome, refusal: None, seq: None, parked: None, near_miss: false }
    }
}

/// A reply and what it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answered {
    /// What the platform is told.
    pub reply: Reply,
    /// What became of the request.
    pub outcome: Outcome,
}

impl Answered {
    pub(crate) fn refusal(merchant: Option<Arc<str>>, protocol: Option<Protocol>, refusal: &Refusal) -> Self {
        let reply = Reply::error(protocol.unwrap_or(Protocol::V3), refusal.refused());
        let outcome = Outcome::new(merchant, protocol, refusal.name());
        Self { reply, outcome: Outcome { refusal: Some(*refusal), ..outcome } }
    }

    pub(crate) fn busy(
        merchant: Option<Arc<str>>,
        protocol: Option<Protocol>,
        outcome: &'static str,
    ) -> Self {
        let reply = Reply::error(protocol.unwrap_or(Protocol::V3), ReplyError::Busy);
        Self { reply, outcome: Outcome::new(merchant, protocol, outcome) }
    }
}
