//! The program of `examples/wxhook.rs`, as a child process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use serde_json::Value;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;
use tokio::time::timeout;

const BUILD: Duration = Duration::from_secs(900);
/// Longer than anything else here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program. It is built here since cargo builds examples along with tests only if it isn't told what to build.
async fn program() -> &'static PathBuf {
    static PROGRAM: OnceCell<PathBuf> = OnceCell::const_new();
    let build = || async {
        // Build scripts look at what cargo tells a test of its own package, and would run again each time.
        let mut cargo = command(env!("CARGO"), &["CARGO_PKG_", "CARGO_MANIFEST_"]);
        cargo.args([
            "build",
            "--quiet",
            "--example",
            "wxhook",
            "--message-format",
            "json-render-diagnostics",
        ]);
        cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
        let built = timeout(BUILD, cargo.output()).await.expect("the build doesn't end").unwrap();
        let messages = String::from_utf8(built.stdout).unwrap();
        let mut executables = messages.lines().filter_map(|line| {
            let message: Value = serde_json::from_str(line).unwrap();
            message["executable"].as_str().map(PathBuf::from)
        });
        executables.next().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&built.stderr)))
    };
    PROGRAM.get_or_init(build).await
}

/// The program with these arguments, and no setting from the environment.
async fn wxhook(arguments: &[&str]) -> Command {
    let mut wxhook = command(program().await, &["WXHOOK_"]);
    wxhook.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    wxhook
}

/// A program without these variables. It is killed when dropped.
fn command(program: impl AsRef<OsStr>, without: &[&str]) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if without.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.kill_on_drop(true);
    command
}

/// Runs it to its end: whether it succeeded, stdout, stderr.
async fn run(arguments: &[&str], stdin: &str) -> (bool, String, String) {
    let mut child = wxhook(arguments).await.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).await.unwrap();
    let Output { status, stdout, stderr } =
        timeout(PATIENCE, child.wait_with_output()).await.expect("it doesn't end").unwrap();
    (status.success(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

async fn next(lines: &mut Lines<BufReader<impl AsyncRead + Unpin>>) -> String {
    timeout(PATIENCE, lines.next_line()).await.expect("no line comes").unwrap().expect("it has ended")
}

/// Starts a server on a free port, and waits until it says which.
async fn serve(config: &str) -> (Child, String) {
    let mut command = wxhook(&["serve", "--config", config, "--log-format", "json"]).await;
    command.env("WXHOOK_LISTEN", "127.0.0.1:0").env("WXHOOK_ADMIN_LISTEN", "127.0.0.1:0");
    let mut child = command.spawn().unwrap();
    let mut logs = BufReader::new(child.stderr.take().unwrap()).lines();
    let listen = loop {
        let line: Value = serde_json::from_str(&next(&mut logs).await).unwrap();
        if line["message"] == "receiving" {
            break line["listen"].as_str().unwrap().to_owned();
        }
    };
    // So that it never waits for its reader.
    tokio::spawn(async move { while let Ok(Some(_)) = logs.next_line().await {} });
    (child, listen)
}

#[tokio::test]
async fn its_catalog_has_them() {
    let (good, page, _) = run(&["catalog", "LOYALTY.POINTS_GRANTED"], "").await;
    for expected in [
        "LOYALTY.POINTS_GRANTED#PURCHASE  积分发放通知",
        "LOYALTY.POINTS_GRANTED#GIFT  积分发放通知",
        "grant_id, else sub_mchid|sub_mch_id? + out_grant_no, else the notification's id",
        "goods_id",
        "SILVER GOLD",
    ] {
        assert!(good && page.contains(expected), "{expected}: {page}");
    }
    let (good, list, _) = run(&["catalog"], "").await;
    for expected in ["v2/loyalty-points-used", "TRANSACTION.SUCCESS#BASIC"] {
        assert!(good && list.contains(expected), "{expected}: {list}");
    }
}

#[tokio::test]
async fn it_decodes_them() {
    let (_, catalog, _) = run(&["catalog", "LOYALTY.POINTS_GRANTED", "--json"], "").await;
    let catalog: Value = serde_json::from_str(&catalog).unwrap();
    for entry in catalog["events"].as_array().unwrap() {
        let example = entry["example"].to_string();
        let (good, report, _) = run(&["decode", "LOYALTY.POINTS_GRANTED", "-", "--json"], &example).await;
        let report: Value = serde_json::from_str(&report).unwrap();
        assert!(good, "{report}");
        assert_eq!(
            (&report["variant"], &report["type"], &report["resource"]),
            (&entry["variant"], &entry["type"], &entry["example"])
        );
    }
    let resource = r#"{"transaction_id":"1","points":"12","newer":1.50}"#;
    let (good, back, notes) = run(&["decode", "LOYALTY.POINTS_GRANTED", "-"], resource).await;
    assert!(good && back.trim_end() == resource && notes.contains("newer"), "{back}{notes}");
    let xml = "<xml><points_use_id>1</points_use_id><points_fee>0.5</points_fee></xml>";
    let (good, back, complaint) = run(&["decode", "v2/loyalty-points-used", "-"], xml).await;
    assert!(!good && back.is_empty() && complaint.contains("PointsUsed: points_fee"), "{back}{complaint}");
}

#[tokio::test]
async fn it_serves_what_it_triggers() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    let (good, _, complaint) = run(&["keys", "new", keys.to_str().unwrap()], "").await;
    assert!(good, "{complaint}");
    let config = keys.join("wxhook.toml");
    let config = config.to_str().unwrap();
    let (mut server, listen) = serve(config).await;
    let mut records = BufReader::new(server.stdout.take().unwrap()).lines();
    let url = format!("http://{listen}/notify/shop");
    for (event, id, name, variant, key) in [
        (
            "LOYALTY.POINTS_GRANTED#PURCHASE",
            "grant_id",
            "LOYALTY.POINTS_GRANTED",
            Value::from("PURCHASE"),
            "shop/LOYALTY.POINTS_GRANTED/grant_id=N1",
        ),
        (
            "LOYALTY.POINTS_GRANTED#GIFT",
            "grant_id",
            "LOYALTY.POINTS_GRANTED",
            Value::from("GIFT"),
            "shop/LOYALTY.POINTS_GRANTED/grant_id=N2",
        ),
        (
            "v2/loyalty-points-used",
            "points_use_id",
            "v2/loyalty-points-used",
            Value::Null,
            "shop/v2/loyalty-points-used/points_use_id=N3",
        ),
    ] {
        let set = format!("{id}={}", &key[key.len() - 2..]);
        let trigger = ["trigger", event, "--config", config, "--to", &url, "--set", &set];
        let (good, told, complaint) = run(&trigger, "").await;
        assert!(good, "{told}{complaint}");
        let record: Value = serde_json::from_str(&next(&mut records).await).unwrap();
        assert_eq!((&record["event_type"], &record["variant"]), (&name.into(), &variant));
        assert_eq!((&record["typed"], &record["key"]), (&true.into(), &key.into()));
        assert_eq!(record["flags"], Value::Array(Vec::new()));
    }
    server.kill().await.unwrap();
}
