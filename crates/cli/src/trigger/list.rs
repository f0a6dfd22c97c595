//! What can be sent.

use comfy_table::{ContentArrangement, Table};
use serde::Serialize;
use wxhook_wire::{Catalog, EventMeta, Protocol};

use crate::{named, out};

#[derive(Serialize)]
struct Whole<'a> {
    events: Vec<Entry<'a>>,
}

/// One that can be sent.
#[derive(Serialize)]
struct Entry<'a> {
    /// As `trigger` takes it.
    name: String,
    protocol: Protocol,
    event_type: &'a str,
    variant: Option<&'a str>,
    title: &'a str,
    schedule: &'a str,
}

/// Prints every event and variant, or those of one event.
pub(super) fn list(catalog: &dyn Catalog, event: Option<&str>, json: bool) -> anyhow::Result<()> {
    let entries = match event {
        Some(event) => named::entries(catalog, event)?,
        None => catalog.events().collect(),
    };
    let text = if json { self::json(&entries)? } else { table(&entries) };
    Ok(out::print(text)?)
}

fn json(entries: &[&EventMeta]) -> serde_json::Result<String> {
    let entry = |meta: &&EventMeta| Entry {
        name: named::name(meta),
        protocol: meta.protocol,
        event_type: meta.name,
        variant: meta.variant,
        title: meta.title,
        schedule: named::resent(meta),
    };
    serde_json::to_string(&Whole { events: entries.iter().map(entry).collect() })
}

fn table(entries: &[&EventMeta]) -> String {
    let mut table = Table::new();
    table.load_style(out::TABLE).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["event", "title", "resent"]);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for meta in entries {
        table.add_row([&*named::name(meta), meta.title, named::resent(meta)]);
    }
    table.trim_fmt()
}
