//! The types of a business area.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::text::{HEAD, meaning, push, quoted};
use crate::codegen::model::{Area, Cipher, Enum, Event, Field, Object, Protocol, Type};
use crate::codegen::names;

/// The module of an area.
pub(super) fn area(area: &Area) -> String {
    let mut body = String::new();
    for event in &area.events {
        write_event(event, &mut body);
    }
    for object in &area.objects {
        let as_text =
            area.events.iter().any(|event| event.protocol == Protocol::V2) && !is_in_json(area, object);
        write_model(&object.name, std::slice::from_ref(&object.doc), &object.fields, as_text, &mut body);
    }
    for an_enum in &area.enums {
        write_enum(an_enum, &mut body);
    }
    write_models(area, &mut body);

    let mut used: BTreeSet<&str> = BTreeSet::from(["AnyModel"]);
    let mut of_model: BTreeSet<&str> = BTreeSet::new();
    let objects = area.objects.iter().flat_map(|object| &object.fields);
    let events = area.events.iter().flat_map(|event| {
        let variants = event.variants.iter().flat_map(|variant| &variant.fields);
        event.fields.iter().chain(variants).chain(&event.envelope).chain(&event.reply)
    });
    for field in objects.chain(events) {
        collect(&field.ty, &mut used, &mut of_model);
    }
    for name in ["event", "model", "open_enum", "variants"] {
        if ["!(", "! {"].iter().any(|call| body.contains(&format!("{name}{call}"))) {
            used.insert(name);
        }
    }
    let mut out = String::from(HEAD);
    push!(out, "//! {}\n\n", area.doc);
    if !of_model.is_empty() {
        push!(out, "use wxhook_wire::model::{{{}}};\n", of_model.into_iter().collect::<Vec<_>>().join(", "));
    }
    push!(out, "use wxhook_wire::{{{}}};\n\n", used.into_iter().collect::<Vec<_>>().join(", "));
    out + &body
}

/// Which of wire's types a field needs.
fn collect<'t>(ty: &Type, used: &mut BTreeSet<&'t str>, of_model: &mut BTreeSet<&'t str>) {
    match ty {
        Type::Fen => drop(used.insert("Fen")),
        Type::Time => drop(used.insert("Time")),
        Type::Number => drop(of_model.insert("Number")),
        Type::YesNo => drop(of_model.insert("YesNo")),
        Type::Encrypted => drop(of_model.insert("Ciphertext")),
        Type::Json(inner) => {
            of_model.insert("Json");
            collect(inner, used, of_model);
        }
        Type::List(inner) => collect(inner, used, of_model),
        _ => {}
    }
}

/// Whether an object of XML stands in JSON: its scalars aren't all strings then.
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
        if let Some(new) = &event.renamed_to {
            lines.push(format!("An old name of `{new}`."));
        }
        lines
    };
    if event.variants.is_empty() {
        let doc = named(&event.name, &event.doc);
        write_notification(event, &event.type_name, &doc, &event.fields, out);
        push!(out, "event!({} = {});\n\n", event.type_name, quoted(&event.name));
    } else {
        push!(out, "variants! {{\n");
        for line in separated(&named(&event.name, &event.doc)) {
            push!(out, "    ///{line}\n");
        }
        push!(out, "    pub enum {} = {} {{\n", event.type_name, quoted(&event.name));
        for variant in &event.variants {
            push!(out, "        /// {}\n", variant.doc);
            push!(out, "        {}({}),\n", names::upper_camel(&variant.name), variant.type_name);
        }
        push!(out, "    }}\n}}\n\n");
        for variant in &event.variants {
            let doc = named(&format!("{}#{}", event.name, variant.name), &variant.doc);
            write_notification(event, &variant.type_name, &doc, &variant.fields, out);
            let (name, variant_name) = (quoted(&event.name), quoted(&variant.name));
            push!(out, "event!({} = {name} # {variant_name});\n\n", variant.type_name);
        }
    }
    if !event.reply.is_empty() {
        let doc = [format!("What the reply to [`{}`] carries.", event.type_name)];
        write_model(&format!("{}Reply", event.type_name), &doc, &event.reply, false, out);
    }
}

/// The model of a notification's resource. What v2 hides stands opened among the fields around it.
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
            field.doc = "What was encrypted.".to_owned();
            field.ty = Type::Object(content.clone());
        }
        field
    });
    write_model(type_name, doc, &around.collect::<Vec<_>>(), true, out);
    let content_doc = [format!("What a [`{type_name}`] hides.")];
    write_model(&content, &content_doc, fields, true, out);
}

/// The field that hides the content, and the name that it has once it is opened.
pub(super) fn hidden(event: &Event) -> Option<(&'static str, &'static str)> {
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
    let (numbered, plain): (Vec<_>, Vec<_>) =
        fields.iter().partition(|field| matches!(field.ty, Type::Numbered(_)));
    for field in plain {
        push!(out, "        /// {}\n", meaning(field));
        let names: Vec<_> = field.names().map(quoted).collect();
        let (field_name, ty) = (names::field(&field.name), rust_type(&field.ty));
        push!(out, "        {field_name}: {ty} = {},\n", names.join(" | "));
    }
    for field in numbered {
        push!(out, "        ..\n        /// {}\n", meaning(field));
        push!(out, "        {}: {},\n", names::field(&field.name), rust_type(&field.ty));
    }
    push!(out, "    }}\n}}\n\n");
}

/// Lines of a doc comment, a blank one between each two.
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

/// The models of the area's entries, in the order of their metadata.
fn write_models(area: &Area, out: &mut String) {
    push!(out, "/// The models by name and variant.\n");
    push!(out, "pub(crate) const MODELS: &[(&str, Option<&str>, AnyModel)] = &[\n");
    for entry in area.events.iter().flat_map(Event::entries) {
        let variant = entry.variant.map(|variant| &*variant.name);
        let type_name = entry.variant.map_or(&entry.event.type_name, |variant| &variant.type_name);
        push!(out, "    ({}, {variant:?}, AnyModel::new::<{type_name}>()),\n", quoted(&entry.event.name));
    }
    push!(out, "];\n");
}
