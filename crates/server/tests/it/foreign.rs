//! Lanes of merchants: records of earlier versions, of merchants that are gone, and of other deployments.

use crate::endpoint::{Act, Endpoint};
use crate::folder::{Folder, SMALL};
use crate::redis::Redis;
use crate::running::{Running, payment};
use serde_json::{Value, json};
use std::time::Duration;
use wxhook_idempotency::{
    AcceptResult, Action, Claim, ClaimId, Entry, Fingerprint, Lookup, MemoryStore, Seq, SharedStore, State,
    Store as _, StoreExt as _,
};
use wxhook_wire::{Content, ProofKind, Protocol};

/// Puts a record of this merchant into this lane.
async fn put(store: &MemoryStore, n: u8, merchant: &str, lane: &str) -> Seq {
    let content = Content::new(merchant, Protocol::V3, ProofKind::Rsa, "PAID", "2026-01-01T00:00:00.000Z");
    let body = content.to_body(&format!("{{\"n\":{n}}}")).unwrap();
    let mut digest = [0; 32];
    digest[0] = n;
    let mut entry = Entry::new(format!("{merchant}/PAID/n={n}"), Fingerprint::new(1, digest), body, lane);
    entry.labels.merchant = merchant.to_owned();
    entry.labels.event = "PAID".to_owned();
    let AcceptResult::New { seq } = store.accept(entry).await.unwrap() else { panic!() };
    seq
}

fn with_endpoint(endpoint: &Endpoint) -> String {
    format!("{SMALL}[sink]\nkind = \"http\"\nurl = \"{}\"\n", endpoint.url())
}

fn on(text: &str, store: &MemoryStore) -> Running {
    Running::with(text, |builder| builder.with_store(SharedStore::new(store.clone())))
}

async fn until(server: &Running, line: &str) {
    let line = format!("\n{line}\n");
    server.get_until("/metrics", |reply| reply.body.contains(&line)).await;
}

async fn adopt(server: &Running, merchant: &str) -> (u16, Value) {
    let body = json!({ "merchant": merchant, "actor": "mei", "reason": "renamed" }).to_string();
    let reply = server.post("/api/adopt", &body).await;
    (reply.status, reply.json())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_of_an_earlier_version_find_their_lanes() {
    let store = MemoryStore::default();
    let mut seqs = Vec::new();
    for n in 0..250 {
        seqs.push(put(&store, n, "shop", "default").await);
    }
    let gone = put(&store, 250, "gone", "default").await;
    let orders = put(&store, 251, "shop", "orders").await;
    store.discard(seqs[7], Action::new("mei", "test")).await.unwrap();
    let mut endpoint = Endpoint::always(Act::Take).await;
    let server = on(&with_endpoint(&endpoint), &store);
    until(&server, "wxhook_records{state=\"done\"} 250").await;
    assert_eq!(endpoint.rest().len(), 249);
    let lanes: Vec<_> = store.stats().await.unwrap().lanes.into_iter().map(|stats| stats.lane).collect();
    assert_eq!(lanes, ["merchant/gone", "merchant/shop", "orders"]);
    for (seq, why) in [(gone, "another merchant's"), (orders, "other programs may use the store, too")] {
        assert_eq!(store.get(Lookup::Seq(seq)).await.unwrap().unwrap().state, State::Ready, "{why}");
    }
    until(&server, "wxhook_foreign_records 1").await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_of_a_merchant_that_is_gone_wait_until_they_are_adopted() {
    let store = MemoryStore::default();
    let waiting = put(&store, 0, "gone", "merchant/gone").await;
    let parked = put(&store, 1, "gone", "merchant/gone").await;
    store.park(parked, Action::new("li", "later")).await.unwrap();
    let done = put(&store, 2, "gone", "merchant/gone").await;
    store.discard(done, Action::new("li", "test")).await.unwrap();
    let mut endpoint = Endpoint::always(Act::Take).await;
    let server = on(&with_endpoint(&endpoint), &store);
    until(&server, "wxhook_foreign_records 2").await;

    assert_eq!(adopt(&server, "shop").await.1["code"], "configured");
    assert_eq!(
        adopt(&server, "nobody").await,
        (404, json!({"code": "no-record", "message": "no record of a merchant with this name waits"}))
    );
    for body in ["", "{}", "{\"merchant\":1}", "{\"merchant\":\"gone\",\"more\":1}"] {
        assert_eq!(server.post("/api/adopt", body).await.status, 400, "{body}");
    }
    assert_eq!(server.get("/api/adopt").await.status, 405);
    assert!(endpoint.rest().is_empty(), "nothing was delivered without being asked for");

    let answer = adopt(&server, "gone").await;
    assert_eq!(answer, (200, json!({"merchant": "gone", "adopted": 2, "lane": "merchant/shop"})));
    assert_eq!(endpoint.next().await.json()["merchant"], "gone");
    until(&server, "wxhook_records{state=\"done\"} 2").await;
    until(&server, "wxhook_foreign_records 0").await;
    let shown = server.get(&format!("/api/events/{waiting}")).await.json();
    let note = &shown["history"][0];
    assert_eq!(
        (&note["change"], &note["actor"], &note["reason"]),
        (&json!("adopted"), &json!("mei"), &json!("renamed"))
    );
    assert_eq!(adopt(&server, "gone").await.0, 404, "once");
    // What is parked goes to the common sink, too, once it is sent again.
    assert_eq!(server.post(&format!("/api/events/{parked}/resend"), "{}").await.status, 200);
    assert_eq!(endpoint.next().await.json()["seq"], parked.get());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_adopted_from_a_server_that_delivers_it() {
    let store = MemoryStore::default();
    put(&store, 0, "gone", "merchant/gone").await;
    put(&store, 1, "gone", "merchant/gone").await;
    let claim = Claim::new(ClaimId::new(1), ["merchant/gone"], 1, Duration::from_secs(60));
    let lease = store.claim_due(claim).await.unwrap().remove(0);
    let endpoint = Endpoint::always(Act::Take).await;
    let server = on(&with_endpoint(&endpoint), &store);
    until(&server, "wxhook_foreign_records 2").await;
    let (status, body) = adopt(&server, "gone").await;
    assert_eq!((status, &body["code"]), (409, &json!("leased")));
    let _done = store.complete(lease.record.seq, lease.fence, None).await.unwrap();
    assert_eq!(adopt(&server, "gone").await.1["adopted"], 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_common_sink_nothing_is_adopted() {
    let store = MemoryStore::default();
    put(&store, 0, "gone", "merchant/gone").await;
    let endpoint = Endpoint::always(Act::Take).await;
    let own = format!("{SMALL}[merchant.sink]\nkind = \"http\"\nurl = \"{}\"\n", endpoint.url());
    for text in [SMALL, &own] {
        let server = on(text, &store);
        assert_eq!(adopt(&server, "gone").await.1["code"], "no-common-sink");
        server.stop().await;
    }
}

/// Two servers for different merchants on one store, each with an endpoint of its own: neither delivers what is the
/// other's.
async fn two_deployments(store_url: &str) {
    let (mut ours, mut theirs) = (Endpoint::always(Act::Take).await, Endpoint::always(Act::Take).await);
    let text = |endpoint: &Endpoint| with_endpoint(endpoint).replacen("memory://", store_url, 1);
    let serve = async |text: String| {
        let folder = Folder::new();
        let config = folder.load(&text).unwrap();
        let builder = wxhook_server::Server::builder(config, wxhook_events::catalog());
        Running::run(builder.bind().await.unwrap(), Some(folder))
    };
    let one = serve(text(&ours)).await;
    let other = serve(text(&theirs).replacen("name = \"shop\"", "name = \"other\"", 1)).await;
    for number in 1..=50 {
        let request = payment(number);
        let (first, second) =
            tokio::join!(one.send("/notify/shop", &request), other.send("/notify/other", &request));
        assert_eq!((first.status, second.status), (200, 200));
    }
    until(&one, "wxhook_records{state=\"done\"} 100").await;
    for (endpoint, merchant) in [(&mut ours, "shop"), (&mut theirs, "other")] {
        let got = endpoint.rest();
        assert_eq!(got.len(), 50);
        assert!(got.iter().all(|request| request.json()["merchant"] == merchant));
    }
    one.stop().await;
    // What only waits for the other one is counted, and left alone.
    assert_eq!(other.send("/notify/other", &payment(51)).await.status, 200);
    theirs.next().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_deployments_on_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shared.db");
    two_deployments(&format!("sqlite://{}", file.display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_deployments_on_one_redis() {
    let redis = Redis::start();
    // It has only just been started.
    let _answer: String = redis.ask(&["PING"]);
    two_deployments(&redis.url()).await;
}
