//! Enums and objects: used at all, and not within themselves.

use std::collections::BTreeSet;

use super::area_file;
use crate::codegen::fault::Fault;
use crate::codegen::model::{Area, Catalog, Event, Field};

/// Enums and objects that no event reaches.
pub(crate) fn unused(catalog: &Catalog) -> Vec<Fault> {
    let mut faults = Vec::new();
    for area in &catalog.areas {
        let of_events: Vec<_> = area.events.iter().flat_map(event_fields).collect();
        let used = reached(area, of_events);
        let enums = area.enums.iter().map(|known| ("enum", &known.name));
        let objects = area.objects.iter().map(|known| ("object", &known.name));
        for (kind, name) in enums.chain(objects).filter(|(_, name)| !used.contains(name.as_str())) {
            let place = format!("{}: {kind} {name}", area_file(area));
            faults.push(Fault::new(place, "no event has it", "take it away, or make it the type of a field"));
        }
    }
    faults
}

/// Objects that have themselves as a member, at any depth.
pub(super) fn recursion(area: &Area) -> Vec<Fault> {
    let within = |name: &str| reached(area, area.object_fields(name).iter().collect());
    let endless = area.objects.iter().filter(|object| within(&object.name).contains(object.name.as_str()));
    endless
        .map(|object| {
            let place = format!("{}: object {}", area_file(area), object.name);
            Fault::new(place, "it contains itself", "give the inner one an object of its own")
        })
        .collect()
}

fn event_fields(event: &Event) -> impl Iterator<Item = &Field> {
    let of_variants = event.variants.iter().flat_map(|variant| &variant.fields);
    event.fields.iter().chain(&event.envelope).chain(&event.reply).chain(of_variants)
}

/// The enums and objects that these fields are made of, at any depth.
fn reached<'c>(area: &'c Area, mut open: Vec<&'c Field>) -> BTreeSet<&'c str> {
    let mut reached = BTreeSet::new();
    while let Some(field) = open.pop() {
        if let Some(name) = field.ty.named()
            && reached.insert(name)
        {
            open.extend(area.object_fields(name));
        }
    }
    reached
}
