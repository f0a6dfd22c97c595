//! Every event and variant of the catalog, from `wxhook trigger` to `wxhook serve`.

mod facts;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use serde_json::value::RawValue;
use wxhook_cli::throwaway::Settings;
use wxhook_events::catalog;
use wxhook_simulator::{Campaign, Message};
use wxhook_wire::{EventMeta, Protocol};

use crate::support::{Shop, finished, get, text};
use facts::Fact;

/// The fields of a v2 resource that `Platform::notify` creates or adds.
const MADE_ANEW: [&str; 7] =
    ["nonce_str", "sign", "sign_type", "algorithm", "event_algorithm", "event_nonce", "event_id"];

/// The seed, with which every run of `trigger` sends the same.
const SEED: &str = "7";

#[tokio::test]
async fn every_event_becomes_its_own_record_once() {
    let mut settings = Settings::default();
    settings.simulator = true;
    let shop = Shop::with(&settings);
    let mut server = shop.serve(&[]).await;
    let url = server.notify();
    let arguments =
        ["trigger", "all", "--config", text(&shop.config), "--to", &url, "--seed", SEED, "--json"];
    // The second time they are resends: the same notifications, encrypted and signed at another time.
    for _ in 0..2 {
        let sent = finished(&arguments).await;
        assert_eq!(sent.status.code(), Some(0), "{sent:?}");
    }
    let campaign = campaign(&shop);
    for _ in 0..campaign.len() {
        server.line(|_| true).await;
    }
    let (status, metrics) = get(&server.admin_addr, "/metrics").await;
    assert_eq!(status, 200);
    let finished = server.terminate().await;

    let facts: BTreeMap<_, _> = facts::read().into_iter().map(|fact| (fact.name(), fact)).collect();
    let sent: Vec<_> = (0..campaign.len()).map(|nth| campaign.message(nth).unwrap()).collect();
    let names: BTreeSet<_> = sent.iter().map(|sent| name(sent.meta())).collect();
    assert_eq!(names, facts.keys().cloned().collect());
    let all = names.len();
    let questions = catalog().events().filter(|meta| meta.question).count();
    let known = all - questions;
    assert_eq!((count(&metrics, "new"), count(&metrics, "duplicate")), (known, known), "{metrics}");
    assert_eq!(count(&metrics, "unanswered"), 2 * questions, "{metrics}");

    // They were sent one after the other.
    let mut records: Vec<_> = finished.stdout.iter().map(|line| (seq(line), line)).collect();
    records.sort_unstable();
    assert_eq!((records.len(), sent.len()), (all, all));
    for ((_, line), sent) in records.into_iter().zip(&sent) {
        compare(line, sent, &facts[&name(sent.meta())]);
    }
}

/// The same that the program sends.
fn campaign(shop: &Shop) -> Campaign {
    let catalog = catalog();
    let campaign = Campaign::new(catalog.clone(), shop.merchant.mchid(), SEED.parse().unwrap());
    let campaign = catalog.events().fold(campaign, Campaign::event);
    campaign.count(u32::try_from(catalog.events().count()).unwrap())
}

fn name(meta: &EventMeta) -> (String, Option<String>) {
    (meta.name.to_owned(), meta.variant.map(str::to_owned))
}

fn seq(line: &str) -> u64 {
    serde_json::from_str::<Value>(line).unwrap()["seq"].as_u64().unwrap()
}

/// Returns the number of requests with this outcome.
fn count(metrics: &str, outcome: &str) -> usize {
    let wanted = format!("outcome=\"{outcome}\"");
    let series = metrics.lines().filter(|line| line.starts_with("wxhook_requests_total{"));
    let values = series.filter(|line| line.contains(&wanted)).map(|line| line.rsplit_once(' ').unwrap().1);
    values.map(|value| value.parse::<usize>().unwrap()).sum()
}

/// The record of an event's example.
fn compare(line: &str, sent: &Message, fact: &Fact) {
    let (meta, resource) = (sent.meta(), sent.resource());
    let record: Value = serde_json::from_str(line).unwrap();
    assert_eq!(record["event_type"], meta.name, "{line}");
    assert_eq!(record["variant"].as_str(), meta.variant, "{line}");
    assert_eq!(record["typed"], true, "{line}");
    assert_eq!(record["flags"], Value::from(fact.flags), "{line}");

    let made: Value = serde_json::from_str(&resource.to_json()).unwrap();
    if meta.protocol == Protocol::V3 {
        assert_eq!(member(line, "resource"), resource.to_json());
        assert_eq!(record["id"], sent.id());
    } else {
        // Those of the signature and the cipher are made anew.
        let kept = |value: &Value| {
            let mut members = value.as_object().unwrap().clone();
            members.retain(|name, _| !MADE_ANEW.contains(&name.as_str()));
            members
        };
        assert_eq!(kept(&record["resource"]), kept(&made));
    }
    // A question of v2 is filed by its nonce, which is made anew.
    let filed = if meta.protocol == Protocol::V3 { &made } else { &record["resource"] };
    assert_eq!(record["key"], fact.key("shop", filed, sent.id(), &record["create_time"]), "{line}");
}

/// A member of a JSON object, as it is written there.
fn member<'a>(line: &'a str, name: &str) -> &'a str {
    let members: BTreeMap<&str, &RawValue> = serde_json::from_str(line).unwrap();
    members[name].get()
}
