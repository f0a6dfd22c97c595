//! The module of a business area: its types, and the metadata of its events.

use std::fmt::Write as _;

use super::conditions::{kind_condition, variant_condition};
use super::{HEAD, constant, modes, old_name, push, quoted, sentence, string_lists, strings};
use crate::codegen::model::{
    Area, Cipher, Entry, Enum, Event, Facts, Field, Money, Object, OnChanged, Protocol, Type,
};
use crate::codegen::names;

/// Writes the module of an area. Its metadata are there whatever features are on.
pub(super) fn area(area: &Area) -> String {
    let mut body = String::from("pub(crate) const EVENTS: &[EventMeta] = &[\n");
    for event in &area.events {
        event.entries().for_each(|entry| write_entry(area, entry, &mut body));
        if !event.variants.is_empty() {
            push!(body, "{}.fallback(),\n", constant(&event.type_name));
        }
    }
    body.push_str("];\n\n");
    for event in &area.events {
        if !event.variants.is_empty() {
            let base = base(area, event, &event.title);
            let own = properties(event, &event.key, &event.older_keys, &event.facts);
            let own = differing(own, &defaults(event));
            let name = constant(&event.type_name);
            push!(body, "const {name}: EventMeta = EventMeta {{ {own} ..{base} }};\n\n");
        }
        if !event.envelope.is_empty() {
            push!(
                body,
                "wxhook_wire::model! {{\n    #![cfg(any())]\n    struct {}Envelope {{\n",
                event.type_name
            );
            write_fields(&event.envelope, &mut body);
            body.push_str("    }\n}\n\n");
        }
    }
    push!(body, "area! {{\n{:?};\n\n", area.name);
    for event in &area.events {
        write_event(event, &mut body);
    }
    let is_v2 = area.events.iter().any(|event| event.protocol == Protocol::V2);
    for object in &area.objects {
        let as_text = is_v2 && !is_in_json(area, object);
        write_model(&object.name, std::slice::from_ref(&object.doc), &object.fields, as_text, &mut body);
    }
    for an_enum in &area.enums {
        write_enum(an_enum, &mut body);
    }
    body = body.trim_end().to_owned() + "\n}\n";

    let used = |names: &[(&'static str, &str)]| {
        let used = names.iter().filter(|(_, marker)| body.contains(marker)).map(|(name, _)| *name);
        used.collect::<Vec<_>>().join(", ")
    };
    let mut out = String::from(HEAD);
    push!(out, "//! {}\n\nuse crate::any_event::area;\n", area.doc);
    let of_model = used(&[
        ("Ciphertext", "Ciphertext"),
        ("Json", "Json<"),
        ("ModelMeta", "::FIELDS"),
        ("Number", ": Number"),
        ("YesNo", ": YesNo"),
    ]);
    if !of_model.is_empty() {
        push!(out, "use wxhook_wire::model::{{{of_model}}};\n");
    }
    let of_wire = [
        ("Cipher", "Cipher::"),
        ("ConflictPolicy", "ConflictPolicy::"),
        ("EventMeta", "EventMeta"),
        ("Fen", ": Fen"),
        ("KeyRule", "KeyRule"),
        ("Mode", "Mode::"),
        ("Money", "Money::"),
        ("Row", "Row::"),
        ("Time", ": Time"),
        ("When", "When::"),
    ];
    push!(out, "use wxhook_wire::{{{}}};\n\n", used(&of_wire));
    out + &body
}

fn write_entry(area: &Area, entry: Entry<'_>, out: &mut String) {
    let event = entry.event;
    let own = properties(event, entry.key(), entry.older_keys(), entry.facts());
    let (title, doc, type_name, entry_modes, rows) = match entry.variant {
        Some(variant) => (&variant.title, &variant.doc, &variant.type_name, &variant.modes, &variant.rows),
        None => (&event.title, &event.doc, &event.type_name, &event.modes, &event.rows),
    };
    push!(out, "EventMeta {{ type_name: \"{}::{type_name}\", doc: {}, ", area.name, quoted(doc));
    let base = match entry.variant {
        Some(variant) => {
            let event_own = properties(event, &event.key, &event.older_keys, &event.facts);
            if *title != event.title {
                push!(out, "title: {}, ", quoted(title));
            }
            out.push_str(&differing(own, &event_own));
            let when = variant.when.as_ref();
            let when = when.map_or("When::Always".to_owned(), |when| variant_condition(area, event, when));
            format!("{}.variant({}, {when})", constant(&event.type_name), quoted(&variant.name))
        }
        None => {
            out.push_str(&differing(own, &defaults(event)));
            base(area, event, title)
        }
    };
    if !rows.is_empty() {
        let rows = rows.iter().map(|row| {
            let (edition, title) = (quoted(&row.edition), quoted(&row.title));
            format!("Row::new({edition}, {title}, {}, {:?})", modes(&row.modes), row.fragment)
        });
        let rows = rows.collect::<Vec<_>>().join(", ");
        push!(out, "modes: {}, rows: &[{rows}], ", modes(entry_modes));
    }
    if !event.envelope.is_empty() {
        push!(out, "fields: {type_name}Content::FIELDS, envelope: {}Envelope::FIELDS, ", event.type_name);
    }
    if !event.reply.is_empty() {
        push!(out, "reply: {}Reply::FIELDS, ", event.type_name);
    }
    push!(out, "..{base}.typed::<{type_name}>({:?}) }},\n", area.name);
}

fn base(area: &Area, event: &Event, title: &str) -> String {
    let (name, title) = (quoted(&event.name), quoted(title));
    match &event.identified_by {
        Some(when) => format!("EventMeta::v2({name}, {title}, {})", kind_condition(area, event, when)),
        None => format!("EventMeta::v3({name}, {title})"),
    }
}

type Properties = [(&'static str, String); 10];

/// Returns the properties that variants may override, as Rust.
fn properties(event: &Event, key: &[Vec<String>], older: &[Vec<Vec<String>>], facts: &Facts) -> Properties {
    let option = |text: Option<String>| text.map_or("None".to_owned(), |text| format!("Some({text})"));
    let mut rule = format!("KeyRule::new({})", string_lists(key));
    let mut more = String::new();
    if !older.is_empty() {
        let older: Vec<_> = older.iter().map(|rule| string_lists(rule)).collect();
        push!(more, "older: &[{}], ", older.join(", "));
    }
    if let Some(new) = &event.renamed_to {
        push!(more, "name: Some({}), ", quoted(new));
    }
    if event.was_unknown {
        more.push_str("was_unknown: true, ");
    }
    if !more.is_empty() {
        rule = format!("KeyRule {{ {more}..{rule} }}");
    }
    let contradictions = facts.contradictions.iter();
    let contradictions =
        contradictions.map(|(path, values)| format!("({}, {})", quoted(path), strings(values)));
    let money = facts.money.filter(|money| *money != Money::None).map(|money| format!("Money::{money:?}"));
    let merchants = facts.merchants.as_ref().map(|merchants| strings(merchants));
    [
        ("key", rule),
        ("on_changed", format!("ConflictPolicy::{:?}", event.on_changed)),
        ("schedule", quoted(&facts.schedule)),
        ("deadline_ms", option(event.deadline_ms.map(|deadline| deadline.to_string()))),
        ("money", option(money)),
        ("merchants", merchants.unwrap_or_else(|| "EventMeta::MERCHANTS".to_owned())),
        ("contradictions", format!("&[{}]", contradictions.collect::<Vec<_>>().join(", "))),
        ("cipher", format!("Cipher::{:?}", event.cipher)),
        ("question", event.question.to_string()),
        ("reply_is_signed", event.reply_is_signed.to_string()),
    ]
}

/// Returns the properties of a new event of this protocol.
fn defaults(event: &Event) -> Properties {
    let (on_changed, cipher) = match event.protocol {
        Protocol::V2 => (OnChanged::Park, Cipher::None),
        Protocol::V3 => (OnChanged::Deliver, Cipher::AesGcm),
    };
    [
        ("key", "KeyRule::new(&[])".to_owned()),
        ("on_changed", format!("ConflictPolicy::{on_changed:?}")),
        ("schedule", quoted("standard")),
        ("deadline_ms", "None".to_owned()),
        ("money", "None".to_owned()),
        ("merchants", "EventMeta::MERCHANTS".to_owned()),
        ("contradictions", "&[]".to_owned()),
        ("cipher", format!("Cipher::{cipher:?}")),
        ("question", "false".to_owned()),
        ("reply_is_signed", "false".to_owned()),
    ]
}

fn differing(own: Properties, base: &Properties) -> String {
    let differing = own.into_iter().zip(base).filter(|(own, base)| own != *base);
    differing.map(|((name, value), _)| format!("{name}: {value}, ")).collect()
}

/// Returns whether an object of XML comes in JSON, where scalars aren't all strings.
fn is_in_json(area: &Area, object: &Object) -> bool {
    fn reaches(area: &Area, ty: &Type, within: bool, object: &Object) -> bool {
        match ty {
            Type::Json(inner) => reaches(area, inner, true, object),
            Type::List(inner) => reaches(area, inner, within, object),
            Type::Object(name) => {
                let fields = area.object_fields(name);
                (within && *name == object.name)
                    || fields.iter().any(|field| reaches(area, &field.ty, within, object))
            }
            _ => false,
        }
    }
    area.events.iter().any(|event| {
        let variants = event.variants.iter().flat_map(|variant| &variant.fields);
        let mut fields = event.fields.iter().chain(variants).chain(&event.envelope);
        fields.any(|field| reaches(area, &field.ty, false, object))
    })
}

fn write_event(event: &Event, out: &mut String) {
    let named = |id: &str, doc: &str| {
        let mut lines = vec![format!("`{id}`: {doc}")];
        lines.extend(Some(old_name(event).trim_start().to_owned()).filter(|line| !line.is_empty()));
        lines
    };
    let name = quoted(&event.name);
    if event.variants.is_empty() {
        write_notification(event, &event.type_name, &named(&event.name, &event.doc), &event.fields, out);
        push!(out, "event! {{ {} = {name} }}\n\n", event.type_name);
    } else {
        push!(out, "variants! {{\n");
        for line in separated(&named(&event.name, &event.doc)) {
            push!(out, "    ///{line}\n");
        }
        push!(out, "    pub enum {} = {name} {{\n", event.type_name);
        for variant in &event.variants {
            push!(out, "        /// {}\n", variant.doc);
            push!(out, "        {}({}),\n", names::upper_camel(&variant.name), variant.type_name);
        }
        push!(out, "    }}\n}}\n\n");
        for variant in &event.variants {
            let doc = named(&format!("{}#{}", event.name, variant.name), &variant.doc);
            write_notification(event, &variant.type_name, &doc, &variant.fields, out);
            push!(out, "event! {{ {} = {name} # {} }}\n\n", variant.type_name, quoted(&variant.name));
        }
    }
    if !event.reply.is_empty() {
        let doc = [format!("The data of the reply to [`{}`].", event.type_name)];
        write_model(&format!("{}Reply", event.type_name), &doc, &event.reply, false, out);
    }
}

/// Writes the model of a resource. The hidden content of v2 comes decrypted among the fields around it.
fn write_notification(event: &Event, type_name: &str, doc: &[String], fields: &[Field], out: &mut String) {
    let as_text = event.protocol == Protocol::V2;
    let Some((hidden, opened)) = hidden(event) else {
        return write_model(type_name, doc, fields, as_text, out);
    };
    let content = format!("{type_name}Content");
    let around = event.envelope.iter().map(|field| {
        let mut field = field.clone();
        if field.name == hidden {
            field.name = opened.to_owned();
            field.doc = "The decrypted content.".to_owned();
            field.ty = Type::Object(content.clone());
        }
        field
    });
    write_model(type_name, doc, &around.collect::<Vec<_>>(), true, out);
    let content_doc = [format!("The hidden content of a [`{type_name}`].")];
    write_model(&content, &content_doc, fields, true, out);
}

/// Returns the field that hides the content, and its name once decrypted.
fn hidden(event: &Event) -> Option<(&'static str, &'static str)> {
    match (event.protocol, event.cipher) {
        (Protocol::V2, Cipher::AesEcb) => Some(("req_info", "req_info")),
        (Protocol::V2, Cipher::AesGcm) => Some(("event_ciphertext", "event")),
        _ => None,
    }
}

fn write_model(name: &str, doc: &[String], fields: &[Field], as_text: bool, out: &mut String) {
    push!(out, "model! {{\n");
    for line in separated(doc) {
        push!(out, "    ///{line}\n");
    }
    push!(out, "    pub struct {name}{} {{\n", if as_text { " as text" } else { "" });
    write_fields(fields, out);
    push!(out, "    }}\n}}\n\n");
}

/// Writes fields; those with a number behind their names come last.
fn write_fields(fields: &[Field], out: &mut String) {
    let (numbered, plain): (Vec<_>, Vec<_>) =
        fields.iter().partition(|field| matches!(field.ty, Type::Numbered(_)));
    for field in plain {
        push!(out, "        /// {}\n", sentence(field));
        let names: Vec<_> = field.names().map(quoted).collect();
        let (field_name, ty) = (names::field(&field.name), rust_type(&field.ty));
        push!(out, "        {field_name}: {ty} = {}{},\n", names.join(" | "), facts(field));
    }
    for field in numbered {
        push!(out, "        ..\n        /// {}\n", sentence(field));
        push!(out, "        {}: {}{},\n", names::field(&field.name), rust_type(&field.ty), facts(field));
    }
}

fn facts(field: &Field) -> String {
    let mut facts = Vec::new();
    if field.required {
        facts.push("required: true".to_owned());
    }
    if !field.values.is_empty() {
        facts.push(format!("values: {}", strings(&field.values)));
    }
    for (name, text) in [("format", &field.format), ("unit", &field.unit)] {
        facts.extend(text.as_ref().map(|text| format!("{name}: Some({text:?})")));
    }
    if facts.is_empty() { String::new() } else { format!(" {{ {} }}", facts.join(", ")) }
}

/// Returns the lines of a doc comment, separated by blank ones.
fn separated(doc: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    for line in doc {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(format!(" {line}"));
    }
    lines
}

fn rust_type(ty: &Type) -> String {
    match ty {
        Type::String => "String".to_owned(),
        Type::Integer => "i128".to_owned(),
        Type::Fen => "Fen".to_owned(),
        Type::Boolean => "bool".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::Time => "Time".to_owned(),
        Type::YesNo => "YesNo".to_owned(),
        Type::Encrypted => "Ciphertext".to_owned(),
        Type::Enum(name) | Type::Object(name) | Type::Numbered(name) => name.clone(),
        Type::List(inner) => format!("Vec<{}>", rust_type(inner)),
        Type::Json(inner) => format!("Json<{}>", rust_type(inner)),
    }
}

fn write_enum(an_enum: &Enum, out: &mut String) {
    push!(out, "open_enum! {{\n    /// {}\n    pub enum {} {{\n", an_enum.doc, an_enum.name);
    for value in &an_enum.values {
        push!(out, "        /// {}\n        {} = {},\n", value.doc, value.name, quoted(&value.wire));
    }
    push!(out, "    }}\n}}\n\n");
}
