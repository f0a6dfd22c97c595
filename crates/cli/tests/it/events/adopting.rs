//! Records of a merchant that was removed from the configuration.

use std::fs;

use super::{Shop, events, json, out, shop};
use crate::support::{finished, text};

/// Has kept three payments, and is called otherwise since.
async fn renamed() -> Shop {
    let shop = shop(false);
    let server = shop.serve(&[]).await;
    assert_eq!(shop.trigger(&server, &["TRANSACTION.SUCCESS", "--count", "3"]).await.status.code(), Some(0));
    server.terminate().await;
    let config = fs::read_to_string(&shop.config).unwrap();
    assert!(config.contains("name = \"shop\""), "{config}");
    let config = config.replace("name = \"shop\"", "name = \"renamed\"") + "\n[sink]\nkind = \"stdout\"\n";
    fs::write(&shop.config, config).unwrap();
    shop
}

#[tokio::test]
async fn records_of_a_removed_merchant_are_told_and_adopted() {
    let shop = renamed().await;
    let checked = finished(&["check", "--config", text(&shop.config)]).await;
    assert_eq!(checked.status.code(), Some(0), "a warning is no fault: {checked:?}");
    let told = "records of merchants that aren't configured here wait";
    assert!(out(&checked).contains(told) && out(&checked).contains("shop (3)"), "{checked:?}");

    let mut server = shop.serve(&[]).await;
    let line = server.log(|line| line.contains(told)).await;
    assert!(line.contains("WARN") && line.contains("wxhook events adopt --merchant NAME"), "{line}");

    let unknown = events(&server, &["adopt", "--merchant", "nobody"]).await;
    assert_eq!(unknown.status.code(), Some(1));
    assert_eq!(unknown.stderr, ["error: no record of a merchant with this name waits"]);
    let configured = events(&server, &["adopt", "--merchant", "renamed"]).await;
    assert!(configured.stderr[0].contains("the merchant is configured"), "{configured:?}");
    assert_eq!(events(&server, &["adopt"]).await.status.code(), Some(2));

    let adopted = ["adopt", "--merchant", "shop", "--actor", "mei", "--reason", "the shop was renamed"];
    assert_eq!(out(&events(&server, &adopted).await), "3 records go to the common sink");
    for _ in 0..3 {
        server.line(|line| line.contains("\"merchant\":\"shop\"")).await;
    }
    let shown = out(&events(&server, &["show", "1"]).await);
    assert!(shown.contains("adopted  mei") && shown.contains("the shop was renamed"), "{shown}");
    server.terminate().await;
    let checked = finished(&["check", "--config", text(&shop.config)]).await;
    assert!(!out(&checked).contains(told), "{checked:?}");
}

#[tokio::test]
async fn records_are_adopted_offline() {
    let shop = renamed().await;
    let adopted = json(&shop.offline(&["adopt", "--merchant", "shop", "--json"]).await);
    assert_eq!(adopted[0], serde_json::json!({"merchant": "shop", "adopted": 3, "lane": "merchant/renamed"}));
    let mut server = shop.serve(&[]).await;
    for _ in 0..3 {
        server.line(|line| line.contains("\"merchant\":\"shop\"")).await;
    }
    server.terminate().await;
}
