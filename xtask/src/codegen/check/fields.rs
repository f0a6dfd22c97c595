//! Fields among each other, and what they say beside their type.

use std::collections::BTreeMap;

use crate::codegen::fault::Fault;
use crate::codegen::model::{Area, Field, ORDER, Type};
use crate::codegen::names;

const TIME_FORMATS: [&str; 3] = ["yyyyMMddHHmmss", "yyyy-MM-dd HH:mm:ss", "yyyyMMdd"];

pub(super) fn faults(area: &Area, place: &str, fields: &[Field]) -> Vec<Fault> {
    let mut faults = collisions(place, fields);
    for field in fields {
        let place = format!("{place}.{}", field.name);
        let mut fault = |is: bool, what: String, mend: &str| {
            if is {
                faults.push(Fault::new(&place, what, mend));
            }
        };
        for value in unknown_values(area, field) {
            fault(true, format!("`{value}` is no value of its type"), "correct it, or add it to the enum");
        }
        if let Some(format) = &field.format {
            let is_time = *field.ty.innermost() == Type::Time;
            fault(!is_time, "a format without a time".to_owned(), "take it away, or make its type time");
            let is_known = TIME_FORMATS.contains(&format.as_str());
            fault(
                is_time && !is_known,
                format!("unknown format `{format}`"),
                &format!("write {}", TIME_FORMATS.join(" or ")),
            );
        }
        if let Some(unit) = &field.unit {
            let is_fen = *field.ty.innermost() == Type::Fen;
            fault(!is_fen, "a unit without an amount".to_owned(), "take it away, or make its type fen");
            let is_beside = unit == ORDER || fields.iter().any(|field| field.name == *unit);
            fault(!is_beside, format!("no field `{unit}` beside it"), "name the field that has the currency");
        }
    }
    faults
}

/// Two fields under one name, on the wire or in Rust.
fn collisions(place: &str, fields: &[Field]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for field in fields {
        for name in field.names() {
            if let Some(owner) = owners.insert(name, &field.name) {
                let what = format!("`{name}` is also a name of `{owner}`");
                faults.push(Fault::new(format!("{place}.{}", field.name), what, "give it to one of them"));
            }
        }
    }
    let mut in_rust: BTreeMap<String, &str> = BTreeMap::new();
    for field in fields {
        let place = format!("{place}.{}", field.name);
        let name = names::field(&field.name);
        if !names::is_field(&name) {
            let mend = "it must begin with a letter and be no word that Rust keeps";
            faults.push(Fault::new(&place, format!("`{name}` can't be a field in Rust"), mend));
        }
        if let Some(other) = in_rust.insert(name.clone(), &field.name) {
            let what = format!("`{other}` is `{name}` in Rust, too");
            faults.push(Fault::new(&place, what, "make one an alias of the other"));
        }
    }
    faults
}

fn unknown_values<'f>(area: &Area, field: &'f Field) -> Vec<&'f str> {
    let known = match field.ty.innermost() {
        Type::Enum(name) => area.enums.iter().find(|known| known.name == *name),
        _ => None,
    };
    let is_known =
        |value: &str| known.is_some_and(|known| known.values.iter().any(|known| known.wire == value));
    field.values.iter().map(String::as_str).filter(|value| !is_known(value)).collect()
}
