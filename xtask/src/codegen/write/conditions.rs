//! Conditions of decision lists as Rust.

use std::collections::BTreeSet;

use crate::codegen::files::When;
use crate::codegen::model::{Area, Event, Field};

/// Conditions that tell a v2 notification's kind; it is told before anything is opened, by the fields as received.
pub(super) fn kind_condition(area: &Area, event: &Event, identified_by: &When) -> String {
    condition(area, event, &of_envelope(identified_by))
}

/// Which notifications of an event are of a variant.
pub(super) fn variant_condition(area: &Area, event: &Event, when: &When) -> String {
    condition(area, event, when)
}

fn of_envelope(when: &When) -> When {
    let all = |list: &[When]| list.iter().map(of_envelope).collect();
    match when {
        When::All(list) => When::All(all(list)),
        When::Any(list) => When::Any(all(list)),
        When::Present(path) => When::EnvelopePresent(path.clone()),
        When::Equals(path, text) => When::EnvelopeEquals(path.clone(), text.clone()),
        other => other.clone(),
    }
}

fn condition(area: &Area, event: &Event, when: &When) -> String {
    let list =
        |list: &[When]| list.iter().map(|when| condition(area, event, when)).collect::<Vec<_>>().join(", ");
    let any = |paths: Vec<String>, one: &dyn Fn(&str) -> String| match paths.as_slice() {
        [only] => one(only),
        several => {
            format!("When::Any(&[{}])", several.iter().map(|path| one(path)).collect::<Vec<_>>().join(", "))
        }
    };
    match when {
        When::All(all) | When::Any(all) if all.len() == 1 => list(all),
        When::All(all) => format!("When::All(&[{}])", list(all)),
        When::Any(any) => format!("When::Any(&[{}])", list(any)),
        When::Present(path) => {
            any(names(area, &subject(event), path), &|path| format!("When::Present({path:?})"))
        }
        When::Equals(path, text) => {
            any(names(area, &subject(event), path), &|path| format!("When::Equals({path:?}, {text:?})"))
        }
        When::EnvelopePresent(path) => {
            any(names(area, &around(event), path), &|path| format!("When::EnvelopePresent({path:?})"))
        }
        When::EnvelopeEquals(path, text) => any(names(area, &around(event), path), &|path| {
            format!("When::EnvelopeEquals({path:?}, {text:?})")
        }),
    }
}

/// The lists of fields that a path may lead into: the event's own, and each variant's.
fn subject(event: &Event) -> Vec<&[Field]> {
    let variants = event.variants.iter().map(|variant| variant.fields.as_slice());
    std::iter::once(event.fields.as_slice()).chain(variants).collect()
}

fn around(event: &Event) -> Vec<&[Field]> {
    if event.envelope.is_empty() { subject(event) } else { vec![&event.envelope] }
}

/// A path, and the same under the other names that its field comes under. What some variant has as a field of its own
/// isn't just another name: `id` is `transaction_id` where only cross-border payments are looked at.
fn names(area: &Area, lists: &[&[Field]], path: &str) -> Vec<String> {
    let (parent, name) = path.rsplit_once('.').map_or((None, path), |(parent, name)| (Some(parent), name));
    let path_of = |name: &str| parent.map_or_else(|| name.to_owned(), |parent| format!("{parent}.{name}"));
    let mut others = BTreeSet::new();
    let mut own = BTreeSet::new();
    for fields in lists {
        if let Some(field) = area.field_at(fields, path) {
            others.extend(field.names());
        }
    }
    for other in &others {
        let path = path_of(other);
        let is_own =
            |fields: &&[Field]| area.field_at(fields, &path).is_some_and(|field| field.name == **other);
        if lists.iter().any(is_own) {
            own.insert(*other);
        }
    }
    let aliases = others.iter().filter(|other| **other != name && !own.contains(**other));
    std::iter::once(path.to_owned()).chain(aliases.map(|alias| path_of(alias))).collect()
}
