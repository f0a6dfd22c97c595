//! Faults of a catalog whose files all parse.

mod docs;
mod facts;
mod fields;
mod keys;
mod names;
mod paths;
mod types;
mod when;

use super::fault::Fault;
use super::model::{Area, Catalog, Entry, Field};
pub(crate) use types::unused;

/// All faults but those of [`unused`].
pub(crate) fn check(catalog: &Catalog) -> Vec<Fault> {
    let mut faults = names::faults(catalog);
    for area in &catalog.areas {
        faults.extend(docs::faults(area));
        faults.extend(types::recursion(area));
        for (place, fields) in field_lists(area) {
            faults.extend(fields::faults(area, &place, fields));
        }
        for event in &area.events {
            faults.extend(facts::faults(area, event));
            faults.extend(keys::faults(area, event));
            faults.extend(when::faults(area, event));
        }
    }
    faults.extend(when::v2_order_faults(catalog));
    faults.extend(names::rename_faults(catalog));
    faults
}

/// Where an area's own file stands.
fn area_file(area: &Area) -> String {
    format!("{}/areas/{}.toml", super::input::CATALOG, area.name)
}

/// Every list of fields of an area, with its place.
fn field_lists(area: &Area) -> Vec<(String, &[Field])> {
    let mut lists = Vec::new();
    for object in &area.objects {
        lists.push((format!("{}: object {}", area_file(area), object.name), object.fields.as_slice()));
    }
    for event in &area.events {
        lists.push((format!("{}: fields", event.file), &event.fields));
        lists.push((format!("{}: envelope", event.file), &event.envelope));
        lists.push((format!("{}: reply", event.file), &event.reply));
        for variant in &event.variants {
            lists.push((format!("{}: variant {}", event.file, variant.name), &variant.fields));
        }
    }
    lists
}

/// Where an entry's own part of its file stands.
fn entry_place(entry: Entry<'_>) -> String {
    match entry.variant {
        Some(variant) => format!("{}: variant {}", entry.event.file, variant.name),
        None => entry.event.file.clone(),
    }
}

#[cfg(test)]
mod tests;
