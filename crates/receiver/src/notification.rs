use std::fmt;
use wxhook_delivery::Delivery;
use wxhook_wire::{Flag, Record};

/// A notification as a handler gets it: verified when it was received, and claimed by this process.
///
/// Only the receiver makes one. A handler gets each at least once; what it does under [`fence`](Self::fence) and
/// [`key`](Self::key) it can do once.
#[derive(Clone)]
pub struct Notification {
    record: Record,
    fence: u64,
}

impl Notification {
    pub(crate) fn of(delivery: &Delivery) -> Self {
        Self { record: delivery.record.clone(), fence: delivery.fence }
    }

    /// The whole event record.
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// The business key: equal for every delivery of one business fact.
    pub fn key(&self) -> &str {
        &self.record.key
    }

    /// Grows with every claim of the record: a write that carries a smaller one comes from a holder that lost it.
    pub const fn fence(&self) -> u64 {
        self.fence
    }

    /// The merchant's configured name.
    pub fn merchant(&self) -> &str {
        &self.record.content.merchant
    }

    /// The event's name.
    pub fn event_type(&self) -> &str {
        &self.record.content.event_type
    }

    /// The event's variant: `None` if it has none, or fits none (flag [`Flag::Misfit`]).
    pub fn variant(&self) -> Option<&str> {
        self.record.content.variant.as_deref()
    }

    /// The decrypted resource, JSON.
    pub fn resource(&self) -> &str {
        self.record.resource()
    }

    /// Whether it has this flag. Look at [`Flag::Unsigned`] before moving money.
    pub fn has(&self, flag: Flag) -> bool {
        self.record.has(flag)
    }
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notification").field("record", &self.record).field("fence", &self.fence).finish()
    }
}
