//! Requests of wxhook, received by others.

use serde_json::{Map, Value};
use wxhook_cli::throwaway::PlatformKeyKind;
use wxhook_crypto::v2::SignAlgorithm;
use wxhook_events::catalog;
use wxhook_simulator::samples::{self, Case};
use wxhook_simulator::{Answer, Example, Nonces, Notification, Resource, SignedRequest};
use wxhook_wire::{Catalog, EventMeta, Protocol};

use crate::child::finished;
use crate::outside::{Outside, Receiver};
use crate::{Shop, now, text};

#[tokio::test]
async fn wechatpayv3_takes_every_event_signed_with_a_public_key() {
    let Some(outside) = Outside::installed("wechatpayv3, public key") else { return };
    let shop = Shop::new(PlatformKeyKind::PublicKey);
    let arguments = [text(shop.folder.path()), shop.merchant.key_id()];
    let receiver = outside.receiver("receive.py", &arguments).await;
    every_v3_event(&shop, &receiver).await;
    trigger(&shop, &receiver, "TRANSACTION.SUCCESS#COMBINE").await;
    every_v3_spoiling(&shop, &receiver).await;
}

#[tokio::test]
async fn wechatpayv3_takes_every_event_signed_with_a_certificates_key() {
    let Some(outside) = Outside::installed("wechatpayv3, certificate") else { return };
    let shop = Shop::new(PlatformKeyKind::Certificate);
    let receiver = outside.receiver("receive.py", &[text(shop.folder.path())]).await;
    every_v3_event(&shop, &receiver).await;
    trigger(&shop, &receiver, "REFUND.SUCCESS").await;
    every_v3_spoiling(&shop, &receiver).await;
}

#[tokio::test]
async fn wechatpay_axios_plugin_takes_every_event() {
    let Some(outside) = Outside::installed("wechatpay-axios-plugin") else { return };
    let shop = Shop::new(PlatformKeyKind::PublicKey);
    let arguments = [text(shop.folder.path()), shop.merchant.key_id()];
    let receiver = outside.receiver("receive.js", &arguments).await;
    every_v3_event(&shop, &receiver).await;
    every_v3_spoiling(&shop, &receiver).await;
    every_v2_event(&shop, &receiver).await;
    every_v2_spoiling(&shop, &receiver).await;
    trigger(&shop, &receiver, "all").await;
}

/// Sends an event with the program, which checks the reply.
async fn trigger(shop: &Shop, receiver: &Receiver, event: &str) {
    let sent = finished(&["trigger", event, "--config", text(&shop.config), "--to", &receiver.url]).await;
    assert_eq!(sent.status.code(), Some(0), "{event}: {sent:?}");
}

async fn post(receiver: &Receiver, request: &SignedRequest) -> Answer {
    receiver.client.post(&receiver.url, request).await.unwrap()
}

/// Returns the resource that a receiver has read from a request.
async fn read(receiver: &Receiver, request: &SignedRequest) -> Value {
    let answer = post(receiver, request).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    serde_json::from_slice(&answer.body).unwrap()
}

/// Each with its request.
fn examples<'c>(
    shop: &Shop,
    catalog: &'c dyn Catalog,
    protocol: Protocol,
) -> Vec<(&'c EventMeta, Resource, SignedRequest)> {
    let metas = catalog.events().filter(|meta| meta.protocol == protocol);
    let example = |(number, meta)| {
        let resource = Example::new(meta, catalog).mchid(shop.merchant.mchid()).number(number).resource();
        let nonces = Nonces::fresh().unwrap();
        let request = shop.platform.notify(meta, &resource, "EV-1", now(), &nonces).unwrap();
        (meta, resource, request)
    };
    (1..).zip(metas).map(example).collect()
}

async fn every_v3_event(shop: &Shop, receiver: &Receiver) {
    let catalog = catalog();
    let examples = examples(shop, &*catalog, Protocol::V3);
    assert!(examples.len() > 100, "{}", examples.len());
    for (meta, resource, request) in examples {
        let read = read(receiver, &request).await;
        assert_eq!(read["event_type"], meta.name);
        assert_eq!(read["resource"], resource.to_json(), "{meta:?}");
    }
    // Other texts, and the associated data missing, empty and longer than usual.
    for (resource, associated_data) in [
        (r#"{"n": 1008450740201411110005820873, "s": "支付\u6210功 🀄 \"\\"}"#, None),
        (r#"{"n":1.50}"#, Some("")),
        ("[1]", Some("一二三四五六七八九十")),
    ] {
        let mut notification = Notification::new("EV-2", "NEWER.KIND", resource);
        notification.associated_data = associated_data.map(str::to_owned);
        let request = shop.platform.v3(&notification, now(), &Nonces::fresh().unwrap()).unwrap();
        assert_eq!(read(receiver, &request).await["resource"], resource);
    }
}

/// The same request as it should be and with one thing wrong.
async fn every_v3_spoiling(shop: &Shop, receiver: &Receiver) {
    let nonces = Nonces::fresh().unwrap();
    let paid = samples::v3::transaction(&Case::new(shop.merchant.mchid(), 1));
    let body = shop.platform.envelope(&paid, &nonces).unwrap();
    let good = shop.platform.sign(&*body, now(), &nonces).unwrap();
    read(receiver, &good).await;

    let other = Shop::new(PlatformKeyKind::PublicKey);
    let altered = |name: &str, value: &str| {
        let mut request = good.clone();
        assert_ne!(request.header(name).unwrap(), value);
        request.set_header(name, value);
        request
    };
    let mut other_body = good.clone();
    other_body.body.push(b' ');
    let mut somebody_elses = other.platform.sign(&*body, now(), &nonces).unwrap();
    somebody_elses.set_header("Wechatpay-Serial", shop.merchant.key_id());
    let other_aad = String::from_utf8(body.clone()).unwrap();
    let other_aad = other_aad.replace(r#""associated_data":"transaction""#, r#""associated_data":"refund""#);
    assert_ne!(other_aad.as_bytes(), body);
    for (what, spoiled) in [
        ("body", other_body),
        ("timestamp", altered("Wechatpay-Timestamp", &(now() - 9).to_string())),
        ("nonce", altered("Wechatpay-Nonce", "somethingelse")),
        ("signature", somebody_elses),
        ("probe", shop.platform.probe(&*body, now(), &nonces)),
        ("associated data", shop.platform.sign(other_aad, now(), &nonces).unwrap()),
        ("APIv3 key", {
            let sealed = other.platform.envelope(&paid, &nonces).unwrap();
            shop.platform.sign(sealed, now(), &nonces).unwrap()
        }),
        // The last one: `wechatpayv3` forgets its certificates when it can't download others.
        ("serial", altered("Wechatpay-Serial", "7A")),
    ] {
        assert_eq!(post(receiver, &spoiled).await.status, 401, "{what}");
    }
}

async fn every_v2_event(shop: &Shop, receiver: &Receiver) {
    let catalog = catalog();
    let examples = examples(shop, &*catalog, Protocol::V2);
    assert!(examples.len() > 10, "{}", examples.len());
    for (meta, resource, request) in examples {
        let made: Map<String, Value> = serde_json::from_str(&resource.to_json()).unwrap();
        compare(&made, &read(receiver, &request).await["fields"], meta);
    }
    let case = Case::new(shop.merchant.mchid(), 1);
    for algorithm in [SignAlgorithm::Md5, SignAlgorithm::HmacSha256] {
        let mut fields = samples::v2::payment(&case);
        for (name, value) in [("empty", ""), ("markup", "<a>&amp;</a>"), ("quoted", r#"{"a":"1"}"#)] {
            fields.push((name.to_owned(), value.to_owned()));
        }
        let request = shop.platform.v2(fields.clone(), algorithm, &Nonces::fresh().unwrap()).unwrap();
        let read = read(receiver, &request).await;
        for (name, value) in fields {
            assert_eq!(read["fields"][&name], value, "{algorithm:?} {name}");
        }
    }
}

/// All that was made was read; what the signature takes is made anew.
fn compare(made: &Map<String, Value>, read: &Value, meta: &EventMeta) {
    for (name, value) in
        made.iter().filter(|(name, _)| !["nonce_str", "sign", "event_nonce"].contains(&&***name))
    {
        match (value, &read[name]) {
            (Value::Object(made), read @ Value::Object(_)) => compare(made, read, meta),
            (Value::String(made), read) => assert_eq!(read, made, "{meta:?} {name}"),
            // JSON in a string.
            (made, read) => {
                let read: Value = serde_json::from_str(read.as_str().unwrap()).unwrap();
                assert_eq!(&read, made, "{meta:?} {name}");
            }
        }
    }
}

async fn every_v2_spoiling(shop: &Shop, receiver: &Receiver) {
    let other = Shop::new(PlatformKeyKind::PublicKey);
    let nonces = Nonces::fresh().unwrap();
    let case = Case::new(shop.merchant.mchid(), 1);
    let (payment, refund) = (samples::v2::payment(&case), samples::v2::refund(&case));
    for algorithm in [SignAlgorithm::Md5, SignAlgorithm::HmacSha256] {
        let good = shop.platform.v2(payment.clone(), algorithm, &nonces).unwrap();
        read(receiver, &good).await;
        let mut altered = String::from_utf8(good.body).unwrap();
        assert_eq!(altered.matches("支付测试").count(), 1);
        altered = altered.replace("支付测试", "付支测试");
        let altered = SignedRequest::new(good.headers, altered);
        assert_eq!(post(receiver, &altered).await.status, 401, "{algorithm:?}");
        let somebody_elses = other.platform.v2(payment.clone(), algorithm, &nonces).unwrap();
        assert_eq!(post(receiver, &somebody_elses).await.status, 401, "{algorithm:?}");
    }
    let sealed =
        |shop: &Shop| shop.platform.v2_refund(refund.fields.clone(), &refund.req_info, &nonces).unwrap();
    read(receiver, &sealed(shop)).await;
    assert_eq!(post(receiver, &sealed(&other)).await.status, 401);
}
