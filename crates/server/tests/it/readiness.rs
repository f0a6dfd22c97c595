//! Ready means that the next notification will be kept.

use crate::folder::SMALL;
use crate::redis::Redis;
use crate::running::{Running, payment};
use crate::stores::Faults;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const NOTIFY: &str = "/notify/shop";
const PROBED: Duration = Duration::from_secs(1);

#[tokio::test]
async fn three_failed_accepts_are_not_ready_until_a_probe_succeeds() {
    let store = Faults::open();
    let (unwritable, probes) = (store.layer.unwritable.clone(), store.layer.probes.clone());
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
    let store = Faults::open();
    let hanging = store.layer.hanging.clone();
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
    let store = Faults::open();
    let replaced = store.layer.replaced.clone();
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

/// Returns as soon as `/readyz` has this status, and fails if that takes longer than the result of a probe is good for.
async fn ready_within_two_probes(server: &Running, status: u16, what: &str) {
    let began = Instant::now();
    loop {
        let reply = server.get("/readyz").await;
        if reply.status == status {
            return;
        }
        assert!(began.elapsed() < 3 * PROBED, "{what}: {}", reply.body);
    }
}

/// A fault that makes accepting fail makes the server not ready, and as often as it is asked; then it is ready again.
async fn goes_with_accepting(server: &Running, what: &str) {
    assert_eq!(server.send(NOTIFY, &payment(900)).await.status, 503, "{what}");
    ready_within_two_probes(server, 503, what).await;
    let began = Instant::now();
    while began.elapsed() < PROBED + Duration::from_millis(200) {
        assert_eq!(server.get("/readyz").await.status, 503, "{what}: a probe is as good as an accept");
    }
    assert_eq!(server.get("/healthz").await.status, 200, "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let mount = |options: &str| {
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder.path()).status();
        mount.is_ok_and(|status| status.success())
    };
    if !mount("size=3m") {
        println!("skipped: no file system can be mounted here");
        return;
    }
    let url = format!("sqlite://{}/wxhook.db", folder.path().display());
    let server = Running::with(&SMALL.replace("memory://", &url), |builder| builder);
    ready_within_two_probes(&server, 200, "at first").await;
    assert_eq!(server.send(NOTIFY, &payment(1)).await.status, 200);
    let filler = folder.path().join("filler");
    let _as_far_as_it_goes = std::fs::write(&filler, vec![0; 3 << 20]);
    // What is left of the log's file takes some more.
    for number in 2..800 {
        if server.send(NOTIFY, &payment(number)).await.status == 503 {
            break;
        }
    }
    goes_with_accepting(&server, "full").await;
    std::fs::remove_file(filler).unwrap();
    ready_within_two_probes(&server, 200, "with room again").await;
    assert_eq!(server.send(NOTIFY, &payment(900)).await.status, 200);
    server.stop().await;
    let _gone_with_the_test = Command::new("umount").arg("-l").arg(folder.path()).status();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_takes_no_writes_is_not_ready() {
    let redis = Redis::start();
    let server = redis.server().await;
    ready_within_two_probes(&server, 200, "at first").await;
    assert_eq!(server.send(NOTIFY, &payment(1)).await.status, 200);
    for (fault, mended) in [
        (["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]),
        (["CONFIG", "SET", "min-replicas-to-write", "1"], ["CONFIG", "SET", "min-replicas-to-write", "0"]),
    ] {
        let _ok: String = redis.ask(&fault);
        goes_with_accepting(&server, fault[2]).await;
        let _ok: String = redis.ask(&mended);
        ready_within_two_probes(&server, 200, mended[2]).await;
        assert_eq!(server.send(NOTIFY, &payment(1)).await.status, 200, "{}", mended[2]);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flushed_redis_is_not_ready_until_a_restart() {
    let redis = Redis::start();
    let server = redis.server().await;
    ready_within_two_probes(&server, 200, "at first").await;
    let _ok: String = redis.ask(&["FLUSHALL"]);
    goes_with_accepting(&server, "flushed").await;
    assert_eq!(server.send(NOTIFY, &payment(1)).await.status, 503, "not even for the first time");
    server.stop().await;
    let restarted = redis.server().await;
    ready_within_two_probes(&restarted, 200, "restarted").await;
    assert_eq!(restarted.send(NOTIFY, &payment(1)).await.status, 200);
    restarted.stop().await;
}
