//! Docs and titles: one line each.

use super::{area_file, entry_place, field_lists};
use crate::codegen::fault::Fault;
use crate::codegen::model::Area;

pub(super) fn faults(area: &Area) -> Vec<Fault> {
    let own = area_file(area);
    let mut docs = vec![(own.clone(), &area.title), (own.clone(), &area.doc)];
    for known in &area.enums {
        let place = format!("{own}: enum {}", known.name);
        docs.extend(known.values.iter().map(|value| (format!("{place}.{}", value.wire), &value.doc)));
        docs.push((place, &known.doc));
    }
    docs.extend(area.objects.iter().map(|known| (format!("{own}: object {}", known.name), &known.doc)));
    for event in &area.events {
        docs.push((event.file.clone(), &event.doc));
        docs.extend(event.entries().filter_map(|entry| Some((entry_place(entry), &entry.variant?.doc))));
    }
    for (place, fields) in field_lists(area) {
        // without a sentence of the glossary it is empty: that is a fault of its own
        let told = fields.iter().filter(|field| !field.doc.is_empty());
        docs.extend(told.map(|field| (format!("{place}.{}", field.name), &field.doc)));
    }
    docs.retain(|(_, doc)| doc.trim().is_empty() || doc.contains(['\n', '\r']));
    docs.into_iter()
        .map(|(place, doc)| Fault::new(place, format!("{doc:?} for a doc"), "write one line"))
        .collect()
}
