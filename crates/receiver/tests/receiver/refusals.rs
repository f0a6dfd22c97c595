//! One thing wrong each: the right status, nothing stored (or quarantined), and the twin without the fault passes.

use crate::support::*;
use wxhook_crypto::ApiV3Key;
use wxhook_crypto::v2::SignAlgorithm::{HmacSha256, Md5};
use wxhook_receiver::{Outcome, Response};
use wxhook_wire::Protocol;

/// Refused with this status and reason, in the protocol's words; nothing is kept but a quarantined request.
async fn refused(what: &str, request: Request, status: u16, outcome: &str) {
    let world = World::new();
    let answered = world.send(&request).await;
    assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (status, outcome), "{what}");
    assert!(matches!(answered.report.outcome, Outcome::Rejected(_)), "{what}");
    assert_eq!(answered.report.seq, None, "{what}");
    assert_reply_fits(&answered);
    let stored = world.stored().await;
    if matches!(outcome, "envelope" | "sealed") {
        assert_eq!(stored.len(), 1, "{what}");
        assert!(stored[0].key.starts_with("shop/quarantine/"), "{what}");
        assert_eq!(stored[0].state.as_str(), "parked", "{what}");
    } else {
        assert!(stored.is_empty(), "{what}");
    }
}

fn assert_reply_fits(answered: &Response) {
    let reply = &answered.reply;
    if answered.report.protocol == Some(Protocol::V2) {
        assert!(reply.body.contains("<return_code><![CDATA[FAIL]]>"));
        assert!(reply.content_type.starts_with("text/xml"));
    } else {
        let json: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        assert!(json["code"].as_str().unwrap().len() <= 32 && json["code"] != "SUCCESS");
        assert!(json["message"].as_str().unwrap().chars().count() <= 64);
    }
}

async fn taken(what: &str, request: Request) {
    let world = World::new();
    let answered = world.send(&request).await;
    assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (200, "new"), "{what}");
    assert_eq!(world.stored().await.len(), 1, "{what}");
}

#[tokio::test]
async fn the_twins_pass() {
    taken("v3", paid().sign()).await;
    taken(
        "v3 with its signature type",
        paid().sign().header("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048"),
    )
    .await;
    for skew in [-300_i64, 300] {
        let timestamp = NOW.checked_add_signed(skew).unwrap().to_string();
        taken("at the edge of the time", Notify { timestamp, ..paid() }.sign()).await;
    }
    taken("v2 md5", v2(&PAYMENT, Md5)).await;
    let mut fields = PAYMENT.to_vec();
    fields.push(("sign_type", "HMAC-SHA256"));
    taken("v2 hmac", v2(&fields, HmacSha256)).await;
    taken("v2 refund", refund(&REFUND)).await;
    taken("v2 deposit-free", deposit_free("<xml><state>USER_ACCEPTED</state></xml>", HmacSha256)).await;
}

#[tokio::test]
async fn every_changed_byte_of_a_v3_body_is_refused() {
    let good = paid().sign();
    let world = World::new();
    for index in (0..good.body.len()).step_by(7) {
        let mut bad = good.clone();
        bad.body[index] ^= 1;
        let answered = world.send(&bad).await;
        assert_eq!(answered.reply.status, 401, "byte {index}");
    }
    assert!(world.stored().await.is_empty());
}

#[tokio::test]
async fn v3_signature() {
    let good = paid().sign();
    let signature = good.headers["wechatpay-signature"].to_str().unwrap().to_owned();
    let mut flipped = signature.clone().into_bytes();
    flipped[100] = if flipped[100] == b'A' { b'B' } else { b'A' };
    refused("a flipped bit", good.clone().header("wechatpay-signature", flipped), 401, "signature").await;
    refused("not base64", good.clone().header("wechatpay-signature", "%%%"), 401, "signature").await;
    refused("cut", good.clone().header("wechatpay-signature", &signature[..340]), 401, "signature").await;
    let probe = format!("WECHATPAY/SIGNTEST/{}", &signature[19..]);
    refused("a probe", good.clone().header("wechatpay-signature", probe), 401, "probe").await;
    refused(
        "a probe that is no base64",
        good.clone().header("wechatpay-signature", "WECHATPAY/SIGNTEST/%%"),
        401,
        "probe",
    )
    .await;
    refused("another nonce", good.clone().header("wechatpay-nonce", "593BEC0C930BF1AE"), 401, "signature")
        .await;
    refused(
        "another time",
        good.clone().header("wechatpay-timestamp", (NOW + 1).to_string()),
        401,
        "signature",
    )
    .await;
    refused("unknown key", good.clone().header("wechatpay-serial", "PUB_KEY_ID_0"), 401, "unknown-key").await;
    for name in ["", "WECHATPAY2-SM2-WITH-SM3", "WECHATPAY2-SHA1", "wechatpay2-sha256-rsa2048"] {
        refused(
            "signature type",
            good.clone().header("wechatpay-signature-type", name),
            401,
            "signature-type",
        )
        .await;
    }
}

#[tokio::test]
async fn v3_headers() {
    let good = paid().sign();
    for name in ["wechatpay-serial", "wechatpay-timestamp", "wechatpay-nonce", "wechatpay-signature"] {
        refused(name, good.clone().without(name), 401, "header").await;
        refused(name, good.clone().header(name, ""), 401, "header").await;
        refused(name, good.clone().header(name, b"\xe4\xb8\xad"), 401, "header").await;
        refused(name, good.clone().doubled(name), 401, "doubled-header").await;
        // As a proxy joins them.
        let value = good.headers.get(name).unwrap().to_str().unwrap();
        refused(name, good.clone().header(name, format!("{value}, {value}")), 401, "doubled-header").await;
        refused(name, good.clone().header(name, format!("{value},{value}")), 401, "doubled-header").await;
    }
    let typed = good.header("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048");
    refused("type", typed.doubled("wechatpay-signature-type"), 401, "doubled-header").await;
}

#[tokio::test]
async fn v3_time() {
    for (timestamp, outcome) in [
        ((NOW - 301).to_string(), "stale"),
        ((NOW + 301).to_string(), "stale"),
        ((NOW - 360).to_string(), "stale"),
        ("0".into(), "stale"),
        ("9223372036854775807".into(), "stale"),
        ("99999999999999999999999".into(), "timestamp"),
        (format!("-{NOW}"), "timestamp"),
        ("1e9".into(), "timestamp"),
        (format!("{NOW}.0"), "timestamp"),
        (format!("+{NOW}"), "timestamp"),
        ("0x6553f100".into(), "timestamp"),
    ] {
        let request = Notify { timestamp: timestamp.clone(), ..paid() }.sign();
        refused(&timestamp, request, 401, outcome).await;
    }
    // Stale is only what is authentic.
    let forged = paid().sign().header("wechatpay-timestamp", (NOW - 400).to_string());
    refused("stale and forged", forged, 401, "signature").await;
}

#[tokio::test]
async fn bodies_that_are_nothing() {
    for body in ["", " ", "\r\n\t "] {
        refused("empty", paid().sign_body(body), 400, "empty").await;
    }
    refused("rubbish, unsigned", raw("hello"), 401, "header").await;
}

#[tokio::test]
async fn v3_envelopes_that_are_verified_and_unusable() {
    let good = paid();
    let body = good.body();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let cases = [
        ("not JSON", "{\"id\":".to_owned()),
        ("cut", body[..body.len() - 1].to_owned()),
        ("an array", format!("[{body}]")),
        ("a string", "\"x\"".to_owned()),
        ("100,000 levels", deep.clone()),
        ("100,000 levels in a member", body.replacen('{', &format!("{{\"x\":{deep},"), 1)),
        ("no id", body.replace("\"id\"", "\"di\"")),
        ("empty id", body.replace(&good.id, "")),
        ("no event_type", body.replace("\"event_type\"", "\"type\"")),
        ("no resource", body.replace("\"resource\"", "\"source\"")),
        ("resource a string", body.replace("\"resource\":{", "\"resource\":\"x\",\"y\":{")),
        ("no ciphertext", body.replace("\"ciphertext\"", "\"text\"")),
        ("bad base64", good.body_with("AAAA*AAA")),
        ("no padding", good.body_with(base64(&good.sealed()[..31]).trim_end_matches('='))),
        ("cut tag", good.body_with(&base64(&good.sealed()[..15]))),
        ("empty ciphertext", good.body_with("")),
    ];
    for (what, body) in cases {
        refused(what, good.sign_body(body), 400, "envelope").await;
    }
    let mut invalid = body.clone().into_bytes();
    let place = body.find("支付").unwrap();
    invalid[place] = 0xff;
    refused("invalid UTF-8", good.sign_body(invalid), 400, "envelope").await;
    for nonce in ["0123456789a", "0123456789abc", "中文中文"] {
        let what = format!("nonce {nonce}");
        let body = good.body().replace("0123456789ab", nonce);
        let status = if nonce.len() == 12 { (500, "sealed") } else { (400, "envelope") };
        refused(&what, good.sign_body(body), status.0, status.1).await;
    }
}

#[tokio::test]
async fn v3_that_is_verified_and_cannot_be_opened() {
    let good = paid();
    for algorithm in ["AEAD_AES_128_GCM", "aead_aes_256_gcm", "AEAD_SM4_128_GCM", "none"] {
        let request = Notify { algorithm: algorithm.into(), ..good.clone() }.sign();
        refused(algorithm, request, 500, "sealed").await;
    }
    let mut sealed = good.sealed();
    sealed[3] ^= 1;
    refused("another ciphertext", good.sign_body(good.body_with(&base64(&sealed))), 500, "sealed").await;
    let cut = &good.sealed()[..good.sealed().len() - 1];
    refused("a cut tag", good.sign_body(good.body_with(&base64(cut))), 500, "sealed").await;
    refused(
        "another nonce",
        good.sign_body(good.body().replace("0123456789ab", "0123456789aB")),
        500,
        "sealed",
    )
    .await;
    let aad =
        good.body().replace("\"associated_data\":\"transaction\"", "\"associated_data\":\"transactioN\"");
    refused("other associated data", good.sign_body(aad), 500, "sealed").await;
}

#[tokio::test]
async fn v2_sign() {
    let good = v2(&PAYMENT, Md5);
    let text = String::from_utf8(good.body.clone()).unwrap();
    for (what, body) in [
        ("a changed byte", text.replace("1409811653", "1409811654")),
        ("a changed amount", text.replace("<total_fee><![CDATA[1]]>", "<total_fee><![CDATA[2]]>")),
        ("one more field", text.replace("</xml>", "<openid>x</openid></xml>")),
        ("one field less", text.replace("<attach><![CDATA[支付测试]]></attach>", "")),
        ("lower case", {
            let sign = text.split("<sign><![CDATA[").nth(1).unwrap().split("]]>").next().unwrap();
            text.replace(sign, &sign.to_lowercase())
        }),
    ] {
        refused(what, raw(body), 401, "sign").await;
    }
    refused("no sign", raw(xml("xml", &PAYMENT)), 401, "sign").await;
    let with = |name, value| [PAYMENT.as_slice(), &[(name, value)]].concat();
    refused("empty sign", raw(xml("xml", &with("sign", ""))), 401, "sign").await;
    refused("unknown sign_type", v2(&with("sign_type", "SHA1"), Md5), 401, "sign").await;
    refused("md5 called hmac", v2(&with("sign_type", "HMAC-SHA256"), Md5), 401, "sign").await;
    refused("hmac called md5", v2(&with("sign_type", "MD5"), HmacSha256), 401, "sign").await;
    refused("algorithm says md5", v2(&with("algorithm", "MD5"), HmacSha256), 401, "sign").await;
    let both = [PAYMENT.as_slice(), &[("sign_type", "MD5"), ("algorithm", "HMAC-SHA256")]].concat();
    for algorithm in [Md5, HmacSha256] {
        refused("two different names", v2(&both, algorithm), 401, "sign").await;
    }
    let hmac = String::from_utf8(v2(&PAYMENT, HmacSha256).body).unwrap();
    let sign = hmac.split("<sign><![CDATA[").nth(1).unwrap().split("]]>").next().unwrap();
    for wrong in [&sign[..63], &sign[..32], &format!("{sign}0"), &sign.to_lowercase()] {
        refused("an hmac of another form", raw(hmac.replace(sign, wrong)), 401, "sign").await;
    }
}

#[tokio::test]
async fn v2_xml() {
    let good = String::from_utf8(v2(&PAYMENT, Md5).body).unwrap();
    for (what, body) in [
        ("a DTD", format!("<!DOCTYPE xml [<!ENTITY x \"1\">]>{good}")),
        ("an external entity", format!("<!DOCTYPE xml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{good}")),
        ("cut", good[..good.len() - 6].to_owned()),
        ("a repeated field", good.replace("</xml>", "<total_fee>1</total_fee></xml>")),
        ("nested", good.replace("</xml>", "<a><b>1</b></a></xml>")),
        ("an unknown entity", good.replace("</xml>", "<a>&nbsp;</a></xml>")),
        ("another root", good.replace("xml>", "html>")),
        ("something behind", format!("{good}x")),
        ("only the beginning", "<".to_owned()),
    ] {
        refused(what, raw(body), 400, "xml").await;
    }
    let long = good.replace("支付测试", &"x".repeat(64 * 1024));
    refused("too long", raw(long), 413, "too-large").await;
    refused("too long v3", paid().sign_body("x".repeat(256 * 1024 + 1)), 413, "too-large").await;
}

#[tokio::test]
async fn v2_without_a_key_and_v2_on_a_v3_url() {
    let world = World::new();
    let answered = world.send_to("/notify/other", &v2(&PAYMENT, Md5)).await;
    assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (401, "no-v2-key"));
    // With v3 headers it is still v2, and needs its sign.
    let mut v3_headers = paid().sign_body(xml("xml", &PAYMENT));
    let answered = world.send(&v3_headers).await;
    assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (401, "sign"));
    v3_headers.body = v2(&PAYMENT, Md5).body;
    assert_eq!(world.send(&v3_headers).await.reply.status, 200);
}

#[tokio::test]
async fn every_failing_refund_is_answered_alike() {
    let good = refund(&REFUND);
    let text = String::from_utf8(good.body).unwrap();
    let req_info = text.split("<req_info><![CDATA[").nth(1).unwrap().split("]]>").next().unwrap().to_owned();
    let seal = |plaintext: &str| wxhook_crypto::v2::seal_refund(plaintext.as_bytes(), &api_v2());
    let without_id: Vec<_> = REFUND.iter().copied().filter(|(name, _)| *name != "refund_id").collect();
    let mut replies = Vec::new();
    for (what, other) in [
        ("not base64", "%%%%".to_owned()),
        ("empty", String::new()),
        ("half a block", base64(&[7; 24])),
        ("wrong padding", base64(&[7; 32])),
        ("not XML", seal("hello")),
        ("a DTD", seal("<!DOCTYPE root><root/>")),
        ("no number", seal(&xml("root", &without_id))),
        ("a cut block", req_info[..req_info.len() - 24].to_owned()),
    ] {
        let request = raw(text.replace(&req_info, &other));
        refused(what, request.clone(), 401, "refund").await;
        replies.push(World::new().send(&request).await.reply);
    }
    replies.dedup();
    assert_eq!(replies.len(), 1);
}

#[tokio::test]
async fn deposit_free_needs_both_locks() {
    const INNER: &str = "<xml><state>USER_ACCEPTED</state></xml>";
    let good = String::from_utf8(deposit_free(INNER, HmacSha256).body).unwrap();
    refused("md5 by name", raw(good.replace("HMAC-SHA256", "MD5")), 401, "sign").await;
    refused("a changed field", raw(good.replace("CHECK.SUCCESS", "CHECK.FAIL")), 401, "sign").await;
    let with = |algorithm, nonce, key| deposit_free_with(INNER, HmacSha256, algorithm, nonce, key);
    refused("algorithm", with("AEAD_AES_128_GCM", "0123456789ab", api_v3()), 500, "sealed").await;
    refused("nonce", with("AEAD_AES_256_GCM", "0123456789a", api_v3()), 400, "envelope").await;
    let other = ApiV3Key::new(&[b'y'; 32]).unwrap();
    refused("another key", with("AEAD_AES_256_GCM", "0123456789ab", other), 500, "sealed").await;
}

#[tokio::test]
async fn one_merchants_notifications_are_nobody_elses() {
    let world = World::new();
    let answered = world.send_to("/notify/other", &paid().sign()).await;
    assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (401, "unknown-key"));
    for path in [
        "/notify/nobody",
        "/notify/",
        "/notify",
        "/",
        "/notify/../notify/shop",
        "/notify/shop/",
        "/notify/SHOP",
    ] {
        let answered = world.send_to(path, &paid().sign()).await;
        assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (404, "not-found"), "{path}");
    }
    assert!(world.stored().await.is_empty());
}

#[tokio::test]
async fn the_quarantine_is_bounded_and_keeps_one_of_each() {
    let world = World::new();
    let bad = paid().sign_body("[1]");
    for _ in 0..3 {
        world.send(&bad).await;
    }
    assert_eq!(world.stored().await.len(), 1);
    let record = world.only().await;
    let resource: serde_json::Value = serde_json::from_str(record.resource()).unwrap();
    assert_eq!(resource["refused"], "envelope");
    assert_eq!(resource["body_base64"], base64(b"[1]"));
}
