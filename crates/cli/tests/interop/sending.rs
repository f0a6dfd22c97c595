//! Requests that others sign, received by `wxhook serve`.

use serde_json::{Value, json};
use wxhook_cli::throwaway::PlatformKeyKind;
use wxhook_events::catalog;
use wxhook_simulator::samples::{self, Case};
use wxhook_simulator::{Example, Notification};

use crate::Shop;
use crate::child::Child;
use crate::outside::Outside;

const MCHID: &str = "1900000109";

/// The part that is wrong, and the status of the reply.
const V3_SPOILT: [(&str, u16); 8] = [
    ("body", 401),
    ("timestamp", 401),
    ("stale", 401),
    ("nonce", 401),
    ("signature", 401),
    ("serial", 401),
    // Signed by the platform, but not to be opened: it may be the merchant's key that is wrong.
    ("associated data", 500),
    ("APIv3 key", 500),
];

/// A notification for others to sign, and what its record has to say.
struct Sent {
    notification: Value,
    variant: Option<&'static str>,
    typed: bool,
    resource: String,
}

#[tokio::test]
async fn v3_signed_by_others_is_received() {
    let Some(outside) = Outside::installed("v3 signed by others") else { return };
    let shop = Shop::new(PlatformKeyKind::PublicKey);
    let mut server = Child::serve(&shop.config, &[]).await;
    let sent = v3();
    let notifications: Value = sent.iter().map(|sent| sent.notification.clone()).collect();
    let spoilt: Value =
        V3_SPOILT.iter().map(|(spoil, _)| with(&sent[0].notification, "spoil", spoil)).collect();
    for script in ["send.py", "send.js"] {
        for answer in outside.send(script, &shop, &server.notify(), &notifications).await {
            assert_eq!(answer.0, 200, "{script}: {answer:?}");
        }
        let answers = outside.send(script, &shop, &server.notify(), &spoilt).await;
        for ((spoil, status), answer) in V3_SPOILT.iter().zip(answers) {
            assert_eq!(answer.0, *status, "{script}, {spoil}: {answer:?}");
        }
    }
    for (sent, (record, line)) in sent.iter().zip(records(&mut server, sent.len()).await) {
        let notification = &sent.notification;
        assert_eq!(record["id"], notification["id"], "{line}");
        assert_eq!(record["event_type"], notification["event_type"], "{line}");
        assert_eq!(record["original_type"], notification["original_type"], "{line}");
        assert_eq!(record["variant"].as_str(), sent.variant, "{line}");
        assert_eq!((&record["typed"], &record["flags"]), (&json!(sent.typed), &json!([])), "{line}");
        assert_eq!((&record["proof"], &record["summary"]), (&json!("rsa"), &json!("支付成功")), "{line}");
        assert!(line.contains(&format!(r#""resource":{}}}"#, sent.resource)), "{line}");
    }
    // What the second script sent, in JSON of another form and sealed anew, was the same again.
    let finished = server.terminate().await;
    assert_eq!(finished.stdout.len(), sent.len(), "{:#?}", finished.stdout);
}

/// The next records with their lines, in the order in which they were accepted: they are handed on in any order.
async fn records(server: &mut Child, count: usize) -> Vec<(Value, String)> {
    let mut records = Vec::new();
    for _ in 0..count {
        let line = server.line(|_| true).await;
        let record: Value = serde_json::from_str(&line).unwrap();
        records.push((record, line));
    }
    records.sort_by_key(|(record, _)| record["seq"].as_u64());
    records
}

/// Several events, texts and forms of the associated data.
fn v3() -> Vec<Sent> {
    let case = Case::new(MCHID, 1);
    let sample = |notification: Notification, variant| Sent {
        notification: json!({
            "id": notification.id,
            "event_type": notification.event_type,
            "original_type": notification.original_type,
            "associated_data": notification.associated_data,
            "resource": notification.resource,
        }),
        variant,
        typed: true,
        resource: compact(&notification.resource),
    };
    let example = |name: &str, variant| {
        let catalog = catalog();
        let meta = catalog.lookup(name, variant).unwrap();
        let resource = Example::new(meta, &*catalog).mchid(MCHID).number(7).resource().to_json();
        let notification = json!({"id": format!("EV-{name}"), "event_type": name, "original_type": null, "resource": resource});
        Sent { notification, variant: meta.variant, typed: true, resource }
    };
    let newer = |id: &str, sent: &str, resource: &str| Sent {
        notification: json!({"id": id, "event_type": "NEWER.KIND", "original_type": null, "resource": sent}),
        variant: None,
        typed: false,
        resource: resource.to_owned(),
    };
    let mut all = vec![
        sample(samples::v3::transaction(&case), Some("BASIC")),
        sample(samples::v3::transaction_global(&case), Some("GLOBAL_PARTNER")),
        sample(samples::v3::refund(&case), Some("BASIC")),
        sample(samples::v3::transfer_authorized(&case), None),
        example("MCHTRANSFER.BILL.FINISHED", None),
        example("COMPLAINT.CREATE", None),
        newer("EV-A", r#"{ "n" : 1008450740201411110005820873 }"#, r#"{"n":1008450740201411110005820873}"#),
        newer("EV-B", r#"{"s":"支付\u6210功 🀄 \"\\"}"#, r#"{"s":"支付\u6210功 🀄 \"\\"}"#),
        newer("EV-C", r#"{"n":1.50}"#, r#"{"n":1.50}"#),
    ];
    let aad = [json!(null), json!(""), json!("一二三四五六七八九十")];
    for (sent, aad) in all.iter_mut().rev().zip(aad) {
        sent.notification["associated_data"] = aad;
    }
    all
}

/// Without the whitespace between tokens.
fn compact(json: &str) -> String {
    let mut in_string = false;
    let mut escaped = false;
    json.chars()
        .filter(|character| {
            in_string ^= *character == '"' && !escaped;
            escaped = *character == '\\' && !escaped;
            in_string || !character.is_ascii_whitespace()
        })
        .collect()
}

fn with(notification: &Value, name: &str, value: &str) -> Value {
    let mut notification = notification.clone();
    notification[name] = value.into();
    notification
}

#[tokio::test]
async fn v2_signed_by_others_is_received() {
    let Some(outside) = Outside::installed("v2 signed by others") else { return };
    let shop = Shop::new(PlatformKeyKind::PublicKey);
    let mut server = Child::serve(&shop.config, &[]).await;
    let sent = v2();
    let notifications: Value = sent.iter().map(|(notification, ..)| notification.clone()).collect();
    for answer in outside.send("send.js", &shop, &server.notify(), &notifications).await {
        assert_eq!(answer.0, 200, "{answer:?}");
    }
    let records = records(&mut server, sent.len()).await;
    for ((notification, event_type, proof), (record, line)) in sent.iter().zip(records) {
        let is_refund = event_type.contains("refund");
        let flags = if is_refund { json!(["unsigned"]) } else { json!([]) };
        assert_eq!((&record["event_type"], &record["proof"]), (&json!(event_type), &json!(proof)), "{line}");
        assert_eq!((&record["typed"], &record["flags"]), (&json!(true), &flags), "{line}");
        for (name, value) in notification["fields"].as_object().unwrap() {
            assert_eq!(&record["resource"][name], value, "{name}: {line}");
        }
        for opened in ["req_info", "event"] {
            assert_eq!(record["resource"][opened], notification[opened], "{line}");
        }
    }

    let (payment, hmac, refund, rent) = (&sent[0].0, &sent[1].0, &sent[2].0, &sent[4].0);
    let spoilt = [
        (with(payment, "spoil", "field"), 401),
        (with(payment, "spoil", "APIv2 key"), 401),
        (with(hmac, "spoil", "field"), 401),
        (with(hmac, "spoil", "APIv2 key"), 401),
        // Its fields name HMAC-SHA256.
        (with(hmac, "spoil", "algorithm"), 401),
        (with(refund, "spoil", "APIv2 key"), 401),
        (with(refund, "padded_by", "nobody"), 401),
        (with(rent, "spoil", "field"), 401),
        (with(rent, "spoil", "associated data"), 500),
    ];
    let notifications: Value = spoilt.iter().map(|(notification, _)| notification.clone()).collect();
    let answers = outside.send("send.js", &shop, &server.notify(), &notifications).await;
    for ((notification, status), answer) in spoilt.iter().zip(answers) {
        assert_eq!(answer.0, *status, "{notification}: {answer:?}");
    }
    let finished = server.terminate().await;
    assert_eq!(finished.stdout.len(), sent.len(), "{:#?}", finished.stdout);
}

/// Each with its event and the proof that it carries.
fn v2() -> Vec<(Value, &'static str, &'static str)> {
    let fields =
        |pairs: Vec<(String, String)>| pairs.into_iter().collect::<std::collections::BTreeMap<_, _>>();
    let payment = |number, algorithm: &str, more: &[(&str, &str)]| {
        let mut fields = fields(samples::v2::payment(&Case::new(MCHID, number)));
        fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        json!({"fields": fields, "algorithm": algorithm})
    };
    let refund = |number| {
        let refund = samples::v2::refund(&Case::new(MCHID, number));
        json!({"fields": fields(refund.fields), "req_info": fields(refund.req_info)})
    };
    let rent = samples::v2::deposit_free(&Case::new(MCHID, 1));
    let rent = json!({
        "fields": {
            "mch_id": MCHID, "appid": rent.appid, "event_id": rent.event_id, "event_type": rent.event_type,
            "event_create_time": rent.event_create_time, "event_algorithm": "AEAD_AES_256_GCM",
            "event_associated_data": "transaction", "algorithm": "HMAC-SHA256",
        },
        "event": fields(rent.fields), "algorithm": "HMAC-SHA256",
    });
    let odd = [
        ("sign_type", "HMAC-SHA256"),
        ("attach", " <支付>&amp;\"测试\" "),
        ("device_info", ""),
        ("detail", " x "),
    ];
    vec![
        (payment(1, "MD5", &[]), "v2/transaction-success", "md5"),
        (payment(2, "HMAC-SHA256", &odd), "v2/transaction-success", "hmac"),
        (refund(1), "v2/refund-processed", "decrypted"),
        (with(&refund(2), "padded_by", "node"), "v2/refund-processed", "decrypted"),
        (rent, "v2/CHECK.SUCCESS", "hmac"),
    ]
}
