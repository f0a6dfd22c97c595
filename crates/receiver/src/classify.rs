use crate::growth::GrowingAmount;
use crate::merchant::Merchant;
use crate::outcome::HoldReason;
use crate::rejection::Rejection;
use std::time::SystemTime;
use wxhook_idempotency::{Entry, Fingerprint, OnChanged, Start};
use wxhook_wire::json::Value;
use wxhook_wire::v2::FieldNames;
use wxhook_wire::{
    Catalog, Content as Body, EventMeta, FieldMeta, Fit, Flag, KeyRule, Money, Opened, ProofKind, Protocol,
    Time, business_key, business_numbers, encode_segment, group, v2 as wire_v2,
};

/// More than a worker's backoff uses until it gives up after three days; a record that kills its process each time is
/// parked after them, some hours later.
const MAX_ATTEMPTS: u32 = 700;
/// The fields that name the payee of what a provider or a platform is notified of.
const SUB_MERCHANTS: [&str; 2] = ["sub_mchid", "sub_mch_id"];

/// A decrypted and classified notification.
///
/// Its accessors and `Debug` show nothing of the content but the event's name.
#[derive(Debug, Clone)]
pub struct Classification {
    pub(crate) entry: Entry,
    pub(crate) event: String,
    variant: Option<&'static str>,
    is_known: bool,
    /// The platform waits for data in the reply.
    pub(crate) is_question: bool,
    /// The order and amount, if later amounts of the order must be greater.
    pub(crate) growing: Option<GrowingAmount>,
    pub(crate) hold: Option<HoldReason>,
}

impl Classification {
    /// Returns the event's name; unverified text if the request is rejected.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// Returns the event's variant, if it has one.
    pub const fn variant(&self) -> Option<&'static str> {
        self.variant
    }

    /// Returns whether the catalog has the event.
    pub const fn is_known(&self) -> bool {
        self.is_known
    }

    /// Returns the names of the record's flags.
    pub fn flags(&self) -> &[String] {
        &self.entry.flags
    }

    /// Returns the reason for which the record starts parked, if it does.
    pub const fn hold(&self) -> Option<HoldReason> {
        self.hold
    }
}

/// The surroundings of one request.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) merchant: &'a Merchant,
    pub(crate) catalog: &'a dyn Catalog,
    /// Those of the catalog's v2 events.
    pub(crate) field_names: &'a FieldNames,
    pub(crate) now: SystemTime,
}

/// The content of a notification as its protocol gives it.
pub(crate) struct Content<'a> {
    pub(crate) proof: ProofKind,
    pub(crate) id: Option<&'a str>,
    /// Name and value of every id of the notification.
    pub(crate) aliases: &'a [(&'static str, &'a str)],
    pub(crate) create_time: Option<&'a str>,
    pub(crate) summary: Option<&'a str>,
    /// JSON without whitespace between tokens.
    pub(crate) resource: &'a str,
    /// The parsed resource; `None` if the plaintext isn't JSON.
    pub(crate) value: Option<Value<'a>>,
    /// Fingerprints by the current version of the canonical form, then by earlier ones.
    pub(crate) fingerprints: &'a [Fingerprint],
    pub(crate) flags: Vec<Flag>,
    /// A value may contain a field of its own (v2).
    pub(crate) hides_a_field: bool,
}

impl Context<'_> {
    /// Classifies a decrypted notification and makes the store's entry of it.
    pub(crate) fn classify(
        &self,
        opened: &Opened<'_>,
        content: Content<'_>,
    ) -> Result<Classification, Rejection> {
        let meta = self.catalog.classify(opened);
        let event = match (opened.event_type(), meta) {
            (Some(event_type), _) => event_type,
            (None, Some(meta)) => meta.name,
            (None, None) => wire_v2::UNKNOWN,
        };
        let fit = match (meta, content.value) {
            (Some(meta), Some(value)) => meta.fit(value),
            _ => Fit::Untyped,
        };
        let merchant = &*self.merchant.name;
        let rule = meta.map_or(KeyRule::NONE, |meta| meta.key);
        let mut digests: Vec<_> = match content.id {
            Some(_) => Vec::new(),
            None => content.fingerprints.iter().map(Fingerprint::digest).collect(),
        };
        digests.dedup();
        let digests: Vec<_> = digests.into_iter().map(hex::encode).collect();
        let digests: Vec<_> = digests.iter().map(String::as_str).collect();
        let otherwise = match &content.id {
            Some(id) => ("id", std::slice::from_ref(id)),
            None => ("fingerprint", &*digests),
        };
        let key = business_key(merchant, event, &rule, opened, otherwise, wxhook_crypto::sha256);

        let is_other = is_other_merchant(self.merchant, meta, opened);
        let misfits = matches!(fit, Fit::Misfit(_));
        let is_unreadable = |meta: &EventMeta| meta.model.is_some() && content.value.is_none();
        let fits_nothing = meta.is_some_and(|meta| meta.is_fallback || is_unreadable(meta));
        let mut flags = content.flags;
        for (flag, raised) in [
            (Flag::KeyFallback, key.fallback),
            (Flag::OtherMerchant, is_other),
            (Flag::Misfit, misfits || fits_nothing || content.hides_a_field),
        ] {
            if raised {
                flags.push(flag);
            }
        }
        let money = meta.and_then(|meta| meta.money);
        let hold = match () {
            () if content.hides_a_field => Some(HoldReason::HiddenField),
            () if is_other && matches!(money, Some(Money::Payment | Money::Refund)) => {
                Some(HoldReason::OtherMerchant)
            }
            () if misfits && money.is_some() => Some(HoldReason::Misfit),
            () => None,
        };

        let received_at = Time::from_instant(self.now);
        let variant = meta.and_then(|meta| meta.variant);
        let mut body = Body::new(merchant, opened.protocol(), content.proof, event, received_at.as_str());
        body.id = content.id.map(Into::into);
        body.variant = variant.map(Into::into);
        body.original_type = opened.envelope_text("resource.original_type").map(Into::into);
        body.create_time = content.create_time.map(Into::into);
        body.summary = content.summary.map(Into::into);
        body.typed = fit == Fit::Typed;
        let body =
            body.to_body(content.resource).map_err(|_| Rejection::Envelope("it can't be written as JSON"))?;

        let [fingerprint, older @ ..] = content.fingerprints else {
            return Err(Rejection::Envelope("it has no fingerprint"));
        };
        let mut entry = Entry::new(key.key, *fingerprint, body, self.merchant.lane.as_str());
        entry.older_fingerprints = older.to_vec();
        entry.older_keys = key.older;
        entry.aliases = content.aliases.iter().map(|(name, id)| alias(merchant, event, name, id)).collect();
        entry.labels.merchant = merchant.to_owned();
        entry.labels.event = event.to_owned();
        entry.labels.variant = variant.map(str::to_owned);
        entry.labels.id = content.id.map(str::to_owned);
        entry.labels.numbers = business_numbers(opened);
        entry.flags = flags.iter().map(|flag| flag.as_str().to_owned()).collect();
        entry.group = group(merchant, opened);
        entry.on_changed = match meta.map(|meta| meta.on_changed) {
            Some(wxhook_wire::ConflictPolicy::Park) => OnChanged::Park,
            None if opened.protocol() == Protocol::V2 => OnChanged::Park,
            _ => OnChanged::Deliver,
        };
        if let Some(reason) = hold {
            entry.start = Start::Parked(reason.text());
        }
        entry.max_attempts = MAX_ATTEMPTS;
        entry.keeps_tombstone = opened.protocol() == Protocol::V2;
        Ok(Classification {
            entry,
            event: event.to_owned(),
            variant,
            is_known: meta.is_some(),
            is_question: meta.is_some_and(|meta| meta.question),
            growing: GrowingAmount::find(event, opened),
            hold,
        })
    }
}

/// Returns whether the content names another merchant as the one who is notified.
///
/// A provider (`sp_mchid`, `mch_id`, `combine_mchid`) is notified of payments to any of its sub-merchants; a sub-merchant
/// may be notified itself. If the content names only a sub-merchant, that counts if the event's documents name others, too.
fn is_other_merchant(merchant: &Merchant, meta: Option<&EventMeta>, opened: &Opened<'_>) -> bool {
    let names = meta.map_or(EventMeta::MERCHANTS, |meta| meta.merchants);
    let is_ours = |path: &&str| {
        let outer = opened.envelope_text(path).filter(|text| !text.is_empty()).map(Into::into);
        let inner = opened.text(path).filter(|text| !text.is_empty());
        let found = [outer, inner];
        let mut found = found.into_iter().flatten().peekable();
        found.peek()?;
        Some(found.any(|text| merchant.accepts(&text)))
    };
    let mut notified = names.iter().filter_map(is_ours).peekable();
    let is_named = notified.peek().is_some();
    if notified.any(|ours| ours) {
        return false;
    }
    let sub_merchant = SUB_MERCHANTS.iter().find_map(is_ours);
    match (is_named, sub_merchant) {
        (_, Some(true)) | (false, None) => false,
        (true, _) => true,
        (false, Some(false)) => meta.is_some_and(|meta| {
            if meta.is_fallback {
                return !names.is_empty();
            }
            let is_named =
                |field: &FieldMeta, name: &str| field.name == name || field.aliases.contains(&name);
            let mut fields = meta.fields.iter().chain(meta.envelope);
            fields.any(|field| names.iter().any(|name| is_named(field, name)))
        }),
    }
}

/// Returns the alias for a notification's id. It contains the event, so that different notifications with one id (sample
/// ids are reused a lot) stay apart.
fn alias(merchant: &str, event: &str, name: &str, id: &str) -> String {
    [merchant, "/", &encode_segment(event), "/@", name, "=", &encode_segment(id)].concat()
}

/// Returns a string as JSON.
pub(crate) fn json_string(text: &str) -> String {
    // A string can always be written.
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}
