//! Laws for every event and variant: a resource is written back as it came, whatever varies in it.

use crate::places::{Now, Place, change, each, example, with};
use crate::support::{fits, of, roundtrip};
use crate::tree::Tree;
use crate::ways::{nothing, same_meaning, ways};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use wxhook_events::catalog;
use wxhook_wire::EventMeta;

/// Number of random cases for each entry.
const CASES: u32 = 24;

#[test]
fn any_one_thing_may_be_otherwise() {
    let mut tried = 0;
    for meta in catalog().events() {
        let example = example(meta);
        each(meta, &example, &mut |place, tree| {
            for (what, now) in ways(place, tree) {
                let text = with(meta, &example, place.number, &now).to_json();
                assert_eq!(roundtrip(meta, &text).as_ref(), Ok(&text), "{meta:?} {}: {what}", place.path);
                tried += 1;
            }
        });
    }
    assert!(tried > 20_000, "{tried}");
}

#[test]
fn any_number_of_things_may_be_otherwise() {
    for_each_entry(|meta, example, chances| {
        let text = by_chance(meta, example, chances, ways).to_json();
        prop_assert_eq!(fits(meta, &text), Ok(()));
        let back = roundtrip(meta, &text);
        prop_assert_eq!(back, Ok(text));
        Ok(())
    });
}

#[test]
fn what_is_written_differently_is_the_same_event_by_the_same_key() {
    for_each_entry(|meta, example, chances| {
        let otherwise = by_chance(meta, example, chances, |place, tree| {
            // A key takes JSON in a string by its text.
            if place.is_inside { Vec::new() } else { same_meaning(place, tree) }
        });
        let (before, after) = (of(meta, example, None).unwrap(), of(meta, &otherwise, None).unwrap());
        prop_assert_eq!((before.name(), before.key), (after.name(), after.key), "{}", otherwise.to_json());
        Ok(())
    });
}

#[test]
fn missing_and_null_and_empty_are_one() {
    for meta in catalog().events() {
        let example = example(meta);
        each(meta, &example, &mut |place, _| {
            // A key takes JSON in a string by its text.
            if place.field.is_none() || place.is_element || place.is_inside {
                return;
            }
            let told = nothing().map(|now| {
                let told = of(meta, &with(meta, &example, place.number, &now), None);
                told.map(|told| (told.name(), told.key, told.fallback))
            });
            assert!(told[0] == told[1] && told[1] == told[2], "{meta:?} {}: {told:?}", place.path);
        });
    }
}

/// Tries a law on every entry; what chance changed is made smaller where it fails.
fn for_each_entry(law: impl Fn(&EventMeta, &Tree, &[u8]) -> Result<(), TestCaseError>) {
    for meta in catalog().events() {
        let example = example(meta);
        let mut places = 0;
        each(meta, &example, &mut |_, _| places += 1);
        let mut runner =
            TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
        let chances = prop::collection::vec(any::<u8>(), places);
        let found = runner.run(&chances, |chances| law(meta, &example, &chances));
        found.unwrap_or_else(|fault| panic!("{meta:?}: {fault}"));
    }
}

type Ways = fn(&Place<'_>, &Tree) -> Vec<(&'static str, Now)>;

/// The resource with about every third place changed in one of some ways.
fn by_chance(meta: &EventMeta, example: &Tree, chances: &[u8], ways: Ways) -> Tree {
    change(meta, example, &mut |place, tree| {
        let chance = usize::from(chances[place.number]);
        let ways = if chance < 160 { Vec::new() } else { ways(place, &tree) };
        match ways.len() {
            0 => Now::Is(tree),
            many => ways[chance % many].1.clone(),
        }
    })
}
