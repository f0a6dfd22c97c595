//! Ready means that the next notification will be kept.

use crate::running::{Running, payment};
use crate::stores::Tricky;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const NOTIFY: &str = "/notify/shop";
const PROBED: Duration = Duration::from_secs(1);

#[tokio::test]
async fn three_failed_accepts_are_not_ready_until_a_probe_succeeds() {
    let store = Tricky::open();
    let (unwritable, probes) = (store.unwritable.clone(), store.probes.clone());
    let server = Running::small(store);
    server.get_until("/readyz", |reply| reply.status == 200).await;
    let probed = Instant::now();
    unwritable.store(true, Ordering::Relaxed);
    for number in 1..=2 {
        assert_eq!(server.send(NOTIFY, &payment(number)).await.status, 503);
    }
    assert_eq!(server.get("/readyz").await.status, 200, "two may be chance");
    unwritable.store(false, Ordering::Relaxed);
    assert_eq!(server.send(NOTIFY, &payment(3)).await.status, 200);
    unwritable.store(true, Ordering::Relaxed);
    for number in 1..=2 {
        assert_eq!(server.send(NOTIFY, &payment(number)).await.status, 503);
    }
    assert_eq!(server.get("/readyz").await.status, 200, "they count anew after a success");
    let before = probes.load(Ordering::Relaxed);
    assert_eq!(server.send(NOTIFY, &payment(4)).await.status, 503);
    let reply = server.get("/readyz").await;
    if probed.elapsed() < PROBED && probes.load(Ordering::Relaxed) == before {
        assert_eq!(reply.status, 503, "{}", reply.body);
        assert_eq!(reply.json()["not_ready"][0]["part"], "store");
        assert_eq!(reply.json()["not_ready"][0]["why"], "accepting failed three times in a row");
    }
    // The probe of this store succeeds: one is enough.
    server.get_until("/readyz", |reply| reply.status == 200).await;
    assert!(probes.load(Ordering::Relaxed) > before, "by a probe");
    server.stop().await;
}

#[tokio::test]
async fn a_store_that_hangs_is_not_ready_and_starves_nobody() {
    let store = Tricky::open();
    let hanging = store.hanging.clone();
    let server = Running::small(store);
    server.get_until("/readyz", |reply| reply.status == 200).await;
    hanging.store(true, Ordering::Relaxed);
    tokio::time::sleep(PROBED).await;
    let began = Instant::now();
    let ask = |path| async move { (path, crate::http::get(server.admin, path).await, began.elapsed()) };
    let paths = ["/readyz", "/healthz", "/metrics", "/readyz", "/healthz", "/metrics", "/readyz"];
    let mut asked = tokio::task::JoinSet::new();
    for path in paths {
        asked.spawn(ask(path));
    }
    while let Some(answered) = asked.join_next().await {
        let (path, reply, took) = answered.unwrap();
        let (status, most) = match path {
            "/readyz" => (503, 2_500),
            "/healthz" => (200, 1_000),
            _ => (200, 2_500),
        };
        assert_eq!(reply.status, status, "{path}");
        assert!(took < Duration::from_millis(most), "{path}: {took:?}");
    }
    hanging.store(false, Ordering::Relaxed);
    server.get_until("/readyz", |reply| reply.status == 200).await;
    server.stop().await;
}

#[tokio::test]
async fn a_replaced_store_is_not_ready_until_a_restart() {
    let store = Tricky::open();
    let replaced = store.replaced.clone();
    let server = Running::small(store);
    server.get_until("/readyz", |reply| reply.status == 200).await;
    replaced.store(true, Ordering::Relaxed);
    assert_eq!(server.send(NOTIFY, &payment(1)).await.status, 503);
    replaced.store(false, Ordering::Relaxed);
    // Neither a success nor a probe makes up for it.
    assert_eq!(server.send(NOTIFY, &payment(1)).await.status, 200);
    let began = Instant::now();
    while began.elapsed() < PROBED + Duration::from_millis(100) {
        let reply = server.get("/readyz").await;
        assert_eq!(reply.status, 503);
        assert_eq!(reply.json()["not_ready"][0]["why"], "the file was replaced");
    }
    server.stop().await;
}
