use std::fmt;
use std::sync::Arc;
use wxhook_delivery::Delivery;
use wxhook_wire::{Flag, Record};

/// A verified notification on its way to a handler or check, with the state that
/// [`Builder::state`](crate::Builder::state) shares among them.
///
/// Only a receiver creates one. A handler gets each at least once; [`key`](Self::key) and [`fence`](Self::fence) let it act
/// once.
pub struct Notification<S = ()> {
    record: Record,
    fence: u64,
    state: Arc<S>,
}

impl<S> Notification<S> {
    pub(crate) fn new(delivery: &Delivery, state: &Arc<S>) -> Self {
        Self { record: delivery.record.clone(), fence: delivery.fence, state: Arc::clone(state) }
    }

    /// Returns the shared state.
    pub fn state(&self) -> &S {
        &self.state
    }

    /// Returns the whole event record.
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// Returns the business key, which is equal for every delivery of one business fact.
    pub fn key(&self) -> &str {
        &self.record.key
    }

    /// Returns the fence, which grows with every claim of the record: a write with a smaller one comes from a holder that
    /// has lost the record.
    pub const fn fence(&self) -> u64 {
        self.fence
    }

    /// Returns the merchant's configured name.
    pub fn merchant(&self) -> &str {
        &self.record.content.merchant
    }

    /// Returns the event's name.
    pub fn event_type(&self) -> &str {
        &self.record.content.event_type
    }

    /// Returns the event's variant; `None` if it has none, or fits none (flag [`Flag::Misfit`]).
    pub fn variant(&self) -> Option<&str> {
        self.record.content.variant.as_deref()
    }

    /// Returns the decrypted resource, JSON.
    pub fn resource(&self) -> &str {
        self.record.resource()
    }

    /// Returns whether the record has a flag. Check for [`Flag::Unsigned`] before moving money.
    pub fn has(&self, flag: Flag) -> bool {
        self.record.has(flag)
    }
}

impl<S> Clone for Notification<S> {
    fn clone(&self) -> Self {
        Self { record: self.record.clone(), fence: self.fence, state: Arc::clone(&self.state) }
    }
}

impl<S> fmt::Debug for Notification<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notification")
            .field("record", &self.record)
            .field("fence", &self.fence)
            .finish_non_exhaustive()
    }
}
