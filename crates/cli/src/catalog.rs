//! `wxhook catalog`: lists, searches and describes events.

mod entry;
mod fields;
mod page;

use serde::Serialize;
use wxhook_wire::{Catalog, EventMeta, Mode};

use crate::args::CatalogArgs;
use crate::grid::{Column, Shrink, grid};
use crate::usage::Usage;
use crate::{named, out};
use entry::Detailed;

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
        (None, true) => print(&json(catalog.events().map(entry::entry))?),
        (Some(name), is_json) => {
            let found = find(catalog, name)?;
            let entries = found.iter().map(|(meta, _)| *meta);
            match found.as_slice() {
                _ if is_json => print(&json(entries.map(|meta| Detailed::new(meta, catalog)))?),
                [_] => print(&pages(entries, catalog)),
                found if is_name(catalog, name) => {
                    print(&pages(found.iter().map(|(meta, _)| *meta), catalog))
                }
                found => print(&table(found, out::width())),
            }
        }
    }
}

fn pages<'c>(entries: impl Iterator<Item = &'c EventMeta>, catalog: &dyn Catalog) -> String {
    let pages: Vec<_> = entries.map(|meta| page::page(meta, catalog, out::width())).collect();
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
    table(&entries, out::width())
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

/// Returns whether a text is the name of an event, or of one of its variants.
fn is_name(catalog: &dyn Catalog, text: &str) -> bool {
    named::entries(catalog, text).is_ok()
}

/// Returns the entries with a name; else those with the text in their name or title, then those with it in a field, with
/// the field's path. Ignores case.
///
/// # Errors
/// [`Usage`] if nothing is found, with the nearest name.
fn find<'c>(catalog: &'c dyn Catalog, text: &str) -> Result<Vec<(&'c EventMeta, Option<String>)>, Usage> {
    let unknown = match named::entries(catalog, text) {
        Ok(mut entries) => {
            entries.sort_by_key(|meta| rank(meta, catalog));
            return Ok(entries.into_iter().map(|meta| (meta, None)).collect());
        }
        // The event exists, so only the variant is wrong.
        Err(error) if is_name(catalog, named::split(text).0) => return Err(error),
        Err(error) => error,
    };
    let wanted = text.to_lowercase();
    let mut found: Vec<_> = catalog.events().filter_map(|meta| matching(meta, &wanted)).collect();
    found.sort_by_key(|(meta, field)| (field.is_some(), rank(meta, catalog)));
    if found.is_empty() { Err(unknown) } else { Ok(found) }
}

/// Returns the entry if it contains the text, with a field's path if only that does.
fn matching<'c>(meta: &'c EventMeta, wanted: &str) -> Option<(&'c EventMeta, Option<String>)> {
    let has = |text: &str| text.to_lowercase().contains(wanted);
    let titles = meta.rows.iter().map(|row| row.title);
    if has(&named::name(meta)) || has(meta.title) || titles.into_iter().any(has) {
        return Some((meta, None));
    }
    let paths = fields::paths(meta);
    paths.into_iter().find(|path| has(path)).map(|path| (meta, Some(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, Option<String>)> {
        let catalog = wxhook_events::catalog();
        let found = find(&*catalog, text).unwrap();
        found.into_iter().map(|(meta, field)| (meta.name.to_owned(), field)).collect()
    }

    #[test]
    fn events_are_found_by_name_title_and_field() {
        let refunds = found("refund");
        assert_eq!(refunds[0].0, "REFUND.SUCCESS", "the most used first");
        assert!(refunds.iter().any(|(name, field)| name == "v2/refund-processed" && field.is_none()));
        assert!(found("退款").iter().any(|(name, _)| name == "REFUND.SUCCESS"));
        assert_eq!(found("支付")[0].0, "TRANSACTION.SUCCESS");
        assert!(found("complaint.create").iter().all(|(name, _)| name == "COMPLAINT.CREATE"));
        let by_field = found("payer_total");
        assert!(
            by_field
                .iter()
                .all(|(_, field)| field.as_deref().is_some_and(|path| path.contains("payer_total")))
        );
    }

    #[test]
    fn names_mean_themselves_and_nothing_else() {
        assert!(found("TRANSACTION.SUCCESS").iter().all(|(name, _)| name == "TRANSACTION.SUCCESS"));
        assert_eq!(found("REFUND.CLOSED#BASIC").len(), 1);
        let catalog = wxhook_events::catalog();
        let complaint = |text: &str| find(&*catalog, text).unwrap_err().to_string();
        assert!(complaint("REFUND.CLOSED#X").contains("has no variant"));
        assert!(complaint("TRANSACTION.SUCESS").ends_with("did you mean TRANSACTION.SUCCESS?"));
        assert!(complaint("zzzz").ends_with("lists them all"));
    }
}
