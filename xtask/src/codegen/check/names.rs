//! Names that must differ, or must exist.

use std::collections::BTreeMap;

use super::{area_file, entry_place};
use crate::codegen::fault::Fault;
use crate::codegen::model::{Area, Catalog, Enum, Event};
use crate::codegen::names::{is_upper_camel, upper_camel};

/// Variants that every open enum already has for the values that it doesn't know.
const UNKNOWN: &str = "Unknown";

pub(super) fn faults(catalog: &Catalog) -> Vec<Fault> {
    let mut faults = Vec::new();
    for area in &catalog.areas {
        faults.extend(type_faults(area));
        faults.extend(area.enums.iter().flat_map(|open_enum| value_faults(area, open_enum)));
        faults.extend(area.events.iter().flat_map(variant_faults));
    }
    faults
}

/// An old name must lead to an event that has its last name.
pub(super) fn rename_faults(catalog: &Catalog) -> Vec<Fault> {
    // One step: keys carry the newest name.
    let is_known =
        |name: &String| catalog.events().any(|event| event.name == *name && event.renamed_to.is_none());
    let renamed = catalog.events().filter_map(|event| Some((event, event.renamed_to.as_ref()?)));
    let lost = renamed.filter(|(event, new)| **new == event.name || !is_known(new));
    lost.map(|(event, new)| {
        let mend = "name an event that has a catalog file and this name still";
        Fault::new(&event.file, format!("renamed_to leads to {new}, which isn't one"), mend)
    })
    .collect()
}

/// The types of one module.
fn type_faults(area: &Area) -> Vec<Fault> {
    let own = area_file(area);
    let mut types: Vec<(String, &str)> = Vec::new();
    types.extend(area.enums.iter().map(|known| (format!("{own}: enum {}", known.name), known.name.as_str())));
    types.extend(
        area.objects.iter().map(|known| (format!("{own}: object {}", known.name), known.name.as_str())),
    );
    for event in &area.events {
        types.push((event.file.clone(), &event.type_name));
        let variants = event.entries().filter_map(|entry| Some((entry_place(entry), entry.variant?)));
        types.extend(variants.map(|(place, variant)| (place, variant.type_name.as_str())));
    }
    let mut faults = Vec::new();
    let mut places: BTreeMap<&str, String> = BTreeMap::new();
    for (place, name) in types {
        if !is_upper_camel(name) {
            let mend = "write it in UpperCamelCase, ASCII letters and digits only";
            faults.push(Fault::new(&place, format!("`{name}` can't be a type in Rust"), mend));
        }
        if let Some(other) = places.get(name) {
            let what = format!("`{name}` is also the type of {other}");
            faults.push(Fault::new(&place, what, "call one of them otherwise"));
        }
        places.insert(name, place);
    }
    faults
}

fn value_faults(area: &Area, open_enum: &Enum) -> Vec<Fault> {
    let place = format!("{}: enum {}", area_file(area), open_enum.name);
    let mend = "give it { name = \"…\", doc = \"…\" }";
    let mut faults = Vec::new();
    let mut wires: BTreeMap<&str, &str> = BTreeMap::new();
    for value in &open_enum.values {
        let place = format!("{place}.{}", value.wire);
        if !is_upper_camel(&value.name) {
            faults.push(Fault::new(&place, format!("`{}` can't be a value in Rust", value.name), mend));
        } else if value.name == UNKNOWN {
            let what = format!("`{UNKNOWN}` is the name of all values that aren't documented");
            faults.push(Fault::new(&place, what, mend));
        }
        if let Some(other) = wires.insert(&value.name, &value.wire) {
            faults.push(Fault::new(&place, format!("`{other}` is `{}` in Rust, too", value.name), mend));
        }
    }
    faults
}

/// Variants by their names, which are also those of the values of an enum.
fn variant_faults(event: &Event) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut wires: BTreeMap<String, &str> = BTreeMap::new();
    for (place, variant) in event.entries().filter_map(|entry| Some((entry_place(entry), entry.variant?))) {
        let name = upper_camel(&variant.name);
        if !is_upper_camel(&name) || name == UNKNOWN {
            let mend = "call it otherwise, in capitals";
            faults.push(Fault::new(&place, format!("`{name}` can't be a value in Rust"), mend));
        }
        if let Some(other) = wires.insert(name.clone(), &variant.name) {
            let what = format!("variant {other} is `{name}` in Rust, too");
            faults.push(Fault::new(&place, what, "call one of them otherwise"));
        }
    }
    faults
}
