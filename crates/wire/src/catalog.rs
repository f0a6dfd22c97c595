mod chain;
mod field;
mod meta;

pub use chain::Chain;
pub use field::{FieldKind, FieldMeta};
pub use meta::{AnyModel, EventMeta, Fit, Row, When};

use crate::names::Protocol;
use crate::opened::Opened;
use std::collections::HashMap;
use std::fmt::{self, Debug};

/// A set of events that classifies notifications.
///
/// [`Chain`] joins several into one, so that a team's own events are treated like the built-in ones, and may replace them.
pub trait Catalog: Debug + Send + Sync + 'static {
    /// Returns the event and variant of a notification, or `None` for an unknown event.
    ///
    /// A notification that fits no variant of its event gets the entry with [`EventMeta::is_fallback`].
    fn classify(&self, opened: &Opened<'_>) -> Option<&EventMeta>;

    /// Returns the entry of that name and variant.
    fn lookup(&self, name: &str, variant: Option<&str>) -> Option<&EventMeta>;

    /// Returns every entry but fallbacks, in a stable order.
    fn events(&self) -> Box<dyn Iterator<Item = &EventMeta> + '_>;
}

/// Two entries of one catalog for the same event and variant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("duplicate event {name} {variant:?} in one catalog")]
#[non_exhaustive]
pub struct DuplicateEvent {
    /// The event.
    pub name: &'static str,
    /// The variant.
    pub variant: Option<&'static str>,
}

/// A catalog made of data.
pub struct Table {
    entries: Vec<EventMeta>,
    v3: HashMap<&'static str, Vec<usize>>,
}

impl Table {
    /// Creates a catalog; variants of an event, and v2 events, are tried in the order of the entries.
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
                let of_kind = |entry: &&EventMeta| entry.can_be(opened) && entry.identified_by.holds(opened);
                let kind = self.entries.iter().find(of_kind)?.name;
                first_that_holds(self.entries.iter().filter(|entry| entry.name == kind), opened)
            }
        }
    }

    fn lookup(&self, name: &str, variant: Option<&str>) -> Option<&EventMeta> {
        let same = |entry: &&EventMeta| entry.name == name && entry.variant == variant && !entry.is_fallback;
        self.entries.iter().find(same)
    }

    fn events(&self) -> Box<dyn Iterator<Item = &EventMeta> + '_> {
        Box::new(self.entries.iter().filter(|entry| !entry.is_fallback))
    }
}

fn first_that_holds<'c>(
    candidates: impl Iterator<Item = &'c EventMeta>,
    opened: &Opened<'_>,
) -> Option<&'c EventMeta> {
    let mut otherwise = None;
    for entry in candidates {
        if entry.is_fallback {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cipher;
    use crate::json::Doc;
    use crate::v2::Fields;
    use crate::v3::Envelope;

    const PAID: EventMeta = EventMeta::v3("PAID", "支付");

    fn table() -> Table {
        Table::new([
            PAID.variant("SPLIT", When::EnvelopeEquals("resource.original_type", "split")),
            PAID.variant("BASIC", When::All(&[When::Present("mchid"), When::Equals("state", "DONE")])),
            PAID.fallback(),
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
        Some((meta.variant, meta.is_fallback))
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
        let refund = EventMeta {
            cipher: Cipher::AesEcb,
            ..EventMeta::v2("v2/refund", "退款", When::EnvelopePresent("req_info"))
        };
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
    }
}
