//! Decision lists: every path leads to a field, and every line can be reached.

use super::entry_place;
use super::paths::{envelope_has, subject_has};
use crate::codegen::fault::Fault;
use crate::codegen::files::When;
use crate::codegen::model::{Area, Catalog, Event, Protocol};

pub(super) fn faults(area: &Area, event: &Event) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(identified_by) = &event.identified_by {
        faults.extend(path_faults(area, event, &event.file, identified_by));
    }
    let mut earlier: Vec<(&str, When)> = Vec::new();
    for entry in event.entries() {
        let Some(variant) = entry.variant else { continue };
        let place = entry_place(entry);
        let when = variant.when.clone().unwrap_or(ALWAYS);
        faults.extend(path_faults(area, event, &place, &when));
        let when = simplified(&when);
        if let Some((above, _)) = earlier.iter().find(|(_, above)| *above == when || *above == ALWAYS) {
            let what = format!("never reached: all that is left here is of {above}");
            faults.push(Fault::new(&place, what, "move it up, or give it a `when` of its own"));
        }
        earlier.push((&variant.name, when));
    }
    faults
}

/// v2 kinds are a decision list, too.
pub(super) fn v2_order_faults(catalog: &Catalog) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut kinds: Vec<_> = catalog.events().filter(|event| event.protocol == Protocol::V2).collect();
    kinds.sort_by_key(|event| event.order);
    let mut earlier: Vec<(&Event, Option<When>)> = Vec::new();
    for event in kinds {
        let identified_by = event.identified_by.as_ref().map(simplified);
        for (above, by) in &earlier {
            if above.order == event.order {
                let what = format!("order = {}, as {} has", event.order, above.name);
                faults.push(Fault::new(&event.file, what, "give each its own place"));
            }
            if identified_by.is_some() && *by == identified_by {
                let what = format!("never reached: told by the same as {}", above.name);
                faults.push(Fault::new(&event.file, what, "tell it by something else"));
            }
        }
        earlier.push((event, identified_by));
    }
    faults
}

const ALWAYS: When = When::All(Vec::new());

/// The same without lists of one.
fn simplified(when: &When) -> When {
    match when {
        When::All(list) | When::Any(list) if list.len() == 1 => list.first().map_or(ALWAYS, simplified),
        When::All(list) => When::All(list.iter().map(simplified).collect()),
        When::Any(list) => When::Any(list.iter().map(simplified).collect()),
        other => other.clone(),
    }
}

fn path_faults(area: &Area, event: &Event, place: &str, when: &When) -> Vec<Fault> {
    let (path, is_there) = match when {
        When::All(list) | When::Any(list) => {
            return list.iter().flat_map(|when| path_faults(area, event, place, when)).collect();
        }
        When::Present(path) | When::Equals(path, _) => (path, subject_has(area, event, path)),
        When::EnvelopePresent(path) | When::EnvelopeEquals(path, _) => {
            (path, envelope_has(area, event, path))
        }
    };
    let of = match when {
        When::EnvelopePresent(_) | When::EnvelopeEquals(..) => "of the envelope",
        _ => "of any variant",
    };
    let mend = "correct the path, or add the field";
    if is_there {
        Vec::new()
    } else {
        vec![Fault::new(place, format!("a condition over `{path}`, which is no field {of}"), mend)]
    }
}
