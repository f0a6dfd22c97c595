//! The way of a notification to a sink that fails: what is answered, what is kept, what the admin API shows.

use crate::endpoint::{Act, Endpoint};
use crate::folder::SMALL;
use crate::running::{Running, payment};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

fn with_sink(sink: &str) -> Running {
    let text = SMALL.replace("memory://", "sqlite://wxhook.db");
    Running::with(&format!("{text}[sink]\n{sink}\n"), |builder| builder)
}

fn http(endpoint: &Endpoint, more: &str) -> String {
    format!("kind = \"http\"\nurl = \"{}\"\n{more}", endpoint.url())
}

/// Until there are so many records in this state.
async fn until(server: &Running, state: &str, count: u32) {
    let figure = format!("\nwxhook_records{{state=\"{state}\"}} {count}\n");
    server.get_until("/metrics", |reply| reply.body.contains(&figure)).await;
}

/// The counter of a sink's attempts that ended so.
async fn attempts(server: &Running, sink: &str, outcome: &str) -> u64 {
    let metrics = server.get("/metrics").await.body;
    let name = format!("wxhook_delivery_attempts_total{{outcome=\"{outcome}\",sink=\"{sink}\"}} ");
    let line =
        metrics.lines().find(|line| line.starts_with(&name)).unwrap_or_else(|| panic!("{name}\n{metrics}"));
    line[name.len()..].parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_once_the_record_arrives() {
    // The first attempt of each record fails in its own way.
    let ways = [
        Act::status(500, ""),
        Act::status(404, ""),
        Act::status(302, "location: /other\r\n"),
        Act::status(429, "retry-after: 1\r\n"),
        Act::Say("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1".to_owned()),
        Act::Say(String::new()),
        Act::Hang,
    ];
    let count = u32::try_from(ways.len()).unwrap();
    let mut endpoint = Endpoint::new(move |request, before| {
        let seq = usize::try_from(request.json()["seq"].as_u64().unwrap()).unwrap();
        if before == 0 { ways[seq - 1].clone() } else { Act::Take }
    })
    .await;
    let server = with_sink(&http(&endpoint, "timeout = \"500ms\""));
    for number in 1..=count {
        assert_eq!(server.send("/notify/shop", &payment(number)).await.status, 200);
    }
    until(&server, "done", count).await;
    let requests = endpoint.rest();
    assert_eq!(requests.len(), 2 * usize::try_from(count).unwrap());
    assert_eq!(attempts(&server, "http", "done").await, u64::from(count));
    assert_eq!(attempts(&server, "http", "retried").await, u64::from(count));
    for seq in 1..=count {
        let id = format!("{seq}-1");
        let both: Vec<_> =
            requests.iter().filter(|request| request.header("webhook-id") == Some(&*id)).collect();
        let attempt = |nth: usize| both[nth].json()["attempt"].as_u64().unwrap();
        assert_eq!((both.len(), attempt(0), attempt(1)), (2, 1, 2));
        let fence = |nth: usize| both[nth].header("wxhook-fence").unwrap().parse::<u64>().unwrap();
        assert!(fence(1) > fence(0));
        assert_eq!(both[0].header("idempotency-key"), both[1].header("idempotency-key"));
        let shown = server.get(&format!("/api/events/{seq}")).await.json();
        assert_eq!(
            (&shown["state"], &shown["attempts"], &shown["error"]),
            (&"done".into(), &2.into(), &().into())
        );
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_it_failed_can_be_looked_up_and_when_it_is_due() {
    let endpoint = Endpoint::always(Act::status(503, "retry-after: 600\r\n")).await;
    let server = with_sink(&http(&endpoint, ""));
    server.send("/notify/shop", &payment(1)).await;
    let shown =
        server.get_until("/api/events/1", |reply| reply.json()["error"] == "answered 503").await.json();
    assert_eq!((&shown["state"], &shown["attempts"]), (&"ready".into(), &1.into()));
    let time = |name: &str| wxhook_wire::Time::new(shown[name].as_str().unwrap()).instant().unwrap();
    let wait = time("due_at").duration_since(time("accepted_at")).unwrap().as_secs();
    assert!((600..660).contains(&wait), "{wait}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gone_is_parked_until_a_person_sends_it_again() {
    let endpoint =
        Endpoint::new(|_, before| if before == 0 { Act::status(410, "") } else { Act::Take }).await;
    let server = with_sink(&http(&endpoint, ""));
    server.send("/notify/shop", &payment(1)).await;
    until(&server, "parked", 1).await;
    let parked = server.get("/api/events?state=parked").await.json()["events"][0].clone();
    assert_eq!(parked["error"], "answered 410: the receiver is gone");
    assert_eq!(attempts(&server, "http", "parked").await, 1);
    assert_eq!(server.post("/api/events/1/resend", "{}").await.status, 200);
    until(&server, "done", 1).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_given_up_after_the_span() {
    let endpoint = Endpoint::always(Act::status(500, "")).await;
    let server = with_sink(&http(&endpoint, "give_up_after = \"1s\""));
    server.send("/notify/shop", &payment(1)).await;
    until(&server, "parked", 1).await;
    let shown = server.get("/api/events/1").await.json();
    assert_eq!(shown["error"], "given up: answered 500");
    assert!(shown["attempts"].as_u64().unwrap() >= 2, "{shown}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_that_hangs_slows_no_answer_and_loses_nothing() {
    const MANY: u32 = 200;
    let mut endpoint = Endpoint::always(Act::Hang).await;
    let server = with_sink(&http(&endpoint, "timeout = \"300ms\""));
    let mut slowest = Duration::ZERO;
    for number in 1..=MANY {
        let began = Instant::now();
        assert_eq!(server.send("/notify/shop", &payment(number)).await.status, 200);
        slowest = slowest.max(began.elapsed());
    }
    assert!(slowest < Duration::from_secs(1), "an answer took {slowest:?}");
    let failed = server.get_until("/metrics", |reply| {
        reply.body.lines().any(|line| {
            line.starts_with("wxhook_delivery_attempts_total{outcome=\"retried\",sink=\"http\"} ")
                && !line.ends_with(" 0")
        })
    });
    failed.await;
    assert_eq!(attempts(&server, "http", "done").await, 0);
    endpoint.wake();
    until(&server, "done", MANY).await;
    let got: BTreeSet<_> =
        endpoint.rest().iter().map(|request| request.json()["seq"].as_u64().unwrap()).collect();
    assert!(got.into_iter().eq(1..=u64::from(MANY)));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merchants_dead_sink_is_its_own_affair() {
    let dead = Endpoint::always(Act::Hang).await;
    let mut common = Endpoint::always(Act::Take).await;
    let text = format!(
        "{SMALL}[merchant.sink]\n{}\n[[merchant]]\nname = \"other\"\nmchid = \"1900000109\"\napi_v2_key = \"s3cretV2s3cretV2s3cretV2s3cretV2\"\n[sink]\n{}",
        http(&dead, "timeout = \"5m\""),
        http(&common, ""),
    );
    let server = Running::with(&text, |builder| builder);
    // More than a worker takes at a time.
    for number in 1..=100 {
        assert_eq!(server.send("/notify/shop", &payment(number)).await.status, 200);
    }
    for number in 1..=100 {
        assert_eq!(server.send("/notify/other", &payment(number)).await.status, 200);
    }
    until(&server, "done", 100).await;
    until(&server, "leased", 64).await;
    assert!(common.rest().iter().all(|request| request.json()["merchant"] == "other"));
    assert_eq!(attempts(&server, "http", "done").await, 100);
    assert_eq!(attempts(&server, "shop/http", "done").await, 0);
    let shown = server.get("/api/events/1").await.json();
    assert_eq!(shown["lane"], "merchant/shop");
    dead.wake();
    until(&server, "done", 200).await;
    assert_eq!(attempts(&server, "shop/http", "done").await, 100);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orders_records_keep_their_order() {
    let endpoint = Endpoint::new(|request, before| {
        if before == 0 && request.json()["seq"] == 1 { Act::status(500, "") } else { Act::Take }
    });
    let mut endpoint = endpoint.await;
    let server = with_sink(&http(&endpoint, ""));
    // A payment, and the same order's with other content, which is delivered once a person says so.
    server.send("/notify/shop", &payment(1)).await;
    server.send("/notify/shop", &crate::running::changed_payment(1)).await;
    assert_eq!(server.post("/api/events/2/resend", "{}").await.status, 200);
    until(&server, "done", 2).await;
    let order: Vec<_> =
        endpoint.rest().iter().map(|request| request.json()["seq"].as_u64().unwrap()).collect();
    assert_eq!(order, [1, 1, 2], "the second waits for the first");
    server.stop().await;
}
