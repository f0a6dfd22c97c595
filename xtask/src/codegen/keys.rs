//! The lock file of key rules: by which rule notifications are filed that are stored already.

use std::collections::BTreeMap;

use super::fault::Fault;
use super::input::KEYS;
use super::model::{Catalog, Entry, KeyRule};

const HEAD: &str = "\
# By which rule each notification is filed, written by `cargo xtask codegen`. Alternatives are separated by `or`, components
# by `+`; a rule that changes must stay in the catalog file under older_keys, else a resend would count as new.
";

/// The text of the file: one line for each event or variant.
pub(crate) fn lock(catalog: &Catalog) -> String {
    let mut lines: Vec<_> = catalog.entries().map(line).collect();
    lines.sort();
    HEAD.to_owned() + &lines.concat()
}

/// Parts of the catalog whose change would give a stored notification another key.
pub(crate) fn check_lock(locked: &str, catalog: &Catalog) -> Vec<Fault> {
    let mut faults = Vec::new();
    let entries: BTreeMap<String, Entry<'_>> = catalog.entries().map(|entry| (entry.id(), entry)).collect();
    for (number, line) in (1..).zip(locked.lines()).filter(|(_, line)| !line.starts_with('#')) {
        let Some((id, rule)) = parse(line) else {
            let mend = "run `cargo xtask codegen` with the file as it was committed";
            faults.push(Fault::new(format!("{KEYS}:{number}"), format!("`{line}` is no rule"), mend));
            continue;
        };
        let name = id.split('#').next().unwrap_or(id);
        let of_event = || entries.values().copied().filter(|entry| entry.event.name == name);
        match entries.get(id) {
            Some(entry) => faults.extend(changed(id, rule, *entry)),
            None if of_event().next().is_none() => {
                let what = format!("{id} is gone from the catalog");
                faults.push(Fault::new(KEYS, what, "bring its file back: old notifications still arrive"));
            }
            // an event that had no variants, or has none now: all that there is of it takes over
            None => {
                let takes_over = of_event().filter(|entry| id == name || entry.variant.is_none());
                faults.extend(takes_over.filter_map(|entry| changed(id, rule, entry)));
            }
        }
    }
    faults
}

fn changed(id: &str, rule: &str, entry: Entry<'_>) -> Option<Fault> {
    let is_known =
        rule_text(entry.key()) == rule || entry.older_keys().iter().any(|older| rule_text(older) == rule);
    (!is_known).then(|| {
        let what = format!(
            "the key of {} changed: a resend of a stored notification would count as new",
            entry.id()
        );
        Fault::new(
            &entry.event.file,
            what,
            format!("put the earlier rule ({rule}, of {id}) under older_keys"),
        )
    })
}

/// `EVENT#VARIANT: one + other? or another; 1 older`
fn line(entry: Entry<'_>) -> String {
    let older = match entry.older_keys().len() {
        0 => String::new(),
        count => format!("; {count} older"),
    };
    format!("{}: {}{older}\n", entry.id(), rule_text(entry.key()))
}

fn parse(line: &str) -> Option<(&str, &str)> {
    let (id, rest) = line.split_once(": ")?;
    Some((id, rest.split_once("; ").map_or(rest, |(rule, _)| rule)))
}

fn rule_text(rule: &KeyRule) -> String {
    if rule.is_empty() {
        return "(notification id)".to_owned();
    }
    rule.iter().map(|alternative| alternative.join(" + ")).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests;
