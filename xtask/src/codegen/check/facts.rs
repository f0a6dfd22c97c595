//! Checks of what an event says about its money: the paths lead to fields, the values are documented.

use super::entry_place;
use super::paths::{envelope_has, subject_has};
use crate::codegen::fault::Fault;
use crate::codegen::model::{Area, Event, Field, Type};

pub(super) fn faults(area: &Area, event: &Event) -> Vec<Fault> {
    let mut faults = Vec::new();
    for entry in event.entries() {
        let facts = entry.facts();
        // What a variant has from its event is at fault once.
        let is_own =
            facts.merchants != event.facts.merchants || facts.contradictions != event.facts.contradictions;
        let place = if is_own { entry_place(entry) } else { event.file.clone() };
        for path in facts.merchants.iter().flatten() {
            if !subject_has(area, event, path) && !envelope_has(area, event, path) {
                let mend = "correct the path, or add the field";
                faults.push(Fault::new(&place, format!("no field `{path}` for a merchant's number"), mend));
            }
        }
        for (path, values) in &facts.contradictions {
            let place = format!("{place}: contradictions.{path}");
            if !subject_has(area, event, path) {
                faults.push(Fault::new(&place, "no such field", "correct the path, or add the field"));
            }
            let Some(field) = area.field_at(entry.fields(), path) else { continue };
            for value in values.iter().filter(|value| !has_value(area, field, value)) {
                let mend = "correct it, or add it to the enum";
                faults.push(Fault::new(&place, format!("`{value}` is no value of its type"), mend));
            }
        }
    }
    faults
}

fn has_value(area: &Area, field: &Field, value: &str) -> bool {
    let Type::Enum(name) = field.ty.innermost() else { return true };
    let known = area.enums.iter().find(|known| known.name == *name);
    known.is_some_and(|known| known.values.iter().any(|known| known.wire == value))
}
