//! Tests of the business keys.

use crate::places::example;
use crate::support::{of, v3};
use crate::tree::Tree;
use std::collections::BTreeSet;
use wxhook_events::catalog;
use wxhook_simulator::Example;
use wxhook_wire::json::Doc;
use wxhook_wire::{EventMeta, KeyRule, Protocol};

#[test]
fn every_alternative_identifies() {
    for meta in catalog().events() {
        for alternative in meta.key.alternatives {
            assert!(alternative.iter().any(|component| !component.ends_with('?')), "{meta:?}");
            let mut names = BTreeSet::new();
            for path in alternative.iter().flat_map(|component| component.trim_end_matches('?').split('|')) {
                assert!(names.insert(path), "{meta:?}: {path} twice");
                let path = path.trim_start_matches(['@', '#']);
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
                let end = if component.starts_with('#') { ".hash=" } else { "=" };
                let mut names = component.trim_start_matches('#').split('|');
                let there = names.any(|name| told.key.contains(&format!("/{name}{end}")));
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
        // Where only one edition of an event has numbers, the id is no last resort.
        let by_id = meta.key.alternatives.last().is_none_or(|last| *last == ["@id"]);
        assert_eq!(told.fallback, !by_id, "{meta:?}");
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

/// Keys that c7b4cc5 gave the examples: one a line, for the merchant `shop`; the ids, times and fingerprints in
/// the keys are those that these tests use.
const FORMER: &str = include_str!("../data/keys-c7b4cc5.jsonl");

#[test]
fn no_key_is_forgotten() {
    let mut names = BTreeSet::new();
    for line in FORMER.lines() {
        let record = Doc::parse(line).unwrap();
        let text = |name| record.root().at(name).and_then(|value| value.text());
        let (event, variant, key) = (text("event").unwrap(), text("variant"), text("key").unwrap());
        let meta = *catalog().lookup(&event, variant.as_deref()).unwrap();
        let told = of(&meta, &Tree::parse(record.root().get("resource").unwrap().raw()), None).unwrap();
        assert_eq!(told.name(), (meta.name, meta.variant), "{key}");
        assert!(told.key == key || told.older.contains(&key.clone().into_owned()), "{key}: {told:?}");
        names.insert((meta.name, meta.variant));
    }
    assert_eq!(names.len(), 158);
}

#[test]
fn what_describes_a_person_is_in_no_key() {
    let catalog = catalog();
    let private = ["plate_number", "account", "refund_recv_accout", "openid", "phone"];
    for meta in catalog.events() {
        for component in meta.key.alternatives.iter().copied().flatten() {
            let mut names = component.trim_end_matches('?').split('|');
            let is_private = names.any(|name| private.iter().any(|end| name.ends_with(end)));
            assert!(component.starts_with('#') || !is_private, "{meta:?}: {component}");
        }
    }
    let plate = catalog.lookup("v2/vehicle-state-changed-for-parking", None).unwrap();
    let example = example(plate);
    let told = of(plate, &example, None).unwrap();
    let Tree::Object(members) = &example else { panic!("no object") };
    let (_, number) = members.iter().find(|(name, _)| name == "\"plate_number\"").unwrap();
    let number = wxhook_wire::encode_segment(&number.text().unwrap()).into_owned();
    assert!(
        !told.key.contains(&number) && told.older.iter().all(|older| older.contains(&number)),
        "{told:?}"
    );
}

#[test]
fn one_share_of_an_order_is_one_fact_and_each_return_is_one() {
    let share = |event: &str, amount: u32| {
        let resource = format!(
            r#"{{"mchid":"1","order_id":"2","receiver":{{"type":"MERCHANT_ID","account":"3","amount":{amount}}}}}"#
        );
        v3(event, "", &resource).unwrap().key
    };
    assert_eq!(share("PROFITSHARING.SUCCESS", 1), share("PROFITSHARING.SUCCESS", 2));
    assert_eq!(share("TRANSACTION.SUCCESS", 1), share("TRANSACTION.SUCCESS", 2));
    assert_ne!(share("PROFITSHARING.RETURN", 1), share("PROFITSHARING.RETURN", 2));
}

#[test]
fn a_complaint_under_a_new_id_is_the_same_one() {
    let sparse = r#"{"complaint_id":"200000020250414210271430103","action_type":"CREATE_COMPLAINT"}"#;
    let told = v3("COMPLAINT.CREATE", "", sparse).unwrap();
    assert!(!told.fallback && !told.key.contains('@'), "{}", told.key);
    assert_eq!(told.older, ["shop/COMPLAINT.CREATE/@id=EV-1"]);
    let other = v3("COMPLAINT.CREATE", "", &sparse.replace("103", "104")).unwrap();
    assert_ne!(told.key, other.key);
    let early = r#"{"transaction_id":"42","action_type":"CREATE_COMPLAINT","complaint_time":"2020-12-01T10:00:00+08:00"}"#;
    assert!(!v3("COMPLAINT.CREATE", "", early).unwrap().fallback);
}
