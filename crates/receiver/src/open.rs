//! From a verified body to what is kept. Pure: no clock, no store.

mod v2;
mod v3;

use crate::examine::{Seen, Steps};
use crate::head::Head;
use crate::merchant::Merchant;
use crate::refusal::Refusal;
use bytes::Bytes;
use std::time::SystemTime;
use wxhook_idempotency::{Entry, Fingerprint, OnChanged, Start};
use wxhook_wire::json::Value;
use wxhook_wire::v2::FieldNames;
use wxhook_wire::{
    AnyModel, Catalog, Content, EventMeta, Flag, Opened, Proof, Protocol, Time, business_key,
    business_numbers, group, v2 as wire_v2,
};

/// Version of the canonical form that fingerprints are made of.
pub(crate) const CANONICAL: u8 = 1;

/// More than a worker's backoff needs until it gives up after three days; a record that kills its process each time parks
/// after it, some hours later.
const MOST_ATTEMPTS: u32 = 700;

/// Why a record parks that may hide a field.
const SUSPECT_REASON: &str = "misfit: a value may hide another field of the notification";

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
}

impl Classified<'_> {
    /// What can be told of it without what it holds.
    pub(crate) fn seen(self) -> Seen {
        Seen {
            event: self.event,
            variant: self.meta.and_then(|meta| meta.variant),
            known: self.meta.is_some(),
            flags: self.entry.flags,
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
        let fits = |model: AnyModel| found.value.is_some_and(|value| (model.fits)(value).is_ok());
        let typed = meta.and_then(|meta| meta.model).map(fits);
        let fingerprint = Fingerprint::new(CANONICAL, wxhook_crypto::sha256(found.canonical));
        let merchant = &*self.merchant.name;
        let rule = meta.map_or(wxhook_wire::KeyRule::NONE, |meta| meta.key);
        let hex;
        let otherwise = match found.id {
            Some(id) => ("id", id),
            None => {
                hex = hex::encode(fingerprint.digest());
                ("fingerprint", hex.as_str())
            }
        };
        let key = business_key(merchant, event, &rule, opened, otherwise);

        let mut flags = found.flags;
        let misfit = typed == Some(false) || meta.is_some_and(|meta| meta.fits_no_variant);
        for (flag, raised) in [
            (Flag::KeyFallback, key.fallback),
            (Flag::OtherMerchant, self.is_other_merchants(opened)),
            (Flag::Misfit, misfit),
        ] {
            if raised {
                flags.push(flag);
            }
        }

        let received_at = Time::of(self.now);
        let mut content = Content::new(merchant, opened.protocol(), found.proof, event, received_at.as_str());
        content.id = found.id.map(Into::into);
        content.variant = meta.and_then(|meta| meta.variant).map(Into::into);
        content.original_type = opened.envelope_text("resource.original_type").map(Into::into);
        content.create_time = found.create_time.map(Into::into);
        content.summary = found.summary.map(Into::into);
        content.typed = typed == Some(true);
        let body =
            content.to_body(found.resource).map_err(|_| Refusal::Envelope("it can't be written as JSON"))?;

        let mut entry = Entry::new(key.key, fingerprint, body, self.merchant.lane.as_str());
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
            Some(wxhook_wire::OnChanged::Park) => OnChanged::Park,
            None if opened.protocol() == Protocol::V2 => OnChanged::Park,
            _ => OnChanged::Deliver,
        };
        if found.suspect {
            entry.start = Start::Parked(SUSPECT_REASON);
        }
        entry.max_attempts = MOST_ATTEMPTS;
        entry.keeps_mark = opened.protocol() == Protocol::V2;
        Ok(Classified { entry, event: event.to_owned(), meta })
    }

    /// Whether the content names merchants, and this one isn't among them.
    fn is_other_merchants(&self, opened: &Opened<'_>) -> bool {
        let mut named = false;
        for name in ["mchid", "mch_id", "sp_mchid", "combine_mchid", "combine_mch_id"] {
            let outer = opened.envelope_text(name).filter(|text| !text.is_empty());
            let inner = opened.text(name).filter(|text| !text.is_empty());
            for text in outer.into_iter().map(Into::into).chain(inner) {
                if text == self.merchant.mchid {
                    return false;
                }
                named = true;
            }
        }
        named
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
    proof: Proof,
    id: Option<&'a str>,
    /// (name, id) of everything that names the notification.
    aliases: &'a [(&'static str, &'a str)],
    create_time: Option<&'a str>,
    summary: Option<&'a str>,
    /// JSON, without whitespace between tokens.
    resource: &'a str,
    /// The same, read; `None` where the plaintext isn't JSON.
    value: Option<Value<'a>>,
    /// What the fingerprint is made of.
    canonical: &'a [u8],
    flags: Vec<Flag>,
    /// To be looked at by a person before anything is done with it.
    suspect: bool,
}

/// A string as JSON.
fn json_string(text: &str) -> String {
    // A string in memory can always be written.
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}
