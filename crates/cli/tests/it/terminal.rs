//! The program in a terminal of 80 columns and 24 lines.

use std::path::Path;
use std::process::{Command, Stdio};

use wxhook_cli::throwaway::Settings;
use wxhook_idempotency::{Clock as _, SystemClock};

use crate::support::{Child, Shop, finished, text};

/// Columns of a wide character count twice.
fn width(line: &str) -> usize {
    line.chars().map(|character| if u32::from(character) >= 0x2e80 { 2 } else { 1 }).sum()
}

/// Runs a command line of the program in a terminal and returns its lines; `None` where there is no `script`.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn in_terminal(line: &str, folder: &Path, variables: &[(&str, &str)]) -> Option<Vec<String>> {
    let command = format!("stty cols 80 rows 24; exec {} {line}", env!("CARGO_BIN_EXE_wxhook"));
    let mut script = Command::new("script");
    script.args(["-qefc", &command, "/dev/null"]).current_dir(folder).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "WXHOOK_CONFIG"] {
        script.env_remove(name);
    }
    let Ok(output) = script.env("TERM", "xterm").envs(variables.iter().copied()).output() else {
        println!("skipped: there is no program `script`");
        return None;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect())
}

fn plain(line: &str) -> String {
    line.replace("\u{1b}[32m", "").replace("\u{1b}[31m", "").replace("\u{1b}[0m", "")
}

fn assert_fits(lines: &[String]) {
    assert!(lines.len() > 3, "{lines:#?}");
    for line in lines.iter().map(|line| plain(line)) {
        assert!(width(&line) <= 80, "{} columns: {line}", width(&line));
    }
}

#[test]
fn the_catalog_fits_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    for line in ["catalog", "catalog refund", "catalog 支付", "catalog payer_total", "trigger --list"] {
        let Some(lines) = in_terminal(line, folder.path(), &[]) else { return };
        assert_fits(&lines);
    }
    let page = in_terminal("catalog 'TRANSACTION.SUCCESS#BASIC'", folder.path(), &[]).unwrap();
    let text = page.iter().position(|line| line.trim() == "example").unwrap();
    assert_fits(&page[..text]);
}

#[tokio::test]
async fn what_is_not_a_terminal_gets_all_of_it() {
    let piped = finished(&["catalog"]).await.stdout;
    assert!(piped[0].starts_with("event") && piped[0].contains("resent"), "{piped:?}");
    assert!(piped.iter().all(|line| !line.contains('…')), "{piped:?}");
    assert!(piped[2].starts_with("TRANSACTION.SUCCESS#"), "the most used first: {piped:?}");
    let found = finished(&["catalog", "分账"]).await;
    assert!(found.status.success() && found.stdout.iter().any(|line| line.contains("PROFITSHARING")));
}

#[tokio::test]
async fn records_fit_a_terminal_and_are_whole_in_a_pipe() {
    let mut settings = Settings::default();
    settings.simulator = true;
    let shop = Shop::with(&settings);
    let server = shop.serve(&[]).await;
    let number = "out_trade_no=\"1217752501201407033233368018\"";
    for event in ["TRANSACTION.SUCCESS", "v2/transaction-success", "REFUND.SUCCESS#GLOBAL_PARTNER"] {
        let url = server.notify();
        let sent = ["trigger", event, "--set", number, "--config", text(&shop.config), "--to", &url];
        assert_eq!(finished(&sent).await.status.code(), Some(0));
    }
    let list = format!("events list --admin http://{}", server.admin_addr);
    let Some(lines) = in_terminal(&list, shop.folder.path(), &[("TZ", "CST-8")]) else { return };
    assert_fits(&lines);
    let shown = lines.join("\n");
    for part in ["at +08:00", "0.40", "1.00", "3233368018", "done"] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    // Wide enough, and in a pipe: all of it.
    let words: Vec<_> = list.split(' ').collect();
    let piped = finished(&words).await.stdout.join("\n");
    for part in ["1217752501201407033233368018", "#GLOBAL_PARTNER", "transaction_id=", "amount", "Z  "] {
        assert!(piped.contains(part), "{part}\n{piped}");
    }
    assert!(!piped.contains('…') && !piped.contains("+08:00"), "{piped}");
    let zoned = finished(&[&words, &["--tz", "+08:00"][..]].concat()).await.stdout.join("\n");
    assert!(zoned.contains("+08:00"), "{zoned}");
    let json = finished(&[&words, &["--tz", "+08:00", "--json"][..]].concat()).await.stdout.join("\n");
    assert!(json.contains("Z\"") && !json.contains("+08:00"), "{json}");
    assert!(!json.contains("\"amount\""), "as ever: {json}");

    // A date is midnight of the zone.
    let today = SystemClock::default().now();
    let now = wxhook_wire::Time::from_instant(today);
    let date = now.as_str().split('T').next().unwrap();
    let since = finished(&[&words, &["--tz", "UTC", "--since", date, "--json"][..]].concat()).await;
    assert_eq!(since.stdout.len(), 3, "{since:?}");
    let until = finished(&[&words, &["--tz", "UTC", "--until", date][..]].concat()).await;
    assert_eq!(until.stdout, ["no records"], "{until:?}");

    let shown = in_terminal(&list.replace("list", "show 1"), shop.folder.path(), &[("TZ", "CST-8")]).unwrap();
    assert!(shown.iter().any(|line| line.starts_with("accepted ") && line.ends_with("+08:00")), "{shown:#?}");
    server.terminate().await;
}

#[test]
fn the_demo_fits_a_terminal_and_ends_with_its_verdict() {
    let folder = tempfile::Builder::new().prefix("t").tempdir_in("/tmp").unwrap();
    let variables = [("TMPDIR", text(folder.path()))];
    let Some(lines) = in_terminal("demo --once", folder.path(), &variables) else { return };
    // The program of a test has a long path.
    let own = |line: &&String| !line.contains(env!("CARGO_BIN_EXE_wxhook"));
    assert_fits(&lines.iter().filter(own).cloned().collect::<Vec<_>>());
    let last = plain(lines.last().unwrap());
    assert!(last.starts_with("41 of 41 requests are as they should be"), "{lines:#?}");
    assert!(lines.last().unwrap().starts_with("\u{1b}[32m"), "green");
    let example = lines.iter().position(|line| line.contains("\"event_type\": \"TRANSACTION.SUCCESS\""));
    assert!(example.is_some_and(|at| at > lines.iter().position(|line| line == "Try next:").unwrap()));
    let grey = in_terminal("demo --once", folder.path(), &[variables[0], ("NO_COLOR", "1")]).unwrap();
    assert!(grey.iter().all(|line| !line.contains('\u{1b}')), "{grey:#?}");
    let grey = in_terminal("demo --once", folder.path(), &[variables[0], ("CLICOLOR", "0")]).unwrap();
    assert!(grey.iter().all(|line| !line.contains('\u{1b}')), "{grey:#?}");
}

#[tokio::test]
async fn colours_can_be_forced_and_not_verified_is_red() {
    let shop = Shop::new();
    let arguments = ["listen", "--config", text(&shop.config), "--listen", "127.0.0.1:0"];
    for (variables, red) in [
        (&[("CLICOLOR_FORCE", "1")][..], true),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        (&[], false),
    ] {
        let mut listen = Child::start(&arguments, variables);
        let opening = listen.line(|line| line.starts_with("listening on")).await;
        let url = opening.split_whitespace().last().unwrap().to_owned();
        let probe = wxhook_simulator::SignedRequest::new(Vec::new(), "{}");
        let client = wxhook_simulator::Client::new(crate::support::PATIENCE);
        assert_eq!(client.post(&url, &probe).await.unwrap().status, 401);
        let line = listen.line(|line| line.contains("NOT VERIFIED")).await;
        assert_eq!(line.contains("\u{1b}[31mNOT VERIFIED\u{1b}[0m"), red, "{line}");
        listen.terminate().await;
    }
}
