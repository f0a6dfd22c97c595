//! A second reading of the key rules: from the catalog's own files, without the code that makes keys.

use std::fs;
use std::path::Path;

use serde_json::Value;
use toml::Table;

/// An event's variant, as a file of `fixtures/catalog` has it.
#[derive(Debug)]
pub(super) struct Fact {
    name: String,
    variant: Option<String>,
    /// The flags of its records.
    pub(super) flags: &'static [&'static str],
    /// The member of a record's resource that keys are about; `None` for the resource itself.
    subject: Option<&'static str>,
    /// The name that its keys carry.
    filed_as: String,
    alternatives: Vec<Vec<String>>,
}

/// All of them.
pub(super) fn read() -> Vec<Fact> {
    let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/catalog");
    let files = ["v2", "v3"].iter().flat_map(|protocol| fs::read_dir(catalog.join(protocol)).unwrap());
    files
        .flat_map(|file| facts(&fs::read_to_string(file.unwrap().path()).unwrap().parse::<Table>().unwrap()))
        .collect()
}

fn facts(event: &Table) -> Vec<Fact> {
    let text = |key: &str| event.get(key).and_then(|value| value.as_str());
    let is_v2 = text("protocol") == Some("v2");
    let full = |name: &str| if is_v2 { format!("v2/{name}") } else { name.to_owned() };
    let name = text("event").unwrap();
    let (subject, flags): (_, &[&str]) = match text("cipher").unwrap() {
        "aes-ecb" => (Some("req_info"), &["unsigned"]),
        "aes-gcm" if is_v2 => (Some("event"), &[]),
        // The server has a sink, and no handler that answers.
        _ if event.contains_key("question") => (None, &["unanswered"]),
        _ => (None, &[]),
    };
    let fact = |variant: Option<&Table>| Fact {
        name: full(name),
        variant: variant.map(|variant| variant["name"].as_str().unwrap().to_owned()),
        flags,
        subject,
        filed_as: full(text("renamed_to").unwrap_or(name)),
        alternatives: variant
            .and_then(|variant| variant.get("key"))
            .unwrap_or(&event["key"])
            .clone()
            .try_into()
            .unwrap(),
    };
    match event.get("variant").and_then(|variants| variants.as_array()) {
        Some(variants) => variants.iter().map(|variant| fact(variant.as_table())).collect(),
        None => vec![fact(None)],
    }
}

impl Fact {
    /// The event's name, and the variant's.
    pub(super) fn name(&self) -> (String, Option<String>) {
        (self.name.clone(), self.variant.clone())
    }

    /// Where a merchant's record is filed. `id` is the notification's, `create_time` stands in its envelope.
    pub(super) fn key(&self, merchant: &str, resource: &Value, id: &str, create_time: &Value) -> String {
        let subject = self.subject.map_or(resource, |member| &resource[member]);
        let found = |component: &str| match component {
            "@create_time" => text(create_time),
            "@id" => Some(id.to_owned()),
            path => text(path.split('.').fold(subject, |value, name| &value[name])),
        };
        let complete = |components: &Vec<String>| {
            let mut parts = Vec::new();
            for component in components {
                let names = component.trim_end_matches('?');
                let names = names.strip_prefix('#').unwrap_or(names);
                match names.split('|').find_map(|name| Some((name, found(name)?))) {
                    Some((name, text)) => parts.push((name, encoded(&text), component.starts_with('#'))),
                    None if component.ends_with('?') => {}
                    None => return None,
                }
            }
            let clear = parts.iter().map(|(name, text, _)| format!("/{name}={text}")).collect::<String>();
            let clear = format!("{merchant}/{}{clear}", self.filed_as);
            let shown = |(name, text, is_hidden): &(&str, String, bool)| {
                if !is_hidden {
                    return format!("{name}={text}");
                }
                let hash = sha256(&format!("{clear}#{name}"));
                format!("{name}.hash={}", &hash[..16])
            };
            Some(parts.iter().map(shown).collect::<Vec<_>>().join("/"))
        };
        let file = self.alternatives.iter().find_map(complete).unwrap_or_else(|| match self.subject {
            _ if !self.name.starts_with("v2/") => format!("@id={}", encoded(id)),
            Some(_) => format!("@fingerprint={}", digest(subject)),
            None => panic!("{self:?}: no key"),
        });
        format!("{merchant}/{}/{file}", self.filed_as)
    }
}

/// A scalar that is there and isn't empty.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// Letters, digits, `-`, `.` and `_` stay as they are.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// SHA-256 of an object with its members sorted, as serde_json writes it; hex.
fn digest(object: &Value) -> String {
    sha256(&object.to_string())
}

fn sha256(text: &str) -> String {
    wxhook_crypto::sha256(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
