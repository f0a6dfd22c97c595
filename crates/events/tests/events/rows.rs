//! The overview table, edition by edition, against what was read from it independently of our generator.

use serde_json::Value;
use std::collections::BTreeSet;
use wxhook_events::catalog;
use wxhook_wire::{EventMeta, Row};

const EDITIONS: [(&str, usize, &str); 2] = [
    ("1", 92, include_str!("../data/overview_edition1.json")),
    ("2", 114, include_str!("../data/overview_edition2.json")),
];

/// A row of the table: (edition, event, fragment, title, for whom).
type Fact = (&'static str, String, Option<String>, String, Vec<String>);

fn facts() -> Vec<Fact> {
    let of_edition = |(edition, count, json): (&'static str, usize, &str)| {
        let table: Value = serde_json::from_str(json).unwrap();
        let rows = table["rows"].as_array().unwrap();
        assert_eq!(rows.len(), count);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let fact = |row: &Value| {
            let prefix = if row["api_version"] == "v2" { "v2/" } else { "" };
            let event = format!("{prefix}{}", text(&row["event_type"]).unwrap());
            let modes = row["modes"].as_array().unwrap().iter().map(|mode| text(mode).unwrap()).collect();
            (edition, event, text(&row["variant"]), text(&row["title_zh"]).unwrap(), modes)
        };
        rows.iter().map(fact).collect::<Vec<_>>()
    };
    EDITIONS.into_iter().flat_map(of_edition).collect()
}

fn fact(meta: &EventMeta, row: &Row) -> Fact {
    let modes = row.modes.iter().map(|mode| mode.as_str().to_owned()).collect();
    (row.edition, meta.name.to_owned(), row.fragment.map(str::to_owned), row.title.to_owned(), modes)
}

#[test]
fn every_row_belongs_to_its_event_and_no_entry_has_another() {
    let mut expected = BTreeSet::new();
    for fact in facts() {
        let (_, event, fragment, ..) = &fact;
        let catalog = catalog();
        let of_it = |meta: &&EventMeta| {
            meta.name == event && fragment.as_deref().is_none_or(|fragment| meta.variant == Some(fragment))
        };
        let entries: Vec<_> = catalog.events().filter(of_it).map(|meta| meta.variant).collect();
        assert!(!entries.is_empty(), "no entry for {fact:?}");
        assert!(fragment.is_none() || entries.len() == 1, "{entries:?} for {fact:?}");
        for variant in entries {
            assert!(expected.insert((variant, fact.clone())), "{fact:?} twice");
        }
    }
    let mut found = BTreeSet::new();
    for meta in catalog().events() {
        for row in meta.rows {
            assert!(found.insert((meta.variant, fact(meta, row))), "{meta:?}: {row:?} twice");
        }
    }
    assert_eq!(found, expected);
}

#[test]
fn titles_and_merchants_are_those_of_the_newest_row() {
    for meta in catalog().events() {
        let Some(newest) = meta.rows.last() else {
            assert!(meta.modes.is_empty(), "{meta:?} is in no table");
            continue;
        };
        assert!(meta.rows.is_sorted_by_key(|row| row.edition), "{meta:?}");
        assert_eq!(meta.modes, newest.modes, "{meta:?}");
        let of_it = meta.rows.iter().filter(|row| row.edition == newest.edition && row.title == meta.title);
        assert!(of_it.count() > 0, "{meta:?}: {}", meta.title);
    }
}
