mod adopting;
mod asking;

use std::fs;

use serde_json::Value;
use wxhook_cli::throwaway::Settings;

use crate::support::{Child, Finished, Shop, finished, finished_with, text};

const PAID: &str = r#"{"mchid":"1900000109","out_trade_no":"A-1","transaction_id":"42","trade_type":"APP","amount":{"total":100845074020140873}}"#;
const PAID_V2: &str = r#"{"appid":"wx1","mch_id":"1900000109","nonce_str":"a","out_trade_no":"B-1","result_code":"SUCCESS","return_code":"SUCCESS","time_end":"20140903131540","total_fee":"1","transaction_id":"43"}"#;

/// A shop whose configuration `trigger` takes, too.
fn shop(stdout: bool) -> Shop {
    let mut settings = Settings::default();
    (settings.simulator, settings.stdout) = (true, stdout);
    Shop::with(&settings)
}

impl Shop {
    async fn trigger(&self, server: &Child, arguments: &[&str]) -> Finished {
        let url = server.notify();
        let common = ["--config", text(&self.config), "--to", &url];
        finished(&[&["trigger"], arguments, &common].concat()).await
    }

    /// Sends this resource.
    async fn send(&self, server: &Child, event: &str, resource: &str) {
        let file = self.folder.path().join("resource.json");
        fs::write(&file, resource).unwrap();
        let sent = self.trigger(server, &[event, "--resource", text(&file)]).await;
        assert_eq!(sent.status.code(), Some(0), "{sent:?}");
    }

    /// `wxhook events … --offline`.
    async fn offline(&self, arguments: &[&str]) -> Finished {
        let common = ["--offline", "--config", text(&self.config)];
        finished(&[&["events"], arguments, &common].concat()).await
    }
}

/// `wxhook events …` of a server.
async fn events(server: &Child, arguments: &[&str]) -> Finished {
    let admin = format!("http://{}", server.admin_addr);
    finished(&[&["events"], arguments, &["--admin", &admin]].concat()).await
}

fn json(finished: &Finished) -> Vec<Value> {
    assert_eq!(finished.status.code(), Some(0), "{finished:?}");
    finished.stdout.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn listed(server: &Child, arguments: &[&str]) -> Vec<Value> {
    json(&events(server, &[&["list", "--json"], arguments].concat()).await)
}

fn seqs(records: &[Value]) -> Vec<u64> {
    records.iter().map(|record| record["seq"].as_u64().unwrap()).collect()
}

fn out(finished: &Finished) -> String {
    finished.stdout.join("\n")
}

#[tokio::test]
async fn records_are_listed_and_shown() {
    let shop = shop(false);
    let server = shop.serve(&[]).await;
    assert_eq!(events(&server, &["list"]).await.stdout, ["no records"]);
    for event in ["TRANSACTION.SUCCESS", "REFUND.SUCCESS#GLOBAL", "v2/refund-processed"] {
        assert_eq!(shop.trigger(&server, &[event]).await.status.code(), Some(0));
    }
    shop.send(&server, "TRANSACTION.SUCCESS", PAID).await;

    assert_eq!(seqs(&listed(&server, &[]).await), [4, 3, 2, 1]);
    for (filter, expected) in [
        (&["--event", "TRANSACTION.SUCCESS"][..], &[4, 1][..]),
        (&["--event", "REFUND.SUCCESS#GLOBAL"], &[2]),
        (&["--event", "REFUND.SUCCESS#BASIC"], &[]),
        (&["--flag", "unsigned"], &[3]),
        (&["--number", "A-1"], &[4]),
        (&["--number", "out_trade_no=A-1"], &[4]),
        (&["--number", "transaction_id=A-1"], &[]),
        (&["--state", "ready", "--merchant", "shop", "--since", "1h"], &[4, 3, 2, 1]),
        (&["--state", "done"], &[]),
        (&["--until", "2020-01-01T00:00:00+08:00"], &[]),
        (&["--merchant", "other"], &[]),
        (&["--before", "3", "--limit", "1"], &[2]),
    ] {
        assert_eq!(seqs(&listed(&server, filter).await), expected, "{filter:?}");
    }

    let unknown = events(&server, &["list", "--event", "REFUND.SUCESS", "--flag", "chnged"]).await;
    assert_eq!((unknown.status.code(), unknown.stderr.len()), (Some(0), 2), "{unknown:?}");
    assert!(unknown.stderr[0].ends_with("did you mean REFUND.SUCCESS?"), "{unknown:?}");

    let nobody = events(&server, &["list", "--merchant", "nobody"]).await;
    assert_eq!(nobody.stdout, ["no records"]);
    assert_eq!(nobody.stderr, ["note: --merchant: no merchant is named \"nobody\""]);
    let known = events(&server, &["list", "--merchant", "shop", "--state", "done"]).await;
    assert_eq!(
        (known.stdout, known.stderr.len()),
        (vec!["no records".to_owned()], 0),
        "the twin that there is"
    );

    let table = events(&server, &["list", "--limit", "2"]).await;
    assert_eq!(table.stderr, ["there are more: --before 3"]);
    assert!(table.stdout[0].starts_with("seq  accepted"), "{table:?}");
    assert!(
        table.stdout[2].starts_with("4") && table.stdout[2].contains("TRANSACTION.SUCCESS#BASIC"),
        "{table:?}"
    );
    assert!(table.stdout[2].trim_end().ends_with("transaction_id=42"), "{table:?}");
    assert!(table.stdout[3].contains("unsigned"), "{table:?}");

    let shown = out(&events(&server, &["show", "4"]).await);
    for part in [
        "key        shop/TRANSACTION.SUCCESS/transaction_id=42",
        "state      ready",
        "\"total\": 100845074020140873",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let shown = events(&server, &["show", "4", "--json"]).await;
    assert!(out(&shown).contains(r#""total":100845074020140873"#), "{shown:?}");
    assert_eq!(json(&shown)[0]["numbers"][0]["value"], "A-1");
    let none = events(&server, &["show", "99"]).await;
    assert_eq!(
        (none.status.code(), &*none.stderr),
        (Some(1), &["error: there is no record with this number".to_owned()][..])
    );
    server.terminate().await;
}

#[tokio::test]
async fn of_a_changed_record_the_difference_is_shown() {
    let shop = shop(false);
    let server = shop.serve(&[]).await;
    shop.send(&server, "TRANSACTION.SUCCESS", PAID).await;
    let changed = PAID.replace("0873}", "0874,\"currency\":\"CNY\"}").replace("\"trade_type\":\"APP\",", "");
    shop.send(&server, "TRANSACTION.SUCCESS", &changed).await;
    shop.send(&server, "v2/transaction-success", PAID_V2).await;
    shop.send(&server, "v2/transaction-success", &PAID_V2.replace("total_fee\":\"1", "total_fee\":\"9"))
        .await;

    let shown = json(&events(&server, &["show", "2", "--json"]).await).remove(0);
    assert_eq!((&shown["state"], &shown["flags"][0]), (&"parked".into(), &"changed".into()));
    assert_eq!(shown["changes"]["first"], 1);
    let told: Vec<_> =
        shown["changes"]["fields"].as_array().unwrap().iter().map(ToString::to_string).collect();
    let text = events(&server, &["show", "2", "--json"]).await.stdout.remove(0);
    assert_eq!(told.len(), 3, "{told:?}");
    for field in [
        r#"{"path":"trade_type","was":"APP","is":null}"#.to_owned(),
        r#"{"path":"amount.total","was":100845074020140873,"is":100845074020140874}"#.to_owned(),
        r#"{"path":"amount.currency","was":null,"is":"CNY"}"#.to_owned(),
    ] {
        assert!(text.contains(&field), "{field}: {text}");
    }
    let people = events(&server, &["show", "2"]).await;
    let row = people.stdout.iter().find(|line| line.starts_with("amount.total")).unwrap();
    assert_eq!(
        row.split_whitespace().collect::<Vec<_>>(),
        ["amount.total", "100845074020140873", "100845074020140874"]
    );
    assert!(people.stdout.iter().any(|line| line == "changed from 1"), "{people:?}");

    let v2 = json(&events(&server, &["show", "4", "--json"]).await).remove(0);
    let fields = v2["changes"]["fields"].as_array().unwrap();
    assert_eq!(fields.len(), 1, "not the sign: {fields:?}");
    assert_eq!(
        (&fields[0]["path"], &fields[0]["was"], &fields[0]["is"]),
        (&"total_fee".into(), &"1".into(), &"9".into())
    );
    server.terminate().await;
}

#[tokio::test]
async fn what_is_parked_is_sent_again_parked_or_given_up() {
    let shop = shop(true);
    let mut server = shop.serve(&[]).await;
    shop.send(&server, "TRANSACTION.SUCCESS", PAID).await;
    shop.send(&server, "TRANSACTION.SUCCESS", &PAID.replace("0873", "0874")).await;
    server.line(|line| line.contains("0873")).await;

    let sent = events(&server, &["resend", "2", "--reason", "compared", "--actor", "li"]).await;
    assert_eq!(
        (sent.status.code(), &*sent.stdout),
        (Some(0), &["2 queued for delivery".to_owned()][..]),
        "{sent:?}"
    );
    server.line(|line| line.contains("0874")).await;
    let shown = json(&events(&server, &["show", "2", "--json"]).await).remove(0);
    let note = &shown["history"][0];
    assert_eq!(
        (&note["change"], &note["actor"], &note["reason"]),
        (&"requeued".into(), &"li".into(), &"compared".into())
    );
    assert!(out(&events(&server, &["show", "2"]).await).contains("requeued  li  compared"));

    let wrong = events(&server, &["park", "1"]).await;
    assert_eq!(
        (wrong.status.code(), wrong.stderr.as_slice()),
        (Some(1), &["1: a record that is done can't be parked".to_owned()][..])
    );
    let wrong = events(&server, &["park", "99", "--json"]).await;
    assert_eq!(wrong.status.code(), Some(1));
    assert!(wrong.stdout[0].contains(r#""code":"no-record""#), "{wrong:?}");

    // Again, in the next generation; who did it is the user, if nobody says.
    let admin = format!("http://{}", server.admin_addr);
    let again =
        finished_with(&["events", "resend", "1", "--json", "--admin", &admin], &[("USER", "wang")]).await;
    assert_eq!(json(&again)[0]["generation"], 2);
    server.line(|line| line.contains("0873") && line.contains(r#""generation":2"#)).await;
    let shown = json(&events(&server, &["show", "1", "--json"]).await).remove(0);
    assert_eq!(shown["history"][0]["actor"], "wang");
    server.terminate().await;
}

#[tokio::test]
async fn many_are_counted_first_and_need_a_yes() {
    let shop = shop(false);
    let server = shop.serve(&[]).await;
    let sent = shop.trigger(&server, &["TRANSACTION.SUCCESS", "--count", "5"]).await;
    assert_eq!(sent.status.code(), Some(0));
    shop.send(&server, "REFUND.SUCCESS", r#"{"mchid":"1900000109","refund_id":"7"}"#).await;
    let states = async || {
        let all = listed(&server, &[]).await;
        all.iter().map(|record| record["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };

    let dry = events(&server, &["park", "--event", "TRANSACTION.SUCCESS"]).await;
    assert_eq!(
        (dry.status.code(), out(&dry)),
        (Some(0), "5 ready records would be parked; with --yes they are".into())
    );
    let one = events(&server, &["park", "--event", "REFUND.SUCCESS"]).await;
    assert_eq!(out(&one), "1 ready record would be parked; with --yes it is");
    let dry = events(&server, &["park", "--event", "TRANSACTION.SUCCESS", "--json"]).await;
    assert_eq!(
        json(&dry)[0],
        serde_json::json!({"dry_run": true, "verb": "park", "count": 5, "more": false})
    );
    let dry = events(&server, &["discard", "1", "2", "99"]).await;
    assert_eq!(dry.status.code(), Some(1), "one of them isn't there");
    assert_eq!(dry.stdout.last().unwrap(), "2 records would be discarded; with --yes they are");
    assert_eq!(states().await, "ready ready ready ready ready ready", "nothing was done");

    let done =
        events(&server, &["park", "--event", "TRANSACTION.SUCCESS", "--yes", "--reason", "stop"]).await;
    assert_eq!(
        done.stdout,
        ["1 is parked", "2 is parked", "3 is parked", "4 is parked", "5 is parked", "5 of 5 parked"]
    );
    assert_eq!(states().await, "ready parked parked parked parked parked");
    let done = events(&server, &["discard", "1", "6", "1", "--yes"]).await;
    assert_eq!(
        (done.status.code(), done.stdout.last().unwrap().as_str()),
        (Some(1), "2 of 3 discarded"),
        "{done:?}"
    );
    let done = events(&server, &["resend", "--flag", "none", "--yes"]).await;
    assert_eq!((done.status.code(), out(&done)), (Some(0), "0 of 0 queued for delivery".into()));
    // What is done is only meant where it is named.
    assert_eq!(
        out(&events(&server, &["resend", "--merchant", "shop", "--yes"]).await).lines().last(),
        Some("4 of 4 queued for delivery")
    );
    assert_eq!(states().await, "done ready ready ready ready done");
    server.terminate().await;
}

#[tokio::test]
async fn what_is_in_quarantine_is_opened_once_the_key_is_mended() {
    let shop = shop(true);
    let key = ("WXHOOK_MERCHANT__SHOP__API_V3_KEY", "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww");
    // The server's key is another one than what the platform seals with.
    let mut server = shop.serve_with(&[key]).await;
    let sent = shop.trigger(&server, &["TRANSACTION.SUCCESS", "--count", "2"]).await;
    assert_eq!(sent.status.code(), Some(1), "{sent:?}");
    let listed_before = listed(&server, &["--event", "quarantine"]).await;
    assert_eq!(listed_before.len(), 2);
    let shown = out(&events(&server, &["show", "1"]).await);
    assert!(shown.contains("sealed: verified, but the api_v3_key does not decrypt it"), "{shown}");
    let still = events(&server, &["resend", "1"]).await;
    assert_eq!(
        (still.status.code(), &*still.stderr),
        (Some(1), &["1: still rejected: verified, but the api_v3_key does not decrypt it".to_owned()][..])
    );
    server.terminate().await;

    server = shop.serve(&[]).await;
    let opened = events(&server, &["resend", "1", "--reason", "key mended"]).await;
    assert_eq!(opened.stdout, ["1 was opened as 3 (new)"], "{opened:?}");
    server.line(|line| line.contains(r#""seq":3"#) && line.contains("TRANSACTION.SUCCESS")).await;
    server.terminate().await;
    // The other one without a server; the next server hands it on.
    assert_eq!(
        out(&shop.offline(&["resend", "--event", "quarantine", "--yes"]).await),
        "2 was opened as 4 (new)"
    );
    server = shop.serve(&[]).await;
    server.line(|line| line.contains(r#""seq":4"#)).await;
    server.terminate().await;
}

#[tokio::test]
async fn the_store_itself_is_worked_on_offline() {
    let shop = shop(false);
    let missing = shop.offline(&["list"]).await;
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        missing.stderr[0].starts_with("error: there is no database ")
            && !shop.folder.path().join("wxhook.db").exists()
    );
    let server = shop.serve(&[]).await;
    assert_eq!(shop.trigger(&server, &["TRANSACTION.SUCCESS", "--count", "3"]).await.status.code(), Some(0));

    // Beside the server.
    assert_eq!(json(&shop.offline(&["list", "--json"]).await).len(), 3);
    assert_eq!(out(&shop.offline(&["park", "2", "--actor", "li"]).await), "2 is parked");
    assert_eq!(seqs(&listed(&server, &["--state", "parked"]).await), [2]);
    server.terminate().await;
    // And without one.
    assert_eq!(
        out(&shop.offline(&["discard", "--state", "ready", "--yes"]).await).lines().last(),
        Some("2 of 2 discarded")
    );
    let shown = shop.offline(&["show", "2"]).await;
    assert!(out(&shown).contains("parked  li"), "{shown:?}");
    assert!(shown.stderr.is_empty(), "{shown:?}");
    assert_eq!(out(&shop.offline(&["purge"]).await), "0 removed");
    assert_eq!(json(&shop.offline(&["purge", "--json"]).await)[0]["purged"], 0);

    let mut settings = Settings::default();
    settings.store = "memory://".to_owned();
    let memory = Shop::with(&settings).offline(&["list"]).await;
    assert_eq!((memory.status.code(), memory.stderr.len()), (Some(2), 1), "{memory:?}");
}
