//! `wxhook catalog`: lists, searches and describes events.

mod entry;
mod fields;
mod page;
mod search;

use serde::Serialize;
use wxhook_wire::{Catalog, EventMeta, Mode};

use crate::args::CatalogArgs;
use crate::grid::{Column, Shrink, grid};
use crate::{named, out, terminal};
use entry::{Detailed, Entry};

pub(crate) use entry::values as documented_values;
pub(crate) use fields::{
    fields as documented_fields, has as is_documented, is_named, paths as documented_paths,
};
pub(crate) use page::condition;

/// The events that most merchants receive; lists begin with them.
const COMMON_EVENTS: [&str; 12] = [
    "TRANSACTION.SUCCESS",
    "REFUND.SUCCESS",
    "REFUND.ABNORMAL",
    "REFUND.CLOSED",
    "v2/transaction-success",
    "v2/refund-processed",
    "PROFITSHARING.SUCCESS",
    "MCHTRANSFER.BILL.FINISHED",
    "COMPLAINT.CREATE",
    "COMPLAINT.STATE_CHANGE",
    "PAYSCORE.USER_PAID",
    "PAYSCORE.USER_CONFIRM",
];

/// Prints the catalog, or one event.
pub(crate) fn catalog(args: &CatalogArgs, catalog: &dyn Catalog) -> anyhow::Result<()> {
    match (&args.event, args.json) {
        (None, false) => print(&list(catalog)),
        (None, true) => print(&json(catalog.events().map(Entry::of))?),
        (Some(name), is_json) => {
            let found = search::find(catalog, name)?;
            let entries = found.iter().map(|(meta, _)| *meta);
            match found.as_slice() {
                _ if is_json => print(&json(entries.map(|meta| Detailed::of(meta, catalog)))?),
                [_] => print(&pages(entries, catalog)),
                found if search::is_name(catalog, name) => {
                    print(&pages(found.iter().map(|(meta, _)| *meta), catalog))
                }
                found => print(&table(found, terminal::width())),
            }
        }
    }
}

fn pages<'c>(entries: impl Iterator<Item = &'c EventMeta>, catalog: &dyn Catalog) -> String {
    let pages: Vec<_> = entries.map(|meta| page::page(meta, catalog, terminal::width())).collect();
    pages.join("\n\n")
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

/// Returns a line for each event and variant.
fn list(catalog: &dyn Catalog) -> String {
    let mut entries: Vec<_> = catalog.events().map(|meta| (meta, None)).collect();
    entries.sort_by_key(|(meta, _)| rank(meta, catalog));
    table(&entries, terminal::width())
}

/// Returns the sort key of an entry: the most used events first, then the others in the catalog's order; of an event, BASIC
/// first.
fn rank(meta: &EventMeta, catalog: &dyn Catalog) -> (usize, usize, bool) {
    let used = COMMON_EVENTS.iter().position(|name| *name == meta.name).unwrap_or(COMMON_EVENTS.len());
    let event = catalog.events().position(|other| other.name == meta.name).unwrap_or_default();
    (used, event, meta.variant != Some("BASIC"))
}

/// Returns a line for each entry, with the path of the field by which it was found.
fn table(entries: &[(&EventMeta, Option<String>)], width: Option<usize>) -> String {
    let cells = |cell: &dyn Fn(&EventMeta) -> String| entries.iter().map(|(meta, _)| cell(meta)).collect();
    let mut columns = vec![
        Column::new("event", cells(&named::name), Shrink::End(20)),
        Column::new("type", cells(&|meta| meta.type_name.to_owned()), Shrink::Whole),
        Column::new("title", cells(&|meta| meta.title.to_owned()), Shrink::End(12)),
        Column::new("for", cells(&modes), Shrink::Whole),
        Column::new("resent", cells(&|meta| named::resent(meta).to_owned()), Shrink::Whole),
    ];
    if entries.iter().any(|(_, field)| field.is_some()) {
        let fields = entries.iter().map(|(_, field)| field.clone().unwrap_or_default()).collect();
        columns.push(Column::new("field", fields, Shrink::End(12)));
    }
    grid(columns, &[1, 3, 4, 2, 0, 5], width)
}

/// Returns the modes of an event; a dash if no table names any.
fn modes(meta: &EventMeta) -> String {
    match meta.modes {
        [] => "–".to_owned(),
        modes => modes.iter().copied().map(Mode::as_str).collect::<Vec<_>>().join(", "),
    }
}
