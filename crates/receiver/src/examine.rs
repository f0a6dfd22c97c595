//! A captured request, looked at step by step.

use crate::head::Head;
use crate::limits::Limits;
use crate::merchant::Merchant;
use crate::open::{self, Context};
use crate::park::ParkReason;
use crate::refusal::Refusal;
use bytes::Bytes;
use std::sync::Arc;
use std::time::SystemTime;
use wxhook_wire::v2::FieldNames;
use wxhook_wire::{Catalog, Protocol};

/// Says of a captured request what the pipeline would, and of each step what it would say alone. Keeps nothing.
#[derive(Debug, Clone)]
pub struct Examiner {
    catalog: Arc<dyn Catalog>,
    field_names: FieldNames,
    most_bytes: usize,
    now: SystemTime,
}

/// What an [`Examiner`] found. Nothing of what a request holds is in it but the event's name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Examined {
    /// By the first byte of the body; `None` for an empty one.
    pub protocol: Option<Protocol>,
    /// What the pipeline says: whether it is accepted, and as what.
    pub verdict: Result<Seen, Refusal>,
    /// What each step says, whether or not those before it passed; `None` where no step was begun.
    pub steps: Option<Steps>,
}

/// What each step says alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Steps {
    /// Seconds that our time is ahead of the signature's; `None` for v2, which has no time.
    pub skew: Option<Result<i64, Refusal>>,
    /// Whether the merchant has the key that it takes, of the type that it names.
    pub key: Result<(), Refusal>,
    /// Whether that key vouches for it; `None` for what has no signature, a v2 refund.
    pub signature: Option<Result<(), Refusal>>,
    /// What it holds, whoever sent it.
    pub content: Result<Seen, Refusal>,
}

/// What a notification was classified as.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// The event's name; unverified text where the verdict is a refusal.
    pub event: String,
    /// Its variant.
    pub variant: Option<&'static str>,
    /// Whether the catalog has it.
    pub known: bool,
    /// The flags that its record gets, by their names.
    pub flags: Vec<String>,
    /// Why its record starts parked, if it does.
    pub parked: Option<ParkReason>,
}

impl Examiner {
    /// At this time, with this catalog and the receiver's limits.
    pub fn new(catalog: Arc<dyn Catalog>, limits: &Limits, now: SystemTime) -> Self {
        Self { field_names: FieldNames::from_catalog(&*catalog), catalog, most_bytes: limits.body, now }
    }

    /// Looks at a request to a merchant.
    pub fn examine(&self, merchant: &Merchant, head: Head<'_>, body: &Bytes) -> Examined {
        let protocol = open::protocol(body);
        if body.len() > self.most_bytes {
            return Examined { protocol, verdict: Err(Refusal::TooLarge), steps: None };
        }
        let context =
            Context { merchant, catalog: &*self.catalog, field_names: &self.field_names, now: self.now };
        // An empty body is refused, but its headers can be looked at.
        let steps = context.steps(protocol.unwrap_or(Protocol::V3), head, body);
        let verdict = match protocol {
            None => Err(Refusal::Empty),
            Some(protocol) => context.open(protocol, head, body).map(|classified| classified.seen()),
        };
        Examined { protocol, verdict, steps: Some(steps) }
    }
}
