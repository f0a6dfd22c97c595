//! What identifies a business fact.

use crate::places::example;
use crate::support::{of, v3};
use crate::tree::Tree;
use std::collections::BTreeSet;
use wxhook_events::catalog;
use wxhook_simulator::Example;
use wxhook_wire::{EventMeta, KeyRule, Protocol};

#[test]
fn every_alternative_identifies() {
    for meta in catalog().events() {
        for alternative in meta.key.alternatives {
            assert!(alternative.iter().any(|component| !component.ends_with('?')), "{meta:?}");
            let mut names = BTreeSet::new();
            for path in alternative.iter().flat_map(|component| component.trim_end_matches('?').split('|')) {
                assert!(names.insert(path), "{meta:?}: {path} twice");
                let path = path.strip_prefix('@').unwrap_or(path);
                let plain = |c: char| c.is_ascii_lowercase() || c == '_';
                assert!(path.split('.').all(|name| !name.is_empty() && name.chars().all(plain)), "{path}");
            }
        }
    }
}

#[test]
fn every_alternative_finds_its_components_in_the_example() {
    let mut with_rule = 0;
    for meta in catalog().events().filter(|meta| !meta.key.alternatives.is_empty()) {
        with_rule += 1;
        let example = example(meta);
        let told = of(meta, &example, None).unwrap();
        assert!(!told.fallback && !told.key.contains("/@id="), "{meta:?}: {}", told.key);
        for alternative in meta.key.alternatives {
            // By itself: an earlier alternative that is complete would count.
            let told = of(meta, &example, Some(&KeyRule::new(std::slice::from_ref(alternative)))).unwrap();
            assert!(!told.fallback, "{meta:?}: {alternative:?}");
            let needed = alternative.iter().filter(|component| !component.ends_with('?'));
            for component in needed {
                let there = component.split('|').any(|name| told.key.contains(&format!("/{name}=")));
                assert!(there, "{meta:?}: {component} isn't in {}", told.key);
            }
        }
    }
    assert!(with_rule > 80, "{with_rule}");
}

#[test]
fn two_business_facts_never_share_a_key() {
    let catalog = catalog();
    for meta in catalog.events().filter(|meta| !meta.key.alternatives.is_empty()) {
        let mut keys = BTreeSet::new();
        for number in 1..4 {
            let resource = Example::new(meta, &*catalog).number(number).resource().to_json();
            let told = of(meta, &Tree::parse(&resource), None).unwrap();
            assert!(keys.insert(told.key.clone()), "{meta:?}: {} twice", told.key);
        }
    }
}

#[test]
fn what_identifies_is_never_left_out() {
    let catalog = catalog();
    let plain = catalog.events().filter(|meta| meta.protocol == Protocol::V3 && meta.variant.is_none());
    for meta in plain {
        let told = v3(meta.name, "", "{}").unwrap();
        let name = meta.key.name.unwrap_or(meta.name);
        assert_eq!(told.key, format!("shop/{name}/@id=EV-1"));
        assert_eq!(told.fallback, !meta.key.alternatives.is_empty());
    }
}

#[test]
fn renamed_events_have_the_keys_of_their_new_names() {
    let catalog = catalog();
    let is_renamed = |meta: &&EventMeta| meta.key.name.is_some();
    let renamed: Vec<_> = catalog.events().filter(is_renamed).map(|meta| meta.name).collect();
    assert_eq!(renamed, ["MEMBERCARDSP.USER_CARD.CREATE", "MEMBERCARDSP.USER_CARD.DELETE"]);
    for old in renamed {
        let new = old.replace("MEMBERCARDSP", "BRAND_MEMBER_CARD_SP");
        let (by_old, by_new) = (catalog.lookup(old, None).unwrap(), catalog.lookup(&new, None).unwrap());
        assert_eq!(by_old.title, by_new.title);
        let example = example(by_old);
        let (old_key, new_key) = (of(by_old, &example, None).unwrap(), of(by_new, &example, None).unwrap());
        assert_eq!(old_key.key, new_key.key);
        // They have no rule; with one, what was kept under the old name is found again.
        assert_eq!((old_key.older.len(), by_old.key.alternatives.len()), (0, 0));
        let mut rule = KeyRule::new(&[&["user_card_code"]]);
        rule.name = by_old.key.name;
        let with_rule = of(by_old, &example, Some(&rule)).unwrap();
        let code = with_rule.key.rsplit('=').next().unwrap();
        assert_eq!(with_rule.key, format!("shop/{new}/user_card_code={code}"));
        assert_eq!(with_rule.older, [format!("shop/{old}/user_card_code={code}")]);
    }
}

#[test]
fn earlier_rules_are_kept() {
    // A combined payment was once known by one order's number where its own was missing.
    let resource =
        r#"{"combine_out_trade_no":"1","transaction_id":"2","sub_orders":[{"individual_auth_id":"3"}]}"#;
    let told = v3("TRANSACTION.SUCCESS", "", resource).unwrap();
    assert_eq!(told.meta.variant, Some("INDIVIDUAL"));
    assert_eq!((told.key.as_str(), told.fallback), ("shop/TRANSACTION.SUCCESS/@id=EV-1", true));
    assert_eq!(told.older, ["shop/TRANSACTION.SUCCESS/transaction_id=2"]);
}
