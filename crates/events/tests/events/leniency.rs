//! Tests that realistic variations are understood, and that the rest is rejected without guessing.

use wxhook_events::payment::{
    TradeState, TransactionSuccessBasic, TransactionSuccessCombine, TransactionSuccessGlobal,
};
use wxhook_events::payscore::PayscoreUserPaidInstitution;
use wxhook_wire::{Event, Fen, Time};

fn basic(json: &str) -> TransactionSuccessBasic {
    TransactionSuccessBasic::decode(None, json).unwrap()
}

#[test]
fn a_really_wrong_type_is_a_misfit_and_names_its_place() {
    let at = |json: &str| TransactionSuccessBasic::decode(None, json).unwrap_err().path().to_owned();
    assert_eq!(at(r#"{"amount":{"total":{}}}"#), "amount.total");
    assert_eq!(at(r#"{"amount":{"total":[1]}}"#), "amount.total");
    assert_eq!(at(r#"{"amount":5}"#), "amount");
    assert_eq!(at(r#"{"amount":"5"}"#), "amount");
    assert_eq!(at(r#"{"amount":[{"total":1},{"total":2}]}"#), "amount");
    assert_eq!(at(r#"{"transaction_id":{"a":1}}"#), "transaction_id");
    assert_eq!(at(r#"{"transaction_id":["1"]}"#), "transaction_id");
    assert_eq!(at(r#"{"trade_state":{}}"#), "trade_state");
    assert_eq!(at(r#"{"success_time":[]}"#), "success_time");
    assert_eq!(at(r#"{"promotion_detail":[{"amount":1},{"amount":{}}]}"#), "promotion_detail[1].amount");
    assert_eq!(at(r#"{"installment_info":{"use_subsidy":"maybe"}}"#), "installment_info.use_subsidy");
    let misfit = TransactionSuccessBasic::decode(None, r#"{"amount":{"total":"s3cret"}}"#).unwrap_err();
    assert!(!format!("{misfit} {misfit:?}").contains("s3cret"));
}

#[test]
fn numbers_keep_their_digits() {
    let id = |json: &str| basic(json).transaction_id.unwrap();
    assert_eq!(id(r#"{"transaction_id":1008450740201411110005820873}"#), "1008450740201411110005820873");
    assert_eq!(id(r#"{"transaction_id": 1008450740201411110005820874 }"#), "1008450740201411110005820874");
    assert_eq!(id(r#"{"transaction_id":1.00845e27}"#), "1.00845e27");
    assert_eq!(id(r#"{"transaction_id":"10084"}"#), "10084");
    assert_eq!(basic(r#"{"mchid":1900000109}"#).mchid.as_deref(), Some("1900000109"));
    let time = basic(r#"{"success_time":20180608103456}"#).success_time;
    assert_eq!(time, Some(Time::new("20180608103456")));
    let amount = basic(r#"{"amount":{"total":"007","payer_total":"0"}}"#).amount.unwrap();
    assert_eq!((amount.total, amount.payer_total), (Some(Fen::new(7)), Some(Fen::new(0))));
}

#[test]
fn escapes_in_text_are_read() {
    let attach = |json: &str| basic(json).attach.unwrap();
    assert_eq!(attach(r#"{"attach":"a\/b \"c\" \u4e2d\n"}"#), "a/b \"c\" 中\n");
    assert_eq!(attach(r#"{"att\u0061ch":"x"}"#), "x");
    assert_eq!(attach(r#"{"attach":"\ud800"}"#), r"\ud800");
    assert_eq!(attach(r#"{"attach":"\\\""}"#), "\\\"");
}

#[test]
fn missing_and_null_and_empty_are_nothing() {
    for json in ["{}", r#"{"amount":null,"attach":null}"#, r#"{"amount":"","attach":""}"#, r#"{"amount":[]}"#]
    {
        assert_eq!((basic(json).amount, basic(json).attach), (None, None), "{json}");
    }
    assert_eq!(basic(r#"{"amount":{"total":""}}"#).amount.unwrap().total, None);
}

#[test]
fn values_nobody_documented_are_kept() {
    let state = basic(r#"{"trade_state":"NEWER"}"#).trade_state.unwrap();
    assert_eq!(state, TradeState::Unknown("NEWER".to_owned()));
}

#[test]
fn one_member_has_two_names() {
    assert_eq!(basic(r#"{"mch_id":"1"}"#).mchid.as_deref(), Some("1"));
    assert_eq!(basic(r#"{"trade_state_description":"x"}"#).trade_state_desc.as_deref(), Some("x"));
    let global = |json: &str| TransactionSuccessGlobal::decode(None, json).unwrap();
    assert_eq!(global(r#"{"transaction_id":"1"}"#).id.as_deref(), Some("1"));
    let promotion =
        global(r#"{"promotion_detail":{"coupon_id":"1","wechatpay_contribute":"2"}}"#).promotion_detail;
    let promotion = &promotion.unwrap()[0];
    assert_eq!(promotion.promotion_id.as_deref(), Some("1"));
    assert_eq!(promotion.wechatpay_contribute_amount, Some(Fen::new(2)));
    // Both may be there; the field's own name counts, unless nothing stands there.
    assert_eq!(basic(r#"{"mchid":"1","mch_id":2}"#).mchid.as_deref(), Some("1"));
    assert_eq!(basic(r#"{"mch_id":2,"mchid":"1"}"#).mchid.as_deref(), Some("1"));
    assert_eq!(basic(r#"{"mchid":"","mch_id":"2"}"#).mchid.as_deref(), Some("2"));
    assert_eq!(basic(r#"{"mch_id":"2","mchid":null}"#).mchid.as_deref(), Some("2"));
    // One name with two answers has none.
    let twice = TransactionSuccessBasic::decode(None, r#"{"amount":{"total":1,"total":2}}"#);
    assert_eq!(twice.unwrap_err().path(), "amount.total");
}

#[test]
fn an_array_may_stand_for_an_object_and_the_reverse() {
    let combine = r#"{"sub_orders":{"out_trade_no":"1"}}"#;
    let orders = TransactionSuccessCombine::decode(None, combine).unwrap().sub_orders.unwrap();
    assert_eq!(orders[0].out_trade_no.as_deref(), Some("1"));
    assert_eq!(basic(r#"{"amount":[{"total":1}]}"#).amount.unwrap().total, Some(Fen::new(1)));
    assert_eq!(basic(r#"{"amount":[null,{"total":1}]}"#).amount.unwrap().total, Some(Fen::new(1)));
}

#[test]
fn debug_shows_no_content() {
    let resource = r#"{"openid":"s3cret","collection":{"details":[{"transaction_id":"s3cret"}]},"s3cret":1}"#;
    let paid = PayscoreUserPaidInstitution::decode(None, resource).unwrap();
    assert_eq!(format!("{paid:?}"), "PayscoreUserPaidInstitution { openid: .., collection: .. }");
    assert_eq!(format!("{:?}", paid.collection), "Some(Collection { details: .. })");
}
