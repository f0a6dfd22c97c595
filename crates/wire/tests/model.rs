//! Models: what they read, what they refuse, and that nothing is lost on the way back.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use wxhook_wire::model::{Ciphertext, Json, ModelMeta as _, Number, YesNo, decode};
use wxhook_wire::{Event as _, EventMeta, Fen, FieldKind, Fit, Misfit, Time, When, encode};

wxhook_wire::open_enum! {
    /// The state.
    pub enum State {
        /// Done.
        Done = "DONE",
    }
}

wxhook_wire::model! {
    /// Amounts.
    pub struct Amount {
        /// The whole.
        total: Fen = "total" | "all",
        /// The currency.
        currency: String = "currency",
    }
}

wxhook_wire::model! {
    /// A payment.
    pub struct Paid {
        /// Its number.
        transaction_id: String = "transaction_id" | "id",
        /// Who.
        mchid: String = "mchid" | "mch_id",
        /// The state.
        state: State = "state",
        /// The time of success.
        success_time: Time = "success_time",
        /// The amount.
        amount: Amount = "amount",
        /// Parts.
        parts: Vec<Amount> = "parts",
        /// Names.
        names: Vec<String> = "names",
        /// The count.
        count: i128 = "count",
        /// True if done.
        done: bool = "done",
        /// Back again.
        repaid: YesNo = "user_repaid",
        /// Rate.
        rate: Number = "rate",
        /// Secret.
        phone: Ciphertext = "phone",
        /// Content from others.
        content: Json<Amount> = "content",
    }
}
wxhook_wire::event!(Paid = "PAID" # "BASIC");

wxhook_wire::model! {
    /// A coupon.
    pub struct Coupon as text {
        /// Which.
        coupon_id: String = "coupon_id",
        /// The amount of the coupon.
        coupon_fee: Fen = "coupon_fee",
    }
}

wxhook_wire::model! {
    /// Fields of XML.
    pub struct Xml as text {
        /// The whole.
        total_fee: Fen = "total_fee",
        /// In all.
        coupon_fee: Fen = "coupon_fee",
        .. /// The coupons.
        coupons: Coupon,
    }
}

const FULL: &str = concat!(
    r#"{"transaction_id":"1","mchid":"2","state":"DONE","success_time":"2018-06-08T10:34:56+08:00","#,
    r#""amount":{"total":1,"currency":"CNY"},"parts":[{"total":2},{"total":3}],"names":["a","b"],"count":4,"#,
    r#""done":true,"user_repaid":"Y","rate":1.25,"phone":"cXE=","content":"{\"total\":5}"}"#
);

fn back(resource: &str) -> String {
    encode(&decode::<Paid>(resource).unwrap_or_else(|misfit| panic!("{misfit}: {resource}"))).unwrap()
}

#[test]
fn every_member_is_read() {
    let paid: Paid = decode(FULL).unwrap();
    assert_eq!(paid.transaction_id.as_deref(), Some("1"));
    assert_eq!(paid.state, Some(State::Done));
    assert_eq!(paid.success_time.as_ref().map(Time::as_str), Some("2018-06-08T10:34:56+08:00"));
    assert_eq!(paid.amount.as_ref().unwrap().total, Some(Fen::new(1)));
    assert_eq!(paid.parts.as_ref().unwrap()[1].total, Some(Fen::new(3)));
    assert_eq!(paid.names.as_deref(), Some(["a".to_owned(), "b".to_owned()].as_slice()));
    assert_eq!((paid.count, paid.done, paid.repaid.clone()), (Some(4), Some(true), Some(YesNo::Yes)));
    assert_eq!(paid.rate.as_ref().map(Number::as_str), Some("1.25"));
    assert_eq!(paid.phone.as_ref().map(Ciphertext::as_str), Some("cXE="));
    assert_eq!(paid.content.as_ref().and_then(Json::get).unwrap().total, Some(Fen::new(5)));
}

#[test]
fn source_members_are_written_verbatim() {
    for resource in [
        FULL,
        "{}",
        r#"{"newer":{"a":[1.0,1e5,null]},"amount":{"newer":"x","total":1},"parts":[{"newer":1}]}"#,
        // order, nulls, empty strings, empty containers
        r#"{"amount":{"currency":"CNY","total":1},"transaction_id":null,"mchid":"","parts":[],"amount2":{}}"#,
        r#"{"amount":null,"parts":"","count":"","done":null,"state":"","success_time":"","rate":"","content":""}"#,
        r#"{"amount":{},"parts":[{}],"names":[]}"#,
        // digits in strings, numbers for strings
        r#"{"done":1}"#,
        r#"{"done":"FALSE"}"#,
        r#"{"amount":{"total":"0012"},"count":"4","done":"true","rate":"1.25","names":[1,"b"]}"#,
        r#"{"transaction_id":1008450740201411110005820873,"mchid":1.008e27,"state":7,"success_time":20180608103456}"#,
        // an object in a list, a list's only element, nulls in lists
        r#"{"amount":[{"total":1}],"parts":{"total":2},"names":"a"}"#,
        r#"{"amount":[],"parts":[null,{"total":2},""],"names":[null,"a"]}"#,
        // values and names of others
        r#"{"state":"NEWER","user_repaid":"?","id":"3","mch_id":"4"}"#,
        r#"{"mchid":"2","mch_id":"4"}"#,
        r#"{"mch_id":"4","mchid":"2"}"#,
        r#"{"amount":{"all":"1","total":1}}"#,
        r#"{"mch_id":"","mchid":"2"}"#,
        r#"{"mchid":null,"mch_id":"4"}"#,
        r#"{"mchid":"2","mchid":"2"}"#,
        r#"{"count":18446744073709551615}"#,
        r#"{"count":-9223372036854775808}"#,
        r#"{"amount":{"total":0}}"#,
        r#"{"amount":{"total":-0}}"#,
        // JSON in a string, or not
        r#"{"content":"{ \"total\" : 5 , \"newer\" : 1 }"}"#,
        r#"{"content":{"total":5}}"#,
        r#"{"content":"later"}"#,
        r#"{"content":7}"#,
        // escapes
        r#"{"transaction_id":"\u0031","n\u0065wer":"\/","\ud800":"\ud800"}"#,
    ] {
        assert_eq!(back(resource), resource);
    }
    assert_eq!(back(" { \"newer\" : [ 1 , \" \" ] } "), r#"{"newer":[1," "]}"#);
}

/// Twins that are escaped differently are written so that they can be read again.
#[test]
fn what_was_written_is_read_again() {
    for resource in [
        r#"{"amount":{"t\u006ftal":1},"amount":{"t\u006ftal":1}}"#,
        r#"{"amount":{"total":1},"amount":{"t\u006ftal":1}}"#,
        r#"{"amount":{"total":1,"x":2},"amount":{"x":2,"t\u006ftal":1}}"#,
        r#"{"parts":[{"t\u006ftal":1}],"parts":[{"total":1}]}"#,
        r#"{"mchid":"2","mch\u0069d":"\u0032"}"#,
    ] {
        let written = back(resource);
        assert_eq!(back(&written), written, "{resource}");
    }
}

#[test]
fn the_fields_own_name_counts_before_its_others() {
    for (resource, mchid) in [
        (r#"{"mchid":"2","mch_id":"4"}"#, "2"),
        (r#"{"mch_id":"4","mchid":"2"}"#, "2"),
        (r#"{"mchid":"","mch_id":"4"}"#, "4"),
        (r#"{"mch_id":null,"mchid":"2"}"#, "2"),
        (r#"{"mch_id":"4","mchid":"2","mchid":"2"}"#, "2"),
    ] {
        assert_eq!(decode::<Paid>(resource).unwrap().mchid.as_deref(), Some(mchid), "{resource}");
    }
}

#[test]
fn what_was_changed_is_written_anew() {
    let mut paid: Paid = decode(r#"{"amount":{"total":"1","newer":2},"mch_id":3,"count":null}"#).unwrap();
    paid.amount.as_mut().unwrap().total = Some(Fen::new(9));
    paid.mchid = Some("x\"y".to_owned());
    paid.done = Some(false);
    assert_eq!(
        encode(&paid).unwrap(),
        r#"{"amount":{"total":9,"newer":2},"mch_id":"x\"y","count":null,"done":false}"#
    );
    paid.amount = None;
    paid.count = Some(1);
    assert_eq!(encode(&paid).unwrap(), r#"{"mch_id":"x\"y","count":1,"done":false}"#);
    // A changed field has one member again; the others keep theirs.
    let mut twins: Paid =
        decode(r#"{"mchid":"1","mchid":"1","mch_id":"1","id":"2","transaction_id":"3"}"#).unwrap();
    twins.mchid = Some("9".to_owned());
    assert_eq!(encode(&twins).unwrap(), r#"{"mchid":"9","id":"2","transaction_id":"3"}"#);
    twins.mchid = None;
    assert_eq!(encode(&twins).unwrap(), r#"{"id":"2","transaction_id":"3"}"#);
    paid.content = Some(Json::InString(Amount::default()));
    assert!(encode(&paid).unwrap().ends_with(r#""content":"{}"}"#));
}

#[test]
fn what_could_be_misunderstood_does_not_fit() {
    for (resource, at) in [
        (r#"{"amount":{"total":1.5}}"#, "amount.total"),
        (r#"{"amount":{"total":"1e3"}}"#, "amount.total"),
        (r#"{"amount":{"total":{}}}"#, "amount.total"),
        (r#"{"amount":{"total":-5}}"#, "amount.total"),
        (r#"{"amount":{"total":"-1"}}"#, "amount.total"),
        (r#"{"count":18446744073709551616}"#, "count"),
        (r#"{"count":-9223372036854775809}"#, "count"),
        (r#"{"count":"+1"}"#, "count"),
        (r#"{"amount":{"total":1},"amount":{"t\u006ftal":2}}"#, "amount"),
        (r#"{"amount":"1"}"#, "amount"),
        (r#"{"amount":[{"total":1},{"total":2}]}"#, "amount"),
        (r#"{"parts":[{"total":1},{"total":"x"}]}"#, "parts[1].total"),
        (r#"{"parts":[7]}"#, "parts[0]"),
        (r#"{"names":[["a"]]}"#, "names[0]"),
        (r#"{"mchid":"1","mchid":"2"}"#, "mchid"),
        (r#"{"mchid":["1"]}"#, "mchid"),
        (r#"{"done":"maybe"}"#, "done"),
        (r#"{"count":1.0}"#, "count"),
        (r#"{"content":"{\"total\":0.5}"}"#, "content.total"),
        // under two names of one field
        (r#"{"amount":{"total":1,"all":2}}"#, "amount.all"),
        (r#"{"amount":{"all":1.5,"total":1}}"#, "amount.all"),
        (r#"{"mchid":"1","mch_id":{}}"#, "mch_id"),
        ("[]", ""),
        ("[{}]", ""),
        (r#"[{"mchid":"1"}]"#, ""),
        ("7", ""),
        ("{", ""),
    ] {
        let misfit = decode::<Paid>(resource).unwrap_err();
        assert_eq!(misfit.path(), at, "{resource}");
    }
    let misfit = decode::<Xml>(r#"{"coupon_fee_0":"1","coupon_fee_1":"s3cret"}"#).unwrap_err();
    assert_eq!(misfit.path(), "coupon_fee_1");
    assert!(decode::<Xml>(r#"{"coupon_fee_01":"no number of ours"}"#).is_ok());
    assert!(!format!("{misfit} {misfit:?}").contains("s3cret"));
}

#[test]
fn numbered_fields_are_a_list() {
    let resource = concat!(
        r#"{"total_fee":"100","coupon_fee":"3","coupon_fee_1":"2","coupon_id_0":"a","#,
        r#""coupon_fee_0":"1","coupon_id_x":"?","coupon_id_01":"b"}"#
    );
    let mut xml: Xml = decode(resource).unwrap();
    let coupons = xml.coupons();
    assert_eq!(coupons.len(), 2);
    assert_eq!(coupons[0].coupon_id.as_deref(), Some("a"));
    assert_eq!(coupons[1].coupon_fee, Some(Fen::new(2)));
    assert_eq!(encode(&xml).unwrap(), resource);
    xml.total_fee = Some(Fen::new(7));
    assert!(encode(&xml).unwrap().starts_with(r#"{"total_fee":"7","#));
}

#[test]
fn models_are_serde_types_of_json() {
    let paid: Paid = serde_json::from_str(FULL).unwrap();
    let value = serde_json::to_value(&paid).unwrap();
    assert_eq!(value["amount"]["total"], 1);
    let again: Paid = serde_json::from_value(value).unwrap();
    assert_eq!(again.count, paid.count);
    assert!(serde_json::from_str::<Paid>("[]").is_err());
}

#[test]
fn debug_shows_no_content() {
    let paid: Paid = decode(FULL).unwrap();
    let few: Paid =
        decode(r#"{"mch_id":"s3cret","amount":{"total":1},"state":"","newer":"s3cret"}"#).unwrap();
    assert_eq!(format!("{few:?}"), "Paid { mchid: .., amount: .. }");
    assert!(!format!("{paid:?}").contains("DONE"));
    assert_eq!(format!("{:?}{:?}", paid.phone, paid.content), "Some(Ciphertext)Some(Json)");
}

wxhook_wire::variants! {
    /// Something was paid.
    pub enum AnyPaid = "PAID" {
        /// A basic payment.
        Basic(Paid),
    }
}

#[test]
fn an_event_is_one_of_its_variants() -> Result<(), Misfit> {
    let AnyPaid::Basic(basic) = AnyPaid::decode(Some("BASIC"), FULL)? else { panic!("not basic") };
    assert_eq!(basic.count, Some(4));
    assert_eq!(AnyPaid::decode(Some("BASIC"), r#"{"count":1.5}"#).unwrap_err().path(), "count");
    for variant in [None, Some("NEWER")] {
        let event = AnyPaid::decode(variant, FULL)?;
        assert_eq!(encode(&event)?, FULL);
        let AnyPaid::Unknown(unknown) = event else { panic!("known") };
        assert_eq!(unknown.variant.as_deref(), variant);
        assert!(!format!("{unknown:?}").contains("CNY"));
    }
    Ok(())
}

#[test]
fn a_model_tells_its_fields() {
    let field = &Paid::FIELDS[1];
    assert_eq!((field.name, field.aliases, field.doc), ("mchid", ["mch_id"].as_slice(), "Who."));
    assert_eq!(Paid::FIELDS[2].kind, FieldKind::Enum(&["DONE"]));
    assert_eq!(Paid::FIELDS[5].kind, FieldKind::List(&FieldKind::Object(Amount::FIELDS)));
    assert_eq!(Xml::FIELDS[2].name, "coupons");
}

#[test]
fn a_catalog_entry_takes_all_from_its_model() {
    const PAID: EventMeta =
        EventMeta::v3("PAID", "支付").variant("BASIC", When::Always).typed::<Paid>("payment");
    assert_eq!((PAID.area, PAID.type_name, PAID.fields), ("payment", "Paid", Paid::FIELDS));
    let model = PAID.model.unwrap();
    let fit =
        |meta: EventMeta, resource: &str| meta.fit(wxhook_wire::json::Doc::parse(resource).unwrap().root());
    assert_eq!(fit(PAID, FULL), Fit::Typed);
    assert_eq!(fit(EventMeta { model: None, ..PAID }, FULL), Fit::Untyped);
    assert_eq!(fit(PAID, "{}"), Fit::Typed);
    // Half of it may be in no document; what says nothing doesn't count.
    assert_eq!(fit(PAID, r#"{"mch_id":"1","newer":1,"count":"","nothing":null}"#), Fit::Typed);
    assert_eq!(fit(PAID, r#"{"mch_id":"1","newer":1,"newest":2,"count":null}"#), Fit::MostlyUnknown);
    assert!(matches!(fit(PAID, r#"{"mchid":{},"newer":1,"newest":2}"#), Fit::Misfit(_)));
    // Only the values that contradict it don't fit, at their own place.
    const DONE: EventMeta =
        EventMeta { contradictions: &[("state", &["OPEN", "LOST"]), ("amount.currency", &["XXX"])], ..PAID };
    for (resource, at) in
        [(r#"{"state":"OPEN"}"#, "state"), (r#"{"amount":{"currency":"XXX"}}"#, "amount.currency")]
    {
        let Fit::Misfit(misfit) = fit(DONE, resource) else { panic!("{resource}") };
        assert_eq!(misfit.path(), at);
        assert_eq!(DONE.roundtrip(resource).unwrap().unwrap_err().path(), at);
    }
    for resource in
        ["{}", r#"{"state":"DONE"}"#, r#"{"state":"NEWER"}"#, r#"{"state":""}"#, r#"{"other":"OPEN"}"#]
    {
        assert!(!matches!(fit(DONE, resource), Fit::Misfit(_)), "{resource}");
        assert_eq!(DONE.roundtrip(resource), Some(Ok(resource.to_owned())));
    }
    assert!((model.fits)(wxhook_wire::json::Doc::parse(FULL).unwrap().root()).is_ok());
    assert_eq!((model.roundtrip)(FULL).unwrap(), FULL);
}
