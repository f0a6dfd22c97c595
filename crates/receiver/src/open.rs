//! From a verified body to what is kept. Pure: no clock, no store.

mod payee;
mod v2;
mod v3;

use crate::examine::{Seen, Steps};
use crate::growth::Grows;
use crate::head::Head;
use crate::merchant::Merchant;
use crate::park::ParkReason;
use crate::refusal::Refusal;
use bytes::Bytes;
use std::time::SystemTime;
use wxhook_idempotency::{Entry, Fingerprint, OnChanged, Start};
use wxhook_wire::json::Value;
use wxhook_wire::v2::FieldNames;
use wxhook_wire::{
    Catalog, Content, EventMeta, Fit, Flag, KeyRule, Money, Opened, ProofKind, Protocol, Time, business_key,
    business_numbers, group, v2 as wire_v2,
};

/// More than a worker's backoff needs until it gives up after three days; a record that kills its process each time parks
/// after it, some hours later.
const MOST_ATTEMPTS: u32 = 700;

/// Which protocol a body is of: `<` begins v2, all else is v3. `None` for nothing but whitespace.
pub(crate) fn protocol(body: &[u8]) -> Option<Protocol> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace())?;
    Some(if *first == b'<' { Protocol::V2 } else { Protocol::V3 })
}

/// What is needed to look at a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) merchant: &'a Merchant,
    pub(crate) catalog: &'a dyn Catalog,
    /// Those of the catalog's v2 events.
    pub(crate) field_names: &'a FieldNames,
    pub(crate) now: SystemTime,
}

/// A verified, opened and classified notification on its way into the store.
#[derive(Debug)]
pub(crate) struct Classified<'c> {
    pub(crate) entry: Entry,
    pub(crate) event: String,
    pub(crate) meta: Option<&'c EventMeta>,
    /// Its order and amount, where later ones must be greater.
    pub(crate) grows: Option<Grows>,
    /// Why it starts parked, if it does.
    pub(crate) parked: Option<ParkReason>,
}

impl Classified<'_> {
    /// What can be told of it without what it holds.
    pub(crate) fn seen(self) -> Seen {
        Seen {
            event: self.event,
            variant: self.meta.and_then(|meta| meta.variant),
            known: self.meta.is_some(),
            flags: self.entry.flags,
            parked: self.parked,
        }
    }
}

impl<'c> Context<'c> {
    /// Verifies, opens and classifies.
    pub(crate) fn open(
        &self,
        protocol: Protocol,
        head: Head<'_>,
        body: &Bytes,
    ) -> Result<Classified<'c>, Refusal> {
        match protocol {
            Protocol::V2 => v2::open(self, body),
            _ => v3::open(self, head, body),
        }
    }

    /// What each step says, whether or not those before it passed.
    pub(crate) fn steps(&self, protocol: Protocol, head: Head<'_>, body: &Bytes) -> Steps {
        match protocol {
            Protocol::V2 => v2::steps(self, body),
            _ => v3::steps(self, head, body),
        }
    }

    /// Classifies what was opened and makes the store's entry of it.
    fn classify(&self, opened: &Opened<'_>, found: Found<'_>) -> Result<Classified<'c>, Refusal> {
        let meta = self.catalog.classify(opened);
        let event = match (opened.event_type(), meta) {
            (Some(event_type), _) => event_type,
            (None, Some(meta)) => meta.name,
            (None, None) => wire_v2::UNKNOWN,
        };
        let fit = match (meta, found.value) {
            (Some(meta), Some(value)) => meta.fit(value),
            _ => Fit::Untyped,
        };
        let merchant = &*self.merchant.name;
        let rule = meta.map_or(KeyRule::NONE, |meta| meta.key);
        let mut digests: Vec<_> = match found.id {
            Some(_) => Vec::new(),
            None => found.fingerprints.iter().map(Fingerprint::digest).collect(),
        };
        digests.dedup();
        let digests: Vec<_> = digests.into_iter().map(hex::encode).collect();
        let digests: Vec<_> = digests.iter().map(String::as_str).collect();
        let otherwise = match &found.id {
            Some(id) => ("id", std::slice::from_ref(id)),
            None => ("fingerprint", &*digests),
        };
        let key = business_key(merchant, event, &rule, opened, otherwise, wxhook_crypto::sha256);

        let is_other = payee::is_other(self.merchant, meta, opened);
        let misfits = matches!(fit, Fit::Misfit(_));
        let fits_nothing = meta.is_some_and(|meta| meta.is_fallback || is_unreadable(meta, &found));
        let mut flags = found.flags;
        for (flag, raised) in [
            (Flag::KeyFallback, key.fallback),
            (Flag::OtherMerchant, is_other),
            (Flag::Misfit, misfits || fits_nothing || found.hides_a_field),
        ] {
            if raised {
                flags.push(flag);
            }
        }
        let money = meta.and_then(|meta| meta.money);
        let parked = match () {
            () if found.hides_a_field => Some(ParkReason::HiddenField),
            () if is_other && matches!(money, Some(Money::Payment | Money::Refund)) => {
                Some(ParkReason::OtherMerchant)
            }
            () if misfits && money.is_some() => Some(ParkReason::Misfit),
            () => None,
        };

        let received_at = Time::from_instant(self.now);
        let mut content = Content::new(merchant, opened.protocol(), found.proof, event, received_at.as_str());
        content.id = found.id.map(Into::into);
        content.variant = meta.and_then(|meta| meta.variant).map(Into::into);
        content.original_type = opened.envelope_text("resource.original_type").map(Into::into);
        content.create_time = found.create_time.map(Into::into);
        content.summary = found.summary.map(Into::into);
        content.typed = fit == Fit::Typed;
        let body =
            content.to_body(found.resource).map_err(|_| Refusal::Envelope("it can't be written as JSON"))?;

        let [fingerprint, older @ ..] = found.fingerprints else {
            return Err(Refusal::Envelope("it has no fingerprint"));
        };
        let mut entry = Entry::new(key.key, *fingerprint, body, self.merchant.lane.as_str());
        entry.older_fingerprints = older.to_vec();
        entry.older_keys = key.older;
        entry.aliases = found.aliases.iter().map(|(name, id)| alias(merchant, event, name, id)).collect();
        entry.labels.merchant = merchant.to_owned();
        entry.labels.event = event.to_owned();
        entry.labels.variant = meta.and_then(|meta| meta.variant).map(str::to_owned);
        entry.labels.id = found.id.map(str::to_owned);
        entry.labels.numbers = business_numbers(opened);
        entry.flags = flags.iter().map(|flag| flag.as_str().to_owned()).collect();
        entry.group = group(merchant, opened);
        entry.on_changed = match meta.map(|meta| meta.on_changed) {
            Some(wxhook_wire::ConflictPolicy::Park) => OnChanged::Park,
            None if opened.protocol() == Protocol::V2 => OnChanged::Park,
            _ => OnChanged::Deliver,
        };
        if let Some(reason) = parked {
            entry.start = Start::Parked(reason.text());
        }
        entry.max_attempts = MOST_ATTEMPTS;
        entry.keeps_tombstone = opened.protocol() == Protocol::V2;
        Ok(Classified { entry, event: event.to_owned(), meta, grows: Grows::find(event, opened), parked })
    }
}

/// The name under which a notification's id is known. It carries the event, so that two different notifications with
/// one id (sample ids are reused a lot) are never taken for one.
fn alias(merchant: &str, event: &str, name: &str, id: &str) -> String {
    use wxhook_wire::encode_segment;
    [merchant, "/", &encode_segment(event), "/@", name, "=", &encode_segment(id)].concat()
}

/// What a protocol's own part found out.
struct Found<'a> {
    proof: ProofKind,
    id: Option<&'a str>,
    /// (name, id) of everything that names the notification.
    aliases: &'a [(&'static str, &'a str)],
    create_time: Option<&'a str>,
    summary: Option<&'a str>,
    /// JSON, without whitespace between tokens.
    resource: &'a str,
    /// The same, read; `None` where the plaintext isn't JSON.
    value: Option<Value<'a>>,
    /// Fingerprints by the present version of the canonical form, then by earlier ones.
    fingerprints: &'a [Fingerprint],
    flags: Vec<Flag>,
    /// A value may hold a field of its own (v2).
    hides_a_field: bool,
}

/// Returns whether there is a model and nothing that it could read.
fn is_unreadable(meta: &EventMeta, found: &Found<'_>) -> bool {
    meta.model.is_some() && found.value.is_none()
}

/// A string as JSON.
fn json_string(text: &str) -> String {
    // A string in memory can always be written.
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}
