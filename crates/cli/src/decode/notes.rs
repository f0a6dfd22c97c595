//! Differences of a resource from its documents.

use std::fmt;

use serde::Serialize;
use wxhook_wire::json::{Doc, Kind, Value};
use wxhook_wire::{EventMeta, FieldKind, FieldMeta};

use crate::catalog::{documented_fields, documented_values, is_named};

/// Maximum number of notes; a resource with more is another event's.
const MAX_NOTES: usize = 100;
/// Maximum length of a printed path in characters.
const MAX_NAME: usize = 160;

const UNDOCUMENTED: &str = "in no document";
const MISSING: &str = "missing or empty, although documented as always there";

/// A note on one field. It names the field, never its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Note {
    at: String,
    what: &'static str,
}

impl Note {
    pub(super) fn new(at: &str, what: &'static str) -> Self {
        Self { at: at.to_owned(), what }
    }

    pub(super) fn is_undocumented(&self) -> bool {
        self.what == UNDOCUMENTED
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() {
            f.write_str(self.what)
        } else {
            write!(f, "{}: {}", printable(&self.at), self.what)
        }
    }
}

/// Escapes and truncates a name of unknown origin.
fn printable(name: &str) -> String {
    let escaped = name.escape_debug().to_string();
    match escaped.char_indices().nth(MAX_NAME) {
        Some((end, _)) => escaped.get(..end).unwrap_or_default().to_owned() + "…",
        None => escaped,
    }
}

/// Returns the differences of a resource from the catalog; at most [`MAX_NOTES`], and one that says so.
///
/// `is_alone` means that only the decrypted content of a v2 notification was given.
pub(super) fn notes(meta: &EventMeta, resource: &str, is_alone: bool) -> Vec<Note> {
    let mut notes = Vec::new();
    let Ok(doc) = Doc::parse(resource) else { return notes };
    match meta.hidden() {
        Some((_, opened)) if is_alone => {
            doc.root()
                .get(opened)
                .into_iter()
                .for_each(|content| object(content, meta.fields, opened, &mut notes));
        }
        _ => object(doc.root(), &documented_fields(meta), "", &mut notes),
    }
    if notes.len() > MAX_NOTES {
        notes.truncate(MAX_NOTES);
        notes.push(Note::new("", "and more"));
    }
    notes
}

/// Returns the paths of the documented required fields that a record's resource lacks.
pub(crate) fn missing(meta: &EventMeta, resource: &str) -> Vec<String> {
    let missing = notes(meta, resource, false).into_iter().filter(|note| note.what == MISSING);
    missing.map(|note| printable(&note.at)).collect()
}

fn object(value: Value<'_>, fields: &[FieldMeta], path: &str, notes: &mut Vec<Note>) {
    if notes.len() > MAX_NOTES {
        return;
    }
    for (name, member) in value.entries() {
        let at = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
        match fields.iter().find(|field| is_named(field, &name)) {
            None => notes.push(Note { at, what: UNDOCUMENTED }),
            Some(field) if !member.is_blank() => {
                of_kind(member, &field.kind, documented_values(field), &at, notes)
            }
            Some(_) => {}
        }
    }
    for field in fields.iter().filter(|field| field.required) {
        let is_there = |name: &str| value.get(name).is_some_and(|member| !member.is_blank());
        if !std::iter::once(&field.name).chain(field.aliases).any(|name| is_there(name)) {
            let at = if path.is_empty() { field.name.to_owned() } else { format!("{path}.{}", field.name) };
            notes.push(Note { at, what: MISSING });
        }
    }
}

fn of_kind(value: Value<'_>, kind: &FieldKind, values: &[&str], at: &str, notes: &mut Vec<Note>) {
    match (kind, value.kind()) {
        (FieldKind::List(inner), Kind::Array) => {
            for (index, item) in value.items().enumerate() {
                of_kind(item, inner, values, &format!("{at}[{index}]"), notes);
            }
        }
        (FieldKind::List(inner), _) => {
            notes.push(Note { at: at.to_owned(), what: "alone, although documented as a list" });
            of_kind(value, inner, values, at, notes);
        }
        (FieldKind::Object(fields), Kind::Object) => object(value, fields, at, notes),
        (FieldKind::Object(fields), Kind::Array) => {
            notes.push(Note { at: at.to_owned(), what: "in a list, although documented alone" });
            value.items().for_each(|item| object(item, fields, at, notes));
        }
        (FieldKind::Json(inner), Kind::String | Kind::EscapedString) => {
            let text = value.text().unwrap_or_default();
            match Doc::parse(&text) {
                Ok(doc) => of_kind(doc.root(), inner, values, at, notes),
                Err(_) => notes.push(Note { at: at.to_owned(), what: "not JSON, although documented so" }),
            }
        }
        (FieldKind::Enum(_), _) if value.text().is_some_and(|text| !values.contains(&&*text)) => {
            notes.push(Note { at: at.to_owned(), what: "a value that no document names" });
        }
        _ => {}
    }
}
