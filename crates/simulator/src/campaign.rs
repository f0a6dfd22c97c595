use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use wxhook_crypto::v2::SignAlgorithm;
use wxhook_wire::{Catalog, EventMeta, Protocol};

use crate::{Error, Example, Fault, Message, Resource, draw, equivalent};

type Edit = Arc<dyn Fn(&mut Resource) -> Result<(), Error> + Send + Sync>;

/// Many notifications. A seed determines which they are and which of them have faults, copies and so on.
///
/// Each is an [`Example`] with its own number. The same seed, catalog and settings give the same resources, ids, nonces
/// and order; with the same clock, every byte is the same. Send it with [`Sender::campaign`](crate::Sender::campaign)
/// or [`Sender::prepare`](crate::Sender::prepare).
#[derive(Clone)]
pub struct Campaign {
    catalog: Arc<dyn Catalog>,
    mchid: String,
    seed: u64,
    moment: Option<u64>,
    events: Vec<EventMeta>,
    count: u32,
    given: Option<Resource>,
    edit: Option<Edit>,
    fault: Option<Fault>,
    sign: Option<SignAlgorithm>,
    probes: f64,
    v2: f64,
    duplicated: f64,
    copies: Option<NonZeroU32>,
}

impl Campaign {
    /// Creates a campaign of one notification to a merchant; the event must be set with [`event`](Self::event).
    pub fn new(catalog: Arc<dyn Catalog>, mchid: impl Into<String>, seed: u64) -> Self {
        Self {
            catalog,
            mchid: mchid.into(),
            seed,
            moment: None,
            events: Vec::new(),
            count: 1,
            given: None,
            edit: None,
            fault: None,
            sign: None,
            probes: 0.0,
            v2: 0.0,
            duplicated: 0.0,
            copies: None,
        }
    }

    /// Adds this event. Several events take turns.
    #[must_use]
    pub fn event(mut self, meta: &EventMeta) -> Self {
        self.events.push(*meta);
        self
    }

    /// Makes examples of events at this time, in seconds since the epoch, instead of the [`Example`]'s own time.
    #[must_use]
    pub const fn at(mut self, timestamp: u64) -> Self {
        self.moment = Some(timestamp);
        self
    }

    /// Sets the number of notifications.
    #[must_use]
    pub const fn count(mut self, count: u32) -> Self {
        self.count = count;
        self
    }

    /// Sends this resource instead of examples: one notification, with one id, repeatedly.
    #[must_use]
    pub fn resource(mut self, resource: Resource) -> Self {
        self.given = Some(resource);
        self
    }

    /// Edits each resource before it is sent, except those sent as v2 in place of v3.
    #[must_use]
    pub fn edit(mut self, edit: impl Fn(&mut Resource) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        self.edit = Some(Arc::new(edit));
        self
    }

    /// Puts this fault into each notification.
    #[must_use]
    pub const fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// Signs v2 notifications with this algorithm without naming it; a field that the edit adds still names it.
    #[must_use]
    pub const fn sign(mut self, algorithm: SignAlgorithm) -> Self {
        self.sign = Some(algorithm);
        self
    }

    /// Sends a share of the notifications, 0 to 1, as probes; v2 ones are never probes.
    #[must_use]
    pub const fn probes(mut self, share: f64) -> Self {
        self.probes = share;
        self
    }

    /// Sends a share of the v3 notifications, 0 to 1, as the [`equivalent`] v2 kind where there is one.
    #[must_use]
    pub const fn v2(mut self, share: f64) -> Self {
        self.v2 = share;
        self
    }

    /// Sends a share of the notifications, 0 to 1, in this many copies at once.
    #[must_use]
    pub const fn duplicated(mut self, share: f64, copies: NonZeroU32) -> Self {
        self.duplicated = share;
        self.copies = Some(copies);
        self
    }

    /// Returns the number of notifications.
    pub const fn len(&self) -> u32 {
        self.count
    }

    /// Returns whether there are no notifications.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the notification at this index, from 0.
    ///
    /// # Errors
    /// [`Error::NoEvent`] if no event was set, and the errors of the edit.
    pub fn message(&self, nth: u32) -> Result<Message, Error> {
        let turn = usize::try_from(nth).ok().and_then(|nth| nth.checked_rem(self.events.len()));
        let named = turn.and_then(|turn| self.events.get(turn)).ok_or(Error::NoEvent)?;
        let as_v2 = self.takes(self.v2, nth, "v2").then(|| equivalent(named, &*self.catalog)).flatten();
        let meta = as_v2.unwrap_or(named);
        let given = self.given.as_ref().filter(|_| as_v2.is_none());
        let number = self.number(if given.is_some() { 0 } else { nth });
        let mut resource = match given {
            Some(given) => given.clone(),
            None => {
                let example = Example::new(meta, &*self.catalog).mchid(&*self.mchid).number(number);
                self.moment.map_or_else(|| example.resource(), |moment| example.clone().at(moment).resource())
            }
        };
        if self.sign.is_some() && meta.protocol == Protocol::V2 {
            for name in ["sign_type", "algorithm"] {
                // Error: it isn't there.
                let _ = resource.unset(name);
            }
        }
        if let Some(edit) = self.edit.as_ref().filter(|_| as_v2.is_none()) {
            edit(&mut resource)?;
        }
        let probe = meta.protocol == Protocol::V3 && self.takes(self.probes, nth, "probe");
        let fault = self.fault.or(probe.then_some(Fault::Probe));
        Ok(Message::new(meta, self.id(number), resource).with_fault(fault).with_sign(self.sign))
    }

    /// Returns the number of copies of this notification to send at once, if the campaign sets it.
    pub fn copies(&self, nth: u32) -> Option<NonZeroU32> {
        self.copies.filter(|_| self.takes(self.duplicated, nth, "duplicates"))
    }

    pub(crate) fn events(&self) -> &[EventMeta] {
        &self.events
    }

    pub(crate) const fn seed(&self) -> u64 {
        self.seed
    }

    fn takes(&self, share: f64, nth: u32, what: &str) -> bool {
        draw::of_share(share, self.seed, nth, what)
    }

    /// Different seeds give different notifications.
    fn number(&self, nth: u32) -> u32 {
        let [a, b, c, d, ..] = draw::number(self.seed, 0, "number").to_le_bytes();
        u32::from_le_bytes([a, b, c, d]).wrapping_add(nth)
    }

    fn id(&self, number: u32) -> String {
        format!("EV-{:016x}{number:010}", self.seed)
    }
}

impl fmt::Debug for Campaign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Campaign")
            .field("seed", &self.seed)
            .field("events", &self.events)
            .field("count", &self.count)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}
