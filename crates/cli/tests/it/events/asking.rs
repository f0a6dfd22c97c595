//! Who is asked, and for how long.

use std::fs;

use serde_json::Value;

use super::{out, seqs, shop};
use crate::support::{Child, finished, finished_with, text};

#[tokio::test]
async fn the_token_comes_from_the_configuration_or_the_environment() {
    let shop = shop(false);
    let config = fs::read_to_string(&shop.config).unwrap();
    let token = "0123456789abcdefghij";
    fs::write(&shop.config, format!("admin_token = \"{token}\"\n{config}")).unwrap();
    let server = shop.serve(&[]).await;
    let admin = format!("http://{}", server.admin_addr);
    let ask = ["events", "list", "--admin", &admin];
    let refused = finished(&ask).await;
    assert_eq!((refused.status.code(), refused.stderr.len()), (Some(1), 1), "{refused:?}");
    let fix = "set WXHOOK_ADMIN_TOKEN or WXHOOK_ADMIN_TOKEN_FILE, or give --config";
    assert!(refused.stderr[0].starts_with("error: missing admin token; "), "{refused:?}");
    assert!(refused.stderr[0].ends_with(fix), "{refused:?}");
    let other = finished_with(&ask, &[("WXHOOK_ADMIN_TOKEN", "another0123456789ab")]).await;
    assert_eq!(other.stderr, [format!("error: wrong admin token; {fix}")]);
    let public = format!("http://{}", server.addr);
    for wrong in [&["list"][..], &["show", "1"], &["park", "1"]] {
        let wrong = finished(&[&["events"], wrong, &["--admin", &public]].concat()).await;
        assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
        let told = "this address receives notifications; use that of admin_listen";
        assert!(wrong.stderr.len() == 1 && wrong.stderr[0].ends_with(told), "{wrong:?}");
    }
    let file = shop.folder.path().join("token");
    fs::write(&file, format!("{token}\n")).unwrap();
    for variable in [
        ("WXHOOK_ADMIN_TOKEN", token),
        ("WXHOOK_ADMIN_TOKEN_FILE", text(&file)),
        ("WXHOOK_CONFIG", text(&shop.config)),
    ] {
        let listed = finished_with(&ask, &[variable]).await;
        assert_eq!(listed.stdout, ["no records"], "{listed:?}");
    }
    // Where the configuration says, if nobody does.
    let address = ("WXHOOK_ADMIN_LISTEN", &*server.admin_addr);
    let listed = finished_with(&["events", "list", "--config", text(&shop.config)], &[address]).await;
    assert_eq!(listed.stdout, ["no records"], "{listed:?}");
    server.terminate().await;
}

#[tokio::test]
async fn new_records_are_followed_until_ctrl_c() {
    let shop = shop(false);
    let server = shop.serve(&[]).await;
    assert_eq!(shop.trigger(&server, &["TRANSACTION.SUCCESS", "--count", "3"]).await.status.code(), Some(0));
    let admin = format!("http://{}", server.admin_addr);
    let every = ["--every", "100ms", "--admin", &admin];
    let mut all = Child::start(&[&["events", "tail", "--lines", "2", "--json"], &every[..]].concat(), &[]);
    let mut refunds =
        Child::start(&[&["events", "tail", "--event", "REFUND.SUCCESS"], &every[..]].concat(), &[]);
    let of = |seq: u64| move |line: &str| line.contains(&format!("\"seq\":{seq},"));
    all.line(of(3)).await;
    shop.send(&server, "REFUND.SUCCESS", r#"{"mchid":"1900000109","refund_id":"7"}"#).await;
    all.line(of(4)).await;
    refunds.line(|line| line.contains("refund_id=7") || line.contains("REFUND.SUCCESS")).await;
    for tail in [all, refunds] {
        tail.signal("INT").await;
        let ended = tail.finish().await;
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        let records: Vec<_> =
            ended.stdout.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok()).collect();
        assert!(records.is_empty() || seqs(&records) == [2, 3, 4], "each once, oldest first: {ended:?}");
    }
    server.terminate().await;
}

#[tokio::test]
async fn wrong_usage_and_what_is_not_there() {
    for arguments in [
        &["resend"][..],
        &["resend", "1", "--event", "X"],
        &["resend", "0"],
        &["list", "--state", "gone"],
        &["list", "--since", "soon"],
        &["list", "--tz", "Mars"],
        &["list", "--limit", "0"],
        &["list", "--offline"],
        &["list", "--admin", "127.0.0.1:9090"],
        &["list", "--admin", "http://127.0.0.1:1/api"],
        &["tail", "--every", "1ms"],
        &["show"],
    ] {
        let finished = finished(&[&["events"], arguments].concat()).await;
        assert_eq!(
            (finished.status.code(), finished.stdout.len()),
            (Some(2), 0),
            "{arguments:?} {finished:?}"
        );
    }
    let nobody = finished(&["events", "list", "--admin", "http://127.0.0.1:1"]).await;
    assert_eq!(nobody.status.code(), Some(1));
    assert!(
        nobody.stderr[0].starts_with("error: can't ask the admin API at http://127.0.0.1:1: "),
        "{nobody:?}"
    );
    assert!(nobody.stderr[0].contains("is it running? --admin or --config say where"), "{nobody:?}");
    for (arguments, told) in [
        (&["list", "--number", "out_trade_no="][..], "NAME=VALUE"),
        (&["list", "--limit", "0"], "must be a whole number of 1 or more"),
        (&["show", "abc"], "must be a whole number"),
    ] {
        let refused = finished(&[&["events"], arguments].concat()).await;
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        assert!(refused.stderr.join("\n").contains(told), "{refused:?}");
    }
    let help = finished(&["events", "--help"]).await;
    assert!(out(&help).contains("Examples:"), "{help:?}");
}
