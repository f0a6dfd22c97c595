//! Events as handlers get them.

use crate::samples::{BASIC, COMBINE, PARTNER, PROFITSHARING, XML};
use crate::support::v2;
use wxhook_events::membership::MembercardAcceptCard;
use wxhook_events::payment::{MedicalInsuranceSuccess, TransactionSuccess, TransactionSuccessBasic};
use wxhook_events::transfer::{FailReason, MchTransferQqWalletBillFinished};
use wxhook_events::{AnyEvent, EventType, v2 as xml};
use wxhook_wire::model::{Ciphertext, Json};
use wxhook_wire::{Event, Fen, Time, encode};

/// Returns the parts of a payment that a shop needs: the order number and the amount.
fn order(paid: TransactionSuccess) -> Option<(String, Fen)> {
    match paid {
        TransactionSuccess::Basic(paid) => Some((paid.out_trade_no?, paid.amount?.total?)),
        TransactionSuccess::Partner(paid) => Some((paid.out_trade_no?, paid.amount?.total?)),
        TransactionSuccess::Combine(paid) => {
            let amounts = paid.sub_orders?.into_iter().map(|order| order.amount?.total_amount);
            let sum = amounts.reduce(|sum, amount| sum?.checked_add(amount?))??;
            Some((paid.combine_out_trade_no?, sum))
        }
        // Others, newer ones, and what fits none.
        _ => None,
    }
}

#[test]
fn an_event_with_variants_is_one_of_them() {
    let order = |variant, resource| order(TransactionSuccess::decode(variant, resource).unwrap());
    assert_eq!(order(Some("BASIC"), BASIC), Some(("order-1".to_owned(), Fen::new(100))));
    assert_eq!(order(Some("PARTNER"), PARTNER), Some(("order-2".to_owned(), Fen::new(100))));
    assert_eq!(order(Some("COMBINE"), COMBINE), Some(("whole-1".to_owned(), Fen::new(30))));
    assert_eq!(order(Some("PROFITSHARING"), PROFITSHARING), None);
}

#[test]
fn a_variant_that_nobody_knows_is_kept() {
    for variant in [None, Some("NEWER")] {
        let event = TransactionSuccess::decode(variant, r#"{"newer":1.0}"#).unwrap();
        let TransactionSuccess::Unknown(unknown) = &event else { panic!("{event:?}") };
        assert_eq!((unknown.event.as_str(), unknown.variant.as_deref()), ("TRANSACTION.SUCCESS", variant));
        assert_eq!(unknown.resource.get(), r#"{"newer":1.0}"#);
        assert_eq!(encode(&event).unwrap(), r#"{"newer":1.0}"#);
    }
}

#[test]
fn a_variant_is_an_event_too() {
    assert_eq!(TransactionSuccessBasic::NAME, TransactionSuccess::NAME);
    assert_eq!((TransactionSuccess::VARIANT, TransactionSuccessBasic::VARIANT), (None, Some("BASIC")));
    let paid = TransactionSuccessBasic::decode(Some("BASIC"), BASIC).unwrap();
    assert_eq!(paid.payer.unwrap().openid.as_deref(), Some("openid-1"));
    assert_eq!(paid.installment_info.unwrap().selected_installment_number, Some(3));
    // 2018-06-08 02:34:56 by `date -u`
    let instant = paid.success_time.unwrap().instant().unwrap();
    assert_eq!(instant.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs(), 1_528_425_296);
}

#[test]
fn a_changed_field_is_written_anew_and_the_others_as_they_came() {
    let resource =
        r#"{"newer":[1.0],"mch_id":1900000109,"amount":{"payer_total":"090","total":"100"},"payer":null}"#;
    let mut paid = TransactionSuccessBasic::decode(None, resource).unwrap();
    assert_eq!(encode(&paid).unwrap(), resource);
    paid.amount.as_mut().unwrap().total = Some(Fen::new(70));
    paid.success_time = Some(Time::new("20180608103456"));
    assert_eq!(
        encode(&paid).unwrap(),
        r#"{"newer":[1.0],"mch_id":1900000109,"amount":{"payer_total":"090","total":70},"payer":null,"success_time":"20180608103456"}"#
    );
}

#[test]
fn json_in_a_string_is_opened() {
    let resource = r#"{"passthrough_response_content":"{\"payAuthNo\":\"AUTH-1\", \"newer\":1.0}","passthrough_request_content":"AAAA"}"#;
    let event = MedicalInsuranceSuccess::decode(Some("BASIC"), resource).unwrap();
    assert_eq!(encode(&event).unwrap(), resource);
    let MedicalInsuranceSuccess::Basic(mut paid) = event else { panic!() };
    assert!(matches!(&paid.passthrough_request_content, Some(Json::Text(text)) if text == "AAAA"));
    let Some(Json::InString(content)) = &mut paid.passthrough_response_content else { panic!() };
    assert_eq!(content.pay_auth_no.as_deref(), Some("AUTH-1"));
    content.pay_auth_no = Some("AUTH-2".to_owned());
    assert_eq!(
        encode(&paid).unwrap(),
        r#"{"passthrough_response_content":"{\"payAuthNo\":\"AUTH-2\",\"newer\":1.0}","passthrough_request_content":"AAAA"}"#
    );
    // Somebody may have opened it already.
    let opened = r#"{"passthrough_response_content":{"payAuthNo":"AUTH-1"}}"#;
    let MedicalInsuranceSuccess::Basic(paid) =
        MedicalInsuranceSuccess::decode(Some("BASIC"), opened).unwrap()
    else {
        panic!()
    };
    let content = paid.passthrough_response_content.unwrap();
    assert_eq!(content.get().unwrap().pay_auth_no.as_deref(), Some("AUTH-1"));
}

#[test]
fn what_only_the_merchant_can_read_stays_encrypted() {
    let resource = r#"{"user_name":"c2VjcmV0","state":"FAIL"}"#;
    let bill = MchTransferQqWalletBillFinished::decode(None, resource).unwrap();
    assert_eq!(bill.user_name, Some(Ciphertext::new("c2VjcmV0")));
    assert_eq!(bill.user_name.as_ref().map(Ciphertext::as_str), Some("c2VjcmV0"));
    assert!(!format!("{bill:?} {:?}", bill.user_name).contains("c2VjcmV0"));
    assert_eq!(encode(&bill).unwrap(), resource);
    let card = MembercardAcceptCard::decode(None, r#"{"user_information":{"x":1}}"#).unwrap();
    assert_eq!(encode(&card).unwrap(), r#"{"user_information":{"x":1}}"#);
    assert_eq!(FailReason::from("NEWER").as_str(), "NEWER");
}

#[test]
fn a_refund_in_xml_has_its_content_in_place() {
    let (event, variant, xml, opened, _) =
        XML.into_iter().find(|(event, ..)| *event == "v2/refund-processed").unwrap();
    let resource = v2(xml, opened).1;
    let xml::RefundProcessed::Basic(refund) = xml::RefundProcessed::decode(variant, &resource).unwrap()
    else {
        panic!("{event}")
    };
    assert_eq!(refund.mch_id.as_deref(), Some("1"));
    let content = refund.req_info.unwrap();
    assert_eq!((content.refund_fee, content.total_fee), (Some(Fen::new(136)), Some(Fen::new(3960))));
    // 2019-05-27 02:00:00 by `date -u`
    let instant = content.success_time.unwrap().instant().unwrap();
    assert_eq!(instant.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs(), 1_558_922_400);
}

#[test]
fn a_name_that_nobody_knows_keeps_its_text() {
    assert_eq!(EventType::from("TRANSACTION.SUCCESS"), EventType::TransactionSuccess);
    assert_eq!(EventType::from("v2/TRANSACTION.SUCCESS"), EventType::V2DepositFreePaid);
    assert_eq!(EventType::from("v2/transaction-success"), EventType::V2TransactionSuccess);
    assert_eq!(
        EventType::from("LOYALTY.POINTS_GRANTED"),
        EventType::Unknown("LOYALTY.POINTS_GRANTED".to_owned())
    );
    // Old names stay, as old notifications still arrive.
    assert_eq!(EventType::from("MEMBERCARDSP.USER_CARD.CREATE"), EventType::MemberCardSpUserCardCreate);
    assert_eq!(
        EventType::from("BRAND_MEMBER_CARD_SP.USER_CARD.CREATE"),
        EventType::BrandMemberCardSpUserCardCreate
    );
    for meta in wxhook_events::catalog().events() {
        let known = EventType::from(meta.name);
        assert!(!matches!(known, EventType::Unknown(_)), "{meta:?}");
        assert_eq!(known.as_str(), meta.name);
    }
}

#[test]
fn one_match_is_enough_for_all() {
    let what = |name: &str, variant, resource: &str| match AnyEvent::decode(name, variant, resource).unwrap()
    {
        AnyEvent::TransactionSuccess(paid) => {
            format!("paid: {:?}", order(paid).map(|(_, amount)| amount.get()))
        }
        AnyEvent::MchTransferBillFinished(bill) => {
            format!("transferred: {:?}", bill.transfer_amount.map(Fen::get))
        }
        AnyEvent::V2TransactionSuccess(xml::TransactionSuccess::Basic(paid)) => {
            format!("{:?}", paid.total_fee)
        }
        AnyEvent::Unknown(unknown) => format!("{} {}", unknown.event, unknown.resource),
        other => format!("{other:?}"),
    };
    assert_eq!(what("TRANSACTION.SUCCESS", Some("BASIC"), BASIC), "paid: Some(100)");
    assert_eq!(what("MCHTRANSFER.BILL.FINISHED", None, r#"{"transfer_amount":"7"}"#), "transferred: Some(7)");
    assert_eq!(what("v2/transaction-success", Some("BASIC"), r#"{"total_fee":"8"}"#), "Some(Fen(8))");
    assert_eq!(
        what("LOYALTY.POINTS_GRANTED", None, r#"{"points":1.0}"#),
        r#"LOYALTY.POINTS_GRANTED {"points":1.0}"#
    );
    assert_eq!(what("BUDGET.LOCKED", None, "{}"), "BudgetLocked(BudgetLocked)");
    for resource in ["", "[]", "null", "{"] {
        assert!(AnyEvent::decode("BUDGET.LOCKED", None, resource).is_err(), "{resource}");
    }
}
