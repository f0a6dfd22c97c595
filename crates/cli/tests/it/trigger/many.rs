//! Several at once, many, prepared, resent, in the same way again, and cut short.

use std::collections::BTreeSet;

use serde_json::Value;

use super::faults::parsed;
use super::target::{SUCCESS, Target};
use super::{Keys, record};
use crate::support::{Child, finished, text};

const REFUNDED: &str = "REFUND.SUCCESS";

#[tokio::test]
async fn what_fails_three_times_is_sent_four_times() {
    let keys = Keys::new().await;
    let target = Target::start(|nth| if nth < 3 { (500, r#"{"code":"FAIL"}"#) } else { SUCCESS }).await;
    let arguments = [REFUNDED, "--schedule", "standard", "--speed", "100000x"];
    let sent = keys.trigger(&target.url, &arguments).await;
    assert_eq!(sent.status.code(), Some(0), "{sent:?}");
    let lines: Vec<_> = sent.stdout.iter().map(String::as_str).collect();
    for (nth, wait) in
        [(0, "15s (150µs at 100000x)"), (1, "15s (150µs at 100000x)"), (2, "30s (300µs at 100000x)")]
    {
        assert!(lines[3 * nth].contains(&format!(" try={} ", nth + 1)), "{sent:?}");
        assert!(lines[3 * nth + 1].starts_with("<-- 500 "), "{sent:?}");
        assert!(lines[3 * nth + 2].contains(&format!("next try in {wait}")), "{sent:?}");
    }
    assert!(lines[10].starts_with("<-- 200 "), "{sent:?}");
    assert!(lines.iter().any(|line| line.starts_with("accepted 1 of 1")), "{sent:?}");

    // One notification, encrypted and signed anew.
    let got = target.got();
    let distinct = |of: fn(&super::target::Got) -> String| got.iter().map(of).collect::<BTreeSet<_>>().len();
    assert_eq!((got.len(), distinct(|got| got.json()["id"].to_string())), (4, 1));
    assert_eq!(distinct(|got| got.header("Wechatpay-Nonce").to_owned()), 4);
    assert_eq!(distinct(|got| got.json()["resource"]["ciphertext"].to_string()), 4);
}

#[tokio::test]
async fn what_is_never_accepted_is_given_up() {
    let keys = Keys::new().await;
    let target = Target::start(|_| (503, "")).await;
    let arguments = [REFUNDED, "--schedule", "15s x2", "--speed", "100000x", "--count", "2"];
    let sent = keys.trigger(&target.url, &[&arguments[..], &["--json"]].concat()).await;
    let (lines, summary) = parsed(&sent.stdout);
    assert_eq!((sent.status.code(), lines.len(), target.got().len()), (Some(1), 6, 6), "{sent:?}");
    let tries: Vec<_> = lines.iter().map(|line| line["try"].as_u64().unwrap()).collect();
    assert_eq!(tries, [1, 2, 3, 1, 2, 3]);
    assert_eq!(
        (&summary["notifications"], &summary["accepted"], &summary["attempts"], &summary["statuses"]["503"]),
        (&2.into(), &0.into(), &6.into(), &6.into())
    );
    let told = keys.trigger(&target.url, &arguments).await;
    assert_eq!(
        told.stdout.iter().filter(|line| line.contains("given up after 3 tries")).count(),
        2,
        "{told:?}"
    );
}

#[tokio::test]
async fn a_seed_makes_the_same_again() {
    let keys = Keys::new().await;
    let mut seen = Vec::new();
    for seed in ["42", "42", "43"] {
        let mut server = Child::serve(&keys.config, &[]).await;
        let arguments = ["TRANSACTION.SUCCESS", "--count", "3", "--seed", seed, "--json"];
        let (lines, summary) = parsed(&keys.trigger(&server.notify(), &arguments).await.stdout);
        assert_eq!(summary["seed"].to_string(), seed);
        // Unrelated records are handed on in any order.
        let mut sent: Vec<_> = lines.iter().map(|line| line["id"].to_string()).collect();
        let mut resources = Vec::new();
        for _ in &lines {
            let record = record(&mut server).await;
            resources.push((record["id"].to_string(), record["resource"].to_string()));
        }
        sent.sort();
        resources.sort();
        assert!(resources.iter().map(|(id, _)| id).eq(&sent), "{sent:?}");
        seen.push(resources);
        server.terminate().await;
        let _none_before = std::fs::remove_file(keys.config.with_file_name("wxhook.db"));
    }
    assert_eq!(seen[0], seen[1]);
    assert!(
        seen[0]
            .iter()
            .all(|(id, resource)| seen[2].iter().all(|other| other.0 != *id && other.1 != *resource))
    );
}

#[tokio::test]
async fn duplicates_are_one_record() {
    let keys = Keys::new().await;
    let server = Child::serve(&keys.config, &[]).await;
    let arguments = [REFUNDED, "--duplicates", "4", "--count", "3", "--json"];
    let sent = keys.trigger(&server.notify(), &arguments).await;
    let (lines, summary) = parsed(&sent.stdout);
    assert_eq!((sent.status.code(), lines.len()), (Some(0), 15), "{sent:?}");
    assert_eq!((&summary["notifications"], &summary["attempts"]), (&3.into(), &15.into()));
    let mut copies: Vec<_> = lines.iter().filter(|line| line["nth"] == 0).map(|line| &line["copy"]).collect();
    copies.sort_by_key(|copy| copy.as_u64());
    assert_eq!(copies, [1, 2, 3, 4, 5]);
    let ended = server.terminate().await;
    assert_eq!(ended.stdout.len(), 3, "{ended:?}");
}

#[tokio::test]
async fn what_was_prepared_is_sent_as_fast_as_it_goes() {
    let keys = Keys::new().await;
    let mut server = Child::serve(&keys.config, &[]).await;
    let arguments = [REFUNDED, "--prepare", "--count", "100", "--concurrency", "8"];
    let sent = keys.trigger(&server.notify(), &[&arguments[..], &["--json"]].concat()).await;
    let (lines, summary) = parsed(&sent.stdout);
    assert_eq!((sent.status.code(), lines.len(), sent.stderr.len()), (Some(0), 0, 0), "{sent:?}");
    assert_eq!(
        (&summary["notifications"], &summary["accepted"], &summary["statuses"]["200"]),
        (&100.into(), &100.into(), &100.into())
    );
    assert!(summary["latency_ms"]["p99"].as_f64().unwrap() > 0.0 && summary["prepared_seconds"].is_number());
    // The answers come before the deliveries.
    for _ in 0..100 {
        server.line(|_| true).await;
    }
    let ended = server.terminate().await;
    assert_eq!(ended.stdout.len(), 100);

    let refused = Target::start(|_| (500, "")).await;
    let sent = keys.trigger(&refused.url, &arguments).await;
    assert_eq!((sent.status.code(), refused.got().len()), (Some(1), 100), "{sent:?}");
    assert!(sent.stdout.iter().any(|line| line.starts_with("accepted 0 of 100")), "{sent:?}");
}

#[tokio::test]
async fn all_is_each_event_and_variant_once() {
    let keys = Keys::new().await;
    let target = Target::start(|_| SUCCESS).await;
    let sent = keys.trigger(&target.url, &["all", "--concurrency", "4", "--json"]).await;
    let (lines, _) = parsed(&sent.stdout);
    assert_eq!(sent.status.code(), Some(0), "{sent:?}");
    let name = |line: &Value| match line["variant"].as_str() {
        Some(variant) => format!("{}#{variant}", line["event_type"].as_str().unwrap()),
        None => line["event_type"].as_str().unwrap().to_owned(),
    };
    let mut names: Vec<_> = lines.iter().map(name).collect();
    names.sort_unstable();

    let listed = finished(&["trigger", "--list", "--json"]).await;
    let listed: Value = serde_json::from_str(&listed.stdout[0]).unwrap();
    let mut wanted: Vec<_> =
        listed["events"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect();
    wanted.sort_unstable();
    assert_eq!(names, wanted);
    assert!(wanted.len() > 100, "{wanted:?}");
}

#[tokio::test]
async fn ctrl_c_ends_with_a_summary() {
    let keys = Keys::new().await;
    let target = Target::closed(|_| SUCCESS).await;
    let common = ["--config", text(&keys.config), "--to", &target.url, "--json", "--timeout", "30s"];
    let arguments = ["trigger", REFUNDED, "--count", "100000"];
    let mut child = Child::start(&[&arguments[..], &common].concat(), &[]);
    target.open(3);
    for _ in 0..3 {
        child.line(|line| line.contains(r#""status":200"#)).await;
    }
    child.signal("INT").await;
    target.open(1);
    let ended = child.finish().await;
    let (lines, summary) = parsed(&ended.stdout);
    assert_eq!((ended.status.code(), &summary["interrupted"]), (Some(1), &true.into()), "{ended:?}");
    assert_eq!(summary["accepted"].as_u64().unwrap(), u64::try_from(lines.len()).unwrap(), "{ended:?}");
}

#[tokio::test]
async fn ctrl_c_ends_what_was_prepared() {
    let keys = Keys::new().await;
    let target = Target::closed(|_| SUCCESS).await;
    let common = ["--config", text(&keys.config), "--to", &target.url, "--timeout", "30s"];
    let arguments = ["trigger", REFUNDED, "--count", "20", "--prepare", "--concurrency", "2"];
    let child = Child::start(&[&arguments[..], &common].concat(), &[]);
    target.came().await;
    child.signal("INT").await;
    let ended = child.finish().await;
    assert_eq!((ended.status.code(), ended.stdout.len(), ended.stderr.len()), (Some(1), 0, 1), "{ended:?}");
    assert!(ended.stderr[0].contains("stopped by a signal after about 0 of 20 answers"), "{ended:?}");
}

#[tokio::test]
async fn many_have_no_lines_of_their_own_but_the_first_failures() {
    let keys = Keys::new().await;
    let target = Target::start(|nth| if nth % 2 == 0 { SUCCESS } else { (500, "no") }).await;
    let sent = keys.trigger(&target.url, &[REFUNDED, "--count", "102"]).await;
    assert_eq!(sent.status.code(), Some(1));
    let failures = sent.stdout.iter().filter(|line| line.starts_with("<-- 500 ")).count();
    assert_eq!((failures, sent.stdout.iter().filter(|line| line.starts_with("<-- 200 ")).count()), (10, 0));
    assert!(sent.stdout.iter().any(|line| line == "answers  200 ×51, 500 ×51"), "{sent:?}");
    assert!(sent.stderr.is_empty(), "no bar where there is no terminal: {sent:?}");
    let all = keys.trigger(&target.url, &[REFUNDED, "--count", "102", "--show", "all"]).await;
    assert_eq!(all.stdout.iter().filter(|line| line.starts_with("--> ")).count(), 102);
}
