//! Key rules: something identifies, and every path leads to a field.

use super::entry_place;
use super::paths::{envelope_has, subject_has};
use crate::codegen::fault::Fault;
use crate::codegen::model::{Area, Entry, Event, KeyRule};

pub(super) fn faults(area: &Area, event: &Event) -> Vec<Fault> {
    let (inherit, own): (Vec<_>, Vec<_>) = event.entries().partition(|entry| *entry.key() == event.key);
    let mut faults = rule_faults(area, event, &event.file, &inherit);
    faults.extend(event.older_keys.iter().flat_map(|older| identity_faults(&event.file, older)));
    for entry in own {
        let place = entry_place(entry);
        faults.extend(rule_faults(area, event, &place, &[entry]));
        faults.extend(entry.older_keys().iter().flat_map(|older| identity_faults(&place, older)));
    }
    faults
}

/// The rule that these entries of the event have.
fn rule_faults(area: &Area, event: &Event, place: &str, users: &[Entry<'_>]) -> Vec<Fault> {
    let Some(rule) = users.first().map(Entry::key) else { return Vec::new() };
    let mut faults = identity_faults(place, rule);
    for component in rule.iter().flatten() {
        let required = !component.ends_with('?');
        let paths = component.trim_end_matches('?').trim_start_matches('#');
        let unknown: Vec<_> = paths.split('|').filter(|path| !leads_somewhere(area, event, path)).collect();
        for path in &unknown {
            let mend = "correct the path, or add the field";
            faults.push(Fault::new(place, format!("no field `{path}` for the key's `{component}`"), mend));
        }
        if !unknown.is_empty() || !required {
            continue;
        }
        for user in users {
            let leads = |path: &str| path.starts_with('@') || area.field_at(user.fields(), path).is_some();
            if !paths.split('|').any(leads) {
                let what = format!("{} has nothing for the key's `{component}`", user.id());
                faults.push(Fault::new(place, what, "add the field, or give the variant a key of its own"));
            }
        }
    }
    faults
}

fn leads_somewhere(area: &Area, event: &Event, path: &str) -> bool {
    match path.strip_prefix('@') {
        Some(path) => envelope_has(area, event, path),
        None => subject_has(area, event, path),
    }
}

/// Without a component that must be there two notifications could share a key.
fn identity_faults(place: &str, rule: &KeyRule) -> Vec<Fault> {
    let identifies =
        |alternative: &&Vec<String>| alternative.iter().any(|component| !component.ends_with('?'));
    let vague = rule.iter().filter(|alternative| !identifies(alternative));
    vague
        .map(|alternative| {
            let what = format!("nothing identifies in the key's [{}]", alternative.join(", "));
            Fault::new(place, what, "at least one component must go without `?`")
        })
        .collect()
}
