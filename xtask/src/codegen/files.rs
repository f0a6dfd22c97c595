//! The catalog files as they are written. `fixtures/catalog/README.md` says what each field means.

use std::collections::BTreeMap;
use std::fmt;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, Visitor};

use super::fault::Fault;
use super::input::{CATALOG, GLOSSARY, Sources};
use super::model::{Cipher, KeyRule, Money, OnChanged, Protocol};

/// All catalog files.
#[derive(Debug)]
pub(crate) struct Files {
    /// Files by their stems.
    pub(crate) areas: BTreeMap<String, AreaFile>,
    /// Files by their paths from the root.
    pub(crate) events: BTreeMap<String, EventFile>,
    /// Field name to sentence.
    pub(crate) glossary: IndexMap<String, String>,
}

/// `areas/<area>.toml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AreaFile {
    pub(crate) title: String,
    pub(crate) doc: String,
    #[serde(default, rename = "enum")]
    pub(crate) enums: IndexMap<String, EnumTable>,
    #[serde(default, rename = "object")]
    pub(crate) objects: IndexMap<String, ObjectTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnumTable {
    pub(crate) doc: String,
    pub(crate) values: IndexMap<String, ValueEntry>,
}

/// Its doc, or `{ name = "RustName", doc = "…" }`.
#[derive(Debug)]
pub(crate) struct ValueEntry {
    pub(crate) name: Option<String>,
    pub(crate) doc: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ObjectTable {
    pub(crate) doc: String,
    pub(crate) fields: Fields,
}

/// `v2/<name>.toml` and `v3/<EVENT>.toml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventFile {
    pub(crate) event: String,
    pub(crate) protocol: Protocol,
    pub(crate) area: String,
    #[serde(rename = "type")]
    pub(crate) type_name: String,
    pub(crate) doc: String,
    pub(crate) title: Option<String>,
    pub(crate) cipher: Cipher,
    pub(crate) schedule: Option<String>,
    pub(crate) on_changed: OnChanged,
    pub(crate) key: KeyRule,
    #[serde(default)]
    pub(crate) older_keys: Vec<KeyRule>,
    pub(crate) renamed_to: Option<String>,
    /// v2: its notifications were once of no known kind.
    #[serde(default)]
    pub(crate) was_unknown: bool,
    pub(crate) deadline_ms: Option<u32>,
    pub(crate) money: Option<Money>,
    pub(crate) merchants: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) contradictions: Contradictions,
    #[serde(default)]
    pub(crate) question: bool,
    #[serde(default)]
    pub(crate) reply_is_signed: bool,
    pub(crate) identified_by: Option<When>,
    pub(crate) order: Option<u32>,
    #[serde(default)]
    pub(crate) fields: Fields,
    #[serde(default)]
    pub(crate) envelope: Fields,
    #[serde(default)]
    pub(crate) reply: Fields,
    #[serde(default, rename = "variant")]
    pub(crate) variants: Vec<VariantTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VariantTable {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) type_name: String,
    pub(crate) doc: String,
    pub(crate) title: Option<String>,
    pub(crate) when: Option<When>,
    pub(crate) key: Option<KeyRule>,
    pub(crate) older_keys: Option<Vec<KeyRule>>,
    pub(crate) schedule: Option<String>,
    pub(crate) money: Option<Money>,
    pub(crate) merchants: Option<Vec<String>>,
    pub(crate) contradictions: Option<Contradictions>,
    pub(crate) confidence: Option<String>,
    pub(crate) fields: Fields,
}

/// Values that contradict the event, by paths of fields.
pub(crate) type Contradictions = BTreeMap<String, Vec<String>>;

/// In the order of the file.
pub(crate) type Fields = IndexMap<String, FieldTable>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldTable {
    #[serde(rename = "type")]
    pub(crate) type_name: String,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) alias: Vec<String>,
    #[serde(default)]
    pub(crate) values: Vec<String>,
    pub(crate) format: Option<String>,
    pub(crate) unit: Option<String>,
    pub(crate) doc: Option<String>,
}

/// A condition over a notification. Paths are dotted.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum When {
    All(Vec<When>),
    Any(Vec<When>),
    Present(String),
    Equals(String, String),
    EnvelopePresent(String),
    EnvelopeEquals(String, String),
}

impl Files {
    /// Reads them all.
    pub(crate) fn parse(sources: &Sources) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut areas = BTreeMap::new();
        for (path, text) in sources.under(&format!("{CATALOG}/areas/")) {
            let name = path.rsplit('/').next().and_then(|file| file.strip_suffix(".toml")).unwrap_or(path);
            keep(parse(path, text), &mut faults, |area| areas.insert(name.to_owned(), area));
        }
        let mut events = BTreeMap::new();
        for folder in [Protocol::V2, Protocol::V3] {
            for (path, text) in sources.under(&format!("{CATALOG}/{folder}/")) {
                keep(parse(path, text), &mut faults, |event| events.insert(path.to_owned(), event));
            }
        }
        let mut glossary = IndexMap::new();
        if let Some(text) = sources.get(GLOSSARY) {
            keep(parse(GLOSSARY, text), &mut faults, |lines| glossary = lines);
        }
        if faults.is_empty() { Ok(Self { areas, events, glossary }) } else { Err(faults) }
    }
}

fn keep<T, R>(parsed: Result<T, Fault>, faults: &mut Vec<Fault>, to: impl FnOnce(T) -> R) {
    match parsed {
        Ok(parsed) => drop(to(parsed)),
        Err(fault) => faults.push(fault),
    }
}

fn parse<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, Fault> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let what = error.message().lines().collect::<Vec<_>>().join("; ");
        Fault::new(format!("{path}:{line}"), what, format!("{CATALOG}/README.md describes the format"))
    })
}

impl<'de> Deserialize<'de> for ValueEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DocOrTable;

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            name: String,
            doc: String,
        }

        impl<'de> Visitor<'de> for DocOrTable {
            type Value = ValueEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(r#"a sentence, or { name = "RustName", doc = "…" }"#)
            }

            fn visit_str<E: Error>(self, doc: &str) -> Result<ValueEntry, E> {
                Ok(ValueEntry { name: None, doc: doc.to_owned() })
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<ValueEntry, A::Error> {
                let table = Table::deserialize(MapAccessDeserializer::new(table))?;
                Ok(ValueEntry { name: Some(table.name), doc: table.doc })
            }
        }

        deserializer.deserialize_any(DocOrTable)
    }
}

#[cfg(test)]
mod tests;
