//! Examples of every documented event say what happened, add up, and are in order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use wxhook_events::catalog;
use wxhook_simulator::{Example, Nonces, Platform};
use wxhook_wire::{EventMeta, FieldKind, FieldMeta, Protocol, Time};

const NOW: u64 = 1_767_225_600;

/// Every event with its example.
fn examples() -> Vec<(EventMeta, Value)> {
    let catalog = catalog();
    let made = |meta: &EventMeta| Example::new(meta, &*catalog).at(NOW).number(7).resource().to_json();
    catalog.events().map(|meta| (*meta, serde_json::from_str(&made(meta)).unwrap())).collect()
}

/// Calls for every object, with the name of the member or list that it stands in; also for those of JSON in strings.
fn objects(name: &str, value: &Value, see: &mut dyn FnMut(&str, &serde_json::Map<String, Value>)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| objects(name, item, see)),
        Value::Object(members) => {
            see(name, members);
            members.iter().for_each(|(name, value)| objects(name, value, see));
        }
        Value::String(text) if text.starts_with('{') => {
            objects(name, &serde_json::from_str(text).unwrap(), see);
        }
        _ => {}
    }
}

fn amount(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

#[test]
fn amounts_add_up() {
    let mut laws = 0;
    for (meta, example) in examples() {
        objects("", &example, &mut |place, members| {
            let get = |name: &str| members.get(name).and_then(amount);
            let mut law = |holds: Option<bool>, what: &str| {
                assert_ne!(holds, Some(false), "{meta:?} {place}: {what}: {members:?}");
                laws += usize::from(holds.is_some());
            };
            let is = |sum: Option<i64>, parts: &[Option<i64>]| {
                Some(sum? == parts.iter().copied().sum::<Option<i64>>()?)
            };
            let most = |part: &str, whole: &str| Some(get(part)? <= get(whole)?);
            for borne in ["", "_amount"] {
                let by = |who: &str| get(&format!("{who}_contribute{borne}"));
                let platform = by("wechatpay").or(by("wxpay"));
                law(is(get("amount"), &[platform, by("merchant"), by("other")]), "who bears a coupon");
            }
            law(is(get("total"), &[get("payer_total"), get("discount_total")]), "an order");
            law(is(get("refund"), &[get("payer_refund"), get("discount_refund")]), "a refund");
            law(is(get("total_fee"), &[get("cash_fee"), get("coupon_fee")]), "a v2 order");
            law(is(get("coupon_fee"), &[get("coupon_fee_0")]), "its coupons");
            law(is(get("total_amount"), &[get("paying_amount"), get("paid_amount")]), "what is collected");
            law(is(get("total_num"), &[get("success_num"), get("fail_num")]), "transfers");
            let withdrawn = [get("success_amount"), get("fail_amount"), get("refund_amount").or(Some(0))];
            law(is(get("total_amount"), &withdrawn), "transferred");
            let medical = ["gov", "self", "other", "cash"].map(|part| get(&format!("med_ins_{part}_fee")));
            law(is(get("total_fee"), &medical), "a medical order");
            for (part, whole) in [
                ("payer_total", "total"),
                ("payer_amount", "total_amount"),
                ("refund", "total"),
                ("payer_refund", "refund"),
                ("payer_refund", "payer_total"),
                ("settlement_total", "total"),
                ("settlement_refund", "settlement_total"),
                ("refund_amount", "amount"),
                ("discount_amount", "unit_price"),
                ("discount_amount", "price"),
                ("cash_fee", "total_fee"),
                ("settlement_total_fee", "total_fee"),
                ("refund_fee", "total_fee"),
                ("cash_refund_fee", "refund_fee"),
                ("settlement_refund_fee", "refund_fee"),
                ("actual_price", "original_price"),
                ("total_actual_price", "total_origin_price"),
                ("refund_amount", "pay_amount"),
                ("total_amount", "deposit_amount"),
            ] {
                law(most(part, whole), part);
            }
            let sum = |list: &str| -> Option<i64> {
                members.get(list)?.as_array()?.iter().map(|item| item.get("amount").and_then(amount)).sum()
            };
            law(is(get("paid_amount"), &[sum("details")]), "the parts collected");
            law(is(sum("post_payments"), &[get("total_amount"), sum("post_discounts")]), "a rent");
            law(is(get("refund"), &[sum("from")]), "who gives back");
            if let (Some(order), Some(coupons)) = (members.get("amount"), sum("promotion_detail")) {
                let of = |names: [&str; 2]| names.iter().find_map(|name| order.get(name).and_then(amount));
                let [total, payer] = [of(["total", "total_amount"]), of(["payer_total", "payer_amount"])];
                law(is(total, &[payer, Some(coupons)]), "an order with coupons");
            }
        });
    }
    assert!(laws > 200, "{laws}");
}

#[test]
fn nothing_is_taken_off_where_nothing_says_so() {
    for (meta, example) in examples() {
        let text = example.to_string();
        let says_so = ["promotion_detail", "coupon_fee", "discount", "refund", "detail"];
        if says_so.iter().all(|word| !text.contains(word) && !meta.name.to_lowercase().contains(word)) {
            objects("", &example, &mut |_, members| {
                for (paid, whole) in [("payer_total", "total"), ("cash_fee", "total_fee")] {
                    assert!(
                        !members.contains_key(paid) || members.get(paid) == members.get(whole),
                        "{meta:?}"
                    );
                }
            });
        }
    }
}

fn instant(value: &Value) -> Option<SystemTime> {
    match value {
        Value::Number(seconds) => Some(UNIX_EPOCH + Duration::from_secs(seconds.as_u64()?)),
        _ => Time::new(value.as_str()?).instant(),
    }
}

#[test]
fn times_are_in_order_and_near() {
    const ORDER: &[(&[&str], &[&str])] = &[
        (
            &["create_time", "order_create_time", "apply_time"],
            &["success_time", "update_time", "finish_time", "closed_time"],
        ),
        (&["begin_time", "start_time"], &["end_time"]),
        (&["order_begin_time"], &["order_end_time"]),
        (&["time_start"], &["time_expire", "time_end"]),
        (&["available_begin_time"], &["available_end_time"]),
        (&["valid_begin_time"], &["valid_end_time"]),
        (&["pay_success_time"], &["refund_create_time", "refund_success_time"]),
        (&["refund_create_time"], &["refund_success_time"]),
        (&["contract_signed_time"], &["contract_terminated_time", "contract_expired_time"]),
        (&["sign_time"], &["cancel_sign_time", "plan_over_time"]),
        (&["use_time"], &["complete_time"]),
        (&["pickup_time"], &["invalid_time"]),
        (&["accept_time"], &["close_time", "success_time"]),
        (&["authorize_time"], &["close_time"]),
    ];
    const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);
    let now = UNIX_EPOCH + Duration::from_secs(NOW);
    let mut pairs = 0;
    for (meta, example) in examples() {
        objects("", &example, &mut |place, members| {
            let get = |name: &str| members.get(name).and_then(instant);
            for (first, then) in ORDER.iter().flat_map(|(first, then)| {
                first.iter().flat_map(move |first| then.iter().map(move |then| (*first, *then)))
            }) {
                if let (Some(from), Some(to)) = (get(first), get(then)) {
                    assert!(from < to, "{meta:?} {place}: {first} {then}");
                    pairs += 1;
                }
            }
            for (name, value) in members.iter().filter(|(name, _)| name.ends_with("_time")) {
                let near = instant(value).is_some_and(|time| now - YEAR < time && time < now + YEAR);
                assert!(near, "{meta:?} {place}: {name} {value}");
            }
        });
    }
    assert!(pairs > 60, "{pairs}");
}

/// Each documented enum in a resource, with its value there.
fn enums<'v>(fields: &[FieldMeta], value: &'v Value, see: &mut dyn FnMut(&FieldMeta, &[&str], &'v str)) {
    for field in fields {
        let Some(found) = value.get(field.name) else { continue };
        let mut kind = field.kind;
        let mut found = vec![found];
        while let FieldKind::List(inner) = kind {
            found = found.into_iter().flat_map(|list| list.as_array().unwrap()).collect();
            kind = *inner;
        }
        for found in found {
            match kind {
                FieldKind::Enum(all) => {
                    let documented = if field.values.is_empty() { all } else { field.values };
                    see(field, documented, found.as_str().unwrap());
                }
                _ => enums(kind.fields(), found, see),
            }
        }
    }
}

#[test]
fn enums_have_a_documented_value_that_says_something() {
    let mut count = 0;
    for (meta, example) in examples() {
        let content = meta.hidden().map_or(&example, |(_, name)| &example[name]);
        enums(meta.fields, content, &mut |field, documented, value| {
            count += 1;
            assert!(documented.is_empty() || documented.contains(&value), "{meta:?} {}: {value}", field.name);
            assert_ne!(value, "example", "{meta:?} {}", field.name);
            let unsaid = value.contains("UNKNOWN") || value.contains("INVALID");
            assert!(!unsaid || documented.len() == 1, "{meta:?} {}: {value}", field.name);
        });
    }
    assert!(count > 300, "{count}");
}

#[test]
fn states_say_what_the_event_says() {
    // End of the event's name, name of the state, what it is.
    const SAID: &[(&str, &str, &[&str])] = &[
        ("TRANSACTION.FAIL", "trade_state", &["PAY_FAIL"]),
        ("TRANSACTION.INDUSTRY_FAILED", "trade_state", &["PAY_FAIL"]),
        ("TRANSACTION.SUCCESS", "trade_state", &["SUCCESS"]),
        ("TRANSACTION.PAY_BACK", "trade_state", &["SUCCESS"]),
        ("v2/transaction-success", "trade_state", &["SUCCESS"]),
        ("REFUND.SUCCESS", "refund_status", &["SUCCESS"]),
        ("REFUND.CLOSED", "refund_status", &["CLOSED"]),
        ("REFUND.ABNORMAL", "refund_status", &["ABNORMAL"]),
        ("RECHARGE.SUCCESS", "recharge_state", &["SUCCESS"]),
        ("RECHARGE.CLOSED", "recharge_state", &["CLOSED"]),
        ("COUPON.USE", "status", &["USED"]),
        ("COUPON.USE", "business_type", &["MULTIUSE"]),
        ("COUPON.SEND", "event_type", &["EVENT_TYPE_BUSICOUPON_SEND"]),
        ("MEMBERCARDSP.USER_CARD.DELETE", "event_type", &["MEMBERCARDSP.USER_CARD.DELETE"]),
        ("USER_CARD.DELETE", "user_card_state", &["DELETE"]),
        ("USER_CARD.CREATE", "user_card_state", &["EFFECTIVE"]),
        ("PAYSCORE.USER_PAID", "state", &["DONE", "USER_PAID"]),
        ("PAYSCORE.USER_CONFIRM", "state", &["DOING", "USER_PAYING"]),
        ("PAYSCORE.USER_CLOSE_SERVICE", "user_service_status", &["USER_CLOSE_SERVICE"]),
        ("PAYSCORE.USER_CLOSE_SERVICE", "contract_status", &["DELETE"]),
        ("PAYSCORE.USER_OPEN_SERVICE", "user_service_status", &["USER_OPEN_SERVICE"]),
        ("PAYSCORE.USER_OPEN_SERVICE", "contract_status", &["ADD"]),
        ("ENTRUST.SIGN", "contract_state", &["SIGNED"]),
        ("ENTRUST.TERMINATE", "contract_state", &["TERMINATED"]),
        ("CREDIT_REPAYMENT.SIGN_CONTRACT", "contract_state", &["CONTRACT_STATE_EFFECTIVE"]),
        ("CREDIT_REPAYMENT.TERMINATE_CONTRACT", "contract_state", &["CONTRACT_STATE_TERMINATED"]),
        ("MCHTRANSFER.AUTHORIZATION.CLOSED", "state", &["CLOSED"]),
        ("MCHTRANSFER.AUTHORIZATION.CONFIRMED", "state", &["TAKING_EFFECT"]),
        ("MCHTRANSFER.BATCH.CLOSED", "batch_status", &["CLOSED"]),
        ("MCHTRANSFER.BATCH.FINISHED", "batch_status", &["FINISHED"]),
        ("MCHTRANSFER.BILL.FINISHED", "state", &["SUCCESS"]),
        ("MEDICAL_INSURANCE.SUCCESS", "mix_pay_status", &["MIX_PAY_SUCCESS"]),
        ("WEBIZPAY.REVOKED", "authorization_state", &["REVOKED"]),
        ("WEBIZPAY.QUOTACARDEXPIRED", "card_state", &["DISABLED"]),
        ("APPLYMENT_STATE.APPROVED", "applyment_state", &["APPROVED"]),
        ("FAPIAO.CARD_DISCARDED", "card_status", &["DISCARDED"]),
        ("FAPIAO.REVERSED", "fapiao_status", &["REVERSED"]),
        ("INSURANCE_POLICY_MANAGEMENT.GRANTED", "auth_state", &["AUTH_STATE_GRANTED"]),
    ];
    for (event, state, expected) in SAID {
        let mut seen = 0;
        for (meta, example) in examples().iter().filter(|(meta, _)| meta.name.ends_with(event)) {
            objects("", example, &mut |_, members| {
                if let Some(value) = members.get(*state).and_then(Value::as_str) {
                    assert!(expected.contains(&value), "{meta:?} {state}: {value}");
                    seen += 1;
                }
            });
        }
        assert!(seen > 0, "{event} {state}");
    }
}

#[test]
fn plates_are_as_long_as_plates() {
    for (meta, example) in examples() {
        objects("", &example, &mut |_, members| {
            if let Some(plate) = members.get("plate_number").and_then(Value::as_str) {
                assert!((7..=8).contains(&plate.chars().count()), "{meta:?} {plate}");
            }
        });
    }
}

#[test]
fn a_v3_envelope_is_bound_to_what_it_names() {
    let platform = Platform::builder()
        .mchid("1900000109")
        .api_v3_key(wxhook_crypto::ApiV3Key::new(b"a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb").unwrap())
        .signing_key("S", signing_key())
        .build()
        .unwrap();
    let catalog = catalog();
    for meta in catalog.events().filter(|meta| meta.protocol == Protocol::V3) {
        let resource = Example::new(meta, &*catalog).resource();
        let request = platform.notify(meta, &resource, "EV-1", NOW, &Nonces::seeded(1)).unwrap();
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let original = body["resource"]["original_type"].as_str().unwrap_or_default();
        assert_eq!(body["resource"]["associated_data"], original, "{meta:?}");
        assert_eq!(body["create_time"], "2026-01-01T08:00:00+08:00");
        let abroad = meta.variant.is_some_and(|variant| variant.starts_with("GLOBAL"));
        let profitsharing = meta.variant == Some("PROFITSHARING");
        for (start, expected) in [
            ("TRANSACTION.", "transaction"),
            ("REFUND.", "refund"),
            ("MCHTRANSFER.", "mch_payment"),
            ("PROFITSHARING.", "profitsharing"),
        ] {
            if meta.name.starts_with(start) && !abroad && !profitsharing {
                assert_eq!(original, expected, "{meta:?}");
            }
        }
    }
}

fn signing_key() -> wxhook_crypto::SigningKey {
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    wxhook_crypto::SigningKey::from_pem(key.serialize_pem().as_bytes()).unwrap()
}
