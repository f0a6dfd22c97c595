use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Child, finished, finished_with, get, text};

const EVENTS: [&str; 7] = [
    "v2/transaction-success (MD5)",
    "v2/transaction-success (HMAC)",
    "v2/refund-processed",
    "v2/CHECK.SUCCESS",
    "TRANSACTION.SUCCESS",
    "PAYSCORE.USER_PAID",
    "MCHTRANSFER.AUTHORIZATION.CONFIRMED",
];

#[tokio::test]
async fn once_all_is_as_it_should_be() {
    let folder = tempfile::tempdir().unwrap();
    let demo = finished_with(&["demo", "--once"], &[("TMPDIR", text(folder.path()))]).await;
    let printed = demo.stdout.join("\n");
    assert_eq!((demo.status.code(), demo.stderr.len()), (Some(0), 0), "{printed}\n{:?}", demo.stderr);
    let rows = |part: &str| demo.stdout.iter().filter(|line| line.contains(part)).count();
    for event in EVENTS {
        assert_eq!(
            demo.stdout.iter().filter(|line| line.starts_with(&format!("{event} "))).count(),
            1,
            "{event}"
        );
    }
    for sent in ["first time", "again ", "one byte changed", "other content", "wrong merchant"] {
        assert_eq!(rows(sent), 7, "{sent}");
    }
    assert_eq!((rows("6 minutes old"), rows("as a probe"), rows("WRONG")), (3, 3, 0), "{printed}");
    let verdicts = |start: &str, end: &str| {
        demo.stdout
            .iter()
            .filter(|line| line.contains(start) && line.contains(end) && line.ends_with(" ok"))
            .count()
    };
    // Payments and refunds are parked, all but the authorization.
    assert_eq!(verdicts("other content", "no, parked"), 6, "{printed}");
    assert_eq!(verdicts("other content", "yes, flagged"), 1, "{printed}");
    let check = format!("  {} check ", env!("CARGO_BIN_EXE_wxhook"));
    assert_eq!(demo.stdout.iter().filter(|line| line.starts_with(&check)).count(), 1, "{printed}");
    let table = |line: &&String| !line.contains("/wxhook-demo-") && !line.contains("\"key\":");
    assert!(demo.stdout.iter().filter(table).all(|line| line.chars().count() <= 80), "{printed}");

    // What it made is kept, and nobody else's.
    let made: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [made] = &made[..] else { panic!("{made:?}") };
    assert_eq!(mode(made), 0o700);
    for entry in std::fs::read_dir(made).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{path:?}");
    }
    let store = made.join("wxhook.db");
    assert!(store.is_file() && printed.contains(text(&store)), "{printed}");
    let config = made.join("wxhook.toml");
    assert!(finished(&["check", "--config", text(&config)]).await.status.success());
    let lines = std::fs::read_to_string(made.join("handed-on.jsonl")).unwrap();
    let records: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.len(), 8);
    assert!(records.iter().all(|record| record["typed"] == true), "{lines}");
    let shared = records.iter().filter(|record| record["id"] == "EV-2018022511223320873");
    assert_eq!(shared.count(), 3, "two events with one id, and one of them changed");
}

#[tokio::test]
async fn otherwise_the_server_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Child::start(&["demo"], &[("TMPDIR", text(folder.path()))]);
    let line = demo.line(|line| line.contains("/metrics")).await;
    let addr = line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    demo.line(|line| line.starts_with("Ctrl-C ends it")).await;
    demo.line(|line| line.starts_with("41 of 41 requests are as they should be")).await;
    assert_eq!(get(&addr, "/readyz").await.0, 200);
    let (status, parked) = get(&addr, "/api/events?state=parked").await;
    assert!(status == 200 && parked.contains("PAYSCORE.USER_PAID"));
    demo.signal("INT").await;
    let demo = demo.finish().await;
    assert_eq!((demo.status.code(), demo.stderr.len()), (Some(0), 0), "{:?}", demo.stderr);
    assert_eq!(demo.stdout.last().unwrap(), "stopped, folder removed");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the folder is gone");
}

#[tokio::test]
async fn it_can_be_ended_while_it_plays() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Child::start(&["demo"], &[("TMPDIR", text(folder.path()))]);
    demo.line(|line| line.starts_with("A server on")).await;
    demo.signal("INT").await;
    let demo = demo.finish().await;
    assert_eq!(demo.stdout.last().unwrap(), "stopped, folder removed");
    assert!(demo.stderr.is_empty(), "{:?}", demo.stderr);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the folder is gone");
}

fn mode(path: &PathBuf) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
