use bytes::Bytes;
use std::fmt;
use std::time::Duration;
use wxhook_idempotency::{Lease, Seq};

/// Maximum bytes of an event's name.
const MAX_EVENT: usize = 64;

/// The outcome of processing a lease. `Debug` leaves out the record's outcome.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptOutcome {
    /// The record was delivered, and the store has recorded it.
    Done {
        /// The outcome that the sink returned.
        outcome: Option<Bytes>,
    },
    /// The attempt failed; the record is Ready again.
    Retried {
        /// Time until the record is due.
        after: Duration,
    },
    /// The record waits for an operator.
    Parked,
    /// Somebody else has the record now; nothing was changed. Also after a failure that the store recorded while its answer
    /// was lost.
    Lost,
    /// The delivery was stopped at shutdown; the record is due at once, and the attempt doesn't count.
    Released,
    /// The store couldn't be reached until the lease expired. The record may have been delivered; it is delivered again.
    StoreUnavailable,
}

impl AttemptOutcome {
    /// Returns its name in metrics: `done`, `retried`, `parked`, `lost`, `released`, `store-unavailable`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Retried { .. } => "retried",
            Self::Parked => "parked",
            Self::Lost => "lost",
            Self::Released => "released",
            Self::StoreUnavailable => "store-unavailable",
        }
    }
}

impl fmt::Debug for AttemptOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A record that a processor parked, for metrics.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ParkedRecord<'a> {
    /// The record's number.
    pub seq: Seq,
    /// The merchant's configured name.
    pub merchant: &'a str,
    /// The event's name, truncated to 64 bytes.
    pub event: &'a str,
    /// Reason for which it waits for an operator.
    pub reason: ParkReason,
}

impl<'a> ParkedRecord<'a> {
    pub(super) fn new(lease: &'a Lease, reason: ParkReason) -> Self {
        let labels = &lease.record.labels;
        let event = prefix(&labels.event, MAX_EVENT);
        Self { seq: lease.record.seq, merchant: &labels.merchant, event, reason }
    }
}

/// A reason for which a processor parks a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParkReason {
    /// The check found that the merchant's order differs.
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

/// Returns the longest prefix of at most so many bytes.
pub(super) fn prefix(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::prefix;

    #[test]
    fn texts_are_truncated_between_characters() {
        assert_eq!(prefix("short", 256), "short");
        assert_eq!(prefix(&"x".repeat(300), 256).len(), 256);
        // 3 bytes each: 85 of them fit
        assert_eq!(prefix(&"单".repeat(100), 256), "单".repeat(85));
    }
}
