//! What must be refused, beside what is accepted.

use serde_json::Value;

use super::Keys;
use crate::support::{Child, finished};

const PAID: &str = "TRANSACTION.SUCCESS";

/// Event, option, and what it is answered with.
const FAULTS: [(&str, &[&str], u16); 13] = [
    (PAID, &["--tamper", "body"], 401),
    (PAID, &["--tamper", "signature"], 401),
    (PAID, &["--tamper", "timestamp"], 401),
    (PAID, &["--tamper", "nonce"], 401),
    (PAID, &["--tamper", "serial"], 401),
    (PAID, &["--tamper", "aad"], 500),
    (PAID, &["--probe"], 401),
    ("v2/transaction-success", &["--tamper", "body"], 401),
    ("v2/transaction-success", &["--tamper", "signature"], 401),
    ("v2/transaction-success", &["--tamper", "nonce"], 401),
    ("v2/refund-processed", &["--tamper", "body"], 401),
    ("v2/CHECK.SUCCESS", &["--tamper", "body"], 401),
    ("v2/CHECK.SUCCESS", &["--tamper", "aad"], 500),
];

#[tokio::test]
async fn each_fault_is_refused_and_its_twin_accepted() {
    let keys = Keys::new().await;
    let server = Child::serve(&keys.config, &[]).await;
    for (event, fault, status) in FAULTS {
        let seed = ["--seed", "7", "--json", event];
        let spoiled = keys.trigger(&server.notify(), &[&seed, fault].concat()).await;
        let (lines, summary) = parsed(&spoiled.stdout);
        assert_eq!((spoiled.status.code(), lines.len()), (Some(0), 1), "{fault:?}: {spoiled:?}");
        assert_eq!(
            (&lines[0]["status"], &lines[0]["accepted"]),
            (&status.into(), &false.into()),
            "{spoiled:?}"
        );
        assert_eq!(lines[0]["fault"], fault[fault.len() - 1].trim_start_matches("--"), "{spoiled:?}");
        assert_eq!((&summary["good"], &summary["not_accepted"]), (&true.into(), &1.into()), "{spoiled:?}");

        let twin = keys.trigger(&server.notify(), &seed).await;
        assert_eq!(twin.status.code(), Some(0), "{event} {fault:?}: {twin:?}");
        let (line, _) = parsed(&twin.stdout);
        assert_eq!((&line[0]["status"], &line[0]["fault"]), (&200.into(), &Value::Null), "{twin:?}");
        assert_eq!(line[0]["id"], lines[0]["id"]);
    }
    // What only couldn't be opened is kept.
    let admin = format!("http://{}", server.admin_addr);
    let kept = finished(&["events", "list", "--event", "quarantine", "--json", "--admin", &admin]).await;
    let states: Vec<_> = kept
        .stdout
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["state"].clone())
        .collect();
    assert_eq!(states, ["parked", "parked"], "{kept:?}");
    server.terminate().await;
}

#[tokio::test]
async fn a_receiver_that_accepts_what_is_spoiled_is_1() {
    let keys = Keys::new().await;
    let target = super::target::Target::start(|_| super::target::SUCCESS).await;
    for fault in [&["--tamper", "signature"][..], &["--probe"]] {
        let sent = keys.trigger(&target.url, &[&["COMPLAINT.CREATE"], fault].concat()).await;
        assert_eq!(sent.status.code(), Some(1), "{sent:?}");
        assert!(sent.stdout[1].starts_with("<-- 200 "), "{sent:?}");
    }
    let got = target.got();
    assert!(got[1].header("Wechatpay-Signature").starts_with("WECHATPAY/SIGNTEST/"));
    assert_ne!(got[0].json()["id"], got[1].json()["id"]);

    // Nobody there refuses nothing.
    let gone = keys.trigger("http://127.0.0.1:9/", &["COMPLAINT.CREATE", "--probe"]).await;
    assert_eq!(gone.status.code(), Some(1), "{gone:?}");
}

#[tokio::test]
async fn of_all_only_those_that_can_be_spoiled_are_sent() {
    let keys = Keys::new().await;
    let target = super::target::Target::start(|_| (401, "")).await;
    let sent = keys.trigger(&target.url, &["all", "--probe", "--show", "none", "--json"]).await;
    assert_eq!((sent.status.code(), sent.stdout.len()), (Some(0), 1), "{sent:?}");
    let (_, summary) = parsed(&sent.stdout);
    let v3 = wxhook_events::catalog().events().filter(|meta| !meta.name.starts_with("v2/")).count();
    assert_eq!((target.got().len(), &summary["attempts"]), (v3, &v3.into()), "{sent:?}");
    let left_out = format!("--probe doesn't apply to {} of 164; they are left out", 164 - v3);
    assert_eq!(sent.stderr, [left_out]);
}

/// The attempts' lines, and the summary.
pub(super) fn parsed(lines: &[String]) -> (Vec<Value>, Value) {
    let mut lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = lines.pop().unwrap()["summary"].take();
    assert!(summary.is_object(), "{lines:?}");
    (lines, summary)
}
