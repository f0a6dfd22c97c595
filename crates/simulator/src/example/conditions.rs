//! The demands of a catalog's conditions on a resource, and how to make them hold or fail.

use wxhook_wire::{EventMeta, When};

use super::place::{Edit, Place, last};
use crate::tree::Tree;
use crate::view::look;

/// More ways than these aren't weighed.
const MAX_WAYS: usize = 256;

/// Returns whether all of these conditions hold.
pub(super) fn hold(meta: &EventMeta, resource: &Tree, conditions: &[When]) -> bool {
    look(meta, resource, |opened| conditions.iter().all(|condition| condition.holds(opened))).unwrap_or(false)
}

/// Makes an event's own conditions hold; `by_name` gives a value to a field that isn't documented.
pub(super) fn demand(meta: &EventMeta, resource: &mut Tree, by_name: &dyn Fn(&str) -> Tree) {
    for condition in [&meta.identified_by, &meta.when] {
        let mut written = Vec::new();
        write_all(meta, condition, resource, &mut written);
        meet(meta, condition, resource, by_name);
    }
}

/// Writes the texts that are asked for, of several for one place the first, where the field is documented.
fn write_all(meta: &EventMeta, when: &When, resource: &mut Tree, written: &mut Vec<Place>) {
    let (place, text) = match when {
        When::Equals(path, text) => (Place::Content(path), text),
        When::EnvelopeEquals(path, text) => (Place::Around(path), text),
        When::All(conditions) | When::Any(conditions) => {
            return conditions.iter().for_each(|condition| write_all(meta, condition, resource, written));
        }
        _ => return,
    };
    if place.is_in_resource(meta) && place.field(meta).is_some() && !written.contains(&place) {
        place.write(meta, resource, &Tree::string(text));
        written.push(place);
    }
}

/// Makes a condition hold that doesn't yet; of several that would do the first.
fn meet(meta: &EventMeta, when: &When, resource: &mut Tree, by_name: &dyn Fn(&str) -> Tree) {
    if hold(meta, resource, &[*when]) {
        return;
    }
    let (place, value) = match when {
        When::All(conditions) => {
            return conditions.iter().for_each(|condition| meet(meta, condition, resource, by_name));
        }
        When::Any(conditions) => {
            if let Some(first) = conditions.first() {
                meet(meta, first, resource, by_name);
            }
            return;
        }
        When::Equals(path, text) => (Place::Content(path), Tree::string(text)),
        When::EnvelopeEquals(path, text) => (Place::Around(path), Tree::string(text)),
        When::Present(path) => (Place::Content(path), by_name(last(path))),
        When::EnvelopePresent(path) => (Place::Around(path), by_name(last(path))),
        _ => return,
    };
    if place.is_in_resource(meta) {
        place.write(meta, resource, &value);
    }
}

/// The ways to make a condition fail that holds; none where there is no way.
pub(super) fn breaks(meta: &EventMeta, when: &When, resource: &Tree) -> Vec<Vec<Edit>> {
    let removed = |place: Place| place.is_in_resource(meta).then(|| vec![Edit::Remove(place)]);
    match when {
        When::Present(path) => removed(Place::Content(path)).into_iter().collect(),
        When::EnvelopePresent(path) => removed(Place::Around(path)).into_iter().collect(),
        When::Equals(path, text) => {
            let place = Place::Content(path);
            let rewritten = place.other_value(meta, text).map(|other| vec![Edit::Write(place, other)]);
            rewritten.into_iter().chain(removed(place)).collect()
        }
        When::EnvelopeEquals(path, _) => removed(Place::Around(path)).into_iter().collect(),
        When::All(conditions) => {
            conditions.iter().flat_map(|condition| breaks(meta, condition, resource)).take(MAX_WAYS).collect()
        }
        When::Any(conditions) => {
            let holding = conditions.iter().filter(|condition| hold(meta, resource, &[**condition]));
            holding.fold(vec![Vec::new()], |ways, condition| {
                let more = breaks(meta, condition, resource);
                let both = |way: &Vec<Edit>, step: &Vec<Edit>| {
                    let mut both = way.clone();
                    both.extend(step.iter().filter(|edit| !way.contains(edit)));
                    both
                };
                ways.iter()
                    .flat_map(|way| more.iter().map(move |step| both(way, step)))
                    .take(MAX_WAYS)
                    .collect()
            })
        }
        _ => Vec::new(),
    }
}
