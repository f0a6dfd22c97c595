//! The catalog as the writers need it: everything resolved, everything in a fixed order.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;

use super::files::{Contradictions, When};
use super::overview::Row;

/// Ordered alternatives, each a list of components; none means the notification's id.
pub(crate) type KeyRule = Vec<Vec<String>>;

/// Everything that is known.
#[derive(Debug)]
pub(crate) struct Catalog {
    /// Names of the overview's editions, oldest first.
    pub(crate) editions: Vec<String>,
    /// Events by name.
    pub(crate) areas: Vec<Area>,
}

/// A business area: a module of the events crate.
#[derive(Debug)]
pub(crate) struct Area {
    /// The file's stem.
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) doc: String,
    /// As in the file.
    pub(crate) enums: Vec<Enum>,
    /// As in the file.
    pub(crate) objects: Vec<Object>,
    /// v2 by their order of decision, then v3 by name.
    pub(crate) events: Vec<Event>,
}

/// An open enum.
#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) name: String,
    pub(crate) doc: String,
    /// As in the file.
    pub(crate) values: Vec<Value>,
}

#[derive(Debug)]
pub(crate) struct Value {
    /// On the wire.
    pub(crate) wire: String,
    /// In Rust.
    pub(crate) name: String,
    pub(crate) doc: String,
}

/// An object that events or other objects of the area have as a member.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) fields: Vec<Field>,
}

/// An event of one protocol.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) protocol: Protocol,
    /// The bare event type for v3, `v2/…` for v2.
    pub(crate) name: String,
    /// Its catalog file, from the root.
    pub(crate) file: String,
    /// The area's name.
    pub(crate) area: String,
    pub(crate) type_name: String,
    pub(crate) doc: String,
    /// Title of its row without a fragment in the newest edition that has one, else the file's, else of the first row in the
    /// newest edition that has any.
    pub(crate) title: String,
    pub(crate) cipher: Cipher,
    pub(crate) on_changed: OnChanged,
    pub(crate) key: KeyRule,
    pub(crate) older_keys: Vec<KeyRule>,
    /// The full name of the event that it is an old name of.
    pub(crate) renamed_to: Option<String>,
    pub(crate) was_unknown: bool,
    pub(crate) deadline_ms: Option<u32>,
    pub(crate) facts: Facts,
    pub(crate) question: bool,
    pub(crate) reply_is_signed: bool,
    /// v2: what tells the kind. Always there.
    pub(crate) identified_by: Option<When>,
    /// v2: place in the order of decision; 0 for v3.
    pub(crate) order: u32,
    /// The subject's fields; empty where variants have them.
    pub(crate) fields: Vec<Field>,
    /// v2 with hidden content: the fields around it.
    pub(crate) envelope: Vec<Field>,
    /// Questions: the reply's fields.
    pub(crate) reply: Vec<Field>,
    /// Every row that links to it, with any fragment, as in the overview.
    pub(crate) rows: Vec<Row>,
    /// Modes of all rows in the newest edition that has any.
    pub(crate) modes: BTreeSet<Mode>,
    /// In the order of decision.
    pub(crate) variants: Vec<Variant>,
}

#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) type_name: String,
    pub(crate) doc: String,
    /// Title of its own row in the newest edition that has one, else of the event's without a fragment, else its own in the
    /// file, else the event's there.
    pub(crate) title: String,
    /// Holds for all that gets here where it is `None`.
    pub(crate) when: Option<When>,
    /// Its own, else the event's.
    pub(crate) key: KeyRule,
    /// Its own, else the event's where the key is the event's.
    pub(crate) older_keys: Vec<KeyRule>,
    pub(crate) facts: Facts,
    pub(crate) confidence: Option<String>,
    pub(crate) fields: Vec<Field>,
    /// Those that link to it, and those of the event without a fragment.
    pub(crate) rows: Vec<Row>,
    /// Modes of its rows in the newest edition that has any.
    pub(crate) modes: BTreeSet<Mode>,
}

/// Facts that an event states and a variant may override.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) schedule: String,
    pub(crate) money: Option<Money>,
    /// The fields that name the merchant who is notified; `None` means the usual ones.
    pub(crate) merchants: Option<Vec<String>>,
    pub(crate) contradictions: Contradictions,
}

/// The unit of an amount in the order's currency, wherever that stands.
pub(crate) const ORDER: &str = "order";

#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// On the wire.
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) required: bool,
    pub(crate) aliases: Vec<String>,
    /// The documented values where they are fewer than the enum has.
    pub(crate) values: Vec<String>,
    /// Form of a time that isn't RFC 3339.
    pub(crate) format: Option<String>,
    /// The field beside it that names an amount's currency, or [`ORDER`].
    pub(crate) unit: Option<String>,
    /// Its own, else the glossary's.
    pub(crate) doc: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    String,
    Integer,
    Fen,
    Boolean,
    Number,
    Time,
    YesNo,
    Encrypted,
    /// An enum of the area.
    Enum(String),
    /// An object of the area.
    Object(String),
    List(Box<Type>),
    /// JSON in a string: an object or a list of them.
    Json(Box<Type>),
    /// Only fields of v2 events: names with a number, of an object that has them without it.
    Numbered(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    V2,
    V3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cipher {
    None,
    AesGcm,
    AesEcb,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OnChanged {
    Park,
    Deliver,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Money {
    Payment,
    Refund,
    Transfer,
    /// A variant that is about none, of an event that is.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mode {
    Direct,
    Partner,
}

/// A result of classification: an event without variants, or one variant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'c> {
    pub(crate) event: &'c Event,
    pub(crate) variant: Option<&'c Variant>,
}

impl Catalog {
    /// All events, area by area.
    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.areas.iter().flat_map(|area| &area.events)
    }

    /// All entries, area by area.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.events().flat_map(Event::entries)
    }
}

impl Area {
    /// The fields of an object.
    pub(crate) fn object_fields(&self, name: &str) -> &[Field] {
        self.objects.iter().find(|object| object.name == name).map_or(&[], |object| &object.fields)
    }

    /// The field at a dotted path, through lists and JSON in strings; aliases count.
    pub(crate) fn field_at<'c>(&'c self, fields: &'c [Field], path: &str) -> Option<&'c Field> {
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let field = fields.iter().find(|field| field.names().any(|own| own == name))?;
        match (rest, field.ty.innermost()) {
            (None, _) => Some(field),
            (Some(rest), Type::Object(object)) => self.field_at(self.object_fields(object), rest),
            _ => None,
        }
    }
}

impl Event {
    /// Its variants in their order, or itself where it has none.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let itself = self.variants.is_empty().then_some(Entry { event: self, variant: None });
        let variants = self.variants.iter().map(|variant| Entry { event: self, variant: Some(variant) });
        itself.into_iter().chain(variants)
    }
}

impl<'c> Entry<'c> {
    /// The event's full name, with `#VARIANT`.
    pub(crate) fn id(&self) -> String {
        match self.variant {
            Some(variant) => format!("{}#{}", self.event.name, variant.name),
            None => self.event.name.clone(),
        }
    }

    pub(crate) fn fields(&self) -> &'c [Field] {
        self.variant.map_or(&self.event.fields, |variant| &variant.fields)
    }

    pub(crate) fn facts(&self) -> &'c Facts {
        self.variant.map_or(&self.event.facts, |variant| &variant.facts)
    }

    pub(crate) fn key(&self) -> &'c KeyRule {
        self.variant.map_or(&self.event.key, |variant| &variant.key)
    }

    pub(crate) fn older_keys(&self) -> &'c [KeyRule] {
        self.variant.map_or(&self.event.older_keys, |variant| &variant.older_keys)
    }
}

impl Field {
    /// Its name and its aliases.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        [&self.name].into_iter().chain(&self.aliases).map(String::as_str)
    }
}

impl Type {
    /// Element of a list, or content of a JSON string.
    pub(crate) fn innermost(&self) -> &Self {
        match self {
            Self::List(inner) | Self::Json(inner) => inner.innermost(),
            other => other,
        }
    }

    /// The enum or object that it is made of.
    pub(crate) fn named(&self) -> Option<&str> {
        match self.innermost() {
            Self::Enum(name) | Self::Object(name) | Self::Numbered(name) => Some(name),
            _ => None,
        }
    }
}

/// The full name of an event.
pub(crate) fn event_name(protocol: Protocol, event: &str) -> String {
    match protocol {
        Protocol::V2 => format!("v2/{event}"),
        Protocol::V3 => event.to_owned(),
    }
}

/// Where the catalog file of an event stands, from the root.
pub(crate) fn event_file(protocol: Protocol, event: &str) -> String {
    format!("fixtures/catalog/{protocol}/{event}.toml")
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V2 => "v2",
            Self::V3 => "v3",
        })
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "direct",
            Self::Partner => "partner",
        })
    }
}
