//! Catalog entries as JSON.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use wxhook_simulator::example;
use wxhook_wire::{Catalog, EventMeta, FieldKind, FieldMeta};

/// Returns an entry.
pub(super) fn entry(meta: &EventMeta) -> Value {
    json!({
        "protocol": meta.protocol,
        "event_type": meta.name,
        "variant": meta.variant,
        "title": meta.title,
        "modes": meta.modes,
        "schedule": meta.schedule,
        "key": meta.key.alternatives,
        "rows": meta.rows,
        "doc": meta.doc,
        "area": meta.area,
        "type": meta.type_name,
        "cipher": meta.cipher.as_str(),
        "on_changed": meta.on_changed.as_str(),
        "question": meta.question,
        "reply_is_signed": meta.reply_is_signed,
        "renamed_to": meta.key.name,
        "typed": meta.model.is_some(),
    })
}

/// An entry with its fields and an example of its resource, whose tokens are kept.
#[derive(Serialize)]
pub(super) struct Detailed {
    #[serde(flatten)]
    entry: Value,
    example: Option<Box<RawValue>>,
}

impl Detailed {
    pub(super) fn new(meta: &EventMeta, catalog: &dyn Catalog) -> Self {
        let mut entry = entry(meta);
        for (name, of) in [("fields", meta.fields), ("envelope", meta.envelope), ("reply", meta.reply)] {
            if let Some(entry) = entry.as_object_mut() {
                entry.insert(name.to_owned(), fields(of));
            }
        }
        Self { entry, example: RawValue::from_string(example(meta, catalog)).ok() }
    }
}

fn fields(fields: &[FieldMeta]) -> Value {
    let field = |field: &FieldMeta| {
        json!({
            "name": field.name,
            "type": kind(&field.kind),
            "required": field.required,
            "aliases": field.aliases,
            "values": values(field),
            "format": field.format,
            "unit": field.unit,
            "doc": field.doc,
            "fields": self::fields(field.kind.fields()),
        })
    };
    fields.iter().map(field).collect()
}

/// Returns the documented values of a field.
pub(crate) fn values(field: &FieldMeta) -> &'static [&'static str] {
    fn of(kind: &FieldKind) -> &'static [&'static str] {
        match kind {
            FieldKind::Enum(values) => values,
            FieldKind::List(kind) => of(kind),
            _ => &[],
        }
    }
    if field.values.is_empty() { of(&field.kind) } else { field.values }
}

/// Returns the type of a field, as the catalog files name it.
pub(super) fn kind(kind: &FieldKind) -> String {
    match kind {
        FieldKind::String => "string".to_owned(),
        FieldKind::Integer => "integer".to_owned(),
        FieldKind::Fen => "fen".to_owned(),
        FieldKind::Boolean => "boolean".to_owned(),
        FieldKind::Number => "number".to_owned(),
        FieldKind::Time => "time".to_owned(),
        FieldKind::YesNo => "yes-no".to_owned(),
        FieldKind::Encrypted => "encrypted".to_owned(),
        FieldKind::Enum(_) => "enum".to_owned(),
        FieldKind::Object(_) => "object".to_owned(),
        FieldKind::Numbered(_) => "numbered".to_owned(),
        FieldKind::List(inner) => format!("[{}]", self::kind(inner)),
        FieldKind::Json(inner) => format!("json {}", self::kind(inner)),
        _ => "other".to_owned(),
    }
}
