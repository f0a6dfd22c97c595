use crate::rejection::Rejection;
use std::sync::Arc;
use wxhook_idempotency::Seq;
use wxhook_wire::{Error, Protocol, Reply, ReplyError};

/// The result of handling a request, for metrics and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// AcceptResult as a new record.
    New,
    /// AcceptResult before.
    Duplicate,
    /// AcceptResult as a new record although its key is known with other content.
    Changed,
    /// The record waits for an operator.
    Parked,
    /// Its handler ran before the reply.
    Handled,
    /// Its handler failed before the reply.
    HandlerFailed,
    /// A question without an answer.
    Unanswered,
    /// Not stored: its key has the maximum number of conflicting records.
    Full,
    /// Its handler is still running for an earlier request.
    Busy,
    /// The reply was due before the store or the handler was done.
    Deadline,
    /// The store failed.
    Unavailable,
    /// The bodies in flight are at their limit.
    NoRoom,
    /// The receiver accepts nothing more.
    Draining,
    /// Rejected; nothing is stored unless the request was verified.
    Rejected(Rejection),
}

impl Outcome {
    /// Every outcome, with arbitrary contents.
    pub const ALL: [Self; 32] = [
        Self::New,
        Self::Duplicate,
        Self::Changed,
        Self::Parked,
        Self::Handled,
        Self::HandlerFailed,
        Self::Unanswered,
        Self::Full,
        Self::Busy,
        Self::Deadline,
        Self::Unavailable,
        Self::NoRoom,
        Self::Draining,
        Self::Rejected(Rejection::NotFound),
        Self::Rejected(Rejection::Method),
        Self::Rejected(Rejection::Empty),
        Self::Rejected(Rejection::Cut),
        Self::Rejected(Rejection::TooLarge),
        Self::Rejected(Rejection::Xml(Error::Json)),
        Self::Rejected(Rejection::Header),
        Self::Rejected(Rejection::DuplicateHeader),
        Self::Rejected(Rejection::Timestamp),
        Self::Rejected(Rejection::Stale(0)),
        Self::Rejected(Rejection::UnknownKey),
        Self::Rejected(Rejection::SignatureType),
        Self::Rejected(Rejection::Probe),
        Self::Rejected(Rejection::Signature),
        Self::Rejected(Rejection::NoV2Key),
        Self::Rejected(Rejection::Sign),
        Self::Rejected(Rejection::Refund),
        Self::Rejected(Rejection::Envelope("")),
        Self::Rejected(Rejection::Sealed("")),
    ];

    /// Returns its name, a metric's label.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Duplicate => "duplicate",
            Self::Changed => "changed",
            Self::Parked => "parked",
            Self::Handled => "handled",
            Self::HandlerFailed => "handler-failed",
            Self::Unanswered => "unanswered",
            Self::Full => "full",
            Self::Busy => "busy",
            Self::Deadline => "deadline",
            Self::Unavailable => "unavailable",
            Self::NoRoom => "no-room",
            Self::Draining => "draining",
            Self::Rejected(rejection) => rejection.as_str(),
        }
    }

    /// Returns the reason of a rejection.
    pub const fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Rejected(rejection) => Some(rejection),
            _ => None,
        }
    }

    /// Returns the error that the platform is told; `None` for a success.
    pub const fn reply_error(&self) -> Option<ReplyError> {
        Some(match self {
            Self::New | Self::Duplicate | Self::Changed | Self::Parked | Self::Handled => return None,
            Self::HandlerFailed => ReplyError::Handler,
            Self::Unanswered => ReplyError::Unanswered,
            Self::Full | Self::Busy | Self::Deadline | Self::Unavailable | Self::NoRoom | Self::Draining => {
                ReplyError::Busy
            }
            Self::Rejected(rejection) => rejection.reply_error(),
        })
    }
}

/// A reason for which a notification is parked as it arrives: an operator looks at it before anything is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HoldReason {
    /// v2: a field may be hidden in the value of another one.
    HiddenField,
    /// A payment or refund that names another merchant.
    OtherMerchant,
    /// A payment or refund whose content contradicts its model.
    Misfit,
    /// Other content under a known key, where that is not delivered.
    Changed,
    /// Verified, but it can't be decrypted.
    Quarantine,
}

impl HoldReason {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::HiddenField, Self::OtherMerchant, Self::Misfit, Self::Changed, Self::Quarantine];

    /// Returns its name, a metric's label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HiddenField => "hidden-field",
            Self::OtherMerchant => "other-merchant",
            Self::Misfit => "misfit",
            Self::Changed => "changed",
            Self::Quarantine => "quarantine",
        }
    }

    /// Returns the text that the record keeps as its error.
    pub const fn text(self) -> &'static str {
        match self {
            Self::HiddenField => {
                "hidden-field: a value contains &name= where a field could be hidden without breaking the sign"
            }
            Self::OtherMerchant => {
                "other-merchant: it names another merchant; add its number to accept_mchids if it belongs here"
            }
            Self::Misfit => {
                "a payment or refund with a negative amount, a contradicting state or an unreadable field"
            }
            Self::Changed => {
                "changed: the paid amount of this order did not grow; compare it with the order's other records"
            }
            Self::Quarantine => "quarantine: it was verified, but couldn't be decrypted",
        }
    }
}

/// A request's facts for metrics and logs: names from configuration and code only, nothing of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestReport {
    /// The merchant, if the path is one's.
    pub merchant: Option<Arc<str>>,
    /// The protocol, if the body was looked at.
    pub protocol: Option<Protocol>,
    /// The result.
    pub outcome: Outcome,
    /// The number of the record that it became, or that was there already.
    pub seq: Option<Seq>,
    /// The reason for which this request's new record is parked, if it is.
    pub parked: Option<HoldReason>,
    /// True if the path is unknown, but differs from a merchant's by slashes, case or percent-encoding only.
    pub near_miss: bool,
}

/// A reply to the platform and the facts behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// Reply to the platform.
    pub reply: Reply,
    /// Facts for metrics and logs.
    pub report: RequestReport,
}

impl Response {
    pub(crate) fn new(
        merchant: Option<Arc<str>>,
        protocol: Option<Protocol>,
        outcome: Outcome,
        reply: Reply,
    ) -> Self {
        let report = RequestReport { merchant, protocol, outcome, seq: None, parked: None, near_miss: false };
        Self { reply, report }
    }

    /// Creates the response to a request that isn't accepted.
    pub(crate) fn refuse(merchant: Option<Arc<str>>, protocol: Option<Protocol>, outcome: Outcome) -> Self {
        let refused = outcome.reply_error().unwrap_or(ReplyError::Busy);
        let reply = Reply::error(protocol.unwrap_or(Protocol::V3), refused);
        Self::new(merchant, protocol, outcome, reply)
    }
}
