//! The overview and the catalog files joined to one catalog.

mod event;
mod field;
mod rows;

use std::collections::BTreeSet;

use super::fault::Fault;
use super::files::{AreaFile, EnumTable, Files};
use super::input::{CATALOG, OVERVIEW};
use super::model::{Area, Catalog, Enum, Event, Object, Protocol, Value, event_file};
use super::names;
use super::overview::{Edition, Row};
use field::{Named, Reader};

/// Joins them, with what doesn't fit. An event of an unknown area is left out.
pub(crate) fn join(editions: &[Edition], files: Files) -> (Catalog, Vec<Fault>) {
    let mut faults = edition_faults(editions);
    let rows: Vec<&Row> = editions.iter().flat_map(|edition| &edition.rows).collect();
    faults.extend(rows_without_file(&rows, &files));

    let mut reader = Reader::new(&files.glossary);
    let mut areas: Vec<_> = files.areas.iter().map(|(name, file)| area(name, file, &mut reader)).collect();
    let mut all_read = true;
    for (path, file) in &files.events {
        let Some(area) = areas.iter_mut().find(|area| area.name == file.area) else {
            let known = files.areas.keys().map(String::as_str);
            let mend = match field::nearest(&file.area, known) {
                Some(near) => format!("write \"{near}\", or add {CATALOG}/areas/{}.toml", file.area),
                None => format!("add {CATALOG}/areas/{}.toml", file.area),
            };
            faults.push(Fault::new(path, format!("unknown area \"{}\"", file.area), mend));
            all_read = false;
            continue;
        };
        let own: Vec<_> = rows.iter().filter(|row| is_of(row, file.protocol, &file.event)).copied().collect();
        let event = event::join(path, file, &own, &Named::of(area), &mut reader);
        area.events.push(event);
    }
    for area in &mut areas {
        area.events.sort_by(|one, other| sort_key(one).cmp(&sort_key(other)));
    }
    faults.extend(reader.into_faults(all_read));
    let editions = editions.iter().map(|edition| edition.name.clone()).collect();
    (Catalog { editions, areas }, faults)
}

fn sort_key(event: &Event) -> (Protocol, u32, &str) {
    (event.protocol, event.order, &event.name)
}

fn is_of(row: &Row, protocol: Protocol, event: &str) -> bool {
    row.protocol == protocol && row.event == event
}

fn edition_faults(editions: &[Edition]) -> Vec<Fault> {
    let unnamed = editions.iter().filter(|edition| edition.name.is_empty());
    unnamed
        .map(|_| Fault::new(OVERVIEW, "a table without a heading", "write ## Edition N above it"))
        .collect()
}

fn rows_without_file(rows: &[&Row], files: &Files) -> Vec<Fault> {
    let known: BTreeSet<_> = files.events.values().map(|file| (file.protocol, &file.event)).collect();
    let mut told = BTreeSet::new();
    let mut faults = Vec::new();
    for row in rows {
        if !known.contains(&(row.protocol, &row.event)) && told.insert(row.name()) {
            let what = format!("nothing is known of {} ({})", row.name(), row.title);
            let mend = format!("add {}", event_file(row.protocol, &row.event));
            faults.push(Fault::new(format!("{OVERVIEW}:{}", row.line), what, mend));
        }
    }
    faults
}

fn area(name: &str, file: &AreaFile, reader: &mut Reader<'_>) -> Area {
    let mut area = Area {
        name: name.to_owned(),
        title: file.title.clone(),
        doc: file.doc.clone(),
        enums: file.enums.iter().map(|(name, table)| open_enum(name, table)).collect(),
        objects: Vec::new(),
        events: Vec::new(),
    };
    let named = Named {
        enums: file.enums.keys().cloned().collect(),
        objects: file.objects.keys().cloned().collect(),
    };
    area.objects = file
        .objects
        .iter()
        .map(|(object, table)| Object {
            name: object.clone(),
            doc: table.doc.clone(),
            fields: reader.read(
                &format!("{CATALOG}/areas/{name}.toml: object {object}"),
                &table.fields,
                &named,
                false,
            ),
        })
        .collect();
    area
}

fn open_enum(name: &str, table: &EnumTable) -> Enum {
    let values = table.values.iter().map(|(wire, entry)| Value {
        wire: wire.clone(),
        name: entry.name.clone().unwrap_or_else(|| names::upper_camel(wire)),
        doc: entry.doc.clone(),
    });
    Enum { name: name.to_owned(), doc: table.doc.clone(), values: values.collect() }
}

#[cfg(test)]
mod tests;
