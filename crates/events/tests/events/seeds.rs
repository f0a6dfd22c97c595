//! The documents' own examples. Instants are what `date -u` prints.

use crate::samples::{AUTHORIZATION, GLOBAL_PARTNER, PAID_XML, USER_PAID};
use crate::support::{decoded, v2, v3};
use crate::tree::Tree;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wxhook_events::catalog;
use wxhook_events::payment::{ExchangeRateType, PromotionType, TradeState, TradeType, TransactionSuccess};
use wxhook_events::payscore::{CollectionState, PayscoreUserPaid, ServiceOrderState};
use wxhook_events::transfer::{AuthorizationState, MchTransferAuthorizationConfirmed};
use wxhook_events::v2::{ReturnCode, TransactionSuccess as PaidByXml};
use wxhook_simulator::Schedule;
use wxhook_wire::model::YesNo;
use wxhook_wire::{Fen, Protocol, Reply, ReplyError, Time};

fn instant(time: Option<Time>) -> Option<SystemTime> {
    time.unwrap().instant()
}

fn at(milliseconds: u64) -> Option<SystemTime> {
    Some(UNIX_EPOCH + Duration::from_millis(milliseconds))
}

#[test]
fn a_cross_border_payment() {
    let told = v3("TRANSACTION.SUCCESS", "", GLOBAL_PARTNER).unwrap();
    assert_eq!(told.name(), ("TRANSACTION.SUCCESS", Some("GLOBAL_PARTNER")));
    assert_eq!(told.key, "shop/TRANSACTION.SUCCESS/id=1008450740201411110005820873");
    assert_eq!(told.given_back(GLOBAL_PARTNER), Tree::parse(GLOBAL_PARTNER).to_json());
    let TransactionSuccess::GlobalPartner(paid) = decoded(&told, GLOBAL_PARTNER) else { panic!() };
    assert_eq!(paid.id.as_deref(), Some("1008450740201411110005820873"));
    assert_eq!((paid.sub_mchid.as_deref(), paid.mchid), (Some("20000100"), None));
    assert_eq!((paid.trade_state, paid.trade_type), (Some(TradeState::Success), Some(TradeType::Micropay)));
    // 2018-06-08 02:34:56
    assert_eq!(instant(paid.success_time), at(1_528_425_296_000));
    let amount = paid.amount.unwrap();
    assert_eq!((amount.total, amount.currency.as_deref()), (Some(Fen::new(528_800)), Some("HKD")));
    assert_eq!(amount.payer_total, Some(Fen::new(518_799)));
    assert_eq!(amount.payer_currency.as_deref(), Some("CNY"));
    let rate = amount.exchange_rate.unwrap();
    assert_eq!((rate.r#type, rate.rate), (Some(ExchangeRateType::SettlementRate), Some(8_000_000)));
    let promotion = &paid.promotion_detail.unwrap()[0];
    assert_eq!((promotion.amount, &promotion.r#type), (Some(Fen::new(1)), &Some(PromotionType::Discount)));
    assert_eq!(promotion.wechatpay_contribute_amount, Some(Fen::new(1)));
    assert_eq!(promotion.goods_detail.as_ref().unwrap()[0].price, Some(Fen::new(528_800)));
}

#[test]
fn a_service_order_with_its_amount_in_a_string() {
    let told = v3("PAYSCORE.USER_PAID", "", USER_PAID).unwrap();
    assert_eq!(told.name(), ("PAYSCORE.USER_PAID", Some("INSTITUTION")));
    assert_eq!(
        told.key,
        "shop/PAYSCORE.USER_PAID/sub_mchid=1900000109/out_order_no=1234323JKHDFE1243252/collection.paid_amount=0"
    );
    assert_eq!(told.given_back(USER_PAID), Tree::parse(USER_PAID).to_json());
    let PayscoreUserPaid::Institution(paid) = decoded(&told, USER_PAID) else { panic!() };
    assert_eq!((paid.total_amount, paid.need_collection), (Some(Fen::new(40_000)), Some(true)));
    assert_eq!(paid.state, Some(ServiceOrderState::Done));
    assert_eq!(paid.risk_fund.unwrap().amount, Some(Fen::new(10_000)));
    assert_eq!(paid.post_payments.unwrap()[0].amount, Some(Fen::new(40_000)));
    assert_eq!(paid.post_discounts.unwrap()[0].amount, Some(Fen::new(1)));
    assert_eq!((paid.currency.as_deref(), paid.currency_price), (Some("HKD"), Some(92_103_500)));
    let time_range = paid.time_range.unwrap();
    // 09:10:10 and 09:12:10 in Beijing: 2009-12-25 01:10:10, 2009-12-25 01:12:10
    assert_eq!(instant(time_range.start_time), at(1_261_703_410_000));
    assert_eq!(instant(time_range.end_time), at(1_261_703_530_000));
    // Its state is there, and empty.
    let collection = paid.collection.unwrap();
    assert_eq!(collection.state, None::<CollectionState>);
    assert_eq!(
        (collection.paying_amount, collection.paid_amount),
        (Some(Fen::new(40_000)), Some(Fen::new(0)))
    );
    let detail = &collection.details.unwrap()[0];
    assert_eq!((detail.seq, detail.amount), (Some(1), Some(Fen::new(10_000))));
    assert_eq!(detail.promotion_detail.as_ref().unwrap()[0].wechatpay_contribute, Some(Fen::new(100)));
}

#[test]
fn an_authorization() {
    let told = v3("MCHTRANSFER.AUTHORIZATION.CONFIRMED", "mch_payment", AUTHORIZATION).unwrap();
    assert_eq!(told.name(), ("MCHTRANSFER.AUTHORIZATION.CONFIRMED", None));
    assert_eq!(
        told.key,
        "shop/MCHTRANSFER.AUTHORIZATION.CONFIRMED/authorization_id=201202504101000123456789012/state=TAKING_EFFECT"
    );
    assert_eq!(told.meta.schedule, "transfer");
    assert_eq!(told.given_back(AUTHORIZATION), Tree::parse(AUTHORIZATION).to_json());
    let authorization: MchTransferAuthorizationConfirmed = decoded(&told, AUTHORIZATION);
    assert_eq!(authorization.state, Some(AuthorizationState::TakingEffect));
    assert_eq!(authorization.out_authorization_no.as_deref(), Some("plfk2020042013"));
    // 2015-05-20 05:29:35.120
    assert_eq!(instant(authorization.authorize_time), at(1_432_099_775_120));
}

#[test]
fn a_payment_in_xml() {
    let (told, resource) = v2(PAID_XML, None);
    let told = told.unwrap();
    assert_eq!(told.name(), ("v2/transaction-success", Some("BASIC")));
    assert_eq!(
        told.key,
        "shop/v2/transaction-success/transaction_id=1004400740201409030005092168/result_code=SUCCESS"
    );
    assert_eq!(told.given_back(&resource), resource);
    let PaidByXml::Basic(paid) = decoded(&told, &resource) else { panic!() };
    assert_eq!(paid.transaction_id.as_deref(), Some("1004400740201409030005092168"));
    assert_eq!(paid.attach.as_deref(), Some("支付测试"));
    assert_eq!((paid.total_fee, paid.coupon_fee), (Some(Fen::new(1)), Some(Fen::new(10))));
    assert_eq!((paid.coupon_count, paid.coupon_id.as_deref()), (Some(1), Some("10000")));
    assert_eq!(
        (paid.is_subscribe.clone(), paid.result_code.clone()),
        (Some(YesNo::Yes), Some(ReturnCode::Success))
    );
    // The only coupon comes without a number.
    assert!(paid.coupons().is_empty());
    // 13:15:40 in Beijing: 2014-09-03 05:15:40
    assert_eq!(instant(paid.time_end), at(1_409_721_340_000));
}

/// Rules for an event in a document: its name and variant, the waits after each failed try in the document's own words,
/// and in how many seconds the answer must be there.
const RULES: [(&str, Option<&str>, &str, Option<u32>); 6] = [
    ("PAYSCORE.USER_PAID", Some("INSTITUTION"), "15/15/30/180/1800/1800/1800/1800/3600", None),
    ("v2/transaction-success", Some("BASIC"), DAY, None),
    ("TRANSACTION.SUCCESS", Some("GLOBAL"), DAY, None),
    ("TRANSACTION.SUCCESS", Some("GLOBAL_PARTNER"), DAY, None),
    ("MCHTRANSFER.AUTHORIZATION.CONFIRMED", None, TRANSFER, Some(2)),
    ("MCHTRANSFER.AUTHORIZATION.CLOSED", None, TRANSFER, Some(2)),
];
const DAY: &str = "15s/15s/30s/3m/10m/20m/30m/30m/30m/60m/3h/3h/3h/6h/6h";
const TRANSFER: &str = "0s/15s(尝试10次)/300s(尝试10次)/1800s(尝试44次)";

#[test]
fn schedules_and_deadlines_are_the_documents() {
    let catalog = catalog();
    let schedule = |name, variant| Schedule::of(catalog.lookup(name, variant).unwrap()).unwrap();
    for (name, variant, words, deadline) in RULES {
        assert_eq!(schedule(name, variant).waits(), waits(words), "{name}: {words}");
        // Every answer is there in 1.9 seconds, and the catalog names only other deadlines.
        let known = catalog.lookup(name, variant).unwrap().deadline_ms;
        assert!(known.is_none() && deadline.is_none_or(|seconds| seconds >= 2), "{name}");
    }
    let day = Duration::from_secs((24 * 60 + 4) * 60);
    assert_eq!(schedule("v2/transaction-success", Some("BASIC")).total(), day);
    assert_eq!(schedule("TRANSACTION.SUCCESS", Some("GLOBAL")).total(), day);
    assert_eq!(catalog.lookup("ENTRUST.TERMINATE_RETENTION", None).unwrap().deadline_ms, Some(1000));
}

/// Reads `15s`, `3m`, `3h`, a bare number of seconds, and `15s(尝试10次)` for ten tries.
fn waits(words: &str) -> Vec<Duration> {
    let one = |wait: &str| {
        let (wait, times) = wait.split_once('(').unwrap_or((wait, ""));
        let number =
            |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>().parse::<u32>().ok();
        let unit = match wait.chars().last() {
            Some('m') => 60,
            Some('h') => 3600,
            _ => 1,
        };
        std::iter::repeat_n(
            Duration::from_secs(1) * unit * number(wait).unwrap(),
            usize::try_from(number(times).unwrap_or(1)).unwrap(),
        )
    };
    words.split('/').flat_map(one).collect()
}

/// The answers that documents ask for: 200 with `code` SUCCESS suits all that speak of JSON, and XML is what v2 has.
#[test]
fn answers_are_the_documents() {
    let taken = Reply::success(Protocol::V3);
    assert_eq!((taken.status, &*taken.body), (200, r#"{"code":"SUCCESS","message":"OK"}"#));
    let taken = Reply::success(Protocol::V2);
    let xml =
        "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>";
    assert_eq!((taken.status, &*taken.body), (200, xml));
    for refused in [
        ReplyError::NotVerified,
        ReplyError::Envelope,
        ReplyError::Undecryptable,
        ReplyError::Handler,
        ReplyError::Busy,
    ] {
        assert!((400..600).contains(&refused.status()));
        assert!(refused.code() != "SUCCESS" && refused.code().len() <= 32 && refused.message().len() <= 64);
    }
}
