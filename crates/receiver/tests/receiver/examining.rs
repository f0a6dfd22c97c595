//! The examiner says what the pipeline says, and each step what it would say alone.

use crate::support::*;
use bytes::Bytes;
use std::time::{Duration, UNIX_EPOCH};
use wxhook_crypto::v2::SignAlgorithm::{HmacSha256, Md5};
use wxhook_receiver::{Limits, Merchant, NotificationHeaders, Rejection, Verification, Verifier};

fn examined(request: &Request) -> Verification {
    let now = UNIX_EPOCH + Duration::from_secs(NOW);
    let shop = Merchant::new("shop", MCHID)
        .api_v3_key(api_v3())
        .api_v2_key(api_v2())
        .platform_key(SERIAL, platform_key());
    Verifier::new(wxhook_events::catalog(), &Limits::default()).verify(
        &shop,
        now,
        NotificationHeaders::from(&request.headers),
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
        let said = examined(&request).result.map_or_else(|rejection| rejection.as_str(), |_| "new");
        assert_eq!(said, answered.report.outcome.as_str());
    }
}

#[test]
fn checks_go_on_after_a_failure() {
    let mut request = Notify { timestamp: (NOW + 400).to_string(), ..paid() }.sign();
    request.body.push(b'\n');
    let checks = examined(&request).checks.unwrap();
    assert_eq!(checks.timestamp, Some(Err(Rejection::Stale(-400))));
    assert_eq!((checks.key, checks.signature), (Ok(()), Some(Err(Rejection::Signature))));
    let seen = checks.content.unwrap();
    assert_eq!((seen.event(), seen.variant(), seen.is_known()), ("TRANSACTION.SUCCESS", Some("BASIC"), true));

    let unknown = paid().sign().header("wechatpay-serial", "X");
    let checks = examined(&unknown).checks.unwrap();
    assert_eq!(
        (checks.key, checks.signature),
        (Err(Rejection::UnknownKey), Some(Err(Rejection::UnknownKey)))
    );
    assert!(checks.content.is_ok());

    let checks = examined(&raw(xml("xml", &PAYMENT))).checks.unwrap();
    assert_eq!((checks.timestamp, checks.signature), (None, Some(Err(Rejection::Sign))));
    assert_eq!(checks.content.unwrap().event(), "v2/transaction-success");
    assert_eq!(examined(&refund(&REFUND)).checks.unwrap().signature, None);
    assert!(examined(&raw("x".repeat(256 * 1024 + 1))).checks.is_none());
}
