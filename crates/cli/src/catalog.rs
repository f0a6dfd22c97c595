//! `wxhook catalog`: which events there are, and what is known of each.

mod entry;
mod fields;
mod page;

use comfy_table::{ContentArrangement, Table};
use serde::Serialize;
use wxhook_wire::{Catalog, EventMeta, Mode};

use crate::args::CatalogArgs;
use crate::{named, out};
use entry::{Detailed, Entry};

pub(crate) use entry::values as documented_values;
pub(crate) use fields::{
    fields as documented_fields, has as is_documented, is_named, paths as documented_paths,
};

/// Prints the catalog, or what one event is.
pub(crate) fn catalog(args: &CatalogArgs, catalog: &dyn Catalog) -> anyhow::Result<()> {
    match (&args.event, args.json) {
        (None, false) => print(&list(catalog)),
        (None, true) => print(&json(catalog.events().map(Entry::of))?),
        (Some(name), false) => {
            let pages: Vec<_> =
                named::entries(catalog, name)?.into_iter().map(|meta| page::page(meta, catalog)).collect();
            print(&pages.join("\n\n"))
        }
        (Some(name), true) => {
            let entries = named::entries(catalog, name)?;
            print(&json(entries.into_iter().map(|meta| Detailed::of(meta, catalog)))?)
        }
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    Ok(out::print(text)?)
}

fn json<T: Serialize>(events: impl Iterator<Item = T>) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Whole<T> {
        events: Vec<T>,
    }
    Ok(serde_json::to_string(&Whole { events: events.collect() })?)
}

/// A line for each event and variant.
fn list(catalog: &dyn Catalog) -> String {
    let mut table = Table::new();
    table.load_style(out::TABLE).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["event", "type", "title", "for", "resent"]);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for meta in catalog.events() {
        table.add_row([&*named::name(meta), meta.type_name, meta.title, &modes(meta), named::resent(meta)]);
    }
    table.trim_fmt()
}

/// Whom an event is for; a dash where no table says so.
fn modes(meta: &EventMeta) -> String {
    match meta.modes {
        [] => "–".to_owned(),
        modes => modes.iter().copied().map(Mode::as_str).collect::<Vec<_>>().join(", "),
    }
}
