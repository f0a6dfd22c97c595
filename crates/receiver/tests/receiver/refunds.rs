//! Refunds, which nothing signs: ECB lets anyone who has some put their blocks together.

use crate::support::*;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use wxhook_wire::v2::Fields;

const BLOCK: usize = 16;

fn with(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    let mut inner = REFUND.to_vec();
    inner.retain(|(known, _)| *known != name);
    inner.push((name, value));
    inner
}

async fn outcome(inner: &[(&str, &str)]) -> (u16, &'static str) {
    let answered = World::new().send(&refund(inner)).await;
    (answered.reply.status, answered.report.outcome.as_str())
}

#[tokio::test]
async fn numbers_have_the_documents_form() {
    for (name, value) in [
        ("refund_id", "50000408942018111907145868882"),
        ("refund_id", "2008450740201411110000174436"),
        ("refund_id", "50000000382019052709732678859123"),
        ("transaction_id", "4200000215201811190261405420"),
        ("transaction_id", "15646546545165651651"),
        ("transaction_id", ""),
        ("out_trade_no", "1"),
        ("out_trade_no", "A_b-1|2*3@4567890123456789012345"),
        ("out_refund_no", "1"),
        ("out_refund_no", "A_b-1|2*3@456789012345678901234567890123456789012345678901234567"),
        ("refund_status", "REFUNDCLOSE"),
        ("refund_fee", "0"),
        ("total_fee", "9223372036854775807"),
        ("settlement_refund_fee", ""),
        ("coupon_refund_fee_0", "5"),
        ("success_time", "2018-11-19 16:24:13"),
        ("success_time", "20181119162413"),
        ("refund_recv_accout", "招商银行信用卡0403&<x>"),
        ("refund_account", "REFUND_SOURCE_RECHARGE_FUNDS"),
        ("refund_request_source", "VENDOR_PLATFORM"),
        ("newer", "whatever it is"),
    ] {
        assert_eq!(outcome(&with(name, value)).await, (200, "new"), "{name} {value}");
    }
    for (name, value) in [
        ("refund_id", ""),
        ("refund_id", "5000040894201811190"),
        ("refund_id", "500004089420181119071458688821234"),
        ("refund_id", "5000040894201811190714586888x"),
        ("refund_id", "5000040894 2018111907145868882"),
        ("refund_id", "５0000408942018111907145868882"),
        ("transaction_id", "420000021520"),
        ("transaction_id", "42000002152018111902614054204200000215"),
        ("transaction_id", "-420000021520181119026140542"),
        ("out_trade_no", "123456789012345678901234567890123"),
        ("out_trade_no", "a b"),
        ("out_trade_no", "订单"),
        ("out_trade_no", "a&b"),
        ("out_trade_no", "a<b"),
        ("out_refund_no", "12345678901234567890123456789012345678901234567890123456789012345"),
        ("out_refund_no", "a\nb"),
        ("refund_status", ""),
        ("refund_status", "success"),
        ("refund_status", "SUCC ESS"),
        ("refund_fee", "-1"),
        ("refund_fee", "1.5"),
        ("total_fee", "39 60"),
        ("cash_refund_fee", "1e3"),
        ("coupon_refund_fee_0", "x"),
        ("success_time", "2018-11-19</"),
        ("sub_mch_id", "1900000x"),
    ] {
        assert_eq!(outcome(&with(name, value)).await, (401, "refund"), "{name} {value}");
    }
}

/// Whatever is wrong, the platform is told the same.
#[tokio::test]
async fn a_wrong_number_is_answered_like_a_wrong_key() {
    let wrong_number = World::new().send(&refund(&with("refund_id", "x"))).await.reply;
    let body = String::from_utf8(refund(&REFUND).body).unwrap();
    let (before, rest) = body.split_once("<req_info><![CDATA[").unwrap();
    let (_, behind) = rest.split_once("]]>").unwrap();
    let other = base64(&[7; 64]);
    let wrong_key = World::new().send(&raw(format!("{before}<req_info><![CDATA[{other}]]>{behind}"))).await;
    assert_eq!(wrong_key.report.outcome.as_str(), "refund");
    assert_eq!(wrong_number, wrong_key.reply);
}

/// In the platform's manner, of four orders.
fn genuine(nth: usize) -> String {
    let digit = nth + 1;
    format!(
        "<root>\n<out_refund_no><![CDATA[R{digit}31811191610442717309]]></out_refund_no>\n\
         <out_trade_no><![CDATA[{digit}1106718111915575302817]]></out_trade_no>\n\
         <refund_account><![CDATA[REFUND_SOURCE_RECHARGE_FUNDS]]></refund_account>\n\
         <refund_fee><![CDATA[{digit}960]]></refund_fee>\n\
         <refund_id><![CDATA[5000040894201811190714586888{digit}]]></refund_id>\n\
         <refund_recv_accout><![CDATA[支付用户零钱{}]]></refund_recv_accout>\n\
         <refund_request_source><![CDATA[API]]></refund_request_source>\n\
         <refund_status><![CDATA[SUCCESS]]></refund_status>\n\
         <settlement_refund_fee><![CDATA[{digit}960]]></settlement_refund_fee>\n\
         <settlement_total_fee><![CDATA[{digit}960]]></settlement_total_fee>\n\
         <success_time><![CDATA[2018-11-19 16:24:1{digit}]]></success_time>\n\
         <total_fee><![CDATA[{digit}960]]></total_fee>\n\
         <transaction_id><![CDATA[420000021520181119026140542{digit}]]></transaction_id>\n</root>",
        "0".repeat(nth)
    )
}

#[derive(Debug, Clone)]
enum Edit {
    Drop(usize),
    Repeat(usize),
    Swap(usize, usize),
    Cut(usize, usize),
    /// Replaced by one of another refund, which stands at another place.
    Other(usize, usize, usize),
    /// Everything from a place on, by what stands in another refund from a place on.
    Tail(usize, usize, usize),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let at = 0..60_usize;
    let edit = prop_oneof![
        at.clone().prop_map(Edit::Drop),
        at.clone().prop_map(Edit::Repeat),
        (at.clone(), at.clone()).prop_map(|(one, other)| Edit::Swap(one, other)),
        (at.clone(), at.clone()).prop_map(|(one, other)| Edit::Cut(one, other)),
        (at.clone(), 0..4_usize, at.clone()).prop_map(|(at, from, place)| Edit::Other(at, from, place)),
        (at.clone(), 0..4_usize, at).prop_map(|(at, from, place)| Edit::Tail(at, from, place)),
    ];
    prop::collection::vec(edit, 1..4)
}

fn edit(blocks: &mut Vec<Vec<u8>>, all: &[Vec<Vec<u8>>], edit: &Edit) {
    let length = blocks.len();
    match *edit {
        Edit::Drop(at) => drop(blocks.remove(at % length)),
        Edit::Repeat(at) => blocks.insert(at % length, blocks[at % length].clone()),
        Edit::Swap(one, other) => blocks.swap(one % length, other % length),
        Edit::Cut(one, other) => {
            let (one, other) = (one % length, other % length);
            blocks.drain(one.min(other)..one.max(other));
        }
        Edit::Other(at, from, place) => blocks[at % length] = all[from][place % all[from].len()].clone(),
        Edit::Tail(at, from, place) => {
            blocks.truncate(at % length);
            blocks.extend_from_slice(&all[from][place % all[from].len()..]);
        }
    }
}

fn is_documented(fields: &Fields) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let merchants =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-|*@".contains(&byte));
    fields.iter().filter(|(_, text)| !text.is_empty()).all(|(name, text)| match name {
        "refund_id" | "transaction_id" => digits(text) && (20..=32).contains(&text.len()),
        "out_trade_no" => merchants(text) && text.len() <= 32,
        "out_refund_no" => merchants(text) && text.len() <= 64,
        _ if name.ends_with("_fee") => digits(text),
        _ => true,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Blocks are dropped, repeated, swapped and taken from other refunds: whatever is accepted has numbers as documented.
    #[test]
    fn spliced_blocks_make_no_numbers(first in 0..4_usize, edits in edits()) {
        let seal = |nth| {
            let sealed = wxhook_crypto::v2::seal_refund(genuine(nth).as_bytes(), &api_v2());
            let blocks = BASE64_STANDARD.decode(sealed).unwrap();
            blocks.chunks(BLOCK).map(<[u8]>::to_vec).collect::<Vec<_>>()
        };
        let all: Vec<_> = (0..4).map(seal).collect();
        let mut blocks = all[first].clone();
        for one in &edits {
            if blocks.is_empty() { break }
            edit(&mut blocks, &all, one);
        }
        let req_info = base64(&blocks.concat());
        let request = raw(format!("<xml><mch_id>{MCHID}</mch_id><req_info>{req_info}</req_info></xml>"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answered = runtime.block_on(World::new().send(&request));
        if answered.reply.status == 200 {
            let opened = wxhook_crypto::v2::open_refund(&req_info, &api_v2()).unwrap();
            let fields = Fields::parse_opened(opened.get()).unwrap();
            prop_assert!(is_documented(&fields));
            prop_assert!(fields.get("refund_id").is_some_and(|text| !text.is_empty()));
        } else {
            prop_assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (401, "refund"));
        }
    }
}

#[tokio::test]
async fn genuine_refunds_are_accepted() {
    for nth in 0..4 {
        let req_info = wxhook_crypto::v2::seal_refund(genuine(nth).as_bytes(), &api_v2());
        let request = raw(format!("<xml><mch_id>{MCHID}</mch_id><req_info>{req_info}</req_info></xml>"));
        assert_eq!(World::new().send(&request).await.report.outcome.as_str(), "new");
    }
}
