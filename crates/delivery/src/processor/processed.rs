use bytes::Bytes;
use std::fmt;
use std::time::Duration;

/// How the processing of a lease ended. `Debug` leaves out the outcome.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptOutcome {
    /// Delivered, and the store has recorded it.
    Done {
        /// What the sink left.
        outcome: Option<Bytes>,
    },
    /// The attempt failed; the record is Ready again.
    Retried {
        /// How long until it is due.
        after: Duration,
    },
    /// The record waits for a person.
    Parked,
    /// Somebody else has the record now; nothing was changed. (Also after a failure that the store noted without being
    /// able to say so.)
    Lost,
    /// Stopped at shutdown; the record is due at once, and the attempt doesn't count.
    Released,
    /// The store couldn't be told, or couldn't renew the lease until it was over. It may have been delivered; it is
    /// delivered again when the lease is over.
    StoreUnavailable,
}

impl AttemptOutcome {
    /// Its name in metrics: `done`, `retried`, `parked`, `lost`, `released`, `store-unavailable`.
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
