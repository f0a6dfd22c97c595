//! The event log beyond listing: counting, opening what is in quarantine, purging; also without a server.

use crate::folder::{Folder, V3_KEY, WHOLE};
use crate::running::{Running, changed_payment, payment, sealed_wrongly, v3_payment};
use serde_json::Value;
use std::time::SystemTime;
use wxhook_idempotency::MemoryStore;
use wxhook_server::{EventLog, Server};

const NOTIFY: &str = "/notify/shop";

fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "what is signed must be signed now")]
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

/// The key that `sealed_wrongly` seals with is the configured one.
fn mended() -> String {
    WHOLE.replace(V3_KEY, &"x".repeat(32))
}

fn first(list: &Value) -> (u64, String) {
    let event = &list["events"][0];
    (event["seq"].as_u64().unwrap(), event["state"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn records_are_counted_by_their_states() {
    let server = Running::small(MemoryStore::default());
    for number in 1..=3 {
        server.send(NOTIFY, &payment(number)).await;
    }
    server.send(NOTIFY, &changed_payment(2)).await;
    let count = async |query: &str| server.get(&format!("/api/events/count{query}")).await.json();
    let all = count("").await;
    assert_eq!((&all["count"], &all["more"]), (&4.into(), &false.into()));
    assert_eq!(all["states"], serde_json::json!({"ready": 3, "leased": 0, "done": 0, "parked": 1}));
    assert_eq!(count("?state=parked&flag=changed").await["count"], 1);
    assert_eq!(count("?event=none").await["count"], 0);
    assert_eq!(server.get("/api/events/count?limit=5").await.status, 400);
    assert_eq!(server.post("/api/events/count", "").await.status, 405);
    server.stop().await;
}

#[tokio::test]
async fn a_number_can_be_asked_for_by_its_name() {
    let server = Running::small(MemoryStore::default());
    for number in 1..=20 {
        server.send(NOTIFY, &payment(number)).await;
    }
    let seq = server.get("/api/events?limit=1").await.json()["events"][0]["seq"].clone();
    let numbers = server.get(&format!("/api/events/{seq}")).await.json()["numbers"].clone();
    let of = |name: &str| {
        let number = numbers.as_array().unwrap().iter().find(|number| number["name"] == name).unwrap();
        number["value"].as_str().unwrap().to_owned()
    };
    let found = async |name: &str, value: &str| {
        let path = format!("/api/events?number={value}&number_name={name}&limit=1");
        server.get(&path).await.json()["events"].as_array().unwrap().len()
    };
    let (trade, own) = (of("transaction_id"), of("out_trade_no"));
    assert_eq!((found("transaction_id", &trade).await, found("out_trade_no", &own).await), (1, 1));
    assert_eq!((found("out_trade_no", &trade).await, found("transaction_id", &own).await), (0, 0));
    assert_eq!(server.get("/api/events?number_name=out_trade_no").await.status, 400);
    server.stop().await;
}

#[tokio::test]
async fn what_is_in_quarantine_is_opened_once_the_key_is_mended() {
    let folder = Folder::new();
    let request = sealed_wrongly(1, now());
    let wrong = Running::of(Server::builder(folder.load(WHOLE).unwrap(), wxhook_events::catalog()), None);
    assert_eq!(wrong.send(NOTIFY, &request).await.status, 500);
    let (seq, state) = first(&wrong.get("/api/events").await.json());
    assert_eq!(state, "parked");
    let path = format!("/api/events/{seq}/resend");
    let refused = wrong.post(&path, "").await;
    assert_eq!((refused.status, &refused.json()["code"]), (409, &"quarantined".into()));
    assert_eq!(refused.json()["message"], "still rejected: verified, but the api_v3_key does not decrypt it");
    wrong.stop().await;

    let server =
        Running::of(Server::builder(folder.load(&mended()).unwrap(), wxhook_events::catalog()), None);
    let opened = server.post(&path, r#"{"actor":"li","reason":"key mended"}"#).await;
    assert_eq!((opened.status, &opened.json()["state"]), (200, &"done".into()), "{}", opened.body);
    let new = opened.json()["opened_as"]["seq"].as_u64().unwrap();
    assert_eq!(opened.json()["opened_as"]["became"], "new");
    let done = |reply: &crate::http::Reply| reply.json()["state"] == "done";
    let record = server.get_until(&format!("/api/events/{new}"), done).await.json();
    assert_eq!(record["record"]["event_type"], "TRANSACTION.SUCCESS", "and it was handed on");
    let history = server.get(&format!("/api/events/{seq}")).await.json()["history"].clone();
    assert_eq!(history[0]["reason"], format!("opened as {new}: key mended"));
    assert_eq!(server.post(&path, "").await.json()["code"], "wrong-state");
    server.stop().await;
}

#[tokio::test]
async fn an_event_that_is_called_quarantine_is_like_any_other() {
    let server = Running::with(WHOLE, |builder| builder);
    let request = crate::running::called("quarantine", now());
    assert_eq!(server.send(NOTIFY, &request).await.status, 200);
    let done = |reply: &crate::http::Reply| first(&reply.json()).1 == "done";
    let (seq, _) = first(&server.get_until("/api/events?event=quarantine", done).await.json());
    let shown = server.get(&format!("/api/events/{seq}")).await.json();
    assert!(shown["quarantine"].is_null() && shown["record"].is_object(), "{shown}");
    assert_eq!(server.post(&format!("/api/events/{seq}/resend"), "").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn purging_takes_what_is_past_its_retention_only() {
    let server = Running::with(WHOLE, |builder| builder);
    assert_eq!(server.send(NOTIFY, &payment(1)).await.status, 200);
    let purged = server.post("/api/purge", "").await;
    assert_eq!((purged.status, purged.body.trim()), (200, r#"{"purged":0,"more":false}"#));
    assert_eq!(server.post("/api/purge", r#"{"most":5}"#).await.status, 200);
    for body in [r#"{"most":0}"#, r#"{"most":5001}"#, r#"{"all":true}"#, "x"] {
        assert_eq!(server.post("/api/purge", body).await.status, 400, "{body}");
    }
    assert_eq!(server.get("/api/purge").await.status, 405);
    server.stop().await;
}

#[tokio::test]
async fn the_log_is_there_without_its_server_too() {
    let folder = Folder::new();
    let text = WHOLE.replace("[sink]\nkind = \"stdout\"", "");
    let server = Running::of(Server::builder(folder.load(&text).unwrap(), wxhook_events::catalog()), None);
    assert_eq!(server.send(NOTIFY, &v3_payment(1, now())).await.status, 200);
    assert_eq!(server.send(NOTIFY, &sealed_wrongly(2, now())).await.status, 500);

    // Beside it, and with another key.
    let log = EventLog::open(
        folder.load(&mended().replace("[sink]\nkind = \"stdout\"", "")).unwrap(),
        wxhook_events::catalog(),
    )
    .await
    .unwrap();
    let json =
        |(status, body): (u16, bytes::Bytes)| (status, serde_json::from_slice::<Value>(&body).unwrap());
    let (status, list) = json(log.get("/api/events?limit=5").await);
    assert_eq!((status, &list), (200, &server.get("/api/events").await.json()));
    let quarantined = list["events"][0]["seq"].as_u64().unwrap();
    let (status, opened) = json(log.post(&format!("/api/events/{quarantined}/resend"), b"").await);
    assert_eq!((status, &opened["opened_as"]["became"]), (200, &"new".into()), "{opened}");
    assert_eq!(server.get("/api/events/count").await.json()["count"], 3, "the server sees it");
    assert_eq!(json(log.post("/api/events/1/park", b"nonsense").await).0, 400);
    assert_eq!(json(log.get("/api/events/999").await).0, 404);
    assert_eq!(json(log.get("/healthz").await).0, 404);
    assert_eq!(json(log.post("/api/events", b"").await).0, 405);
    drop(log);
    server.stop().await;
}
