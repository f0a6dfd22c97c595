use std::fmt;
use wxhook_idempotency::{Failure, Lease, Seq};

/// Maximum bytes of an event's name.
const MAX_EVENT: usize = 64;

/// A record that a processor parked, for metrics.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ParkedRecord<'a> {
    /// Its number.
    pub seq: Seq,
    /// The merchant's configured name.
    pub merchant: &'a str,
    /// The event's name; the beginning of a very long one.
    pub event: &'a str,
    /// Why it waits for an operator.
    pub reason: ParkReason,
}

impl<'a> ParkedRecord<'a> {
    pub(super) fn new(lease: &'a Lease, reason: ParkReason) -> Self {
        let labels = &lease.record.labels;
        let event = labels.event.get(..labels.event.floor_char_boundary(MAX_EVENT)).unwrap_or_default();
        Self { seq: lease.record.seq, merchant: &labels.merchant, event, reason }
    }
}

/// Why a processor parks a record. `Display` gives the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParkReason {
    /// The check says that the merchant's own order differs.
    Mismatch,
    /// The check didn't find an order in time.
    NoOrder,
    /// The sink, or a handler, refused it for good.
    Refused,
    /// It still failed when its time was over.
    GaveUp,
    /// It failed in each of its attempts.
    Attempts,
    /// The stored record can't be read.
    Unreadable,
}

impl ParkReason {
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::Mismatch, Self::NoOrder, Self::Refused, Self::GaveUp, Self::Attempts, Self::Unreadable];

    /// Returns its name in metrics and logs: `mismatch`, `no-order`, `refused`, `gave-up`, `attempts`, `unreadable`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mismatch => "mismatch",
            Self::NoOrder => "no-order",
            Self::Refused => "refused",
            Self::GaveUp => "gave-up",
            Self::Attempts => "attempts",
            Self::Unreadable => "unreadable",
        }
    }
}

impl fmt::Display for ParkReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A reason, and what the store keeps of it.
pub(super) struct Park {
    pub(super) reason: ParkReason,
    pub(super) failure: Failure,
}

impl Park {
    pub(super) fn new(reason: ParkReason, error: impl Into<String>) -> Self {
        Self { reason, failure: Failure::park(error.into()) }
    }
}
