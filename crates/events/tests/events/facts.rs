//! Tests of what entries say about money, merchants and states, and of how a resource compares with them.

use crate::places::example;
use crate::support::v3;
use std::collections::BTreeMap;
use wxhook_events::catalog;
use wxhook_wire::json::Doc;
use wxhook_wire::{ConflictPolicy, EventMeta, Fit, Money, Protocol};

fn fit(event: &str, resource: &str) -> Fit {
    let told = v3(event, "", resource).unwrap();
    told.meta.fit(Doc::parse(resource).unwrap().root())
}

fn misfit(event: &str, resource: &str) -> Option<String> {
    match fit(event, resource) {
        Fit::Misfit(misfit) => Some(misfit.path().to_owned()),
        _ => None,
    }
}

const PAID: &str =
    r#"{"mchid":"1900000109","transaction_id":"42","trade_state":"SUCCESS","amount":{"total":100}}"#;
const REFUND: &str =
    r#"{"mchid":"1900000109","refund_id":"5","refund_status":"SUCCESS","amount":{"refund":100}}"#;

#[test]
fn a_state_that_contradicts_its_event_does_not_fit() {
    let paid = |state: &str| misfit("TRANSACTION.SUCCESS", &PAID.replace("SUCCESS", state));
    for state in ["NOTPAY", "CLOSED", "REVOKED", "USERPAYING", "PAYERROR", "ACCEPT", "PAY_FAIL"] {
        assert_eq!(paid(state).as_deref(), Some("trade_state"), "{state}");
    }
    // It was paid, whatever was given back of it since; and what nobody knows contradicts nothing.
    for state in ["SUCCESS", "REFUND", "NEWER", ""] {
        assert_eq!(paid(state), None, "{state}");
    }
    let refund = |event: &str, state: &str| misfit(event, &REFUND.replace("SUCCESS", state));
    for event in ["SUCCESS", "CLOSED", "ABNORMAL"] {
        for state in ["SUCCESS", "CLOSED", "ABNORMAL"] {
            let found = refund(&format!("REFUND.{event}"), state);
            assert_eq!(found.is_some(), event != state, "REFUND.{event} with {state}");
        }
    }
    assert_eq!(refund("REFUND.SUCCESS", "PROCESSING"), None, "no document has it");
}

#[test]
fn a_negative_amount_does_not_fit() {
    assert_eq!(misfit("TRANSACTION.SUCCESS", &PAID.replace("100", "-5")).as_deref(), Some("amount.total"));
    assert_eq!(misfit("TRANSACTION.SUCCESS", &PAID.replace("100", "0")), None);
}

#[test]
fn every_example_is_typed() {
    for meta in catalog().events() {
        let text = example(meta).to_json();
        assert_eq!(meta.fit(Doc::parse(&text).unwrap().root()), Fit::Typed, "{meta:?}");
        assert_eq!(meta.roundtrip(&text), Some(Ok(text)), "{meta:?}");
    }
}

#[test]
fn a_resource_that_no_document_shows_is_not_typed() {
    let paid =
        |more: &str| fit("TRANSACTION.SUCCESS", &PAID.replace("\"amount\"", &format!("{more}\"amount\"")));
    assert_eq!(paid(""), Fit::Typed);
    assert_eq!(paid(r#""a":1,"b":2,"c":3,"d":4,"#), Fit::Typed);
    assert_eq!(paid(r#""a":1,"b":2,"c":3,"d":4,"e":null,"f":"","#), Fit::Typed);
    assert_eq!(paid(r#""a":1,"b":2,"c":3,"d":4,"e":5,"#), Fit::MostlyUnknown);
}

#[test]
fn earlier_editions_are_typed() {
    for (event, resource) in [
        (
            "DISCOUNT_CARD.SETTLEMENT",
            r#"{"out_order_no":"1","discount_card_id":"2","out_trade_no":"3","appid":"4","service_id":"5","order_id":"6",
            "transaction_id":"7","openid":"8","card_begin_time":"2020-05-20T13:29:35+08:00","card_name":"9",
            "objective_description":"a","reward_description":"b","estimated_reward_amount":1,"state":"c",
            "total_amount":2,"deduction_amount":1,"settlement_amount":1,"objectives":[{"objective_id":1,
            "objective_serial_no":"2","performance_type":"INCREASE","count":1}]}"#,
        ),
        (
            "PAYSCORE.USER_ACCEPTED",
            r#"{"appid":"1","mchid":"2","out_order_no":"3","service_id":"4","state":"USER_ACCEPTED","order_id":"5",
            "service_start_time":"20191205135948","risk_amount":20000,"fees":[{"fee_name":"a","fee_amount":1}],
            "discounts":[{"discount_name":"b"}],"attach":"c","need_user_confirm":true}"#,
        ),
        (
            "COMPLAINT.CREATE",
            r#"{"out_trade_no":"1","complaint_time":"2025-04-14T21:53:08+08:00","amount":200,"payer_phone":"cXE=",
            "complaint_detail":"a","complaint_state":"PAYER_COMPLAINTED","transaction_id":"2",
            "complaint_handle_state":"WAIT_MERCHANT_RESPONSE","action_type":"CREATE_COMPLAINT","complaint_id":"3",
            "frozen_end_time":"2020-05-20T13:29:35+08:00","sub_mchid":"4"}"#,
        ),
        (
            "BRAND_MEMBER_CARD.POINT_EXCHANGE_COUPON",
            r#"{"record_id":"1","brand_id":120344,"deduct_points":18446744073709551615}"#,
        ),
    ] {
        let told = v3(event, "", resource).unwrap();
        let doc = Doc::parse(resource).unwrap();
        assert_eq!(told.meta.fit(doc.root()), Fit::Typed, "{event}");
        let known = |name: &str| told.meta.fields.iter().any(|field| field.is_called(name));
        assert!(doc.root().entries().all(|(name, _)| known(&name)), "{event}");
        let by_id = told.key.contains("/@id=");
        assert!(!by_id, "{}", told.key);
    }
}

#[test]
fn money_waits_when_it_changes() {
    let mut kinds: BTreeMap<_, usize> = BTreeMap::new();
    for meta in catalog().events().filter(|meta| meta.money.is_some()) {
        *kinds.entry(meta.money.unwrap().as_str()).or_default() += 1;
        assert!(meta.on_changed == ConflictPolicy::Park || meta.name == "REFUND.ABNORMAL", "{meta:?}");
    }
    assert_eq!(kinds.keys().copied().collect::<Vec<_>>(), ["payment", "refund", "transfer"]);
    let money = |name, variant| catalog().lookup(name, variant).unwrap().money;
    assert_eq!(money("TRANSACTION.SUCCESS", Some("BASIC")), Some(Money::Payment));
    assert_eq!(money("TRANSACTION.SUCCESS", Some("PROFITSHARING")), Some(Money::Transfer));
    assert_eq!(money("v2/refund-processed", Some("BASIC")), Some(Money::Refund));
    assert_eq!(money("COMPLAINT.CREATE", None), None);
}

#[test]
fn the_merchant_who_is_notified_is_named_or_not() {
    let merchants = |name, variant| catalog().lookup(name, variant).unwrap().merchants;
    for name in ["MALL_TRANSACTION.SUCCESS", "MALL_REFUND.SUCCESS"] {
        assert!(merchants(name, None).is_empty(), "the mall is told of its shops: {name}");
    }
    for (name, variant) in [("TRANSACTION.SUCCESS", "PROFITSHARING"), ("PROFITSHARING.SUCCESS", "BASIC")] {
        assert!(merchants(name, Some(variant)).contains(&"receiver.account"), "{name}");
    }
    let usual = catalog().events().filter(|meta| meta.merchants == EventMeta::MERCHANTS).count();
    assert!(usual > 140 && usual < catalog().events().count(), "{usual}");
}

#[test]
fn kinds_that_were_unknown_keep_those_keys() {
    let was_unknown: Vec<_> =
        catalog().events().filter(|meta| meta.key.was_unknown).map(|meta| meta.name.to_owned()).collect();
    assert_eq!(was_unknown, ["v2/pap-deduction-failed", "v2/native-prepay-question"]);
    for meta in catalog().events().filter(|meta| meta.key.was_unknown) {
        assert_eq!(meta.protocol, Protocol::V2);
        let told = crate::support::of(meta, &example(meta), None).unwrap();
        assert_eq!(told.older, ["shop/v2/unknown/@fingerprint=f1"], "{meta:?}");
    }
}
