//! Records of verified notifications.

use crate::support::*;
use wxhook_crypto::v2::SignAlgorithm::{HmacSha256, Md5};
use wxhook_receiver::Outcome;
use wxhook_wire::{ProofKind, Protocol};

async fn record_of(request: Request) -> wxhook_wire::Record {
    let world = World::new();
    let answered = world.send(&request).await;
    assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (200, "new"));
    let record = world.only().await;
    assert_eq!(answered.report.seq.map(|seq| seq.get()), Some(record.seq));
    assert_eq!(answered.report.outcome, Outcome::New);
    record
}

#[tokio::test]
async fn a_v3_payment() {
    let record = record_of(paid().sign()).await;
    assert_eq!(record.key, "shop/TRANSACTION.SUCCESS/transaction_id=1217752501201407033233368018");
    assert_eq!(record.content.variant.as_deref(), Some("BASIC"));
    assert_eq!(record.content.id.as_deref(), Some("EV-2018022511223320873"));
    assert_eq!(record.content.original_type.as_deref(), Some("transaction"));
    assert_eq!(record.content.create_time.as_deref(), Some("2018-06-08T10:34:56+08:00"));
    assert_eq!(record.content.received_at, "2023-11-14T22:13:20.000Z");
    assert_eq!(record.content.summary.as_deref(), Some("支付成功"));
    assert_eq!((record.content.protocol, record.content.proof), (Protocol::V3, ProofKind::Rsa));
    assert!(record.content.typed);
    assert!(record.flags.is_empty());
    let tokens: serde_json::Value = serde_json::from_str(PAID).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(record.resource()).unwrap(), tokens);
    assert!(!record.resource().contains('\n'));
}

#[tokio::test]
async fn the_answer_satisfies_every_document() {
    let world = World::new();
    let v3 = world.send(&paid().sign()).await.reply;
    assert_eq!((v3.status, &*v3.body), (200, r#"{"code":"SUCCESS","message":"OK"}"#));
    let v2 = world.send(&v2(&PAYMENT, Md5)).await.reply;
    assert!(v2.content_type.starts_with("text/xml"));
    assert_eq!(
        v2.body,
        "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>"
    );
}

#[tokio::test]
async fn tokens_of_the_resource_stay_as_they_came() {
    let record =
        record_of(notify("NEW.EVENT", "{ \"b\": 1.50,\n \"a\": 1e3, \"c\\u0041\": \"\\/\" }").sign()).await;
    assert_eq!(record.resource(), r#"{"b":1.50,"a":1e3,"c\u0041":"\/"}"#);
}

#[tokio::test]
async fn unknown_and_incomplete_things_are_accepted() {
    let unknown = record_of(notify("SOMETHING.NEWER", r#"{"x":1}"#).sign()).await;
    assert_eq!(unknown.key, "shop/SOMETHING.NEWER/@id=EV-2018022511223320873");
    assert!(!unknown.content.typed && unknown.flags.is_empty() && unknown.content.variant.is_none());

    let field =
        record_of(notify("TRANSACTION.SUCCESS", &PAID.replacen('{', "{\"newer\":[{}],", 1)).sign()).await;
    assert!(field.content.typed);

    let bare = Notify { original_type: None, associated_data: "null", ..paid() };
    let bare = record_of(bare.sign()).await;
    assert!(bare.content.original_type.is_none() && bare.content.typed);
    record_of(Notify { associated_data: "\"\"", ..paid() }.sign()).await;
    record_of(Notify { associated_data: "\"longer than sixteen bytes\"", ..paid() }.sign()).await;

    let without = paid();
    let body = without.body().replace("\"summary\":\"支付成功\",", "");
    assert_eq!(record_of(without.sign_body(body)).await.content.summary, None);
}

#[tokio::test]
async fn the_score_payment_of_the_documents() {
    let resource = r#"{"service_id":"500001","appid":"wxd678efh567hg6787","mchid":"1900000109","sub_mchid":"1900000108",
      "out_order_no":"1234323JKHDFE1243252","state":"DONE","total_amount":"40000","collection":{"state":"USER_PAID",
      "total_amount":40000,"paid_amount":0},"currency":"HKD"}"#;
    let record = record_of(notify("PAYSCORE.USER_PAID", resource).sign()).await;
    assert!(record.content.typed);
    assert_eq!(record.content.variant.as_deref(), Some("INSTITUTION"));
}

#[tokio::test]
async fn flags_say_what_is_odd() {
    let foreign = record_of(notify("TRANSACTION.SUCCESS", &PAID.replace(MCHID, "1900000999")).sign()).await;
    assert_eq!(foreign.flags, ["other-merchant"]);

    let text = record_of(notify("TRANSACTION.SUCCESS", "plain \"text\"").sign()).await;
    assert_eq!(text.resource(), r#""plain \"text\"""#);
    assert!(text.flags.contains(&"not-json".to_owned()));

    let unfit = PAID.replace("\"total\":100", "\"total\":{}");
    let unfit = record_of(notify("TRANSACTION.SUCCESS", &unfit).sign()).await;
    assert_eq!((unfit.flags.as_slice(), unfit.content.typed), (["misfit".to_owned()].as_slice(), false));

    let none = record_of(notify("TRANSACTION.SUCCESS", r#"{"transaction_id":"1"}"#).sign()).await;
    assert!(none.content.variant.is_none() && none.flags.contains(&"misfit".to_owned()));

    let numberless = PAID.replace("\"transaction_id\"", "\"no_id\"");
    let numberless = record_of(notify("TRANSACTION.SUCCESS", &numberless).sign()).await;
    assert_eq!(numberless.flags, ["key-fallback"]);
    assert_eq!(numberless.key, "shop/TRANSACTION.SUCCESS/@id=EV-2018022511223320873");
}

#[tokio::test]
async fn every_v2_kind() {
    let world = World::new();
    let contract =
        [("mch_id", MCHID), ("contract_id", "C1"), ("change_type", "ADD"), ("operate_time", "2015-07-01")];
    let plate = [
        ("mch_id", MCHID),
        ("plate_number", "粤B888888"),
        ("vehicle_event_type", "NORMAL"),
        ("vehicle_event_createtime", "20170823111122"),
        ("sign_type", "HMAC-SHA256"),
    ];
    let combined = [
        ("combine_mch_id", MCHID),
        ("combine_out_trade_no", "20150806125346"),
        ("result_code", "SUCCESS"),
        ("sub_order_list", r#"{"order_num":1, "order_list":[{"total_fee":10,"transaction_id":"1"}]}"#),
        ("sign_type", "HMAC-SHA256"),
    ];
    let risk = [
        ("mch_id", MCHID),
        ("event_code", "R1"),
        ("sub_mch_id", "5"),
        ("transaction_id_list", r#"{"data":[]}"#),
        ("sign_type", "HMAC-SHA256"),
    ];
    for (request, name, proof, key) in [
        (
            v2(&PAYMENT, Md5),
            "v2/transaction-success",
            ProofKind::Md5,
            "transaction_id=1004400740201409030005092168/result_code=SUCCESS",
        ),
        (
            v2(&contract, Md5),
            "v2/pap-contract-state-changed",
            ProofKind::Md5,
            "contract_id=C1/change_type=ADD/operate_time=2015-07-01",
        ),
        (
            v2(&plate, HmacSha256),
            "v2/vehicle-state-changed-for-parking",
            ProofKind::Hmac,
            "plate_number.hash=28ce91ab95a62ff4/vehicle_event_createtime=20170823111122/vehicle_event_type=NORMAL",
        ),
        (
            v2(&combined, HmacSha256),
            "v2/combined-transactions-success",
            ProofKind::Hmac,
            "combine_mch_id=1900000109/combine_out_trade_no=20150806125346/result_code=SUCCESS",
        ),
        (
            v2(&risk, HmacSha256),
            "v2/transactions-risk-occurred",
            ProofKind::Hmac,
            "event_code=R1/sub_mch_id=5/transaction_id_list=%7B%22data%22%3A%5B%5D%7D",
        ),
        (
            refund(&REFUND),
            "v2/refund-processed",
            ProofKind::Decrypted,
            "refund_id=50000408942018111907145868882/refund_status=SUCCESS",
        ),
        (
            deposit_free("<xml><state>USER_ACCEPTED</state><order_id>7</order_id></xml>", HmacSha256),
            "v2/CHECK.SUCCESS",
            ProofKind::Hmac,
            "order_id=7/state=USER_ACCEPTED",
        ),
    ] {
        assert_eq!(world.send(&request).await.report.outcome.as_str(), "new", "{name}");
        let record = world.records().await.pop().unwrap();
        assert_eq!(record.content.event_type, name);
        assert_eq!(record.content.proof, proof, "{name}");
        assert_eq!(record.key, format!("shop/{name}/{key}"));
        assert!(record.content.typed, "{name}");
        let unsigned = name == "v2/refund-processed";
        assert_eq!(record.flags.contains(&"unsigned".to_owned()), unsigned, "{name}");
        let resource: serde_json::Value = serde_json::from_str(record.resource()).unwrap();
        match name {
            "v2/refund-processed" => assert_eq!(resource["req_info"]["refund_fee"], "3960"),
            "v2/CHECK.SUCCESS" => {
                assert_eq!(resource["event"]["state"], "USER_ACCEPTED");
                assert!(resource.get("event_ciphertext").is_none());
            }
            "v2/combined-transactions-success" => {
                assert_eq!(resource["sub_order_list"]["order_list"][0]["total_fee"], 10);
            }
            _ => assert!(resource.as_object().unwrap().values().all(serde_json::Value::is_string)),
        }
    }
}

#[tokio::test]
async fn a_v2_notification_of_no_known_kind() {
    let record = record_of(v2(&[("mch_id", MCHID), ("something", "new")], Md5)).await;
    assert_eq!(record.content.event_type, "v2/unknown");
    assert!(record.key.starts_with("shop/v2/unknown/@fingerprint="));
    let json: serde_json::Value = serde_json::from_str(&record.to_json()).unwrap();
    for name in ["id", "create_time", "summary", "original_type", "variant"] {
        assert!(json[name].is_null(), "{name}");
    }
}

#[tokio::test]
async fn a_path_of_the_merchants_own_and_a_byte_order_mark() {
    let world = World::new();
    let answered = world.send_to("/pay/wechat/callback", &paid().sign()).await;
    assert_eq!(answered.report.outcome.as_str(), "new");
    let body = String::from_utf8(v2(&PAYMENT, Md5).body).unwrap();
    assert_eq!(world.send(&raw(format!("\u{feff}{body}"))).await.report.outcome.as_str(), "new");
    assert_eq!(world.send(&raw(format!("\r\n {body}"))).await.report.outcome.as_str(), "duplicate");
}

/// Orders placed with HMAC-SHA256 are notified with 64 hex digits and no `sign_type`, whatever the kind.
#[tokio::test]
async fn the_algorithm_of_a_sign_is_named_or_told_by_its_length() {
    let plate = [("mch_id", MCHID), ("plate_number", "粤B888888"), ("vehicle_event_type", "NORMAL")];
    let risk = [("mch_id", MCHID), ("event_code", "R1"), ("transaction_id_list", "{}")];
    let combined = [("combine_mch_id", MCHID), ("combine_out_trade_no", "1"), ("sub_order_list", "{}")];
    let contract = [("mch_id", MCHID), ("contract_id", "C1"), ("change_type", "ADD")];
    let sealed = deposit_free("<xml><state>USER_ACCEPTED</state><order_id>7</order_id></xml>", HmacSha256);
    let sealed = wxhook_wire::v2::Fields::parse(&sealed.body).unwrap();
    let is_named = |name: &str| ["sign", "algorithm"].contains(&name);
    let sealed: Vec<_> = sealed.iter().filter(|(name, _)| !is_named(name)).collect();
    for fields in [&PAYMENT[..], &plate, &risk, &combined, &contract, &sealed] {
        for (algorithm, proof) in [(Md5, ProofKind::Md5), (HmacSha256, ProofKind::Hmac)] {
            let with = |more: &[(&'static str, &'static str)]| [fields, more].concat();
            for fields in [
                with(&[]),
                with(&[("sign_type", "")]),
                with(&[("sign_type", ""), ("algorithm", "")]),
                with(&[("sign_type", algorithm.as_str())]),
                with(&[("algorithm", algorithm.as_str())]),
                with(&[("sign_type", algorithm.as_str()), ("algorithm", algorithm.as_str())]),
            ] {
                let world = World::new();
                let answered = world.send(&v2(&fields, algorithm)).await;
                assert_eq!(
                    (answered.reply.status, answered.report.outcome.as_str()),
                    (200, "new"),
                    "{fields:?}"
                );
                assert_eq!(world.only().await.content.proof, proof, "{fields:?}");
            }
        }
    }
}
