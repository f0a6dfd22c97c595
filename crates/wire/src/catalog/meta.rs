use super::field::FieldMeta;
use super::kinds::{Cipher, ConflictPolicy, Mode, Money, Protocol, Row};
use super::when::When;
use crate::event::{Event, Misfit};
use crate::json::Value;
use crate::key::{Alternative, KeyRule};
use crate::opened::Opened;
use crate::v2::Shape;
use serde::Serialize;
use std::fmt::{self, Debug};

/// A model whose type isn't known: what can be done with it, as plain functions.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AnyModel {
    /// Whether a resource fits.
    pub fits: fn(Value<'_>) -> Result<(), Misfit>,
    /// Puts a resource through the model and back to JSON.
    pub roundtrip: fn(&str) -> Result<String, Misfit>,
}

impl AnyModel {
    /// The model of the event, or variant, `E`.
    pub const fn new<E: Event + Serialize>() -> Self {
        Self {
            fits: |resource| E::decode_value(E::VARIANT, resource).map(drop),
            roundtrip: |resource| crate::event::encode(&E::decode(E::VARIANT, resource)?),
        }
    }
}

/// Facts about one event, or one variant of it. Data, made in `const` context by the methods below.
///
/// ```
/// use wxhook_wire::{EventMeta, When};
/// const POINTS: EventMeta = EventMeta::v3("LOYALTY.POINTS_GRANTED", "积分到账通知").key(&[&["grant_id"]]);
/// # assert_eq!(POINTS.name, "LOYALTY.POINTS_GRANTED");
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct EventMeta {
    /// Which protocol.
    pub protocol: Protocol,
    /// The bare `event_type` for JSON, `v2/<name>` for XML.
    pub name: &'static str,
    /// The variant, if the event has any.
    pub variant: Option<&'static str>,
    /// Stands for what fits none of its event's variants; never listed.
    pub is_fallback: bool,
    /// The Chinese title of the platform's overview.
    pub title: &'static str,
    /// What tells that a v2 notification is of this kind (v3: the event type does).
    pub identified_by: When,
    /// Which notifications of its name are of this variant; the first that holds counts.
    pub when: When,
    /// What identifies the business fact.
    pub key: KeyRule,
    /// What happens to other content under a known key.
    pub on_changed: ConflictPolicy,
    /// The name of its resend schedule.
    pub schedule: &'static str,
    /// Time that the platform waits for the reply, in milliseconds, where that isn't the usual 2 seconds or more.
    pub deadline_ms: Option<u32>,
    /// The money that it is about.
    pub money: Option<Money>,
    /// The fields that name the merchant who is notified, as dotted paths of the content or of the fields around it.
    /// Empty where none does: a mall is told of payments to its shops.
    pub merchants: &'static [&'static str],
    /// Values of fields that contradict the event: a notification that has one doesn't fit.
    pub contradictions: &'static [(&'static str, &'static [&'static str])],
    /// What hides its content.
    pub cipher: Cipher,
    /// Whether the platform waits for data in the reply.
    pub question: bool,
    /// Whether that reply is signed in an `Authorization` header.
    pub reply_is_signed: bool,
    /// What happened, one line.
    pub doc: &'static str,
    /// The business area, e.g. `payment`; empty where that isn't told.
    pub area: &'static str,
    /// The Rust type of its model, e.g. `payment::TransactionSuccessBasic`; empty where it has none.
    pub type_name: &'static str,
    /// Who it is for, by the newest edition that has it; empty where no table has it.
    pub modes: &'static [Mode],
    /// Its rows in the editions of the overview table.
    pub rows: &'static [Row],
    /// The fields of its content.
    pub fields: &'static [FieldMeta],
    /// v2 with hidden content: the fields around it.
    pub envelope: &'static [FieldMeta],
    /// The fields that a question's reply carries.
    pub reply: &'static [FieldMeta],
    /// Its model; `None` where it has none, or isn't compiled in.
    pub model: Option<AnyModel>,
}

impl EventMeta {
    /// The fields that name the merchant who is notified, unless the event says otherwise.
    pub const MERCHANTS: &'static [&'static str] =
        &["mchid", "mch_id", "sp_mchid", "combine_mchid", "combine_mch_id"];

    /// A v3 event; delivered when changed, key: the notification id.
    pub const fn v3(name: &'static str, title: &'static str) -> Self {
        Self::new(Protocol::V3, name, title, Cipher::AesGcm)
    }

    /// A v2 event, whose name begins with `v2/`; parked when changed, key: the fingerprint.
    pub const fn v2(name: &'static str, title: &'static str, identified_by: When) -> Self {
        let mut meta = Self::new(Protocol::V2, name, title, Cipher::None);
        meta.identified_by = identified_by;
        meta.on_changed = ConflictPolicy::Park;
        meta
    }

    const fn new(protocol: Protocol, name: &'static str, title: &'static str, cipher: Cipher) -> Self {
        Self {
            protocol,
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
            cipher,
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

    /// As a variant: notifications of its name for which `when` holds.
    #[must_use]
    pub const fn variant(mut self, variant: &'static str, when: When) -> Self {
        self.variant = Some(variant);
        self.when = when;
        self
    }

    /// For what fits none of its event's variants.
    #[must_use]
    pub const fn fallback(mut self) -> Self {
        self.variant = None;
        self.is_fallback = true;
        self.when = When::Always;
        self.model = None;
        self.fields = &[];
        self.type_name = "";
        self
    }

    /// With this key rule.
    #[must_use]
    pub const fn key(mut self, alternatives: &'static [Alternative]) -> Self {
        self.key.alternatives = alternatives;
        self
    }

    /// With these earlier versions of its key rule.
    #[must_use]
    pub const fn older_keys(mut self, older: &'static [&'static [Alternative]]) -> Self {
        self.key.older = older;
        self
    }

    /// As an old name: keys carry the new one.
    #[must_use]
    pub const fn renamed_to(mut self, name: &'static str) -> Self {
        self.key.name = Some(name);
        self
    }

    /// As a v2 kind whose notifications were once of no known kind: their keys stay known.
    #[must_use]
    pub const fn was_unknown(mut self) -> Self {
        self.key.was_unknown = true;
        self
    }

    /// With other content under a known key treated like this.
    #[must_use]
    pub const fn on_changed(mut self, on_changed: ConflictPolicy) -> Self {
        self.on_changed = on_changed;
        self
    }

    /// With this title.
    #[must_use]
    pub const fn title(mut self, title: &'static str) -> Self {
        self.title = title;
        self
    }

    /// With this resend schedule.
    #[must_use]
    pub const fn schedule(mut self, schedule: &'static str) -> Self {
        self.schedule = schedule;
        self
    }

    /// Sets the milliseconds that the platform waits for the reply.
    #[must_use]
    pub const fn deadline_ms(mut self, deadline_ms: u32) -> Self {
        self.deadline_ms = Some(deadline_ms);
        self
    }

    /// Sets the money that it is about.
    #[must_use]
    pub const fn money(mut self, money: Money) -> Self {
        self.money = Some(money);
        self
    }

    /// Sets the fields that name the merchant who is notified.
    #[must_use]
    pub const fn merchants(mut self, merchants: &'static [&'static str]) -> Self {
        self.merchants = merchants;
        self
    }

    /// Sets the values that contradict it.
    #[must_use]
    pub const fn contradictions(
        mut self,
        contradictions: &'static [(&'static str, &'static [&'static str])],
    ) -> Self {
        self.contradictions = contradictions;
        self
    }

    /// With this cipher.
    #[must_use]
    pub const fn cipher(mut self, cipher: Cipher) -> Self {
        self.cipher = cipher;
        self
    }

    /// As a question, whose reply carries data.
    #[must_use]
    pub const fn question(mut self) -> Self {
        self.question = true;
        self
    }

    /// As a question whose reply is signed, too.
    #[must_use]
    pub const fn signed_question(mut self) -> Self {
        self.question = true;
        self.reply_is_signed = true;
        self
    }

    /// With a line on what happened.
    #[must_use]
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// With its business area and its model, a type that [`model!`](crate::model!) made: it tells its name and its fields.
    #[must_use]
    pub const fn typed<E: Event + Serialize + crate::model::Model>(self, area: &'static str) -> Self {
        self.typed_as(area, E::TYPE_NAME).fields(E::FIELDS).model::<E>()
    }

    /// With its business area and the Rust type of its model.
    #[must_use]
    pub const fn typed_as(mut self, area: &'static str, type_name: &'static str) -> Self {
        self.area = area;
        self.type_name = type_name;
        self
    }

    /// With whom it is for, and its rows in the overview tables.
    #[must_use]
    pub const fn rows(mut self, modes: &'static [Mode], rows: &'static [Row]) -> Self {
        self.modes = modes;
        self.rows = rows;
        self
    }

    /// With the fields of its content.
    #[must_use]
    pub const fn fields(mut self, fields: &'static [FieldMeta]) -> Self {
        self.fields = fields;
        self
    }

    /// With the fields around hidden content.
    #[must_use]
    pub const fn envelope(mut self, fields: &'static [FieldMeta]) -> Self {
        self.envelope = fields;
        self
    }

    /// With the fields of its reply.
    #[must_use]
    pub const fn reply(mut self, fields: &'static [FieldMeta]) -> Self {
        self.reply = fields;
        self
    }

    /// With its model.
    #[must_use]
    pub const fn model<E: Event + Serialize>(mut self) -> Self {
        self.model = Some(AnyModel::new::<E>());
        self
    }

    /// With its model, where that is compiled in.
    #[must_use]
    pub const fn maybe_model(mut self, model: Option<AnyModel>) -> Self {
        self.model = model;
        self
    }
}

impl EventMeta {
    /// v2 with hidden content: the field that holds it, and the member of the record's resource that shows it opened.
    pub const fn hidden(&self) -> Option<(&'static str, &'static str)> {
        match (self.protocol, self.cipher) {
            (Protocol::V2, Cipher::AesEcb) => Shape::Refund.opened(),
            (Protocol::V2, Cipher::AesGcm) => Shape::DepositFree.opened(),
            _ => None,
        }
    }

    /// Whether it can be this v2 notification. An unsigned refund is only ever a refund, whatever fields are put around it.
    pub(super) fn is_v2_of(&self, opened: &Opened<'_>) -> bool {
        let is_refund = opened.shape() == Some(Shape::Refund);
        self.protocol == Protocol::V2 && (self.cipher == Cipher::AesEcb) == is_refund
    }
}

impl Debug for EventMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventMeta({}", self.name)?;
        self.variant.map_or(Ok(()), |variant| write!(f, "#{variant}"))?;
        f.write_str(")")
    }
}
