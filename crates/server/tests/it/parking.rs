//! Tests that whatever an operator must act on is counted.

use crate::folder::SMALL;
use crate::http;
use crate::running::{Running, changed_payment, payment, sealed_wrongly};
use std::time::UNIX_EPOCH;
use wxhook_idempotency::{Clock as _, MemoryStore, SharedStore, SystemClock};

/// The value of a series, by its name and labels.
async fn value(running: &Running, series: &str) -> String {
    let metrics = running.get("/metrics").await.body;
    let line = metrics.lines().find(|line| line.starts_with(&format!("{series} ")));
    line.unwrap_or_else(|| panic!("{series}\n{metrics}")).rsplit(' ').next().unwrap().to_owned()
}

#[tokio::test]
async fn parked_records_are_counted_by_reason() {
    let running = Running::small(MemoryStore::default());
    let parked = async |reason: &str| {
        value(&running, &format!("wxhook_parked_total{{merchant=\"shop\",reason=\"{reason}\"}}")).await
    };
    for reason in ["changed", "hidden-field", "quarantine", "operator", "refused", "attempts", "gave-up"] {
        assert_eq!(parked(reason).await, "0", "every series is there from the start");
    }
    for request in [payment(1), changed_payment(1), changed_payment(1)] {
        assert_eq!(running.send("/notify/shop", &request).await.status, 200);
    }
    assert_eq!(parked("changed").await, "1", "its resend is none");
    assert_eq!(running.post("/api/events/1/park", "").await.status, 200);
    assert_eq!(running.post("/api/events/1/park", "").await.status, 409);
    assert_eq!((parked("operator").await, parked("changed").await), ("1".to_owned(), "1".to_owned()));
    running.stop().await;
}

#[tokio::test]
async fn what_is_quarantined_is_counted_as_parked() {
    let folder = crate::folder::Folder::new();
    let config = folder.load(crate::folder::WHOLE).unwrap();
    let builder = wxhook_server::Server::builder(config, wxhook_events::catalog());
    let running = Running::of(builder.with_store(SharedStore::new(MemoryStore::default())), Some(folder));
    let now = SystemClock::default().now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let request = sealed_wrongly(1, now);
    for _ in 0..2 {
        assert_eq!(running.send("/notify/shop", &request).await.status, 500);
    }
    let series = "wxhook_parked_total{merchant=\"shop\",reason=\"quarantine\"}";
    assert_eq!(value(&running, series).await, "1");
    running.stop().await;
}

#[tokio::test]
async fn near_misses_and_dropped_log_lines_are_counted() {
    let running = Running::with(SMALL, |builder| {
        builder.with_store(SharedStore::new(MemoryStore::default())).count_dropped_logs(|| 17)
    });
    let host = "host: pay.example.com";
    for (path, headers) in [
        ("/notify/shop/", &[host, "Wechatpay-Serial: 5F1C"][..]),
        ("/NOTIFY/shop", &[host, "Content-Type: text/xml"]),
        ("/notify/shop/", &[host]),
        ("/notify/nobody", &[host, "Wechatpay-Serial: 5F1C"]),
    ] {
        assert_eq!(http::send(running.addr, "POST", path, headers, b"<xml/>").await.status, 404);
    }
    assert_eq!(value(&running, "wxhook_near_miss_total").await, "2");
    let not_found = "wxhook_requests_total{merchant=\"\",outcome=\"not-found\",protocol=\"unknown\"}";
    assert_eq!(value(&running, not_found).await, "4", "they are rejections as others are");
    assert_eq!(value(&running, "wxhook_log_dropped_total").await, "17");
    running.stop().await;
}
