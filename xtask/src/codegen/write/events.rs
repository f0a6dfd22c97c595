//! What is over all areas: the names of events, and an enum of them all.

use std::fmt::Write as _;

use super::text::{HEAD, push, quoted};
use crate::codegen::model::{Catalog, Event, Protocol};

/// `EventType`.
pub(super) fn event_type(catalog: &Catalog) -> String {
    let mut out = String::from(HEAD);
    push!(
        out,
        "wxhook_wire::open_enum! {{
    /// The name of an event: the bare `event_type` for JSON, `v2/<name>` for XML. Unknown ones keep their text, and old
    /// names of renamed events stay.
    pub enum EventType {{\n"
    );
    for event in catalog.events() {
        push!(out, "        /// {}\n", doc(event));
        push!(out, "        {} = {},\n", variant(event), quoted(&event.name));
    }
    push!(out, "    }}\n}}\n");
    out
}

/// `AnyEvent`.
pub(super) fn any_event(catalog: &Catalog) -> String {
    let mut out = String::from(HEAD);
    push!(
        out,
        "use super::event_type::EventType;
use serde::{{Serialize, Serializer}};
use wxhook_wire::model::Unknown;
use wxhook_wire::Misfit;

/// Any event, for those who prefer one `match` to a handler for each.
///
/// Events of an area whose feature is off are [`Unknown`](Self::Unknown).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AnyEvent {{\n"
    );
    for event in catalog.events() {
        push!(out, "    /// {}\n    {}\n", doc(event), cfg(event));
        push!(out, "    {}({}),\n", variant(event), boxed(event));
    }
    push!(
        out,
        "    /// An event without a model here. (What fits none of a known event's variants is that event's own `Unknown`.)
    Unknown(Box<Unknown>),
}}

impl AnyEvent {{
    /// From a record's `event_type`, `variant` and `resource`.
    ///
    /// # Errors
    /// [`Misfit`] says where it doesn't fit its model.
    pub fn decode(event_type: &str, variant: Option<&str>, resource: &str) -> Result<Self, Misfit> {{
        Ok(match EventType::from(event_type) {{\n"
    );
    for event in catalog.events() {
        let decode = format!(
            "<super::{}::{} as wxhook_wire::Event>::decode(variant, resource)?",
            event.area, event.type_name
        );
        let decoded = if event.variants.is_empty() { format!("Box::new({decode})") } else { decode };
        let name = variant(event);
        push!(out, "            {}\n            EventType::{name} => Self::{name}({decoded}),\n", cfg(event));
    }
    push!(
        out,
        "            _ => Self::Unknown(Box::new(Unknown::new(event_type, variant, resource)?)),
        }})
    }}

    /// The event's name, also of an unknown one.
    pub fn event_type(&self) -> &str {{
        match self {{\n"
    );
    for event in catalog.events() {
        push!(
            out,
            "            {}\n            Self::{}(_) => {},\n",
            cfg(event),
            variant(event),
            quoted(&event.name)
        );
    }
    push!(
        out,
        "            Self::Unknown(event) => &event.event,
        }}
    }}
}}

impl Serialize for AnyEvent {{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {{
        match self {{\n"
    );
    for event in catalog.events() {
        push!(out, "            {}\n", cfg(event));
        push!(out, "            Self::{}(event) => event.serialize(serializer),\n", variant(event));
    }
    push!(out, "            Self::Unknown(event) => event.serialize(serializer),\n        }}\n    }}\n}}\n");
    out
}

/// Some events of v2 are called like events of v3, and so each of v2 says that it is one.
fn variant(event: &Event) -> String {
    let prefix = if event.protocol == Protocol::V2 { "V2" } else { "" };
    format!("{prefix}{}", event.type_name)
}

fn doc(event: &Event) -> String {
    let renamed = event.renamed_to.as_ref().map(|new| format!(" An old name of `{new}`."));
    format!("{}{}", event.doc, renamed.unwrap_or_default())
}

fn cfg(event: &Event) -> String {
    format!("#[cfg(feature = {:?})]", event.area)
}

/// An enum of variants has its boxes inside.
fn boxed(event: &Event) -> String {
    let path = format!("super::{}::{}", event.area, event.type_name);
    if event.variants.is_empty() { format!("Box<{path}>") } else { path }
}
