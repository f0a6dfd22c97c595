use bytes::Bytes;
use std::fmt;
use wxhook_idempotency::Lease;
use wxhook_wire::{Error, Record};

/// What a sink gets: one record, and proof of being the last who claimed it.
///
/// `Debug` leaves out the record's key, its resource and the group.
#[derive(Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// The event record; its `attempt` counts this one.
    pub record: Record,
    /// Grows with every claim of the record. A consumer that remembers the highest one can refuse a belated delivery.
    pub fence: u64,
    /// The order (or the like) that it belongs to; a group's records are handed on one after the other, best effort.
    pub group: Option<String>,
}

impl Delivery {
    /// A delivery of `record` under `fence`, without a group.
    pub const fn new(record: Record, fence: u64) -> Self {
        Self { record, fence, group: None }
    }

    /// Of a claimed record.
    ///
    /// # Errors
    /// [`Error::Json`] where its body isn't one that [`wxhook_wire::Content::to_body`] made.
    pub fn from_lease(lease: &Lease) -> Result<Self, Error> {
        let stored = &lease.record;
        let record = Record::from_body(
            &stored.body,
            stored.seq.get(),
            stored.key.as_str(),
            stored.generation,
            stored.attempts,
            stored.flags.clone(),
        )?;
        Ok(Self { record, fence: lease.fence.get(), group: stored.group.clone() })
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("record", &self.record)
            .field("fence", &self.fence)
            .finish_non_exhaustive()
    }
}

/// What a sink says once it has a record. `Debug` leaves out the outcome.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// Stored as the record's outcome, e.g. the reply to a question.
    pub outcome: Option<Bytes>,
}

impl Receipt {
    /// Creates a receipt with an outcome to store with the record.
    pub fn with_outcome(outcome: impl Into<Bytes>) -> Self {
        Self { outcome: Some(outcome.into()) }
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").finish_non_exhaustive()
    }
}
