//! Entries as JSON.

use serde::Serialize;
use serde_json::value::RawValue;
use wxhook_simulator::example;
use wxhook_wire::{Catalog, Cipher, ConflictPolicy, EventMeta, FieldKind, FieldMeta, Mode, Protocol, Row};

/// One event, or one variant of it.
#[derive(Serialize)]
pub(super) struct Entry {
    protocol: Protocol,
    event_type: &'static str,
    variant: Option<&'static str>,
    title: &'static str,
    modes: &'static [Mode],
    schedule: &'static str,
    key: &'static [&'static [&'static str]],
    rows: &'static [Row],
    doc: &'static str,
    area: &'static str,
    #[serde(rename = "type")]
    type_name: &'static str,
    cipher: &'static str,
    on_changed: &'static str,
    question: bool,
    reply_is_signed: bool,
    renamed_to: Option<&'static str>,
    typed: bool,
}

impl Entry {
    pub(super) fn of(meta: &EventMeta) -> Self {
        Self {
            protocol: meta.protocol,
            event_type: meta.name,
            variant: meta.variant,
            title: meta.title,
            modes: meta.modes,
            schedule: meta.schedule,
            key: meta.key.alternatives,
            rows: meta.rows,
            doc: meta.doc,
            area: meta.area,
            type_name: meta.type_name,
            cipher: match meta.cipher {
                Cipher::AesGcm => "aes-gcm",
                Cipher::AesEcb => "aes-ecb",
                _ => "none",
            },
            on_changed: on_changed(meta),
            question: meta.question,
            reply_is_signed: meta.reply_is_signed,
            renamed_to: meta.key.name,
            typed: meta.model.is_some(),
        }
    }
}

/// What happens to other content under a known key.
pub(super) fn on_changed(meta: &EventMeta) -> &'static str {
    match meta.on_changed {
        ConflictPolicy::Park => "park",
        _ => "deliver",
    }
}

/// An entry with its fields and an example of its resource.
#[derive(Serialize)]
pub(super) struct Detailed {
    #[serde(flatten)]
    entry: Entry,
    fields: Vec<Field>,
    envelope: Vec<Field>,
    reply: Vec<Field>,
    example: Option<Box<RawValue>>,
}

impl Detailed {
    pub(super) fn of(meta: &EventMeta, catalog: &dyn Catalog) -> Self {
        Self {
            entry: Entry::of(meta),
            fields: fields(meta.fields),
            envelope: fields(meta.envelope),
            reply: fields(meta.reply),
            example: RawValue::from_string(example(meta, catalog)).ok(),
        }
    }
}

#[derive(Serialize)]
struct Field {
    name: &'static str,
    #[serde(rename = "type")]
    kind: String,
    required: bool,
    aliases: &'static [&'static str],
    values: &'static [&'static str],
    format: Option<&'static str>,
    unit: Option<&'static str>,
    doc: &'static str,
    fields: Vec<Field>,
}

fn fields(fields: &'static [FieldMeta]) -> Vec<Field> {
    let field = |field: &'static FieldMeta| Field {
        name: field.name,
        kind: kind(&field.kind),
        required: field.required,
        aliases: field.aliases,
        values: values(field),
        format: field.format,
        unit: field.unit,
        doc: field.doc,
        fields: self::fields(field.kind.fields()),
    };
    fields.iter().map(field).collect()
}

/// The values that the documents name.
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

/// What a field is, as the catalog files call it.
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
