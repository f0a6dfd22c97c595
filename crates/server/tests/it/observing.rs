//! Who asks is told of each request and of what became of it.

use crate::folder::{Folder, SMALL, WHOLE};
use crate::http;
use crate::running::{Running, changed_payment, payment};
use std::sync::{Arc, Mutex};
use wxhook_idempotency::{MemoryStore, SharedStore};
use wxhook_receiver::Rejection;

#[tokio::test]
async fn each_exchange_is_told_with_its_outcome() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let running = Running::with(SMALL, |builder| {
        builder.with_store(SharedStore::new(MemoryStore::default())).observe(move |exchange| {
            let report = &exchange.report;
            assert!(!format!("{exchange:?}").contains("s3cret"), "nothing of the request");
            told.lock().unwrap().push((
                format!("{} {}", exchange.method, exchange.path),
                exchange.headers.get("x-own").is_some(),
                exchange.status,
                report.outcome.rejection().copied(),
                report.seq.map(|seq| seq.get()),
            ));
        })
    });
    for request in [payment(1), payment(1), changed_payment(1)] {
        assert_eq!(running.send("/notify/shop", &request).await.status, 200);
    }
    let own = ["host: pay.example.com", "x-own: s3cret"];
    assert_eq!(http::send(running.addr, "POST", "/nowhere?s3cret", &own, b"s3cret").await.status, 404);
    let name = || "POST /notify/shop".to_owned();
    let expected = [
        (name(), false, 200, None, Some(1)),
        (name(), false, 200, None, Some(1)),
        (name(), false, 200, None, Some(2)),
        ("POST /nowhere".to_owned(), true, 404, Some(Rejection::NotFound), None),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
    running.stop().await;
}

#[test]
fn keys_have_a_place_and_merchants_a_notify_url() {
    let folder = Folder::new();
    let config = folder.load(WHOLE).unwrap();
    assert!(config.place("merchant[0].mchid").ends_with("wxhook.toml:12: merchant[0].mchid"));
    assert_eq!(config.notify_urls(), ["https://pay.example.com/notify/shop"]);
    assert_eq!(config.check_public_url(), []);
    let without = folder.load(SMALL).unwrap();
    assert!(without.notify_urls().is_empty() && without.check_public_url().is_empty());
}
