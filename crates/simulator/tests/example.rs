//! Examples of events that this file describes: what is in them, and what their conditions make of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use serde_json::{Value, json};
use wxhook_simulator::{Example, example};
use wxhook_wire::{Catalog, Cipher, EventMeta, FieldKind, FieldMeta, Table, When};

const fn text(name: &'static str) -> FieldMeta {
    FieldMeta::new(name, FieldKind::String)
}

const AMOUNT: &[FieldMeta] = &[
    FieldMeta { unit: Some("currency"), ..FieldMeta::new("total", FieldKind::Fen) },
    text("currency"),
    FieldMeta::new("exchange_rate", FieldKind::Object(&[FieldMeta::new("rate", FieldKind::Integer)])),
];
const FIELDS: &[FieldMeta] = &[
    FieldMeta { required: true, ..text("mchid") },
    text("sp_mchid"),
    text("sub_mchid"),
    FieldMeta { required: true, aliases: &["id"], ..text("transaction_id") },
    FieldMeta::new("trade_type", FieldKind::Enum(&["PAP", "JSAPI"])),
    FieldMeta {
        values: &["REFUND"],
        ..FieldMeta::new("trade_state", FieldKind::Enum(&["SUCCESS", "REFUND"]))
    },
    FieldMeta::new("amount", FieldKind::Object(AMOUNT)),
    FieldMeta::new("goods", FieldKind::List(&FieldKind::Object(&[text("goods_name"), text("scene")]))),
    FieldMeta::new("tags", FieldKind::List(&FieldKind::String)),
    FieldMeta::new("paid", FieldKind::Time),
    FieldMeta { format: Some("yyyyMMdd"), ..FieldMeta::new("day", FieldKind::Time) },
    FieldMeta::new("repaid", FieldKind::YesNo),
    FieldMeta::new("whole", FieldKind::Boolean),
    FieldMeta::new("share", FieldKind::Number),
    FieldMeta::new("count", FieldKind::Integer),
    FieldMeta::new("name", FieldKind::Encrypted),
    FieldMeta::new("detail", FieldKind::Json(&FieldKind::Object(AMOUNT))),
];
const PAID: EventMeta = EventMeta { fields: FIELDS, ..EventMeta::v3("PAID", "支付") };
const VARIANTS: [EventMeta; 7] = [
    PAID.variant(
        "SHARED",
        When::Any(&[
            When::EnvelopeEquals("resource.original_type", "shared"),
            When::All(&[When::Present("receiver"), When::Present("order_id")]),
        ]),
    ),
    PAID.variant("SCENE", When::Present("goods.scene")),
    PAID.variant("ABROAD", When::Any(&[When::Present("amount.exchange_rate"), When::Present("id")])),
    PAID.variant("RENAMED", When::Equals("id", "7")),
    PAID.variant("PAP", When::Equals("trade_type", "PAP")),
    PAID.variant("PARTNER", When::All(&[When::Present("sp_mchid"), When::Present("sub_mchid")])),
    PAID.variant("BASIC", When::Present("mchid")),
];

fn table() -> Table {
    Table::new(VARIANTS.into_iter().chain([PAID.fallback()])).unwrap()
}

fn resource(meta: &EventMeta, catalog: &dyn Catalog) -> Value {
    serde_json::from_str(&example(meta, catalog)).unwrap()
}

#[test]
fn every_field_is_filled_by_its_kind() {
    let catalog = Table::new([PAID]).unwrap();
    let mut filled = resource(&PAID, &catalog);
    let sealed = filled.as_object_mut().unwrap().remove("name").unwrap();
    assert_eq!(sealed.as_str().unwrap().len(), 344);
    assert_eq!(
        filled,
        json!({
            "mchid": "1900000109", "sp_mchid": "1900000109", "sub_mchid": "1900007111",
            "transaction_id": "4200000000201806080000000000",
            "trade_type": "PAP", "trade_state": "REFUND",
            "amount": {"total": 100, "currency": "CNY", "exchange_rate": {"rate": 100_000_000}},
            "goods": [{"goods_name": "示例名称", "scene": "example"}], "tags": ["example"],
            "paid": "2018-06-08T10:34:56+08:00", "day": "20180608",
            "repaid": "Y", "whole": true, "share": 1.5, "count": 1,
            "detail": r#"{"total":100,"currency":"CNY","exchange_rate":{"rate":100000000}}"#,
        })
    );
    let text = example(&PAID, &catalog);
    assert!(
        text.starts_with(r#"{"mchid":"1900000109","sp_mchid":"#),
        "in the order of the documents: {text}"
    );
    assert_eq!(text, example(&PAID, &catalog));
}

#[test]
fn a_variant_lacks_only_what_makes_it_an_earlier_one() {
    let catalog = table();
    let whole = resource(&PAID, &Table::new([PAID]).unwrap());
    for (meta, lacks, has) in [
        (VARIANTS[0], vec![], vec![]),
        (VARIANTS[1], vec![], vec![]),
        (VARIANTS[2], vec!["/goods/0/scene"], vec!["/amount/exchange_rate/rate"]),
        (VARIANTS[4], vec!["/goods/0/scene", "/amount/exchange_rate"], vec!["/transaction_id"]),
        (VARIANTS[5], vec!["/goods/0/scene", "/amount/exchange_rate"], vec!["/trade_type"]),
        (VARIANTS[6], vec!["/goods/0/scene", "/amount/exchange_rate"], vec!["/trade_type", "/mchid"]),
    ] {
        let made = resource(&meta, &catalog);
        for path in &lacks {
            assert!(whole.pointer(path).is_some() && made.pointer(path).is_none(), "{meta:?} {path} {made}");
        }
        assert!(has.iter().all(|path| made.pointer(path).is_some()), "{meta:?} {made}");
    }
    assert_eq!(
        resource(&VARIANTS[5], &catalog)["trade_type"],
        "JSAPI",
        "another value before no field at all"
    );
    let basic = resource(&VARIANTS[6], &catalog);
    let members = |value: &Value| value.as_object().unwrap().len();
    assert_eq!(members(&basic), members(&whole) - 1, "one of sp_mchid and sub_mchid: {basic}");
}

#[test]
fn a_condition_on_another_name_of_a_field_gets_it_under_that_name() {
    let renamed = resource(&VARIANTS[3], &Table::new([VARIANTS[3]]).unwrap());
    assert_eq!((&renamed["id"], renamed.get("transaction_id")), (&"7".into(), None));
}

#[test]
fn numbers_and_the_merchant_vary() {
    let catalog = Table::new([PAID]).unwrap();
    let made = |number| Example::new(&PAID, &catalog).mchid("10000100").number(number).resource().to_json();
    assert!(made(1).contains(r#""mchid":"10000100""#));
    assert_ne!(made(1), made(2));
    assert!(made(u32::MAX).contains(r#""transaction_id":"4200000000201806084294967295""#));
}

const RENT: EventMeta = EventMeta {
    cipher: Cipher::AesGcm,
    fields: &[text("order_id"), FieldMeta::new("total_amount", FieldKind::Fen)],
    envelope: &[text("mch_id"), text("event_type"), text("event_ciphertext"), text("event_id")],
    ..EventMeta::v2("v2/RENT", "租借", When::EnvelopeEquals("event_type", "RENT"))
};
const REFUND: EventMeta = EventMeta {
    cipher: Cipher::AesEcb,
    fields: &[text("refund_id"), FieldMeta::new("refund_fee", FieldKind::Fen)],
    envelope: &[text("return_code"), text("sub_mch_id"), text("req_info")],
    ..EventMeta::v2("v2/refund", "退款", When::EnvelopePresent("req_info"))
};
const PAID_V2: EventMeta = EventMeta {
    fields: &[
        text("transaction_id"),
        FieldMeta::new("total_fee", FieldKind::Fen),
        FieldMeta::new("time_end", FieldKind::Time),
        FieldMeta::new(
            "coupons",
            FieldKind::Numbered(&[text("coupon_id"), FieldMeta::new("coupon_fee", FieldKind::Fen)]),
        ),
        FieldMeta::new("sub_order_list", FieldKind::Json(&FieldKind::Object(AMOUNT))),
        FieldMeta::new("promotion_detail", FieldKind::Json(&FieldKind::Object(AMOUNT))),
    ],
    ..EventMeta::v2("v2/paid", "支付", When::EnvelopePresent("transaction_id"))
};

#[test]
fn v2_is_strings_with_what_was_hidden_opened_in_place() {
    let partner = REFUND.variant("PARTNER", When::EnvelopePresent("sub_mch_id"));
    let basic = REFUND.variant("BASIC", When::Present("refund_id"));
    let catalog = Table::new([RENT, partner, basic, PAID_V2]).unwrap();
    let id = "5030000000201806080000000000";
    let amount = json!({"total": 100, "currency": "CNY", "exchange_rate": {"rate": 100_000_000}});
    for (meta, expected) in [
        (
            RENT,
            json!({
                "mch_id": "1900000109", "event_type": "RENT", "event_id": "EV-201806081034560000000000",
                "event": {"order_id": "201806080000000000", "total_amount": "100"},
            }),
        ),
        (
            partner,
            json!({
                "return_code": "SUCCESS", "sub_mch_id": "1900007111",
                "req_info": {"refund_id": id, "refund_fee": "40"},
            }),
        ),
        (basic, json!({"return_code": "SUCCESS", "req_info": {"refund_id": id, "refund_fee": "40"}})),
        (
            PAID_V2,
            json!({
                "transaction_id": "4200000000201806080000000000", "total_fee": "100", "time_end": "20180608103456",
                "coupon_id_0": "10950000000000", "coupon_fee_0": "10",
                "sub_order_list": amount, "promotion_detail": amount.to_string(),
            }),
        ),
    ] {
        let mut made = resource(&meta, &catalog);
        if let Some(text) = made.get("promotion_detail").and_then(Value::as_str) {
            made["promotion_detail"] = serde_json::from_str::<Value>(text).unwrap().to_string().into();
        }
        assert_eq!(made, expected, "{meta:?}");
    }
}
