use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::codegen::fault::texts;
use crate::codegen::overview::Row;

fn real() -> Sources {
    Sources::read(crate::root()).unwrap()
}

#[test]
fn the_projects_own_inputs_have_no_fault() {
    let catalog = load(&real()).map_err(|faults| texts(&faults).join("\n"));
    let catalog = catalog.unwrap_or_else(|faults| panic!("{faults}"));
    assert!(catalog.editions.len() >= 2);
    assert!(catalog.entries().count() > 115);
    let bare: Vec<_> =
        catalog.events().filter(|event| event.title.is_empty()).map(|event| &event.name).collect();
    assert_eq!(bare, [""; 0]);
}

/// Both editions, row by row, against facts that this parser didn't make.
#[test]
fn the_overview_says_what_is_known_of_it() {
    let sources = real();
    let editions = overview::parse(OVERVIEW, sources.get(OVERVIEW).unwrap()).unwrap();
    for (edition, rows) in [("1", 92), ("2", 114)] {
        let known = editions.iter().find(|known| known.name == edition).unwrap();
        let file = crate::root().join(format!("crates/events/tests/data/overview_edition{edition}.json"));
        let facts: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let facts: Vec<_> = facts["rows"].as_array().unwrap().iter().map(of_fact).collect();
        assert_eq!(facts.len(), rows);
        assert_eq!(known.rows.iter().map(of_row).collect::<Vec<_>>(), facts, "edition {edition}");
    }
}

type Facts = (String, String, Option<String>, String, BTreeSet<String>, bool, u64);

fn of_row(row: &Row) -> Facts {
    let modes = row.modes.iter().map(ToString::to_string).collect();
    let group = u64::try_from(row.group).unwrap();
    let (event, fragment, title) = (row.event.clone(), row.fragment.clone(), row.title.clone());
    (row.protocol.to_string(), event, fragment, title, modes, row.locked, group)
}

fn of_fact(fact: &Value) -> Facts {
    let text = |name: &str| fact[name].as_str().map(String::from);
    let modes =
        fact["modes"].as_array().unwrap().iter().map(|mode| mode.as_str().unwrap().to_owned()).collect();
    let (protocol, event, title) = (text("api_version"), text("event_type"), text("title_zh"));
    let (locked, group) = (fact["locked"].as_bool().unwrap(), fact["group"].as_u64().unwrap());
    (protocol.unwrap(), event.unwrap(), text("variant"), title.unwrap(), modes, locked, group)
}
