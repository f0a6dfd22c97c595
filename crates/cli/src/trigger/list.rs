//! What can be sent.

use serde::Serialize;
use wxhook_wire::{Catalog, EventMeta, Protocol};

use crate::grid::{Column, Shrink, grid};
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
    let cells = |cell: &dyn Fn(&EventMeta) -> String| entries.iter().map(|meta| cell(meta)).collect();
    let columns = vec![
        Column::new("event", cells(&named::name), Shrink::End(20)),
        Column::new("title", cells(&|meta| meta.title.to_owned()), Shrink::End(12)),
        Column::new("resent", cells(&|meta| named::resent(meta).to_owned()), Shrink::Never),
    ];
    grid(columns, &[1, 0], out::width())
}
