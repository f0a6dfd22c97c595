//! `wxhook decode`: passes a resource through its model and back.

mod file;
mod notes;

use anyhow::{Context as _, bail};
use serde::Serialize;
use serde_json::value::RawValue;
use wxhook_simulator::{Resource, classify};
use wxhook_wire::json::{Doc, Kind, MAX_DEPTH};
use wxhook_wire::v2::Fields;
use wxhook_wire::{Catalog, EventMeta, Fit, Misfit, Protocol};

use crate::args::DecodeArgs;
use crate::catalog::condition;
use crate::{named, out};
use notes::{Note, notes};

pub(crate) use file::read as read_resource;
pub(crate) use notes::missing;

const ENCRYPTED: &str = "the content is still encrypted, and decode takes what was decrypted; `wxhook verify` decrypts and \
                         checks a whole notification with the configured keys";

/// Decodes a resource. Returns whether it fits its model.
pub(crate) fn decode(args: &DecodeArgs, catalog: &dyn Catalog) -> anyhow::Result<bool> {
    let entries = named::entries(catalog, &args.event)?;
    let text = read_resource(&args.file)?;
    let resource = Subject::read(&entries, &text)?;
    let meta = entry(&entries, &resource, catalog)?;
    let fitted = match meta.roundtrip(&resource.whole) {
        Some(fitted) => fitted.map(|whole| resource.unwrap(whole)),
        None => Ok(resource.unwrap(resource.whole.clone())),
    };
    let mut notes = notes(meta, &resource.whole, resource.wrapped.is_some());
    match Doc::parse(&resource.whole).map(|doc| meta.fit(doc.root())) {
        Ok(Fit::Untyped) => notes.insert(0, Note::new("", "the event has no model")),
        Ok(Fit::MostlyUnknown) => {
            notes.insert(
                0,
                Note::new("", "more than half of its fields are undocumented: its record isn't `typed`"),
            );
        }
        _ => {}
    }
    let fits = fitted.is_ok();
    if args.json {
        out::print(report(meta, fitted, &notes)?)?;
        return Ok(fits);
    }
    for note in &notes {
        out::complain(format_args!("note: {note}"));
    }
    match fitted {
        Ok(json) => out::print(json)?,
        Err(misfit) => out::complain(format_args!("error: it doesn't fit {}: {misfit}", meta.type_name)),
    }
    Ok(fits)
}

/// A resource to be decoded.
struct Subject {
    /// As in records: the encrypted content of v2 is decrypted in its field.
    whole: String,
    /// That field, if the content was given alone.
    wrapped: Option<&'static str>,
}

impl Subject {
    fn read(entries: &[&EventMeta], text: &str) -> anyhow::Result<Self> {
        let first = entries.first().context("no entry")?;
        let is_xml = first.protocol == Protocol::V2 && text.trim_start().starts_with('<');
        let json = if is_xml { of_xml(text)? } else { compact(text)? };
        let is_sealed = |doc: Doc<'_>| {
            ["ciphertext", "resource.ciphertext"].iter().any(|path| doc.root().at(path).is_some())
        };
        if first.protocol == Protocol::V3 && Doc::parse(&json).is_ok_and(is_sealed) {
            bail!("{ENCRYPTED}");
        }
        let wrapped = match first.hidden() {
            None => None,
            Some((sealed, opened)) => {
                let doc = Doc::parse(&json)?;
                let is_sealed = doc.root().get(sealed).is_some_and(|value| value.string().is_some());
                if is_sealed && doc.root().get(opened).is_none_or(|value| value.string().is_some()) {
                    bail!("{ENCRYPTED}");
                }
                Some(opened).filter(|opened| doc.root().get(opened).is_none())
            }
        };
        let whole = match wrapped {
            Some(opened) => format!("{{\"{opened}\":{json}}}"),
            None => json,
        };
        Ok(Self { whole, wrapped })
    }

    /// Returns the content alone if it was given alone.
    fn unwrap(&self, whole: String) -> String {
        let inner = self.wrapped.and_then(|opened| {
            let doc = Doc::parse(&whole).ok()?;
            Some(doc.root().get(opened)?.raw().to_owned())
        });
        inner.unwrap_or(whole)
    }
}

fn compact(text: &str) -> anyhow::Result<String> {
    let Ok(doc) = Doc::parse(text) else {
        bail!("the resource isn't valid JSON, or is nested deeper than {MAX_DEPTH} levels")
    };
    if doc.root().kind() != Kind::Object {
        bail!("the resource is not a JSON object");
    }
    Ok(doc.compact().into_owned())
}

/// Parses XML: the fields of a notification, or decrypted content.
fn of_xml(text: &str) -> anyhow::Result<String> {
    let bytes = text.trim_ascii().as_bytes();
    let fields = Fields::parse(bytes).or_else(|_| Fields::parse_opened(bytes));
    let fields = fields.ok().context("the resource is not the flat XML of v2")?;
    Ok(fields.to_json(&[]))
}

/// Returns the only entry, or the one that the decision list chooses.
fn entry<'c>(
    entries: &[&'c EventMeta],
    resource: &Subject,
    catalog: &'c dyn Catalog,
) -> anyhow::Result<&'c EventMeta> {
    if let [only] = entries {
        return Ok(only);
    }
    let name = entries.first().map_or("", |meta| meta.name);
    let told = classify(catalog, name, &Resource::parse(&resource.whole)?);
    let Some(meta) = told.filter(|meta| !meta.is_fallback && meta.name == name) else {
        let names: Vec<_> = entries.iter().map(|meta| named::name(meta)).collect();
        let distance = |meta: &&&EventMeta| {
            let notes = notes(meta, &resource.whole, resource.wrapped.is_some());
            let undocumented = notes.iter().filter(|note| note.is_undocumented()).count();
            (undocumented, meta.variant != Some("BASIC"), notes.len())
        };
        let closest = entries.iter().filter(|meta| !meta.is_fallback).min_by_key(distance);
        let closest = closest.map_or(String::new(), |meta| {
            let reason = match meta.roundtrip(&resource.whole) {
                Some(Err(misfit)) => misfit.to_string(),
                _ => format!("it needs: {}", condition(&meta.when)),
            };
            format!("; the closest is {} ({reason})", named::name(meta))
        });
        bail!("it fits no variant of {name}{closest}; name one to try it: {}", names.join(", "));
    };
    Ok(meta)
}

#[derive(Serialize)]
struct Report<'r> {
    event_type: &'r str,
    variant: Option<&'r str>,
    #[serde(rename = "type")]
    type_name: &'r str,
    /// `null` if the event has no model.
    fits: Option<bool>,
    misfit: Option<Note>,
    notes: &'r [Note],
    resource: Option<Box<RawValue>>,
}

fn report(meta: &EventMeta, fitted: Result<String, Misfit>, notes: &[Note]) -> anyhow::Result<String> {
    let (resource, misfit) = match fitted {
        Ok(json) => (Some(RawValue::from_string(json)?), None),
        Err(misfit) => (None, Some(Note::new(misfit.path(), misfit.reason()))),
    };
    Ok(serde_json::to_string(&Report {
        event_type: meta.name,
        variant: meta.variant,
        type_name: meta.type_name,
        fits: meta.model.map(|_| misfit.is_none()),
        misfit,
        notes,
        resource,
    })?)
}
