//! Stores written by earlier programs: every record is there, and every resend is recognized. See `fixtures/upgrade`.

use crate::http;
use crate::redis::Redis;
use crate::running::Running;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use wxhook_idempotency::Clock;
use wxhook_server::{Config, Server};

/// The time at which the old program received the requests.
#[derive(Debug)]
struct Then(SystemTime);

impl Clock for Then {
    fn now(&self) -> SystemTime {
        self.0
    }
}

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/upgrade").join(path)
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The configuration's folder, with the fixture's merchants and keys.
fn folder(version: &str, store: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["shop-api-v3-key", "shop-api-v2-key", "shop-wechatpay-pub.pem"] {
        fs::copy(fixture(version).join(name), folder.path().join(name)).unwrap();
    }
    let merchants = fs::read_to_string(fixture(version).join("merchants.toml")).unwrap();
    let head = "listen = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n";
    let text = format!("{head}[store]\nurl = \"{store}\"\n{merchants}");
    fs::write(folder.path().join("wxhook.toml"), text).unwrap();
    folder
}

fn listed(record: &Value) -> (u64, String) {
    let fields =
        ["key", "merchant", "event_type", "variant", "id", "state", "flags", "generation", "attempts"];
    let shown = fields.map(|field| format!("{field}={}", record[field]));
    (record["seq"].as_u64().unwrap(), shown.join(" "))
}

async fn records(running: &Running) -> BTreeMap<u64, String> {
    let mut records = BTreeMap::new();
    let mut path = "/api/events?limit=100".to_owned();
    loop {
        let page = running.get(&path).await.json();
        records.extend(page["events"].as_array().unwrap().iter().map(listed));
        match page["next"].as_u64() {
            Some(next) => path = format!("/api/events?limit=100&before={next}"),
            None => return records,
        }
    }
}

/// Opens the store without a sink, compares what is listed, and sends everything again.
async fn resend_everything(version: &str, kind: &str, folder: TempDir) {
    let at = fixture(version).join(kind);
    let requests = lines(&at.join("requests.jsonl"));
    let purged = lines(&at.join("purged.jsonl"));
    let seconds = requests.iter().map(|request| request["at"].as_u64().unwrap()).max().unwrap();
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);

    let outcomes = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&outcomes);
    let config = Config::load(&folder.path().join("wxhook.toml"), []).unwrap();
    let builder = Server::builder(config, wxhook_events::catalog()).with_clock(Arc::new(Then(then))).observe(
        move |exchange| {
            let report = &exchange.report;
            told.lock().unwrap().push((report.outcome.as_str(), report.seq.map(|seq| seq.get())));
        },
    );
    let running = Running::run(builder.bind().await.unwrap(), None);

    let expected: BTreeMap<_, _> = lines(&at.join("records.jsonl")).iter().map(listed).collect();
    assert_eq!(records(&running).await, expected);

    // A new record would be numbered beyond these.
    let last = *expected.keys().next_back().unwrap();
    for request in purged.iter().chain(&requests) {
        let headers = request["headers"].as_object().unwrap().iter();
        let headers: Vec<_> =
            headers.map(|(name, value)| format!("{name}: {}", value.as_str().unwrap())).collect();
        let mut headers: Vec<_> = headers.iter().map(String::as_str).collect();
        headers.push("host: pay.example.com");
        let (path, body) = (request["path"].as_str().unwrap(), request["body"].as_str().unwrap());
        http::send(running.addr, "POST", path, &headers, body.as_bytes()).await;
        let (outcome, seq) = outcomes.lock().unwrap().pop().unwrap();
        let known =
            ["duplicate", "parked", "unanswered"].contains(&outcome) && seq.is_some_and(|seq| seq <= last);
        // What was quarantined can be opened now: the configuration has the right key.
        assert!(known || path == "/notify/old-key", "{outcome} {seq:?} {path}: {request}");
    }
    let after: Vec<_> = records(&running).await.into_keys().collect();
    assert_eq!(after, expected.into_keys().collect::<Vec<_>>(), "nothing was added");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_c7b4cc5_knows_every_resend() {
    let folder = folder("c7b4cc5", "sqlite://wxhook.db");
    fs::copy(fixture("c7b4cc5/sqlite/wxhook.db"), folder.path().join("wxhook.db")).unwrap();
    resend_everything("c7b4cc5", "sqlite", folder).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_of_c7b4cc5_knows_every_resend() {
    let redis = Redis::with_dump(&fixture("c7b4cc5/redis/dump.rdb"));
    let folder = folder("c7b4cc5", &redis.url());
    resend_everything("c7b4cc5", "redis", folder).await;
}
