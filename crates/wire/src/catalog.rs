use crate::event::{Misfit, decode, roundtrip};
use crate::key::KeyRule;
use crate::opened::Opened;
use crate::v2::Shape;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::sync::Arc;

/// Which generation of the platform's notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Protocol {
    /// XML.
    V2,
    /// JSON.
    V3,
}

impl Protocol {
    /// `v2` or `v3`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2 => "v2",
            Self::V3 => "v3",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What hides an event's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cipher {
    /// Nothing.
    None,
    /// AES-256-GCM.
    AesGcm,
    /// AES-256-ECB (v2 refunds).
    AesEcb,
}

/// What happens to other content under a known key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnChanged {
    /// It waits for a person.
    Park,
    /// It is handed on.
    Deliver,
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
    /// Whether it holds.
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

/// What is done with a model whose type isn't known: plain functions.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Model {
    /// Whether a resource fits.
    pub fits: fn(&str) -> Result<(), Misfit>,
    /// Puts a resource through the model and back to JSON.
    pub roundtrip: fn(&str) -> Result<String, Misfit>,
}

impl Model {
    /// The model `T`.
    pub const fn of<T: DeserializeOwned + Serialize>() -> Self {
        Self { fits: |resource| decode::<T>(resource).map(|_| ()), roundtrip: roundtrip::<T> }
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
    pub fits_no_variant: bool,
    /// The Chinese title of the platform's overview.
    pub title: &'static str,
    /// What tells that a v2 notification is of this kind (v3: the event type does).
    pub told_by: When,
    /// Which notifications of its name are of this variant; the first that holds counts.
    pub when: When,
    /// What identifies the business fact.
    pub key: KeyRule,
    /// What happens to other content under a known key.
    pub on_changed: OnChanged,
    /// The name of its resend schedule.
    pub schedule: &'static str,
    /// What hides its content.
    pub cipher: Cipher,
    /// Whether the platform waits for data in the reply.
    pub question: bool,
    /// Its model; `None` where it has none, or isn't compiled in.
    pub model: Option<Model>,
}

impl EventMeta {
    /// A v3 event; delivered when changed, key: the notification id.
    pub const fn v3(name: &'static str, title: &'static str) -> Self {
        Self::new(Protocol::V3, name, title, Cipher::AesGcm)
    }

    /// A v2 event, whose name begins with `v2/`; parked when changed, key: the fingerprint.
    pub const fn v2(name: &'static str, title: &'static str, told_by: When) -> Self {
        let mut meta = Self::new(Protocol::V2, name, title, Cipher::None);
        meta.told_by = told_by;
        meta.on_changed = OnChanged::Park;
        meta
    }

    const fn new(protocol: Protocol, name: &'static str, title: &'static str, cipher: Cipher) -> Self {
        Self {
            protocol,
            name,
            variant: None,
            fits_no_variant: false,
            title,
            told_by: When::Always,
            when: When::Always,
            key: KeyRule::NONE,
            on_changed: OnChanged::Deliver,
            schedule: "standard",
            cipher,
            question: false,
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
    pub const fn no_variant(mut self) -> Self {
        self.variant = None;
        self.fits_no_variant = true;
        self.when = When::Always;
        self.model = None;
        self
    }

    /// With this key rule.
    #[must_use]
    pub const fn key(mut self, alternatives: &'static [crate::key::Alternative]) -> Self {
        self.key = KeyRule::new(alternatives);
        self
    }

    /// With other content under a known key treated like this.
    #[must_use]
    pub const fn on_changed(mut self, on_changed: OnChanged) -> Self {
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

    /// With its model.
    #[must_use]
    pub const fn model<T: DeserializeOwned + Serialize>(mut self) -> Self {
        self.model = Some(Model::of::<T>());
        self
    }
}

impl EventMeta {
    /// Whether it can be this v2 notification. An unsigned refund is only ever a refund, whatever fields are put around it.
    fn is_v2_of(&self, opened: &Opened<'_>) -> bool {
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

/// A set of events that can tell which of them a notification is.
///
/// Several chain into one with [`Chain`], so that a team's own events are treated like the built-in ones.
pub trait Catalog: Debug + Send + Sync + 'static {
    /// Which event and variant it is.
    ///
    /// An event whose variants none fits gives the entry that has [`EventMeta::fits_no_variant`]; an unknown one `None`.
    fn classify(&self, opened: &Opened<'_>) -> Option<&EventMeta>;

    /// The entry of that name and variant.
    fn lookup(&self, name: &str, variant: Option<&str>) -> Option<&EventMeta>;

    /// Every entry that classification can yield, in a stable order.
    fn events(&self) -> Box<dyn Iterator<Item = &EventMeta> + '_>;
}

/// Two entries for one (event, variant).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event {name} {variant:?} stands in the catalog twice")]
#[non_exhaustive]
pub struct DuplicateEvent {
    /// The event.
    pub name: &'static str,
    /// Its variant.
    pub variant: Option<&'static str>,
}

/// A catalog made of data.
pub struct Table {
    entries: Vec<EventMeta>,
    v3: HashMap<&'static str, Vec<usize>>,
}

impl Table {
    /// Of these entries; the order among the variants of a name, and among v2 kinds, is the order of decision.
    ///
    /// # Errors
    /// [`DuplicateEvent`] when two are for the same event and variant.
    pub fn new(entries: impl IntoIterator<Item = EventMeta>) -> Result<Self, DuplicateEvent> {
        let mut table = Self { entries: Vec::new(), v3: HashMap::new() };
        for entry in entries {
            let same = |known: &&EventMeta| known.name == entry.name && known.variant == entry.variant;
            if table.entries.iter().any(|known| same(&known)) {
                return Err(DuplicateEvent { name: entry.name, variant: entry.variant });
            }
            if entry.protocol == Protocol::V3 {
                table.v3.entry(entry.name).or_default().push(table.entries.len());
            }
            table.entries.push(entry);
        }
        Ok(table)
    }
}

impl Catalog for Table {
    fn classify(&self, opened: &Opened<'_>) -> Option<&EventMeta> {
        match opened.event_type() {
            Some(event_type) => {
                let candidates = self.v3.get(event_type)?.iter().filter_map(|index| self.entries.get(*index));
                first_that_holds(candidates, opened)
            }
            None => {
                let of_kind = |entry: &&EventMeta| entry.is_v2_of(opened) && entry.told_by.holds(opened);
                let kind = self.entries.iter().find(of_kind)?.name;
                first_that_holds(self.entries.iter().filter(|entry| entry.name == kind), opened)
            }
        }
    }

    fn lookup(&self, name: &str, variant: Option<&str>) -> Option<&EventMeta> {
        let same =
            |entry: &&EventMeta| entry.name == name && entry.variant == variant && !entry.fits_no_variant;
        self.entries.iter().find(same)
    }

    fn events(&self) -> Box<dyn Iterator<Item = &EventMeta> + '_> {
        Box::new(self.entries.iter().filter(|entry| !entry.fits_no_variant))
    }
}

fn first_that_holds<'c>(
    candidates: impl Iterator<Item = &'c EventMeta>,
    opened: &Opened<'_>,
) -> Option<&'c EventMeta> {
    let mut otherwise = None;
    for entry in candidates {
        if entry.fits_no_variant {
            otherwise = Some(entry);
        } else if entry.when.holds(opened) {
            return Some(entry);
        }
    }
    otherwise
}

impl Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({} entries)", self.entries.len())
    }
}

/// Several catalogs as one; the first that knows a notification decides.
#[derive(Debug, Clone)]
pub struct Chain(Vec<Arc<dyn Catalog>>);

impl Chain {
    /// Of these catalogs.
    ///
    /// # Errors
    /// [`DuplicateEvent`] when two have an entry for the same event and variant.
    pub fn new(catalogs: impl IntoIterator<Item = Arc<dyn Catalog>>) -> Result<Self, DuplicateEvent> {
        let catalogs: Vec<_> = catalogs.into_iter().collect();
        for (index, catalog) in catalogs.iter().enumerate() {
            for entry in catalog.events() {
                if catalogs
                    .iter()
                    .skip(index + 1)
                    .any(|later| later.lookup(entry.name, entry.variant).is_some())
                {
                    return Err(DuplicateEvent { name: entry.name, variant: entry.variant });
                }
            }
        }
        Ok(Self(catalogs))
    }
}

impl Catalog for Chain {
    fn classify(&self, opened: &Opened<'_>) -> Option<&EventMeta> {
        let mut otherwise = None;
        for catalog in &self.0 {
            match catalog.classify(opened) {
                Some(entry) if entry.fits_no_variant => otherwise = otherwise.or(Some(entry)),
                Some(entry) => return Some(entry),
                None => {}
            }
        }
        otherwise
    }

    fn lookup(&self, name: &str, variant: Option<&str>) -> Option<&EventMeta> {
        self.0.iter().find_map(|catalog| catalog.lookup(name, variant))
    }

    fn events(&self) -> Box<dyn Iterator<Item = &EventMeta> + '_> {
        Box::new(self.0.iter().flat_map(|catalog| catalog.events()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Doc;
    use crate::v2::Fields;
    use crate::v3::Envelope;

    const PAID: EventMeta = EventMeta::v3("PAID", "支付");

    fn table() -> Table {
        Table::new([
            PAID.variant("SPLIT", When::EnvelopeEquals("resource.original_type", "split")),
            PAID.variant("BASIC", When::All(&[When::Present("mchid"), When::Equals("state", "DONE")])),
            PAID.no_variant(),
            EventMeta::v2("v2/paid", "支付", When::All(&[When::Present("total_fee"), When::Present("id")])),
        ])
        .unwrap()
    }

    fn variant_of(
        original_type: &str,
        event_type: &str,
        resource: &str,
    ) -> Option<(Option<&'static str>, bool)> {
        let body = format!(
            r#"{{"id":"1","event_type":"{event_type}","resource":{{"algorithm":"x","ciphertext":"x","nonce":"x",
            "original_type":"{original_type}"}}}}"#
        );
        let doc = Doc::parse(&body).unwrap();
        let envelope = Envelope::read(&doc).unwrap();
        let resource = Doc::parse(resource).unwrap();
        let table = table();
        let meta = table.classify(&Opened::v3(&envelope, Some(resource.root())))?;
        Some((meta.variant, meta.fits_no_variant))
    }

    #[test]
    fn the_first_variant_that_holds_counts() {
        let done = r#"{"mchid":"1","state":"DONE"}"#;
        assert_eq!(variant_of("split", "PAID", done), Some((Some("SPLIT"), false)));
        assert_eq!(variant_of("other", "PAID", done), Some((Some("BASIC"), false)));
        assert_eq!(variant_of("other", "PAID", r#"{"mchid":"","state":"DONE"}"#), Some((None, true)));
        assert_eq!(variant_of("other", "UNPAID", done), None);
    }

    #[test]
    fn v2_kinds_are_told_by_their_fields() {
        let name = |xml: &str| {
            let fields = Fields::parse(xml.as_bytes()).unwrap();
            let json = fields.to_json(&[]);
            let doc = Doc::parse(&json).unwrap();
            let table = table();
            table.classify(&Opened::v2(&fields, doc.root())).map(|meta| meta.name)
        };
        assert_eq!(name("<xml><id>1</id><total_fee>1</total_fee></xml>"), Some("v2/paid"));
        assert_eq!(name("<xml><id>1</id><total_fee/></xml>"), None);
    }

    #[test]
    fn a_refund_is_only_ever_a_refund() {
        let refund =
            EventMeta::v2("v2/refund", "退款", When::EnvelopePresent("req_info")).cipher(Cipher::AesEcb);
        let mine = EventMeta::v2("v2/mine", "自有", When::EnvelopePresent("my_field"));
        let table = Table::new([mine, refund]).unwrap();
        let fields = Fields::parse(b"<xml><my_field>1</my_field><req_info>x</req_info></xml>").unwrap();
        let json = fields.to_json(&[("req_info", "req_info", "{}")]);
        let doc = Doc::parse(&json).unwrap();
        assert_eq!(table.classify(&Opened::v2(&fields, doc.root())).map(|meta| meta.name), Some("v2/refund"));
        let fields = Fields::parse(b"<xml><my_field>1</my_field></xml>").unwrap();
        let json = fields.to_json(&[]);
        let doc = Doc::parse(&json).unwrap();
        assert_eq!(table.classify(&Opened::v2(&fields, doc.root())).map(|meta| meta.name), Some("v2/mine"));
    }

    #[test]
    fn one_entry_for_one_event_and_variant() {
        assert!(Table::new([PAID, PAID]).is_err());
        let one: Arc<dyn Catalog> = Arc::new(table());
        let other: Arc<dyn Catalog> = Arc::new(Table::new([PAID]).unwrap());
        assert!(Chain::new([one.clone(), other]).is_ok());
        assert!(Chain::new([one.clone(), one]).is_err());
    }
}
