use std::fmt;

use wxhook_crypto::v2::SignAlgorithm;
use wxhook_wire::EventMeta;

use crate::{Resource, Tamper};

/// A deliberate fault in a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// A wrong signature with a telling prefix, as the platform sends now and then to check that it is verified.
    Probe,
    /// One thing in it was changed.
    Tamper(Tamper),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Probe => f.write_str("probe"),
            Self::Tamper(tamper) => tamper.fmt(f),
        }
    }
}

/// A notification of a catalogued event, to send once or more; each time it is encrypted and signed again.
///
/// `Debug` doesn't show the resource.
#[derive(Clone)]
pub struct Message {
    meta: EventMeta,
    id: String,
    resource: Resource,
    fault: Option<Fault>,
    sign: Option<SignAlgorithm>,
    created: Option<u64>,
}

impl Message {
    /// Creates a message of an event, with this notification id and resource.
    pub fn new(meta: &EventMeta, id: impl Into<String>, resource: Resource) -> Self {
        Self { meta: *meta, id: id.into(), resource, fault: None, sign: None, created: None }
    }

    /// Gives it a signature that is deliberately wrong and says so (v3).
    #[must_use]
    pub const fn probe(self) -> Self {
        self.with_fault(Some(Fault::Probe))
    }

    /// Changes one thing in it.
    #[must_use]
    pub const fn tamper(self, tamper: Tamper) -> Self {
        self.with_fault(Some(Fault::Tamper(tamper)))
    }

    /// Sets the fault, or clears it.
    #[must_use]
    pub const fn with_fault(mut self, fault: Option<Fault>) -> Self {
        self.fault = fault;
        self
    }

    /// Signs a v2 notification with this algorithm and doesn't name it, as the platform does: it is named only if the
    /// resource has a `sign_type` (or `algorithm`). With `None` it is signed with what the resource names.
    #[must_use]
    pub const fn with_sign(mut self, algorithm: Option<SignAlgorithm>) -> Self {
        self.sign = algorithm;
        self
    }

    /// Sets the creation time, in seconds since the epoch; by default it is the time when the request is made.
    #[must_use]
    pub const fn created_at(mut self, timestamp: u64) -> Self {
        self.created = Some(timestamp);
        self
    }

    /// Returns the event.
    pub const fn meta(&self) -> &EventMeta {
        &self.meta
    }

    /// Returns the notification's id, which only v3 and v2's deposit-free rent and stay send.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the resource.
    pub const fn resource(&self) -> &Resource {
        &self.resource
    }

    /// Returns its deliberate fault, if any.
    pub const fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// The algorithm of a v2 `sign`, if it isn't the one that the resource names.
    pub const fn sign(&self) -> Option<SignAlgorithm> {
        self.sign
    }

    /// When it was created, in seconds since the epoch.
    pub const fn created(&self) -> Option<u64> {
        self.created
    }

    pub(crate) fn with_id(&self, id: String) -> Self {
        Self { id, ..self.clone() }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("meta", &self.meta)
            .field("id", &self.id)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}
