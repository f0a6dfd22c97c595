//! The metadata of a business area, which is there whatever features are on.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::conditions::{kind_condition, variant_condition};
use super::text::{HEAD, constant, modes, push, quoted, sentence, string_lists, strings};
use crate::codegen::model::{
    Area, Catalog, Cipher, Entry, Event, Facts, Field, Money, OnChanged, Protocol, Type,
};

/// The module that lists the areas.
pub(super) fn areas(catalog: &Catalog) -> String {
    let mut out = String::from(HEAD);
    for area in &catalog.areas {
        push!(out, "mod {};\n", area.name);
    }
    push!(
        out,
        "\nuse wxhook_wire::{{EventMeta, AnyModel}};

type Area = (&'static [EventMeta], Option<&'static [(&'static str, Option<&'static str>, AnyModel)]>);

/// Each area's events, and the models of them where they are compiled in.
pub(crate) const AREAS: &[Area] = &[\n"
    );
    for area in &catalog.areas {
        let name = &area.name;
        push!(out, "    #[cfg(feature = {name:?})]\n    ({name}::EVENTS, Some(super::{name}::MODELS)),\n");
        push!(out, "    #[cfg(not(feature = {name:?}))]\n    ({name}::EVENTS, None),\n");
    }
    push!(out, "];\n");
    out
}

/// The module of an area.
pub(super) fn area(area: &Area) -> String {
    let mut body = String::new();
    push!(body, "pub(crate) const EVENTS: &[EventMeta] = &[\n");
    for event in &area.events {
        event.entries().for_each(|entry| write_entry(area, entry, &mut body));
        if !event.variants.is_empty() {
            write_entry_of_none(area, event, &mut body);
        }
    }
    push!(body, "];\n");
    for event in &area.events {
        for entry in event.entries() {
            write_fields(&fields_of(entry), entry.fields(), &mut body);
        }
        let type_name = &event.type_name;
        for (of, fields) in [("Envelope", &event.envelope), ("Reply", &event.reply)] {
            if !fields.is_empty() {
                write_fields(&constant(&format!("{type_name}{of}")), fields, &mut body);
            }
        }
    }
    for object in &area.objects {
        write_fields(&constant(&object.name), &object.fields, &mut body);
    }
    for an_enum in &area.enums {
        let values: Vec<_> = an_enum.values.iter().map(|value| value.wire.clone()).collect();
        push!(body, "\nconst {}: &[&str] = {};\n", constant(&an_enum.name), strings(&values));
    }

    let mut used: BTreeSet<&str> = BTreeSet::from(["EventMeta", "FieldMeta", "FieldKind as Kind"]);
    for name in ["Cipher", "ConflictPolicy", "When", "Mode", "Money", "Row"] {
        if body.contains(&format!("{name}::")) {
            used.insert(name);
        }
    }
    let mut out = String::from(HEAD);
    push!(out, "use crate::fields::fields;\n");
    push!(out, "use wxhook_wire::{{{}}};\n\n", used.into_iter().collect::<Vec<_>>().join(", "));
    out + &body
}

fn write_entry(area: &Area, entry: Entry<'_>, out: &mut String) {
    let event = entry.event;
    let (title, doc, type_name, modes_of, rows) = match entry.variant {
        Some(variant) => (&variant.title, &variant.doc, &variant.type_name, &variant.modes, &variant.rows),
        None => (&event.title, &event.doc, &event.type_name, &event.modes, &event.rows),
    };
    write_start(area, event, title, out);
    if let Some(variant) = entry.variant {
        let when = variant
            .when
            .as_ref()
            .map_or("When::Always".to_owned(), |when| variant_condition(area, event, when));
        push!(out, ".variant({}, {when})", quoted(&variant.name));
    }
    push!(out, ".doc({})", quoted(doc));
    push!(out, ".typed_as({:?}, \"{}::{type_name}\")", area.name, area.name);
    write_rules(event, entry.key(), entry.older_keys(), entry.facts(), out);
    if !rows.is_empty() {
        let rows = rows.iter().map(|row| {
            let (edition, title) = (quoted(&row.edition), quoted(&row.title));
            format!("Row::new({edition}, {title}, {}, {:?})", modes(&row.modes), row.fragment)
        });
        push!(out, ".rows({}, &[{}])", modes(modes_of), rows.collect::<Vec<_>>().join(", "));
    }
    push!(out, ".fields({})", fields_of(entry));
    for (method, of, fields) in [("envelope", "Envelope", &event.envelope), ("reply", "Reply", &event.reply)]
    {
        if !fields.is_empty() {
            push!(out, ".{method}({})", constant(&format!("{}{of}", event.type_name)));
        }
    }
    push!(out, ",\n");
}

/// What fits none of an event's variants.
fn write_entry_of_none(area: &Area, event: &Event, out: &mut String) {
    write_start(area, event, &event.title, out);
    write_rules(event, &event.key, &event.older_keys, &event.facts, out);
    push!(out, ".fallback(),\n");
}

fn write_start(area: &Area, event: &Event, title: &str, out: &mut String) {
    let (name, title) = (quoted(&event.name), quoted(title));
    match &event.told_by {
        Some(told_by) => {
            push!(out, "EventMeta::v2({name}, {title}, {})", kind_condition(area, event, told_by));
        }
        None => push!(out, "EventMeta::v3({name}, {title})"),
    }
}

fn write_rules(
    event: &Event,
    key: &[Vec<String>],
    older: &[Vec<Vec<String>>],
    facts: &Facts,
    out: &mut String,
) {
    if !key.is_empty() {
        push!(out, ".key({})", string_lists(key));
    }
    if !older.is_empty() {
        let older: Vec<_> = older.iter().map(|rule| string_lists(rule)).collect();
        push!(out, ".older_keys(&[{}])", older.join(", "));
    }
    if let Some(new) = &event.renamed_to {
        push!(out, ".renamed_to({})", quoted(new));
    }
    push!(
        out,
        ".on_changed({})",
        match event.on_changed {
            OnChanged::Park => "ConflictPolicy::Park",
            OnChanged::Deliver => "ConflictPolicy::Deliver",
        }
    );
    if facts.schedule != "standard" {
        push!(out, ".schedule({})", quoted(&facts.schedule));
    }
    if event.was_unknown {
        push!(out, ".was_unknown()");
    }
    if let Some(deadline) = event.deadline_ms {
        push!(out, ".deadline_ms({deadline})");
    }
    match facts.money {
        Some(Money::Payment) => push!(out, ".money(Money::Payment)"),
        Some(Money::Refund) => push!(out, ".money(Money::Refund)"),
        Some(Money::Transfer) => push!(out, ".money(Money::Transfer)"),
        Some(Money::None) | None => {}
    }
    if let Some(merchants) = &facts.merchants {
        push!(out, ".merchants({})", strings(merchants));
    }
    if !facts.contradictions.is_empty() {
        let pairs = facts.contradictions.iter();
        let pairs = pairs.map(|(path, values)| format!("({}, {})", quoted(path), strings(values)));
        push!(out, ".contradictions(&[{}])", pairs.collect::<Vec<_>>().join(", "));
    }
    match (event.protocol, event.cipher) {
        (Protocol::V2, Cipher::AesEcb) => push!(out, ".cipher(Cipher::AesEcb)"),
        (Protocol::V2, Cipher::AesGcm) => push!(out, ".cipher(Cipher::AesGcm)"),
        (Protocol::V3, Cipher::None) => push!(out, ".cipher(Cipher::None)"),
        _ => {}
    }
    match (event.question, event.reply_is_signed) {
        (true, true) => push!(out, ".signed_question()"),
        (true, false) => push!(out, ".question()"),
        _ => {}
    }
}

/// The constant with an entry's fields. An object may be called like an event.
fn fields_of(entry: Entry<'_>) -> String {
    let type_name = entry.variant.map_or(&entry.event.type_name, |variant| &variant.type_name);
    format!("{}_FIELDS", constant(type_name))
}

fn write_fields(name: &str, fields: &[Field], out: &mut String) {
    push!(out, "\nconst {name}: &[FieldMeta] = fields! {{\n");
    for field in fields {
        push!(out, "    /// {}\n", sentence(field));
        push!(out, "    {:?} => {}", field.name, kind(&field.ty));
        if field.required {
            push!(out, ", required()");
        }
        if !field.aliases.is_empty() {
            push!(out, ", aliases({})", strings(&field.aliases));
        }
        if !field.values.is_empty() {
            push!(out, ", values({})", strings(&field.values));
        }
        for (method, text) in [("format", &field.format), ("unit", &field.unit)] {
            if let Some(text) = text {
                push!(out, ", {method}({text:?})");
            }
        }
        push!(out, ";\n");
    }
    push!(out, "}};\n");
}

fn kind(ty: &Type) -> String {
    match ty {
        Type::String => "Kind::String".to_owned(),
        Type::Integer => "Kind::Integer".to_owned(),
        Type::Fen => "Kind::Fen".to_owned(),
        Type::Boolean => "Kind::Boolean".to_owned(),
        Type::Number => "Kind::Number".to_owned(),
        Type::Time => "Kind::Time".to_owned(),
        Type::YesNo => "Kind::YesNo".to_owned(),
        Type::Encrypted => "Kind::Encrypted".to_owned(),
        Type::Enum(name) => format!("Kind::Enum({})", constant(name)),
        Type::Object(name) => format!("Kind::Object({})", constant(name)),
        Type::List(inner) => format!("Kind::List(&{})", kind(inner)),
        Type::Json(inner) => format!("Kind::Json(&{})", kind(inner)),
        Type::Numbered(name) => format!("Kind::Numbered({})", constant(name)),
    }
}
