//! The models read what is sent, and write it back to the letter.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use wxhook_example_events::{
    MemberLevel, PointsGranted, PointsGrantedGift, PointsGrantedPurchase, PointsUsed,
};
use wxhook_wire::{Event, Fen, Time, encode};

const PURCHASE: &str = concat!(
    r#"{"grant_id":"8200000000201806080000000001","out_grant_no":"G20180608001","mchid":"1900000109","#,
    r#""openid":"oUpF8uMEb4qRXf22hE3X68TekukE","member_level":"GOLD","points":12,"#,
    r#""grant_time":"2018-06-08T10:34:56+08:00","transaction_id":"4200000000201806080000000001","#,
    r#""amount":{"total":1500,"eligible":1200},"#,
    r#""goods":[{"goods_id":"tea","quantity":1,"points":10},{"goods_id":"cup","quantity":2,"points":2}]}"#
);
const GIFT: &str = concat!(
    r#"{"grant_id":"8200000000201806080000000002","mchid":"1900000109","sub_mchid":"1900007111","#,
    r#""openid":"oUpF8uMEb4qRXf22hE3X68TekukE","points":5,"grant_time":"2018-06-08T10:34:56+08:00","#,
    r#""giver_openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}"#
);
/// The fields of the XML, as a record shows them.
const USED: &str = concat!(
    r#"{"mch_id":"1900000109","nonce_str":"5d2b6c2a8db53831","points_use_id":"8300000000201806080000000001","#,
    r#""out_trade_no":"1409811653","openid":"oUpF8uMEb4qRXf22hE3X68TekukE","points":"500","points_fee":"50","#,
    r#""time_used":"20180608103456","voucher_id_0":"7001","voucher_fee_0":"20","voucher_id_1":"7002","#,
    r#""voucher_fee_1":"30","sign":"5CDEDA1F8A8C6A8F6F9F9F4E2B6C7C5A"}"#
);

fn purchase(resource: &str) -> PointsGrantedPurchase {
    PointsGrantedPurchase::decode(None, resource).unwrap_or_else(|misfit| panic!("{misfit}: {resource}"))
}

#[test]
fn a_purchase_is_read() {
    let granted = purchase(PURCHASE);
    assert_eq!(granted.grant_id.as_deref(), Some("8200000000201806080000000001"));
    assert_eq!((granted.points, granted.member_level), (Some(12), Some(MemberLevel::Gold)));
    assert_eq!(granted.amount.unwrap().eligible, Some(Fen::new(1200)));
    assert_eq!(granted.goods.unwrap()[1].goods_id.as_deref(), Some("cup"));
    assert_eq!(
        granted.grant_time.unwrap().instant(),
        Time::new("2018-06-08T02:34:56Z").instant(),
        "an instant, whatever the offset"
    );
}

#[test]
fn a_variant_is_one_of_the_event() {
    let decoded = PointsGranted::decode(Some("PURCHASE"), PURCHASE).unwrap();
    assert_eq!(decoded, PointsGranted::Purchase(Box::new(purchase(PURCHASE))));
    let decoded = PointsGranted::decode(Some("GIFT"), GIFT).unwrap();
    assert_eq!(decoded, PointsGranted::Gift(Box::new(PointsGrantedGift::decode(None, GIFT).unwrap())));
    for variant in [None, Some("REFERRAL")] {
        let PointsGranted::Unknown(unknown) = PointsGranted::decode(variant, GIFT).unwrap() else {
            panic!("{variant:?}")
        };
        assert_eq!((unknown.variant.as_deref(), unknown.resource.get()), (variant, GIFT));
    }
}

#[test]
fn points_used_are_read() {
    let used = PointsUsed::decode(None, USED).unwrap();
    assert_eq!((used.points, used.points_fee), (Some(500), Some(Fen::new(50))));
    assert_eq!(used.time_used.as_ref().unwrap().instant(), Time::new("2018-06-08T10:34:56+08:00").instant());
    let vouchers = used.vouchers();
    assert_eq!((vouchers.len(), vouchers[1].voucher_fee), (2, Some(Fen::new(30))));
}

#[test]
fn source_members_are_written_verbatim() {
    for resource in [
        PURCHASE,
        "{}",
        r#"{"points":"12","grant_id":8200000000201806080000000001,"sub_mch_id":"1900007111"}"#,
        r#"{"member_level":"PLATINUM","newer":{"rate":1.50},"amount":{"newer":[]},"goods":[{"newer":null}]}"#,
        r#"{"grant_id":null,"points":"","amount":{},"goods":null,"grant_time":""}"#,
        r#"{"goods":{"goods_id":"tea"},"amount":[{"total":"0100"}]}"#,
    ] {
        assert_eq!(encode(&purchase(resource)).unwrap(), resource);
    }
    assert_eq!(encode(&PointsGranted::decode(Some("GIFT"), GIFT).unwrap()).unwrap(), GIFT);
    assert_eq!(encode(&PointsUsed::decode(None, USED).unwrap()).unwrap(), USED);
}

#[test]
fn what_could_be_misunderstood_is_refused() {
    for (resource, at) in [
        (r#"{"points":1.5}"#, "points"),
        (r#"{"amount":{"total":"15.00"}}"#, "amount.total"),
        (r#"{"amount":[{"total":1},{"total":2}]}"#, "amount"),
        (r#"{"goods":[{"points":1},{"points":"s3cret"}]}"#, "goods[1].points"),
        (r#"{"points":1,"points":2}"#, "points"),
    ] {
        let misfit = PointsGrantedPurchase::decode(None, resource).unwrap_err();
        assert_eq!(misfit.path(), at, "{resource}");
        assert!(!misfit.to_string().contains("s3cret"));
    }
    let misfit = PointsUsed::decode(None, r#"{"voucher_fee_0":"1","voucher_fee_1":"x"}"#).unwrap_err();
    assert_eq!(misfit.path(), "voucher_fee_1");
}

#[test]
fn debug_shows_no_content() {
    let shown = format!("{:?}", PointsGranted::decode(Some("PURCHASE"), PURCHASE).unwrap());
    assert!(
        shown.starts_with("Purchase(PointsGrantedPurchase { grant_id: .., out_grant_no: .., "),
        "{shown}"
    );
    assert!(!shown.contains('"'), "{shown}");
}
