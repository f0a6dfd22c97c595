//! Whatever features are on: the catalog is whole, and its models are those of the areas that are.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;
use wxhook_events::{AnyEvent, EventType, catalog};
use wxhook_wire::{EventMeta, encode};

const AREAS: [(&str, bool); 19] = [
    ("charity", cfg!(feature = "charity")),
    ("complaint", cfg!(feature = "complaint")),
    ("enterprise", cfg!(feature = "enterprise")),
    ("entrust", cfg!(feature = "entrust")),
    ("fapiao", cfg!(feature = "fapiao")),
    ("fund", cfg!(feature = "fund")),
    ("insurance", cfg!(feature = "insurance")),
    ("marketing", cfg!(feature = "marketing")),
    ("membership", cfg!(feature = "membership")),
    ("merchant", cfg!(feature = "merchant")),
    ("parking", cfg!(feature = "parking")),
    ("payment", cfg!(feature = "payment")),
    ("payscore", cfg!(feature = "payscore")),
    ("profitsharing", cfg!(feature = "profitsharing")),
    ("refund", cfg!(feature = "refund")),
    ("risk", cfg!(feature = "risk")),
    ("school", cfg!(feature = "school")),
    ("transfer", cfg!(feature = "transfer")),
    ("v2", cfg!(feature = "v2")),
];

fn is_on(meta: &EventMeta) -> bool {
    let area = AREAS.iter().find(|(area, _)| *area == meta.area);
    area.unwrap_or_else(|| panic!("{meta:?}: {} is no feature", meta.area)).1
}

#[test]
fn the_catalog_is_whole() {
    let names = include_str!("data/names.txt");
    let named = |meta: &EventMeta| match meta.variant {
        Some(variant) => format!("{}#{variant}", meta.name),
        None => meta.name.to_owned(),
    };
    let found: BTreeSet<_> = catalog().events().map(named).collect();
    assert_eq!(found, names.lines().map(str::to_owned).collect());
    let areas: BTreeSet<_> = catalog().events().map(|meta| meta.area).collect();
    assert_eq!(areas, AREAS.iter().map(|(area, _)| *area).collect());
}

#[test]
fn models_are_there_where_their_area_is_on() {
    for meta in catalog().events() {
        assert_eq!(meta.model.is_some(), is_on(meta), "{meta:?}");
        assert!(!meta.fields.is_empty() && !meta.type_name.is_empty(), "{meta:?}");
    }
}

#[test]
fn events_of_an_area_that_is_off_are_kept_as_they_came() {
    for meta in catalog().events() {
        let event = AnyEvent::decode(meta.name, meta.variant, r#"{"newer":1.0}"#).unwrap();
        assert_eq!(matches!(event, AnyEvent::Unknown(_)), !is_on(meta), "{meta:?}");
        assert_eq!(encode(&event).unwrap(), r#"{"newer":1.0}"#);
        assert!(!matches!(EventType::from(meta.name), EventType::Unknown(_)), "{meta:?}");
    }
}
