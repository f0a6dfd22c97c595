//! Health, metrics and the event log.

use crate::folder::{SMALL, TOKEN, WHOLE};
use crate::http;
use crate::running::{Running, changed_payment, payment, sealed_wrongly, v3_payment};
use crate::stores::Faults;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};
use wxhook_idempotency::MemoryStore;

const NOTIFY: &str = "/notify/shop";
/// Members of a record, in their order.
const MEMBERS: [&str; 14] = [
    "seq",
    "key",
    "merchant",
    "event_type",
    "variant",
    "id",
    "state",
    "flags",
    "generation",
    "attempts",
    "accepted_at",
    "seen_at",
    "due_at",
    "error",
];
const JSON: &str = "content-type: application/json";

fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "what is signed must be signed now")]
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test]
async fn it_is_healthy_and_ready() {
    let server = Running::small(MemoryStore::default());
    let health = server.get("/healthz").await;
    assert_eq!((health.status, &*health.body), (200, "ok\n"));
    let ready = server.get_until("/readyz", |reply| reply.status == 200).await;
    assert_eq!(ready.body, "{\"ready\":true,\"not_ready\":[]}\n");
    server.stop().await;
}

#[tokio::test]
async fn it_is_not_ready_without_its_store() {
    let store = Faults::open();
    store.layer.broken.store(true, Ordering::Relaxed);
    let probes = store.layer.probes.clone();
    let server = Running::small(store);
    let reply = server.get("/readyz").await;
    assert_eq!(reply.status, 503);
    let parts = reply.json()["not_ready"].clone();
    assert!(parts.as_array().unwrap().iter().any(|part| part["part"] == "store"), "{parts}");
    assert!(!reply.body.contains("broken"), "why is for the log");
    assert_eq!(server.get("/healthz").await.status, 200);
    for _ in 0..20 {
        server.get("/readyz").await;
    }
    assert!(probes.load(Ordering::Relaxed) < 20, "nobody can keep the store busy by asking");
    assert_eq!(server.get("/api/events").await.status, 503);
    let metrics = server.get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(!metrics.body.contains("wxhook_records"), "no figures rather than wrong ones");
    server.stop().await;
}

#[tokio::test]
async fn metrics_are_named_and_parse() {
    let server = Running::with(WHOLE, |builder| builder);
    let series = |body: &str| -> BTreeSet<String> {
        let counted = ["wxhook_requests_total{", "wxhook_delivery_attempts_total{"];
        let lines = body.lines().filter(|line| counted.iter().any(|name| line.starts_with(name)));
        lines.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
    };
    let at_first = server.get("/metrics").await.body;
    assert_eq!(server.send(NOTIFY, &payment(1)).await.status, 200);
    assert_eq!(server.send(NOTIFY, &payment(1)).await.status, 200);
    assert_eq!(server.send(NOTIFY, &changed_payment(1)).await.status, 200);
    assert_eq!(server.send(NOTIFY, &v3_payment(2, now())).await.status, 200);
    assert_eq!(server.send(NOTIFY, &v3_payment(2, now() - 400)).await.status, 401);
    assert_eq!(server.send("/notify/none", &payment(1)).await.status, 404);
    let done = |reply: &http::Reply| reply.body.contains("{outcome=\"done\",sink=\"stdout\"} 2");
    let reply = server.get_until("/metrics", done).await;
    assert!(reply.head.contains("content-type: text/plain; version=0.0.4"), "{}", reply.head);
    assert!(at_first.contains("{outcome=\"parked\",sink=\"stdout\"} 0"), "{at_first}");
    assert_eq!(series(&at_first), series(&reply.body), "increase() must see the first of each");
    let mut names = BTreeSet::new();
    for line in reply.body.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        assert!(labels.ends_with('}'), "{line}");
        let name =
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        names.insert(name.to_owned());
    }
    for name in [
        "wxhook_requests_total",
        "wxhook_reply_seconds",
        "wxhook_records",
        "wxhook_oldest_ready_seconds",
        "wxhook_delivery_attempts_total",
        "wxhook_changed_total",
        "wxhook_store_seconds",
        "wxhook_build_info",
    ] {
        assert!(names.contains(name), "{name}: {names:?}");
    }
    for line in [
        "wxhook_requests_total{merchant=\"shop\",outcome=\"new\",protocol=\"v2\"} 1",
        "wxhook_requests_total{merchant=\"shop\",outcome=\"duplicate\",protocol=\"v2\"} 1",
        "wxhook_requests_total{merchant=\"shop\",outcome=\"changed\",protocol=\"v2\"} 1",
        "wxhook_requests_total{merchant=\"shop\",outcome=\"new\",protocol=\"v3\"} 1",
        "wxhook_requests_total{merchant=\"shop\",outcome=\"stale\",protocol=\"v3\"} 1",
        "wxhook_requests_total{merchant=\"\",outcome=\"not-found\",protocol=\"unknown\"} 1",
        "wxhook_reply_seconds_count 6",
        "wxhook_changed_total 1",
        "wxhook_clock_skew_total 1",
    ] {
        assert!(reply.body.lines().any(|found| found == line), "{line}\n{}", reply.body);
    }
    server.stop().await;
}

#[tokio::test]
async fn records_are_listed_shown_and_acted_on() {
    let server = Running::small(MemoryStore::default());
    for number in 1..=3 {
        assert_eq!(server.send(NOTIFY, &payment(number)).await.status, 200);
    }
    assert_eq!(server.send(NOTIFY, &changed_payment(2)).await.status, 200);

    let list = server.get("/api/events").await.json();
    let seqs = |list: &serde_json::Value| -> Vec<u64> {
        list["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect()
    };
    let all = seqs(&list);
    assert_eq!(all.len(), 4);
    assert!(all.is_sorted_by(|a, b| a > b), "newest first: {all:?}");
    assert!(list["next"].is_null());
    assert_eq!(list["events"][3].as_object().unwrap().len(), MEMBERS.len());
    assert_eq!(list["events"][3]["event_type"], "v2/transaction-success");

    let extended = server.get("/api/events?extended=true").await.json();
    assert_eq!(extended["events"][3].as_object().unwrap().len(), MEMBERS.len() + 2);
    assert_eq!(extended["events"][3]["amount"]["value"], 1, "{extended}");
    assert!(extended["events"][3]["numbers"].as_array().unwrap().len() >= 2, "{extended}");
    assert!(extended["unknown_merchant"].is_null());
    let unknown = server.get("/api/events?merchant=other&extended=true").await.json();
    assert_eq!(unknown["unknown_merchant"], true);
    let known = server.get("/api/events?merchant=shop&state=done&extended=true").await.json();
    assert!(known["events"] == serde_json::json!([]) && known["unknown_merchant"].is_null(), "{known}");

    let page = server.get("/api/events?limit=3").await.json();
    assert_eq!(seqs(&page), all[..3]);
    let rest = server.get(&format!("/api/events?limit=3&before={}", page["next"])).await.json();
    assert_eq!(seqs(&rest), all[3..]);
    assert_eq!(seqs(&server.get("/api/events?state=parked&flag=changed").await.json()), all[..1]);
    assert_eq!(seqs(&server.get("/api/events?merchant=other").await.json()), <[u64; 0]>::default());
    assert_eq!(server.get("/api/events?state=gone").await.status, 400);

    let (oldest, parked) = (all[3], all[0]);
    for path in ["/api/events?limit=1", &format!("/api/events/{oldest}")] {
        let body = server.get(path).await.body;
        let at = MEMBERS.map(|name| body.find(&format!("\"{name}\":")).unwrap());
        assert!(at.is_sorted(), "{path}: {body}");
    }
    let shown = server.get(&format!("/api/events/{oldest}")).await.json();
    assert_eq!(shown["record"]["seq"], oldest);
    assert_eq!(shown["record"]["protocol"], "v2");
    assert!(shown["record"]["resource"].is_object());
    assert_eq!((&shown["state"], &shown["history"]), (&"ready".into(), &serde_json::json!([])));
    assert_eq!(server.get("/api/events/999").await.status, 404);

    let act = |seq: u64, verb: &'static str, body: &'static str| {
        let (server, path) = (&server, format!("/api/events/{seq}/{verb}"));
        async move { server.post(&path, body).await }
    };
    assert_eq!(act(oldest, "resend", "{}").await.status, 409, "it waits already");
    let set_aside = act(oldest, "park", r#"{"actor":"li","reason":"to look at it"}"#).await;
    assert_eq!((set_aside.status, &set_aside.json()["state"]), (200, &"parked".into()));
    assert_eq!(act(oldest, "park", "").await.status, 409);
    let again = act(oldest, "resend", "").await;
    assert_eq!((again.status, &again.json()["state"]), (200, &"ready".into()));
    let discarded = act(parked, "discard", "{}").await;
    assert_eq!((discarded.status, &discarded.json()["state"]), (200, &"done".into()));
    assert_eq!(act(parked, "discard", "{}").await.status, 409);
    assert_eq!(act(999, "resend", "{}").await.status, 404);
    let history = server.get(&format!("/api/events/{oldest}")).await.json()["history"].clone();
    let told = |at: usize, name: &str| history[at][name].as_str().unwrap().to_owned();
    assert_eq!(
        (told(0, "change"), told(0, "actor"), told(0, "reason")),
        ("parked".into(), "li".into(), "to look at it".into())
    );
    assert_eq!(
        (told(1, "change"), told(1, "actor"), told(1, "reason")),
        ("requeued".into(), "api".into(), String::new())
    );
    server.stop().await;
}

#[tokio::test]
async fn what_is_in_quarantine_is_shown_without_its_body() {
    let server = Running::with(WHOLE, |builder| builder);
    let request = sealed_wrongly(1, now());
    assert_eq!(server.send(NOTIFY, &request).await.status, 500);
    let list = server.get("/api/events").await.json();
    let event = &list["events"][0];
    assert!(event["key"].as_str().unwrap().starts_with("shop/quarantine/"), "{event}");
    assert_eq!(event["state"], "parked");
    let shown = server.get(&format!("/api/events/{}", event["seq"])).await;
    assert!(shown.json()["record"].is_null());
    assert_eq!(shown.json()["quarantine"]["refused"], "sealed");
    assert!(!shown.body.contains("body_base64") && !shown.body.contains("ciphertext"), "{}", shown.body);
    server.stop().await;
}

#[tokio::test]
async fn without_a_token_only_this_machine_may_ask() {
    let server = Running::small(MemoryStore::default());
    let (admin, own) = (server.admin, format!("host: {}", server.admin));
    let ask = |method: &'static str, headers: Vec<String>| async move {
        let headers: Vec<_> = headers.iter().map(String::as_str).collect();
        let path = if method == "GET" { "/api/events" } else { "/api/events/1/park" };
        http::send(admin, method, path, &headers, b"").await.status
    };
    assert_eq!(ask("GET", vec![own.clone()]).await, 200);
    assert_eq!(ask("GET", vec!["host: localhost".into()]).await, 200);
    assert_eq!(ask("GET", vec!["host: evil.example".into()]).await, 403);
    assert_eq!(ask("GET", vec![]).await, 403);
    assert_eq!(ask("GET", vec![own.clone(), "origin: http://127.0.0.1".into()]).await, 403);
    assert_eq!(ask("POST", vec![own.clone(), JSON.into()]).await, 404, "allowed, and there is none");
    assert_eq!(ask("POST", vec![own.clone(), "content-type: text/plain".into()]).await, 415);
    assert_eq!(ask("POST", vec![own.clone()]).await, 415);
    for path in ["/healthz", "/metrics"] {
        let reply = http::send(admin, "GET", path, &["host: evil.example", "origin: http://x"], b"").await;
        assert_eq!(reply.status, 200, "{path} is for everybody");
    }
    server.stop().await;
}

#[tokio::test]
async fn with_a_token_whoever_has_it_may_ask() {
    let text = SMALL.replacen("listen", &format!("admin_token = \"{TOKEN}\"\nlisten"), 1);
    let server = Running::with(&text, |builder| builder);
    let admin = server.admin;
    let ask = |headers: Vec<String>| async move {
        let headers: Vec<_> = headers.iter().map(String::as_str).collect();
        http::send(admin, "GET", "/api/events", &headers, b"").await
    };
    let token = |text: &str| format!("authorization: {text}");
    assert_eq!(ask(vec![token(&format!("Bearer {TOKEN}")), "host: any.example".into()]).await.status, 200);
    assert_eq!(ask(vec![token(&format!("bearer {TOKEN}"))]).await.status, 200);
    for wrong in [
        &*format!("Bearer {TOKEN}x"),
        "Bearer s3cret",
        "Bearer ",
        "Bearer",
        "",
        &format!("Basic {TOKEN}"),
        TOKEN,
    ] {
        let reply = ask(vec![token(wrong), format!("host: {admin}")]).await;
        assert_eq!(reply.status, 401, "{wrong}");
        assert!(reply.head.contains("www-authenticate: bearer"));
    }
    assert_eq!(ask(vec![format!("host: {admin}")]).await.status, 401, "being here isn't enough");
    let twice = vec![token(&format!("Bearer {TOKEN}")), token(&format!("Bearer {TOKEN}"))];
    assert_eq!(ask(twice).await.status, 401);
    assert_eq!(server.get("/api/none").await.status, 401, "nor is what there is told");
    assert_eq!(server.get("/metrics").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn requests_that_are_none_of_it() {
    let server = Running::small(MemoryStore::default());
    let (admin, own) = (server.admin, format!("host: {}", server.admin));
    for path in [
        "/",
        "/api",
        "/api/",
        "/api/event",
        "/api/events/",
        "/api/events/x",
        "/api/events/-1",
        "/api/events/+1",
        "/api/events/1/x",
        "/notify/shop",
    ] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
    for (method, path, allow) in [
        ("POST", "/healthz", "get, head"),
        ("DELETE", "/api/events", "get, head"),
        ("GET", "/api/events/1/resend", "post"),
        ("PUT", "/api/events/1/park", "post"),
    ] {
        let reply = http::send(admin, method, path, &[&own, JSON], b"").await;
        assert_eq!(reply.status, 405, "{method} {path}");
        assert!(reply.head.contains(&format!("allow: {allow}")), "{}", reply.head);
    }
    assert_eq!(server.send(NOTIFY, &payment(1)).await.status, 200);
    let seq = server.get("/api/events").await.json()["events"][0]["seq"].clone();
    let path = format!("/api/events/{seq}/park");
    assert_eq!(server.post(&path, &" ".repeat((64 << 10) + 1)).await.status, 413);
    for body in [
        "[1]",
        "{\"who\":\"x\"}",
        "{\"actor\":1}",
        "nonsense",
        &format!("{{\"reason\":\"{}\"}}", "x".repeat(1_001)),
    ] {
        assert_eq!(server.post(&path, body).await.status, 400, "{body}");
    }
    let state = server.get(&format!("/api/events/{seq}")).await.json()["state"].clone();
    assert_eq!(state, "ready", "nothing was done");
    assert_eq!(http::get(server.addr, "/healthz").await.status, 404, "not on the public port");
    assert_eq!(http::get(server.addr, "/api/events").await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn a_record_that_is_sent_again_is_handed_on_at_once() {
    let server = Running::with(WHOLE, |builder| builder);
    assert_eq!(server.send(NOTIFY, &payment(1)).await.status, 200);
    let first = |reply: &http::Reply| reply.json()["events"][0].clone();
    let done = server.get_until("/api/events", |reply| first(reply)["state"] == "done").await;
    let seq = first(&done)["seq"].clone();
    assert_eq!(server.post(&format!("/api/events/{seq}/resend"), "").await.status, 200);
    let again = |reply: &http::Reply| first(reply)["state"] == "done" && first(reply)["generation"] == 2;
    tokio::time::timeout(Duration::from_secs(10), server.get_until("/api/events", again)).await.unwrap();
    server.stop().await;
}
