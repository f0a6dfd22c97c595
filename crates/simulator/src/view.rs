//! A resource as a catalog sees it after it was sent and opened.

use serde_json::json;
use wxhook_wire::json::Doc;
use wxhook_wire::v2::Fields;
use wxhook_wire::v3::Envelope;
use wxhook_wire::{EventMeta, Opened, Protocol, When};

use crate::tree::Tree;
use crate::xml;

/// A placeholder for the ciphertext of a sent notification.
const SEALED: &str = "sealed";

const ORIGINAL_TYPE: &str = "resource.original_type";
/// Prefixes of v3 events' names, and the original types of their resources.
const TYPES: &[(&str, &str)] = &[
    ("TRANSACTION.", "transaction"),
    ("REFUND.", "refund"),
    ("MCHTRANSFER.", "mch_payment"),
    ("PROFITSHARING.", "profitsharing"),
];

/// Returns the value that a v3 event's conditions require at this path of the envelope.
pub(crate) fn wanted(meta: &EventMeta, path: &str) -> Option<&'static str> {
    fn find(when: &When, path: &str) -> Option<&'static str> {
        match when {
            When::EnvelopeEquals(place, text) if *place == path => Some(text),
            When::EnvelopePresent(place) if *place == path => Some("example"),
            When::All(conditions) | When::Any(conditions) => {
                conditions.iter().find_map(|condition| find(condition, path))
            }
            _ => None,
        }
    }
    find(&meta.when, path)
}

/// Returns the original type of this event's v3 resource; `None` where no document names one.
pub(crate) fn original_type(meta: &EventMeta) -> Option<&'static str> {
    let abroad = meta.variant.is_some_and(|variant| variant.starts_with("GLOBAL"));
    let by_name = || TYPES.iter().find(|(start, _)| !abroad && meta.name.starts_with(start));
    wanted(meta, ORIGINAL_TYPE).or_else(|| by_name().map(|(_, name)| *name))
}

/// Returns the associated data of its ciphertext: the original type, or an empty text.
pub(crate) fn associated_data(meta: &EventMeta) -> &'static str {
    wanted(meta, "resource.associated_data").or_else(|| original_type(meta)).unwrap_or_default()
}

/// Returns the members of a v2 resource as fields of XML.
pub(crate) fn fields(resource: &Tree) -> Vec<(String, String)> {
    resource.members().iter().map(|(name, value)| (name.clone(), value.text())).collect()
}

/// Inspects the notification of an event's resource; `None` if no readable notification can be made of it.
pub(crate) fn look<R>(meta: &EventMeta, resource: &Tree, look: impl FnOnce(&Opened<'_>) -> R) -> Option<R> {
    let text = resource.to_json();
    let content = Doc::parse(&text).ok()?;
    match meta.protocol {
        Protocol::V3 => {
            let body = json!({
                "id": "1",
                "event_type": meta.name,
                "summary": wanted(meta, "summary"),
                "resource_type": wanted(meta, "resource_type"),
                "resource": {
                    "algorithm": SEALED,
                    "ciphertext": SEALED,
                    "nonce": SEALED,
                    "original_type": original_type(meta),
                    "associated_data": associated_data(meta),
                },
            })
            .to_string();
            let body = Doc::parse(&body).ok()?;
            let envelope = Envelope::read(&body).ok()?;
            Some(look(&Opened::v3(&envelope, Some(content.root()))))
        }
        _ => {
            let mut fields = fields(resource);
            if let Some((field, name)) = meta.hidden() {
                fields.retain(|(known, _)| known != name);
                fields.push((field.to_owned(), SEALED.to_owned()));
            }
            let fields = Fields::parse(xml::document(&fields).ok()?.as_bytes()).ok()?;
            Some(look(&Opened::v2(&fields, content.root())))
        }
    }
}
