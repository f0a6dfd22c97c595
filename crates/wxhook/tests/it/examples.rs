use std::time::Duration;

use serde_json::Value;
use wxhook::receiver::{NotificationHeaders, Receiver};
use wxhook::simulator::samples::Case;
use wxhook::simulator::samples::v3::transaction;
use wxhook::simulator::{Answer, Client, Example, Nonces, SignedRequest};
use wxhook::sqlite::{SqliteOptions, SqliteStore};

use crate::program::{Program, Shop, now};

impl Shop {
    /// Returns a payment, signed by the platform.
    fn payment(&self, number: u32) -> SignedRequest {
        let paid = transaction(&Case::new("1900000109", number));
        self.platform.v3(&paid, now(), &Nonces::fresh().unwrap()).unwrap()
    }

    /// Returns an event of the catalog, signed by the platform.
    fn event(&self, name: &str, variant: Option<&str>) -> SignedRequest {
        let catalog = wxhook::events::catalog();
        let meta = catalog.lookup(name, variant).unwrap();
        let resource = Example::new(meta, &*catalog).mchid("1900000109").number(7).resource();
        self.platform.notify(meta, &resource, "EV-1", now(), &Nonces::fresh().unwrap()).unwrap()
    }
}

impl Program {
    /// Sends a request, and returns the reply.
    async fn post(&self, request: &SignedRequest) -> Answer {
        Client::new(Duration::from_secs(60)).post(&self.url, request).await.unwrap()
    }

    /// Sends a request with one byte of its body changed, and expects a rejection.
    async fn assert_rejects(&self, request: &SignedRequest) {
        let mut tampered = request.clone();
        let place = tampered.body.len() / 2;
        tampered.body[place] ^= 1;
        assert_eq!(self.post(&tampered).await.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn axum_handles_a_payment_once() {
    let shop = Shop::new();
    let mut program = shop.serve("axum").await;
    let paid = shop.payment(1);
    program.assert_rejects(&paid).await;
    for _ in 0..2 {
        assert_eq!(program.post(&paid).await.status, 200);
    }
    let line = program.line().await;
    assert!(line.contains(" is paid (shop/TRANSACTION.SUCCESS/"), "{line}");
    assert_eq!(program.post(&shop.event("REFUND.SUCCESS", Some("BASIC"))).await.status, 200);
    assert_eq!(program.line().await, "also: REFUND.SUCCESS", "the payment was handled once");
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_handles_records_of_another_process() {
    let shop = Shop::new();
    // This process accepts a payment, but runs no worker.
    let receiver = Receiver::builder()
        .catalog(wxhook::events::catalog())
        .store(SqliteStore::open(shop.path("wxhook.db"), SqliteOptions::default()).unwrap())
        .merchant(shop.merchant())
        .build()
        .unwrap();
    let paid = shop.payment(1);
    let headers = paid.headers.iter().map(|(name, value)| (name, value.as_str()));
    let headers = NotificationHeaders::from_pairs(headers);
    let response = receiver.receive("/notify/shop", headers, paid.body.clone().into()).await;
    assert_eq!(response.reply.status, 200);

    let mut worker = shop.start("worker_sqlite", &[]).await;
    assert_eq!(worker.line().await, "working");
    let record: Value = serde_json::from_str(&worker.line().await).unwrap();
    assert_eq!(record["event_type"], "TRANSACTION.SUCCESS");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hyper_and_actix_deliver_every_event() {
    for example in ["hyper", "actix"] {
        let shop = Shop::new();
        let mut program = shop.serve(example).await;
        let refunded = shop.event("REFUND.SUCCESS", Some("BASIC"));
        program.assert_rejects(&refunded).await;
        assert_eq!(program.post(&refunded).await.status, 200, "{example}");
        let record: Value = serde_json::from_str(&program.line().await).unwrap();
        assert_eq!((&record["event_type"], &record["merchant"]), (&"REFUND.SUCCESS".into(), &"shop".into()));
        program.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_reply_answers_a_question() {
    let shop = Shop::new();
    let mut program = shop.serve("before_reply").await;
    assert_eq!(program.post(&shop.payment(1)).await.status, 200);
    assert!(program.line().await.ends_with(", 1 so far"));
    let answer = program.post(&shop.event("PARKING_FEE.QUERY_TRANS_INFO", None)).await;
    assert_eq!((answer.status, &answer.body[..]), (200, &b"{\"parking_fee\":500}"[..]));
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_sink_gets_records() {
    let shop = Shop::new();
    let mut program = shop.serve("custom_sink").await;
    assert_eq!(program.post(&shop.payment(1)).await.status, 200);
    let record: Value = serde_json::from_str(&program.line().await).unwrap();
    assert_eq!(record["event_type"], "TRANSACTION.SUCCESS");
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_event_is_typed_and_has_its_key() {
    let shop = Shop::new();
    let mut program = shop.serve("custom_event").await;
    let granted = wxhook::simulator::Notification::new(
        "EV-1",
        "LOYALTY.POINTS_GRANTED",
        r#"{"grant_id":"G1","points":120}"#,
    );
    let granted = shop.platform.v3(&granted, now(), &Nonces::fresh().unwrap()).unwrap();
    assert_eq!(program.post(&granted).await.status, 200);
    assert_eq!(program.line().await, "120 points (shop/LOYALTY.POINTS_GRANTED/grant_id=G1)");
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_only_prints_the_resource() {
    let shop = Shop::new();
    let paid = shop.payment(1);
    let headers = ["Timestamp", "Nonce", "Serial", "Signature"];
    let arguments = headers.map(|name| paid.header(&format!("Wechatpay-{name}")).unwrap());
    let mut program = shop.start("verify_only", &arguments).await;
    program.write(&paid.body).await;
    let resource: Value = serde_json::from_str(&program.output().await).unwrap();
    assert_eq!(resource["trade_state"], "SUCCESS");
}
