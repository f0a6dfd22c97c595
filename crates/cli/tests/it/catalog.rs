use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::finished;

async fn catalog(arguments: &[&str]) -> Value {
    let finished = finished(&[&["catalog", "--json"], arguments].concat()).await;
    assert_eq!((finished.status.code(), finished.stderr.len()), (Some(0), 0));
    serde_json::from_str(&finished.stdout.join("\n")).unwrap()
}

/// The rows of an edition of the platform's overview, as others resolved them.
fn facts(edition: &str) -> Vec<Value> {
    let file = format!("{}/../events/tests/data/overview_edition{edition}.json", env!("CARGO_MANIFEST_DIR"));
    let facts: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    facts["rows"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_row_of_both_tables_is_there() {
    let catalog = catalog(&[]).await;
    let entries = catalog["events"].as_array().unwrap();
    let mut listed = BTreeSet::new();
    let mut wanted = BTreeSet::new();
    for entry in entries {
        for row in entry["rows"].as_array().unwrap() {
            listed.insert(json!([entry["event_type"], entry["variant"], row]).to_string());
        }
    }
    for (edition, count) in [("1", 92), ("2", 114)] {
        let facts = facts(edition);
        assert_eq!(facts.len(), count);
        for fact in facts {
            let name = fact["event_type"].as_str().unwrap();
            let name = if fact["api_version"] == "v2" { format!("v2/{name}") } else { name.to_owned() };
            let row = json!({
                "edition": edition, "title": fact["title_zh"], "modes": fact["modes"], "fragment": fact["variant"],
            });
            let of_row = |entry: &&Value| {
                entry["event_type"] == name
                    && (fact["variant"].is_null() || entry["variant"] == fact["variant"])
            };
            let before = wanted.len();
            for entry in entries.iter().filter(of_row) {
                wanted.insert(json!([name, entry["variant"], row]).to_string());
            }
            assert!(wanted.len() > before, "{name} {}", fact["variant"]);
        }
    }
    assert_eq!(listed, wanted);
}

#[tokio::test]
async fn an_entry_has_what_scripts_rely_on() {
    let catalog = catalog(&[]).await;
    let entries = catalog["events"].as_array().unwrap();
    assert_eq!(entries.len(), 164);
    for entry in entries {
        for (name, is_right) in [
            ("protocol", entry["protocol"] == "v2" || entry["protocol"] == "v3"),
            ("event_type", entry["event_type"].is_string()),
            ("variant", entry["variant"].is_null() || entry["variant"].is_string()),
            ("title", entry["title"].as_str().is_some_and(|title| !title.is_empty())),
            ("modes", entry["modes"].is_array()),
            ("schedule", entry["schedule"].is_string()),
            ("key", entry["key"].is_array()),
            ("rows", entry["rows"].is_array()),
            ("typed", entry["typed"] == true),
        ] {
            assert!(is_right, "{name}: {entry}");
        }
        let is_v2 = entry["event_type"].as_str().unwrap().starts_with("v2/");
        assert_eq!(is_v2, entry["protocol"] == "v2");
    }
    let with_variants: BTreeSet<_> = entries
        .iter()
        .filter(|entry| entry["variant"].is_string())
        .map(|entry| &entry["event_type"])
        .map(Value::to_string)
        .collect();
    let without: BTreeSet<_> = entries
        .iter()
        .filter(|entry| entry["variant"].is_null())
        .map(|entry| &entry["event_type"])
        .map(Value::to_string)
        .collect();
    assert!(with_variants.is_disjoint(&without));
}

#[tokio::test]
async fn an_event_is_shown_with_its_fields_and_an_example() {
    let catalog = catalog(&["TRANSACTION.SUCCESS#GLOBAL"]).await;
    let [entry] = catalog["events"].as_array().unwrap().as_slice() else { panic!("{catalog}") };
    assert_eq!(entry["key"], json!([["id|transaction_id"]]));
    let amount = entry["fields"].as_array().unwrap().iter().find(|field| field["name"] == "amount").unwrap();
    assert!(amount["fields"].as_array().unwrap().iter().any(|field| field["name"] == "exchange_rate"));
    assert!(entry["example"]["amount"]["exchange_rate"]["rate"].is_number());

    let page = finished(&["catalog", "TRANSACTION.SUCCESS#GLOBAL"]).await.stdout.join("\n");
    for part in [
        "TRANSACTION.SUCCESS#GLOBAL",
        "payment::TransactionSuccessGlobal",
        "id|transaction_id",
        "standard",
        "example",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    // Both editions say the same of it.
    let twice = finished(&["catalog", "REFUND.CLOSED#BASIC"]).await.stdout.join("\n");
    assert!(twice.contains("\n  editions 1, 2 ") && !twice.contains("\n  edition "), "{twice}");
    let list = finished(&["catalog"]).await.stdout;
    assert!(list.iter().any(|line| line.starts_with("v2/refund-processed#PARTNER ")), "{list:?}");
    assert!(list[2].starts_with("TRANSACTION.SUCCESS#BASIC "), "{list:?}");
    let pages = finished(&["catalog", "TRANSACTION.SUCCESS"]).await.stdout;
    assert!(pages[0].starts_with("TRANSACTION.SUCCESS#BASIC "), "{pages:?}");
}

#[tokio::test]
async fn an_unknown_event_is_wrong_usage() {
    for (name, hint) in [
        ("TRANSACTION.SUCESS", "did you mean TRANSACTION.SUCCESS?"),
        ("TRANSACTION.SUCCESS#BASICS", "it has PROFITSHARING, "),
        ("zzzz", "`wxhook catalog` lists them all"),
    ] {
        let finished = finished(&["catalog", name]).await;
        assert_eq!((finished.status.code(), finished.stdout.len(), finished.stderr.len()), (Some(2), 0, 1));
        assert!(finished.stderr[0].contains(hint), "{:?}", finished.stderr);
    }
}
