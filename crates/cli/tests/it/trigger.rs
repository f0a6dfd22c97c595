mod faults;
mod many;
mod target;
mod told;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use wxhook_cli::throwaway::{self, Merchant, PlatformKeyKind, Settings};

use crate::support::{Child, Finished, finished, text};

/// What `wxhook keys new` made, but with any free port instead of the usual ones.
struct Keys {
    _folder: TempDir,
    config: PathBuf,
}

impl Keys {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = made(&folder.path().join("keys")).await;
        let usual = fs::read_to_string(&config).unwrap();
        let free = usual.replace("127.0.0.1:8080", "127.0.0.1:0").replace("127.0.0.1:9090", "127.0.0.1:0");
        fs::write(&config, free).unwrap();
        Self { _folder: folder, config }
    }

    async fn trigger(&self, to: &str, arguments: &[&str]) -> Finished {
        let common = ["--config", text(&self.config), "--to", to];
        finished(&[&["trigger"], arguments, &common].concat()).await
    }
}

async fn made(folder: &Path) -> PathBuf {
    let finished = finished(&["keys", "new", text(folder)]).await;
    assert_eq!(finished.status.code(), Some(0), "{finished:?}");
    folder.join("wxhook.toml")
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

/// The next record that the server hands on.
async fn record(server: &mut Child) -> Value {
    serde_json::from_str(&server.line(|_| true).await).unwrap()
}

#[tokio::test]
async fn new_keys_are_their_owners_and_overwrite_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("keys");
    let first = finished(&["keys", "new", text(&folder)]).await;
    assert_eq!((first.status.code(), first.stderr.len()), (Some(0), 0), "{first:?}");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let files = names(&folder);
    assert_eq!(files.len(), 5, "{files:?}");
    let shown = first.stdout.join("\n");
    let mut contents = Vec::new();
    for name in &files {
        assert!(shown.contains(name), "{name}");
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
        let content = fs::read_to_string(folder.join(name)).unwrap();
        assert!(!shown.contains(&content), "{name}");
        contents.push(content);
    }
    let again = finished(&["keys", "new", text(&folder)]).await;
    assert_eq!((again.status.code(), again.stdout.len(), again.stderr.len()), (Some(1), 0, 1), "{again:?}");
    assert!(again.stderr[0].contains("is there already"), "{again:?}");
    let kept: Vec<_> = files.iter().map(|name| fs::read_to_string(folder.join(name)).unwrap()).collect();
    assert_eq!(kept, contents);

    let other = parent.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("wxhook.toml"), "mine").unwrap();
    let refused = finished(&["keys", "new", text(&other)]).await;
    assert_eq!(
        (refused.status.code(), names(&other)),
        (Some(1), vec!["wxhook.toml".to_owned()]),
        "{refused:?}"
    );
}

#[tokio::test]
async fn new_keys_are_a_configuration_without_faults() {
    let keys = Keys::new().await;
    let check = finished(&["check", "--config", text(&keys.config)]).await;
    assert_eq!(check.status.code(), Some(0), "{check:?}");
    assert!(!check.stdout.iter().any(|line| line.contains("warning")), "{check:?}");
}

#[tokio::test]
async fn what_is_triggered_is_received() {
    let keys = Keys::new().await;
    let mut server = Child::serve(&keys.config, &[]).await;
    for (event, name, variant) in [
        ("TRANSACTION.SUCCESS", "TRANSACTION.SUCCESS", Some("BASIC")),
        ("REFUND.SUCCESS#GLOBAL", "REFUND.SUCCESS", Some("GLOBAL")),
        ("COMPLAINT.CREATE", "COMPLAINT.CREATE", None),
        ("v2/transaction-success#PARTNER", "v2/transaction-success", Some("PARTNER")),
        ("v2/refund-processed", "v2/refund-processed", Some("BASIC")),
        ("v2/CHECK.SUCCESS", "v2/CHECK.SUCCESS", None),
    ] {
        let sent = keys.trigger(&server.notify(), &[event]).await;
        assert_eq!((sent.status.code(), sent.stdout.len()), (Some(0), 2), "{sent:?}");
        let full = variant.map_or(name.to_owned(), |variant| format!("{name}#{variant}"));
        assert!(sent.stdout[0].starts_with(&format!("--> {full}")), "{sent:?}");
        assert!(sent.stdout[1].starts_with("<-- 200 ") && sent.stdout[1].contains("SUCCESS"), "{sent:?}");
        let record = record(&mut server).await;
        assert_eq!((record["event_type"].as_str(), record["variant"].as_str()), (Some(name), variant));
        assert_eq!((&record["typed"], &record["merchant"]), (&true.into(), &"shop".into()), "{record}");
        let flags = if name == "v2/refund-processed" { &["unsigned"][..] } else { &[] };
        assert_eq!(record["flags"], Value::from(flags));
        if let Some(id) = record["id"].as_str() {
            assert!(sent.stdout[0].ends_with(&format!(" id={id}")), "{sent:?}");
        }
    }
    server.terminate().await;
}

#[tokio::test]
async fn a_resource_is_changed_given_or_counted() {
    let keys = Keys::new().await;
    let mut server = Child::serve(&keys.config, &[]).await;
    let to = server.notify();
    let changes = [
        "TRANSACTION.SUCCESS",
        "--set",
        "transaction_id=1008450740201411110005820873",
        "--set",
        "promotion_detail.0.name=夏日=优惠",
        "--set",
        r#"attach="5""#,
        "--unset",
        "bank_type",
    ];
    assert_eq!(keys.trigger(&to, &changes).await.status.code(), Some(0));
    let changed = server.line(|_| true).await;
    assert!(changed.contains(r#""transaction_id":1008450740201411110005820873"#), "{changed}");
    let changed: Value = serde_json::from_str(&changed).unwrap();
    let resource = &changed["resource"];
    assert_eq!((&resource["attach"], resource.get("bank_type")), (&"5".into(), None));
    assert_eq!(resource["promotion_detail"][0]["name"], "夏日=优惠");

    // Examples have numbers of their own, in one run and in the next.
    for _ in 0..2 {
        let sent = keys.trigger(&to, &["v2/refund-processed", "--count", "2", "--json"]).await;
        let (lines, summary) = faults::parsed(&sent.stdout);
        assert_eq!(
            (sent.status.code(), lines.len(), &summary["good"]),
            (Some(0), 2, &true.into()),
            "{sent:?}"
        );
        for line in &lines {
            assert_eq!(
                (&line["status"], &line["accepted"], &line["error"]),
                (&200.into(), &true.into(), &Value::Null)
            );
            assert_eq!(
                (&line["event_type"], &line["variant"]),
                (&"v2/refund-processed".into(), &"BASIC".into())
            );
        }
    }
    let mut ids = Vec::new();
    for _ in 0..4 {
        let record = record(&mut server).await;
        ids.push(record["resource"]["req_info"]["refund_id"].as_str().unwrap().to_owned());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);

    // A record's resource sent twice is one notification, and of the variant that it is.
    let file = keys.config.with_file_name("resource.json");
    let given = r#"{"sp_mchid": "1900000109", "sub_mchid": "1900007111", "transaction_id": "42", "trade_type": "APP"}"#;
    fs::write(&file, given).unwrap();
    let arguments = ["TRANSACTION.SUCCESS", "--resource", text(&file), "--count", "2"];
    let sent = keys.trigger(&to, &arguments).await;
    assert_eq!(sent.status.code(), Some(0), "{sent:?}");
    assert!(sent.stdout[0].starts_with("--> TRANSACTION.SUCCESS#PARTNER id="), "{sent:?}");
    assert_eq!(sent.stdout[0], sent.stdout[2]);
    let of_it = |line: &str| line.contains(r#"transaction_id=42""#);
    server.line(of_it).await;
    let finished = server.terminate().await;
    let records: Vec<_> = finished.stdout.iter().filter(|line| of_it(line)).collect();
    assert_eq!(records.len(), 1, "{records:?}");
}

#[tokio::test]
async fn an_answer_that_is_no_success_is_1() {
    let keys = Keys::new().await;
    let server = Child::serve(&keys.config, &[]).await;
    let elsewhere = server.notify().replace("shop", "nobody");
    let sent = keys.trigger(&elsewhere, &["TRANSACTION.SUCCESS"]).await;
    assert_eq!(sent.status.code(), Some(1));
    assert!(sent.stdout[1].starts_with("<-- 404 "), "{sent:?}");
    let url = server.notify();
    server.terminate().await;
    let sent = keys.trigger(&url, &["v2/transaction-success", "--json", "--count", "2"]).await;
    let (lines, summary) = faults::parsed(&sent.stdout);
    assert_eq!((sent.status.code(), lines.len()), (Some(1), 2), "{sent:?}");
    assert_eq!((&summary["failures"], &summary["latency_ms"]), (&2.into(), &Value::Null), "{sent:?}");
    let line = &lines[0];
    assert_eq!((&line["status"], &line["accepted"]), (&Value::Null, &false.into()));
    assert!(line["error"].as_str().unwrap().contains("Connect"), "{line}");
}

#[tokio::test]
async fn wrong_usage_is_2_and_one_line() {
    let keys = Keys::new().await;
    let url = "http://127.0.0.1:9/notify/shop";
    for (to, arguments, told) in [
        (url, &["TRANSACTION.SUCESS"][..], "did you mean TRANSACTION.SUCCESS?"),
        (url, &["TRANSACTION.SUCCESS#BASE"], "PARTNER, BASIC"),
        (url, &["COMPLAINT.CREATE", "--merchant", "market"], "there is shop"),
        (url, &["COMPLAINT.CREATE", "--set", "complaint_id.x=1"], "--set complaint_id.x: "),
        (url, &["COMPLAINT.CREATE", "--unset", "nothing"], "--unset nothing: "),
        ("127.0.0.1:9", &["COMPLAINT.CREATE"], "not an absolute http or https URL"),
        ("ftp://127.0.0.1:9/", &["COMPLAINT.CREATE"], "not an absolute http or https URL"),
        (url, &["COMPLAINT.CREATE", "--insecure"], "--cacert and --insecure are for https"),
        (url, &["v2/transaction-success", "--age", "10m"], "v2 notifications carry no time"),
        (url, &["all", "--resource", "x.json"], "name it instead of all"),
        (url, &["v2/transaction-success", "--probe"], "can't be a probe"),
        (url, &["v2/transaction-success", "--tamper", "serial"], "can't tamper with the serial"),
        (url, &["v2/refund-processed", "--tamper", "signature"], "a v2 refund is not signed"),
    ] {
        let refused = keys.trigger(to, arguments).await;
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        assert!(refused.stdout.is_empty() && refused.stderr.len() == 1, "{refused:?}");
        assert!(refused.stderr[0].contains(told), "{refused:?}");
    }
    for (arguments, told) in [
        (&[][..], "<EVENT"),
        (&["COMPLAINT.CREATE", "--set", "a"], "no = in it"),
        (&["COMPLAINT.CREATE", "--count", "0"], "must be a whole number of 1 or more"),
        (&["COMPLAINT.CREATE", "--resource", "/no/such/file"], "can't read /no/such/file"),
        (&["COMPLAINT.CREATE", "--age", "soon"], "--age"),
        (&["COMPLAINT.CREATE", "--concurrency", "0"], "--concurrency"),
        (&["COMPLAINT.CREATE", "--rate", "fast"], "e.g. 200 or 200/s"),
        (&["COMPLAINT.CREATE", "--timeout", "0s"], "1ms to 1h"),
        (&["COMPLAINT.CREATE", "--tamper", "key"], "body, signature, timestamp"),
        (&["COMPLAINT.CREATE", "--schedule", "weekly"], "write own, standard"),
        (&["COMPLAINT.CREATE", "--schedule", "own", "--speed", "0"], "1000x"),
        (&["COMPLAINT.CREATE", "--speed", "1000x"], "--schedule"),
        (&["COMPLAINT.CREATE", "--schedule", "own", "--prepare"], "--prepare"),
        (&["COMPLAINT.CREATE", "--schedule", "own", "--probe"], "--probe"),
        (&["COMPLAINT.CREATE", "--schedule", "own", "--tamper", "body"], "--tamper"),
        (&["COMPLAINT.CREATE", "--probe", "--tamper", "body"], "--tamper"),
        (&["COMPLAINT.CREATE", "--age", "10m", "--probe"], "--age"),
        (&["COMPLAINT.CREATE", "--insecure", "--cacert", "ca.pem"], "--cacert"),
        (&["COMPLAINT.CREATE", "--prepare", "--show", "all"], "--show"),
    ] {
        let refused = keys.trigger(url, arguments).await;
        assert_eq!((refused.status.code(), refused.stdout.len()), (Some(2), 0), "{refused:?}");
        assert!(refused.stderr.join("\n").contains(told), "{refused:?}");
    }
    let missing = finished(&["trigger", "COMPLAINT.CREATE"]).await;
    assert_eq!(missing.status.code(), Some(2));
    assert!(missing.stderr.iter().any(|line| line.contains("--to <URL>")), "{missing:?}");
}

#[tokio::test]
async fn what_the_configuration_lacks_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let merchants = [
        Merchant::new("shop", "1900000109", PlatformKeyKind::PublicKey).unwrap(),
        Merchant::new("market", "10000100", PlatformKeyKind::Certificate).unwrap(),
    ];
    let config = throwaway::write(folder.path(), &merchants, &Settings::default()).unwrap();
    let mut server = Child::serve(&config, &[]).await;
    let url = server.notify();
    let trigger = async |config: &Path, arguments: &[&str]| {
        finished(&[&["trigger", "--config", text(config), "--to", &url], arguments].concat()).await
    };
    let refused = trigger(&config, &["COMPLAINT.CREATE"]).await;
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert_eq!(refused.stderr, ["error: --merchant is missing: one of shop, market"]);

    let refused = trigger(&config, &["COMPLAINT.CREATE", "--merchant", "shop"]).await;
    assert_eq!((refused.status.code(), refused.stderr.len()), (Some(1), 1), "{refused:?}");
    assert!(refused.stderr[0].contains("wxhook.toml: simulator: missing"), "{refused:?}");

    // v2 is made without the platform's private key.
    let sent = trigger(&config, &["v2/transaction-success", "--merchant", "shop"]).await;
    assert_eq!(sent.status.code(), Some(0), "{sent:?}");
    assert_eq!(record(&mut server).await["resource"]["mch_id"], "1900000109");

    let without_v2 = fs::read_to_string(&config).unwrap().replace("api_v2_key_file", "# ");
    let changed = config.with_file_name("without-v2.toml");
    fs::write(&changed, without_v2).unwrap();
    let refused = trigger(&changed, &["v2/transaction-success", "--merchant", "shop"]).await;
    assert_eq!((refused.status.code(), refused.stderr.len()), (Some(1), 1), "{refused:?}");
    assert!(refused.stderr[0].contains("api_v2_key: the merchant shop has none"), "{refused:?}");

    let refused =
        trigger(&config, &["v2/refund-processed", "--merchant", "shop", "--set", "req_info=x"]).await;
    assert_eq!((refused.status.code(), refused.stderr.len()), (Some(1), 1), "{refused:?}");
    assert!(refused.stderr[0].contains("has no object req_info"), "{refused:?}");
    server.terminate().await;
}
