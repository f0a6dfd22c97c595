//! Many notifications.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Barrier;
use wxhook_simulator::{Campaign, Error, Fault, Pace, Progress, Resource, Schedule, Tamper, equivalent};
use wxhook_wire::{EventMeta, Protocol, Table};

use super::server::{FAIL, OK, Reply, Server};
use super::{MCHID, at_one_time, campaign, meta, paid, sender};

fn count(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

fn one_by_one() -> Pace {
    Pace::new().concurrency(count(1))
}

/// A campaign with something of everything.
fn mixed(seed: u64) -> Campaign {
    campaign(seed)
        .event(&meta("REFUND.SUCCESS", Some("BASIC")))
        .event(&meta("v2/pap-contract-state-changed", None))
        .count(40)
        .probes(0.2)
        .v2(0.2)
        .duplicated(0.2, count(3))
}

#[tokio::test]
async fn all_are_delivered_and_counted() {
    let server = Server::start(|number| if number <= 10 { FAIL } else { OK }).await;
    let mut seen = (0, 0);
    let watch = |progress: Progress<'_>| match progress {
        Progress::Sent(_) => seen.0 += 1,
        Progress::Answered(_) => seen.1 += 1,
        _ => panic!(),
    };
    let summary = sender(&server.url()).campaign(&campaign(7).count(30), Pace::new(), watch).await.unwrap();
    assert_eq!((summary.notifications, summary.accepted, summary.given_up), (30, 30, 0));
    assert_eq!((summary.attempts, summary.timeouts, summary.failures), (40, 0, 0));
    assert_eq!((summary.statuses[&200], summary.statuses[&500]), (30, 10));
    assert_eq!((summary.latencies.count(), seen), (40, (40, 40)));
    assert!(summary.rate() > 0.0 && summary.latencies.percentile(50.0) > Duration::ZERO);
    let ids: HashSet<_> = server.requests().iter().map(|seen| seen.json()["id"].to_string()).collect();
    assert_eq!(ids.len(), 30);
}

#[tokio::test]
async fn what_is_never_accepted_is_given_up() {
    let server = Server::start(|_| FAIL).await;
    let sender = sender(&server.url()).schedule(Schedule::once());
    let summary = sender.campaign(&campaign(7).count(5), Pace::new(), |_| ()).await.unwrap();
    assert_eq!((summary.notifications, summary.accepted, summary.given_up), (5, 0, 5));
}

#[tokio::test]
async fn several_are_on_their_way_at_the_same_time() {
    let barrier = Arc::new(Barrier::new(8));
    let server = Server::start(move |_| Reply::Together(Arc::clone(&barrier))).await;
    let pace = Pace::new().concurrency(count(8));
    let summary = sender(&server.url()).campaign(&campaign(7).count(16), pace, |_| ()).await.unwrap();
    assert_eq!(summary.accepted, 16);
}

#[tokio::test]
async fn a_rate_is_kept() {
    let server = Server::start(|_| OK).await;
    let began = Instant::now();
    let pace = Pace::new().rate(100.0);
    sender(&server.url()).campaign(&campaign(7).count(31), pace, |_| ()).await.unwrap();
    // 30 periods, less what may be caught up with
    assert!(began.elapsed() >= Duration::from_millis(200), "{:?}", began.elapsed());
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes_in_the_same_order() {
    let server = Server::start(|number| if number % 2 == 0 { OK } else { FAIL }).await;
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let before = server.bytes().len();
        let sender = at_one_time(&server.url()).schedule("15s x3".parse().unwrap());
        sender.campaign(&mixed(seed), one_by_one(), |_| ()).await.unwrap();
        let mut run = server.bytes().split_off(before);
        // the copies of one try come in any order
        run.sort();
        runs.push(run);
    }
    assert!(runs[0].len() > 60);
    assert_eq!(runs[0], runs[1]);
    assert!(runs[2].iter().all(|bytes| !runs[0].contains(bytes)));
}

#[test]
fn a_seed_decides_everything() {
    let (one, same, other) = (mixed(7), mixed(7), mixed(8));
    let shown = |campaign: &Campaign| -> Vec<_> {
        let of = |nth| {
            let message = campaign.message(nth).unwrap();
            let (name, id) = (message.meta().name, message.id().to_owned());
            (name, id, message.resource().to_json(), message.fault(), campaign.copies(nth))
        };
        (0..campaign.len()).map(of).collect()
    };
    assert_eq!(shown(&one), shown(&same));
    assert!(shown(&one).iter().zip(shown(&other)).all(|(one, other)| one.1 != other.1 && one.2 != other.2));
    let ids: HashSet<_> = shown(&one).into_iter().map(|(_, id, ..)| id).collect();
    assert_eq!(ids.len(), 40);
}

#[test]
fn shares_are_of_what_they_can_be_of() {
    let campaign = mixed(7).count(300);
    let (mut probes, mut as_v2, mut copied) = (0, 0, 0);
    for nth in 0..campaign.len() {
        let message = campaign.message(nth).unwrap();
        let is_v2 = message.meta().protocol == Protocol::V2;
        assert!(!(is_v2 && message.fault().is_some()));
        probes += u32::from(message.fault() == Some(Fault::Probe));
        as_v2 += u32::from(matches!(message.meta().name, "v2/transaction-success" | "v2/refund-processed"));
        copied += u32::from(campaign.copies(nth) == Some(count(3)));
    }
    assert!(
        (20..90).contains(&probes) && (25..90).contains(&as_v2) && (50..110).contains(&copied),
        "{probes} {as_v2} {copied}"
    );
    let none = campaign.probes(0.0).v2(0.0).duplicated(0.0, count(3));
    assert!((0..300).all(|nth| none.message(nth).unwrap().fault().is_none() && none.copies(nth).is_none()));
}

#[test]
fn resources_can_be_given_and_edited() {
    let edited = campaign(7).count(3).edit(|resource| resource.set("amount.total", "888"));
    for nth in 0..3 {
        let json: serde_json::Value =
            serde_json::from_str(&edited.message(nth).unwrap().resource().to_json()).unwrap();
        assert_eq!(json["amount"]["total"], 888);
    }
    let given = campaign(7).count(3).resource(Resource::parse(r#"{"a":1}"#).unwrap());
    let given = given.edit(|resource| resource.set("b", "2")).fault(Fault::Tamper(Tamper::Body));
    for nth in 0..3 {
        let message = given.message(nth).unwrap();
        assert_eq!(
            (message.resource().to_json().as_str(), message.id()),
            (r#"{"a":1,"b":2}"#, given.message(0).unwrap().id())
        );
        assert_eq!(message.fault(), Some(Fault::Tamper(Tamper::Body)));
    }
    let nowhere = campaign(7).edit(|resource| resource.unset("not.there"));
    assert!(matches!(nowhere.message(0), Err(Error::Path)));
    let empty = Campaign::new(wxhook_events::catalog(), MCHID, 7);
    assert!(matches!(empty.message(0), Err(Error::NoEvent)));
}

#[tokio::test]
async fn what_cannot_be_made_ends_a_campaign() {
    let server = Server::start(|_| OK).await;
    let refunds = Campaign::new(wxhook_events::catalog(), MCHID, 7).event(&meta("v2/refund-processed", None));
    let refunds = refunds.count(3).fault(Fault::Tamper(Tamper::Serial));
    let ended = sender(&server.url()).campaign(&refunds, Pace::new(), |_| ()).await;
    assert!(matches!(ended, Err(Error::Tamper(Tamper::Serial, _))));
    assert!(sender(&server.url()).prepare(&refunds, |_| ()).is_err());
}

#[test]
fn kinds_of_v2_stand_for_events_of_v3() {
    let catalog = wxhook_events::catalog();
    let name = |meta: EventMeta| equivalent(&meta, &*catalog).map(|meta| meta.name);
    assert_eq!(name(paid()), Some("v2/transaction-success"));
    assert_eq!(name(meta("TRANSACTION.SUCCESS", Some("COMBINE"))), Some("v2/combined-transactions-success"));
    assert_eq!(name(meta("COUPON.USE", None)), None);
    let without = Table::new([paid()]).unwrap();
    assert!(equivalent(&paid(), &without).is_none());
    for meta in catalog.events() {
        let found = equivalent(meta, &*catalog);
        assert!(found.is_none_or(|found| meta.protocol == Protocol::V3 && found.protocol == Protocol::V2));
    }
}
