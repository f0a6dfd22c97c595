//! Records that are parked as they are accepted.

use crate::head::for_log;
use crate::park::ParkReason;
use crate::quarantine::QUARANTINE;
use wxhook_idempotency::{Entry, OnChanged, Seq, Start};

/// The reasons to park an entry, kept while the store has it.
#[derive(Debug)]
pub(crate) struct Parking {
    merchant: String,
    event: String,
    /// Why it starts parked, if it does.
    start: Option<&'static str>,
    /// Why it is parked where its key is known with other content, if it is.
    changed: Option<&'static str>,
}

impl Parking {
    /// Returns `None` for an entry that is delivered in any case.
    pub(crate) fn of(entry: &Entry) -> Option<Self> {
        let start = match entry.start {
            Start::Parked(text) => Some(ParkReason::from_text(text).map_or(QUARANTINE, ParkReason::name)),
            _ => None,
        };
        let changed = (start.is_some() || entry.on_changed == OnChanged::Park).then_some("changed");
        changed?;
        let (merchant, event) = (entry.labels.merchant.clone(), entry.labels.event.clone());
        Some(Self { merchant, event, start, changed })
    }

    /// Returns whether it starts parked.
    pub(crate) fn starts(&self) -> bool {
        self.start.is_some()
    }

    /// Logs that a new record is parked, if it is. Returns why.
    pub(crate) fn new_record(&self, seq: Seq) -> Option<&'static str> {
        self.log(seq, self.start)
    }

    /// Logs that a changed record is parked, if it is. Returns why.
    pub(crate) fn changed_record(&self, seq: Seq) -> Option<&'static str> {
        self.log(seq, self.changed)
    }

    fn log(&self, seq: Seq, reason: Option<&'static str>) -> Option<&'static str> {
        let (merchant, event, reason) = (&self.merchant, for_log(self.event.as_bytes()), reason?);
        tracing::warn!(%seq, merchant, event, reason, "parked: it waits for an operator");
        Some(reason)
    }
}
