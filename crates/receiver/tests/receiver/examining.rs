//! The examiner says what the pipeline says, and each step what it would say alone.

use crate::support::*;
use bytes::Bytes;
use std::time::{Duration, UNIX_EPOCH};
use wxhook_crypto::v2::SignAlgorithm::{HmacSha256, Md5};
use wxhook_receiver::{Examined, Examiner, Head, Limits, Merchant, Refusal};

fn examined(request: &Request) -> Examined {
    let now = UNIX_EPOCH + Duration::from_secs(NOW);
    let shop = Merchant::new("shop", MCHID)
        .api_v3_key(api_v3())
        .api_v2_key(api_v2())
        .platform_key(SERIAL, platform_key());
    Examiner::new(wxhook_events::catalog(), &Limits::default(), now).examine(
        &shop,
        Head::new(&request.headers),
        &Bytes::from(request.body.clone()),
    )
}

#[tokio::test]
async fn the_verdict_is_the_pipelines() {
    let good = paid().sign();
    let stale = Notify { timestamp: (NOW - 301).to_string(), ..paid() }.sign();
    let mut changed = good.clone();
    changed.body.push(b' ');
    for request in [
        good.clone(),
        v2(&PAYMENT, Md5),
        refund(&REFUND),
        deposit_free("<xml/>", HmacSha256),
        deposit_free("<xml/>", Md5),
        stale,
        changed,
        good.clone().header("wechatpay-serial", "X"),
        good.clone().doubled("wechatpay-nonce"),
        good.clone().without("wechatpay-timestamp"),
        good.clone().header("wechatpay-signature", "WECHATPAY/SIGNTEST/AAAA"),
        good.header("wechatpay-signature-type", "X"),
        paid().sign_body("[1]"),
        paid().sign_body(""),
        paid().sign_body("x".repeat(256 * 1024 + 1)),
        raw("<xml>"),
        raw(xml("xml", &PAYMENT)),
        raw("<xml><req_info>AAAA</req_info></xml>"),
    ] {
        let answered = World::new().send(&request).await;
        let said = examined(&request).verdict.map_or_else(|refusal| refusal.name(), |_| "new");
        assert_eq!(said, answered.outcome.outcome);
    }
}

#[test]
fn steps_go_on_after_a_failure() {
    let mut request = Notify { timestamp: (NOW + 400).to_string(), ..paid() }.sign();
    request.body.push(b'\n');
    let steps = examined(&request).steps.unwrap();
    assert_eq!(steps.skew, Some(Err(Refusal::Stale(-400))));
    assert_eq!((steps.key, steps.signature), (Ok(()), Some(Err(Refusal::Signature))));
    let seen = steps.content.unwrap();
    assert_eq!((seen.event.as_str(), seen.variant, seen.known), ("TRANSACTION.SUCCESS", Some("BASIC"), true));

    let unknown = paid().sign().header("wechatpay-serial", "X");
    let steps = examined(&unknown).steps.unwrap();
    assert_eq!((steps.key, steps.signature), (Err(Refusal::UnknownKey), Some(Err(Refusal::UnknownKey))));
    assert!(steps.content.is_ok());

    let steps = examined(&raw(xml("xml", &PAYMENT))).steps.unwrap();
    assert_eq!((steps.skew, steps.signature), (None, Some(Err(Refusal::Sign))));
    assert_eq!(steps.content.unwrap().event, "v2/transaction-success");
    assert_eq!(examined(&refund(&REFUND)).steps.unwrap().signature, None);
    assert_eq!(examined(&raw("x".repeat(256 * 1024 + 1))).steps, None);
}
