//! What the platform might really send is never refused.

use crate::samples::{BASIC, V3, XML};
use crate::support::{v2, v3};
use serde_json::{Value, json};
use wxhook_events::payment::{
    TradeState, TransactionSuccess, TransactionSuccessBasic, TransactionSuccessCombine,
    TransactionSuccessGlobal,
};
use wxhook_events::payscore::UserPaid;
use wxhook_events::refund::RefundSuccess;
use wxhook_wire::{Event, Fen, Time};

/// Every sample with the model that it fits.
type Roundtrip = fn(&str) -> Result<String, wxhook_wire::Misfit>;

fn samples() -> Vec<(Roundtrip, Value)> {
    let json = V3.into_iter().map(|(event_type, original_type, resource, _)| {
        (v3(event_type, original_type, resource).unwrap(), resource.to_owned())
    });
    let xml = XML.into_iter().map(|(_, _, xml, opened, _)| {
        let (told, resource) = v2(xml, opened);
        (told.unwrap(), resource)
    });
    json.chain(xml)
        .map(|(told, resource)| {
            (told.meta.model.unwrap().roundtrip, serde_json::from_str(&resource).unwrap())
        })
        .collect()
}

/// The pointers of everything inside.
fn pointers(value: &Value, at: &str, out: &mut Vec<String>) {
    let mut go = |name: String, inner: &Value| {
        let at = format!("{at}/{name}");
        pointers(inner, &at, out);
        out.push(at);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, inner)| go(name.clone(), inner)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, inner)| go(index.to_string(), inner))
        }
        _ => {}
    }
}

fn changed(sample: &Value, pointer: &str, change: impl Fn(&Value) -> Option<Value>) -> Option<String> {
    let mut copy = sample.clone();
    let place = copy.pointer_mut(pointer)?;
    *place = change(place)?;
    Some(copy.to_string())
}

#[test]
fn any_member_may_be_otherwise() {
    type Change = fn(&Value) -> Option<Value>;
    let changes: [(&str, Change); 7] = [
        ("null", |_| Some(Value::Null)),
        ("an empty string", |_| Some(json!(""))),
        ("a number as text", |value| value.as_i64().map(|number| json!(number.to_string()))),
        ("text as a number", |value| value.as_str().map(|_| json!(7))),
        ("an object in an array", |value| value.is_object().then(|| json!([value]))),
        ("a list as its only element", |value| {
            value.as_array().filter(|list| list.len() == 1)?.first().cloned()
        }),
        ("more members", |value| {
            let mut members = value.as_object()?.clone();
            members.insert("newer".to_owned(), json!({"a": [1, {"b": null}]}));
            Some(members.into())
        }),
    ];
    let mut tried = 0;
    for (roundtrip, sample) in samples() {
        let mut places = Vec::new();
        pointers(&sample, "", &mut places);
        assert!(!places.is_empty());
        for pointer in &places {
            for (what, change) in changes {
                if let Some(text) = changed(&sample, pointer, change) {
                    tried += 1;
                    assert!(roundtrip(&text).is_ok(), "{pointer}: {what}");
                }
            }
        }
    }
    assert!(tried > 1000, "{tried}");
}

#[test]
fn any_member_may_be_missing() {
    for (roundtrip, sample) in samples() {
        let mut places = Vec::new();
        pointers(&sample, "", &mut places);
        for pointer in &places {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            let mut copy = sample.clone();
            if let Some(members) = copy.pointer_mut(parent).unwrap().as_object_mut() {
                assert!(members.remove(name).is_some());
                assert!(roundtrip(&copy.to_string()).is_ok(), "{pointer}");
            }
        }
    }
}

#[test]
fn a_really_wrong_type_is_a_misfit_and_names_its_place() {
    let at = |json: &str| TransactionSuccessBasic::decode(None, json).unwrap_err().at().to_owned();
    assert_eq!(at(r#"{"amount":{"total":{}}}"#), "amount.total");
    assert_eq!(at(r#"{"amount":{"total":[1]}}"#), "amount.total");
    assert_eq!(at(r#"{"amount":{"total":1.5}}"#), "amount.total");
    assert_eq!(at(r#"{"amount":{"total":"1.00"}}"#), "amount.total");
    assert_eq!(at(r#"{"amount":{"total":true}}"#), "amount.total");
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
    let id = |json: &str| TransactionSuccessBasic::decode(None, json).unwrap().transaction_id.unwrap();
    assert_eq!(id(r#"{"transaction_id":1008450740201411110005820873}"#), "1008450740201411110005820873");
    assert_eq!(id(r#"{"transaction_id": 1008450740201411110005820874 }"#), "1008450740201411110005820874");
    assert_eq!(id(r#"{"transaction_id":1.00845e27}"#), "1.00845e27");
    assert_eq!(id(r#"{"transaction_id":"10084"}"#), "10084");
    let mchid = TransactionSuccessBasic::decode(None, r#"{"mchid":1900000109}"#).unwrap().mchid;
    assert_eq!(mchid.as_deref(), Some("1900000109"));
    let time =
        TransactionSuccessBasic::decode(None, r#"{"success_time":20180608103456}"#).unwrap().success_time;
    assert_eq!(time, Some(Time::new("20180608103456")));
}

#[test]
fn escapes_in_text_are_read() {
    let attach = |json: &str| TransactionSuccessBasic::decode(None, json).unwrap().attach.unwrap();
    assert_eq!(attach(r#"{"attach":"a\/b \"c\" \u4e2d\n"}"#), "a/b \"c\" 中\n");
    assert_eq!(attach(r#"{"att\u0061ch":"x"}"#), "x");
    assert_eq!(attach(r#"{"attach":"\ud800"}"#), r"\ud800");
    assert_eq!(attach(r#"{"attach":"\\\""}"#), "\\\"");
}

#[test]
fn values_nobody_documented_are_kept() {
    let resource = BASIC.replace(r#""trade_state":"SUCCESS""#, r#""trade_state":"NEWER""#);
    let paid = TransactionSuccessBasic::decode(None, &resource).unwrap();
    assert_eq!(paid.trade_state.unwrap(), TradeState::Unknown("NEWER".to_owned()));
    let back = v3("TRANSACTION.SUCCESS", "", &resource).unwrap().fits(&resource).unwrap();
    assert!(back.contains(r#""trade_state":"NEWER""#));
}

#[test]
fn one_member_has_two_names() {
    let basic = |json: &str| TransactionSuccessBasic::decode(None, json);
    assert_eq!(basic(r#"{"mch_id":"1"}"#).unwrap().mchid.as_deref(), Some("1"));
    assert_eq!(basic(r#"{"trade_state_description":"x"}"#).unwrap().trade_state_desc.as_deref(), Some("x"));
    let global = |json: &str| TransactionSuccessGlobal::decode(None, json).unwrap();
    assert_eq!(global(r#"{"transaction_id":"1"}"#).id.as_deref(), Some("1"));
    let promotion =
        global(r#"{"promotion_detail":{"coupon_id":"1","wechatpay_contribute":"2"}}"#).promotion_detail;
    let promotion = &promotion.unwrap()[0];
    assert_eq!(promotion.promotion_id.as_deref(), Some("1"));
    assert_eq!(promotion.wechatpay_contribute_amount, Some(Fen::new(2)));
    let any = TransactionSuccess::decode(None, r#"{"id":"1","sub_mch_id":"2"}"#).unwrap();
    assert_eq!((any.transaction_id.as_deref(), any.sub_mchid.as_deref()), (Some("1"), Some("2")));
    // Both may be there; the field's own name counts.
    assert_eq!(basic(r#"{"mchid":"1","mch_id":1}"#).unwrap().mchid.as_deref(), Some("1"));
    assert_eq!(basic(r#"{"mchid":"","mch_id":"1"}"#).unwrap().mchid.as_deref(), Some("1"));
    assert_eq!(basic(r#"{"mch_id":"2","mchid":"1"}"#).unwrap().mchid.as_deref(), Some("1"));
    // One name with two answers has none.
    assert_eq!(basic(r#"{"amount":{"total":1,"total":2}}"#).unwrap_err().at(), "amount.total");
}

#[test]
fn an_array_may_stand_for_an_object_and_the_reverse() {
    let combine = r#"{"sub_orders":{"out_trade_no":"1"}}"#;
    let orders = TransactionSuccessCombine::decode(None, combine).unwrap().sub_orders.unwrap();
    assert_eq!(orders[0].out_trade_no.as_deref(), Some("1"));
    let amount = |json: &str| TransactionSuccessBasic::decode(None, json).unwrap().amount;
    assert_eq!(amount(r#"{"amount":[{"total":1}]}"#).unwrap().total, Some(Fen::new(1)));
    assert_eq!(amount(r#"{"amount":[null,{"total":1}]}"#).unwrap().total, Some(Fen::new(1)));
    assert_eq!(amount(r#"{"amount":[]}"#), None);
    let refund =
        RefundSuccess::decode(None, r#"{"detail":[{"promotion_id":"1"},{"promotion_id":"2"}]}"#).unwrap();
    assert_eq!(refund.detail.unwrap().len(), 2);
}

#[test]
fn debug_shows_no_content() {
    let paid = UserPaid::decode(
        None,
        r#"{"openid":"s3cret","collection":{"details":[{"transaction_id":"s3cret"}]}}"#,
    );
    assert_eq!(format!("{:?}", paid.unwrap()), "UserPaid { .. }");
}
