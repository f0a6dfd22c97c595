//! Tests of how notifications are classified, and of their keys.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;
use wxhook_example_events::catalog;
use wxhook_simulator::{Resource, classify, example};
use wxhook_wire::json::Doc;
use wxhook_wire::v2::Fields;
use wxhook_wire::v3::Envelope;
use wxhook_wire::{
    BusinessKey, Catalog, Chain, ConflictPolicy, EventMeta, Opened, Table, When, business_key,
};

/// As a program chains them.
fn all() -> Arc<dyn Catalog> {
    Arc::new(Chain::new([wxhook_events::catalog(), catalog()]).unwrap())
}

/// Returns the entry and the key that a receiver finds for granted points, for the merchant `shop`.
fn granted(resource: &str) -> (EventMeta, BusinessKey) {
    let envelope = concat!(
        r#"{"id":"EV-1","event_type":"LOYALTY.POINTS_GRANTED","#,
        r#""resource":{"algorithm":"x","ciphertext":"x","nonce":"x"}}"#
    );
    let (envelope, resource) = (Doc::parse(envelope).unwrap(), Doc::parse(resource).unwrap());
    let envelope = Envelope::read(&envelope).unwrap();
    found(&Opened::v3(&envelope, Some(resource.root())), ("id", &["EV-1"])).unwrap()
}

/// Returns the entry and the key for fields that came as XML; `None` for an unknown kind.
fn received(xml: &str) -> Option<(EventMeta, BusinessKey)> {
    let fields = Fields::parse(xml.as_bytes()).unwrap();
    let json = fields.to_json(&[]);
    let resource = Doc::parse(&json).unwrap();
    found(&Opened::v2(&fields, resource.root()), ("fingerprint", &["00"]))
}

fn found(opened: &Opened<'_>, otherwise: (&str, &[&str])) -> Option<(EventMeta, BusinessKey)> {
    let meta = *all().classify(opened)?;
    Some((meta, business_key("shop", meta.name, &meta.key, opened, otherwise, wxhook_crypto::sha256)))
}

#[test]
fn no_event_stands_in_two_catalogs() {
    assert_eq!(
        all().events().count(),
        wxhook_events::catalog().events().count() + catalog().events().count()
    );
}

#[test]
fn an_event_that_the_documented_catalog_gains_is_replaced_by_ones_own() {
    const GAINED: EventMeta =
        EventMeta::v3("LOYALTY.POINTS_GRANTED", "积分发放通知").variant("MEMBER", When::Present("openid"));
    let documented: Arc<dyn Catalog> = Arc::new(Table::new([GAINED, GAINED.fallback()]).unwrap());
    let chain = Chain::new([documented, catalog()]).unwrap();
    let own = chain.lookup("LOYALTY.POINTS_GRANTED", Some("GIFT")).unwrap();
    assert_eq!(own.area, "loyalty");
    // Another variant of the same event is an addition, and the same variant isn't there twice.
    assert!(chain.lookup("LOYALTY.POINTS_GRANTED", Some("MEMBER")).is_some());
    assert_eq!(chain.replaced().count(), 0);
    let again = Chain::new([catalog(), catalog()]).unwrap();
    assert_eq!((again.events().count(), again.replaced().count()), (3, 3));
}

#[test]
fn every_entry_takes_its_own_example() {
    let all = all();
    for meta in catalog().events() {
        let resource = example(meta, &*all);
        let told = classify(&*all, meta.name, &Resource::parse(&resource).unwrap()).unwrap();
        assert_eq!((told.name, told.variant), (meta.name, meta.variant), "{resource}");
        assert_eq!((meta.model.unwrap().roundtrip)(&resource).unwrap(), resource);
        assert_eq!((meta.area, meta.on_changed), ("loyalty", ConflictPolicy::Park), "{meta:?}");
        assert!(!meta.doc.is_empty() && meta.fields.iter().all(|field| !field.doc.is_empty()), "{meta:?}");
    }
}

#[test]
fn a_component_of_a_key_is_a_field() {
    for meta in catalog().events() {
        let components = meta.key.alternatives.iter().flat_map(|components| components.iter());
        for name in components.flat_map(|component| component.trim_end_matches('?').split('|')) {
            let is_named =
                meta.fields.iter().any(|field| field.name == name || field.aliases.contains(&name));
            assert!(is_named, "{meta:?}: {name}");
        }
    }
}

#[test]
fn variants_are_told_apart() {
    for (resource, variant) in [
        (r#"{"grant_id":"1","transaction_id":"42"}"#, Some("PURCHASE")),
        (r#"{"grant_id":"1","transaction_id":"42","giver_openid":"o"}"#, Some("PURCHASE")),
        (r#"{"grant_id":"1","giver_openid":"o","transaction_id":""}"#, Some("GIFT")),
        (r#"{"grant_id":"1"}"#, None),
    ] {
        let (meta, key) = granted(resource);
        assert_eq!((meta.variant, meta.is_fallback), (variant, variant.is_none()), "{resource}");
        assert_eq!(key.key, "shop/LOYALTY.POINTS_GRANTED/grant_id=1", "the same, whatever it is taken for");
    }
}

#[test]
fn grants_of_two_sub_merchants_are_two() {
    let key = |resource: &str| granted(resource).1;
    let event = "shop/LOYALTY.POINTS_GRANTED";
    for (resource, expected) in [
        (r#"{"out_grant_no":"7","sub_mchid":"8"}"#, "/sub_mchid=8/out_grant_no=7"),
        (r#"{"out_grant_no":"7","sub_mchid":"9"}"#, "/sub_mchid=9/out_grant_no=7"),
        (r#"{"out_grant_no":"7","sub_mch_id":"9"}"#, "/sub_mch_id=9/out_grant_no=7"),
        (r#"{"out_grant_no":"7"}"#, "/out_grant_no=7"),
        (r#"{"grant_id":"1","out_grant_no":"7","sub_mchid":"8"}"#, "/grant_id=1"),
    ] {
        assert_eq!(key(resource).key, format!("{event}{expected}"), "{resource}");
    }
    let neither = key(r#"{"sub_mchid":"9"}"#);
    assert_eq!((neither.key, neither.fallback), (format!("{event}/@id=EV-1"), true));
}

#[test]
fn points_used_are_told_by_their_own_field() {
    let (meta, key) =
        received("<xml><mch_id>1900000109</mch_id><points_use_id>5</points_use_id></xml>").unwrap();
    assert_eq!(
        (meta.name, key.key.as_str()),
        ("v2/loyalty-points-used", "shop/v2/loyalty-points-used/points_use_id=5")
    );
    assert!(received("<xml><mch_id>1900000109</mch_id><points_use_id/></xml>").is_none());
    let (payment, _) =
        received("<xml><mch_id>1</mch_id><transaction_id>4</transaction_id><total_fee>1</total_fee></xml>")
            .unwrap();
    assert_eq!(payment.name, "v2/transaction-success");
}
