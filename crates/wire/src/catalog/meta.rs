use super::field::FieldMeta;
use crate::event::{Event, Misfit};
use crate::json::{Doc, Value};
use crate::key::KeyRule;
use crate::model::EventModel;
use crate::names::{Cipher, ConflictPolicy, Mode, Money, Protocol};
use crate::opened::Opened;
use crate::v2::Shape;
use serde::Serialize;
use std::fmt::{self, Debug};

/// Facts about one event, or one variant of it. Data, made in `const` context from [`EventMeta::v3`] or
/// [`EventMeta::v2`].
///
/// ```
/// use wxhook_wire::{EventMeta, KeyRule};
/// const POINTS: EventMeta = EventMeta {
///     key: KeyRule::new(&[&["grant_id"]]),
///     ..EventMeta::v3("LOYALTY.POINTS_GRANTED", "积分到账通知")
/// };
/// # assert_eq!(POINTS.name, "LOYALTY.POINTS_GRANTED");
/// ```
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "made by struct update in const context")]
pub struct EventMeta {
    /// The protocol.
    pub protocol: Protocol,
    /// The bare `event_type` for JSON, `v2/<name>` for XML.
    pub name: &'static str,
    /// The variant, if the event has any.
    pub variant: Option<&'static str>,
    /// Marks the entry for notifications that fit no variant of their event; never listed.
    pub is_fallback: bool,
    /// The Chinese title in the platform's overview.
    pub title: &'static str,
    /// The condition for a v2 notification to be of this kind (v3 has event types).
    pub identified_by: When,
    /// The condition for a notification of this name to be of this variant; the first that holds counts.
    pub when: When,
    /// The rule of the business key.
    pub key: KeyRule,
    /// The treatment of other content under a known key.
    pub on_changed: ConflictPolicy,
    /// The name of the resend schedule; `wxhook-simulator` has them as a type.
    pub schedule: &'static str,
    /// The time that the platform waits for the reply, in milliseconds, where it is less than the usual 2 seconds.
    pub deadline_ms: Option<u32>,
    /// The money that the event is about.
    pub money: Option<Money>,
    /// The fields that name the notified merchant, as dotted paths of the content or of the fields around it. Empty where
    /// none does: a mall is notified of payments to its shops.
    pub merchants: &'static [&'static str],
    /// Values of fields that contradict the event: a notification that has one doesn't fit.
    pub contradictions: &'static [(&'static str, &'static [&'static str])],
    /// The cipher of the content.
    pub cipher: Cipher,
    /// Marks a question: the platform waits for data in the reply.
    pub question: bool,
    /// Marks a question whose reply is signed in an `Authorization` header.
    pub reply_is_signed: bool,
    /// The meaning of the event, one line.
    pub doc: &'static str,
    /// The business area, e.g. `payment`; may be empty.
    pub area: &'static str,
    /// The Rust type of the model, e.g. `payment::TransactionSuccessBasic`; empty without a model.
    pub type_name: &'static str,
    /// The merchants that it is for, by the newest edition of the overview that lists it; may be empty.
    pub modes: &'static [Mode],
    /// The rows in the editions of the overview.
    pub rows: &'static [Row],
    /// The fields of the content.
    pub fields: &'static [FieldMeta],
    /// v2 with hidden content: the fields around it.
    pub envelope: &'static [FieldMeta],
    /// The fields of the reply to a question.
    pub reply: &'static [FieldMeta],
    /// The model; `None` where there is none, or it isn't compiled in.
    pub model: Option<AnyModel>,
}

impl EventMeta {
    /// The fields that name the notified merchant, unless the event says otherwise.
    pub const MERCHANTS: &'static [&'static str] =
        &["mchid", "mch_id", "sp_mchid", "combine_mchid", "combine_mch_id"];

    /// Creates a v3 event: conflicts are delivered, the key is the notification id.
    pub const fn v3(name: &'static str, title: &'static str) -> Self {
        Self {
            protocol: Protocol::V3,
            name,
            variant: None,
            is_fallback: false,
            title,
            identified_by: When::Always,
            when: When::Always,
            key: KeyRule::NONE,
            on_changed: ConflictPolicy::Deliver,
            schedule: "standard",
            deadline_ms: None,
            money: None,
            merchants: Self::MERCHANTS,
            contradictions: &[],
            cipher: Cipher::AesGcm,
            question: false,
            reply_is_signed: false,
            doc: "",
            area: "",
            type_name: "",
            modes: &[],
            rows: &[],
            fields: &[],
            envelope: &[],
            reply: &[],
            model: None,
        }
    }

    /// Creates a v2 event, whose name begins with `v2/`: conflicts are parked, the key is the fingerprint.
    pub const fn v2(name: &'static str, title: &'static str, identified_by: When) -> Self {
        Self {
            protocol: Protocol::V2,
            identified_by,
            on_changed: ConflictPolicy::Park,
            cipher: Cipher::None,
            ..Self::v3(name, title)
        }
    }

    /// Returns a variant of the event: notifications for which `when` holds.
    #[must_use]
    pub const fn variant(self, variant: &'static str, when: When) -> Self {
        Self { variant: Some(variant), when, ..self }
    }

    /// Returns the entry for notifications that fit no variant of the event.
    #[must_use]
    pub const fn fallback(self) -> Self {
        Self {
            variant: None,
            is_fallback: true,
            when: When::Always,
            model: None,
            fields: &[],
            type_name: "",
            ..self
        }
    }

    /// Sets the business area and the model, with its name and fields.
    #[must_use]
    pub const fn typed<E: EventModel>(self, area: &'static str) -> Self {
        Self { area, type_name: E::TYPE_NAME, fields: E::FIELDS, model: E::MODEL, ..self }
    }

    /// Returns the v2 field that hides the content, and the member of the record's resource that holds it decrypted.
    pub const fn hidden(&self) -> Option<(&'static str, &'static str)> {
        match (self.protocol, self.cipher) {
            (Protocol::V2, Cipher::AesEcb) => Shape::Refund.opened(),
            (Protocol::V2, Cipher::AesGcm) => Shape::DepositFree.opened(),
            _ => None,
        }
    }

    /// Returns whether a v2 notification may be this event. An unsigned refund is only ever a refund, whatever fields are
    /// put around it.
    pub(super) fn can_be(&self, opened: &Opened<'_>) -> bool {
        let is_refund = opened.shape() == Some(Shape::Refund);
        self.protocol == Protocol::V2 && (self.cipher == Cipher::AesEcb) == is_refund
    }

    /// Compares a resource with the model and the event's contradictions.
    pub fn fit(&self, resource: Value<'_>) -> Fit {
        let Some(model) = self.model else { return Fit::Untyped };
        if let Err(misfit) = (model.fits)(resource).and_then(|()| self.check_contradictions(resource)) {
            return Fit::Misfit(misfit);
        }
        if self.is_mostly_unknown(resource) { Fit::MostlyUnknown } else { Fit::Typed }
    }

    /// Decodes a resource and encodes it again; `None` without a model.
    ///
    /// # Errors
    /// [`Misfit`] where it doesn't fit, or contradicts the event.
    pub fn roundtrip(&self, resource: &str) -> Option<Result<String, Misfit>> {
        let roundtrip = self.model?.roundtrip;
        let check = |json| {
            let doc = Doc::parse(resource).map_err(|_| Misfit::custom("not valid JSON"))?;
            self.check_contradictions(doc.root()).map(|()| json)
        };
        Some(roundtrip(resource).and_then(check))
    }

    fn check_contradictions(&self, resource: Value<'_>) -> Result<(), Misfit> {
        let content = self.content(resource);
        for (path, values) in self.contradictions {
            let found = content.at(path).and_then(|value| value.text());
            if found.is_some_and(|text| values.contains(&&*text)) {
                return Err(Misfit::custom("a value that contradicts the event").in_field(path));
            }
        }
        Ok(())
    }

    /// Returns whether more than half of the members that aren't blank are undocumented.
    fn is_mostly_unknown(&self, resource: Value<'_>) -> bool {
        if self.fields.is_empty() {
            return false;
        }
        let mut balance = 0_i64;
        for (name, _) in self.content(resource).entries().filter(|(_, value)| !value.is_blank()) {
            balance += if self.fields.iter().any(|field| field.is_called(&name)) { 1 } else { -1 };
        }
        balance < 0
    }

    /// Returns the content that was hidden, or else the resource itself.
    fn content<'d>(&self, resource: Value<'d>) -> Value<'d> {
        self.hidden().and_then(|(_, opened)| resource.get(opened)).unwrap_or(resource)
    }
}

impl Debug for EventMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventMeta({}", self.name)?;
        self.variant.map_or(Ok(()), |variant| write!(f, "#{variant}"))?;
        f.write_str(")")
    }
}

/// A model without its type, as functions.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AnyModel {
    /// Checks a resource against the model.
    pub fits: fn(Value<'_>) -> Result<(), Misfit>,
    /// Decodes a resource and encodes it again.
    pub roundtrip: fn(&str) -> Result<String, Misfit>,
}

impl AnyModel {
    /// Creates the functions for the event, or variant, `E`.
    pub const fn new<E: Event + Serialize>() -> Self {
        Self {
            fits: |resource| E::decode_value(E::VARIANT, resource).map(drop),
            roundtrip: |resource| crate::event::encode(&E::decode(E::VARIANT, resource)?),
        }
    }
}

/// The result of comparing a resource with its event's model.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fit {
    /// The event has no model, or it isn't compiled in.
    Untyped,
    /// The resource fits.
    Typed,
    /// The resource fits, but more than half of its members are undocumented: most likely another edition of the event.
    MostlyUnknown,
    /// The resource doesn't fit.
    Misfit(Misfit),
}

/// A condition over an opened notification. Paths are dotted; "present" is neither missing, null nor empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum When {
    /// Holds for all.
    Always,
    /// Present in the content.
    Present(&'static str),
    /// Has this text in the content.
    Equals(&'static str, &'static str),
    /// Present in the envelope (v2: a field as received).
    EnvelopePresent(&'static str),
    /// Has this text in the envelope (v2: a field as received).
    EnvelopeEquals(&'static str, &'static str),
    /// All of them hold.
    All(&'static [When]),
    /// One of them holds.
    Any(&'static [When]),
}

impl When {
    /// Returns whether the condition holds.
    pub fn holds(&self, opened: &Opened<'_>) -> bool {
        match self {
            Self::Always => true,
            Self::Present(path) => opened.has(path),
            Self::Equals(path, text) => opened.text(path).is_some_and(|found| found == *text),
            Self::EnvelopePresent(path) => opened.envelope_text(path).is_some_and(|text| !text.is_empty()),
            Self::EnvelopeEquals(path, text) => opened.envelope_text(path) == Some(*text),
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(opened)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(opened)),
        }
    }
}

/// A row of an edition of the platform's overview.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Row {
    /// The edition.
    pub edition: &'static str,
    /// The Chinese title, verbatim.
    pub title: &'static str,
    /// The merchants that it is for.
    pub modes: &'static [Mode],
    /// The variant that it links to; `None` means all variants.
    pub fragment: Option<&'static str>,
}

impl Row {
    /// Creates a row.
    pub const fn new(
        edition: &'static str,
        title: &'static str,
        modes: &'static [Mode],
        fragment: Option<&'static str>,
    ) -> Self {
        Self { edition, title, modes, fragment }
    }
}
