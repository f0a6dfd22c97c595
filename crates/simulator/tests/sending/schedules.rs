//! When a notification is sent again.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use wxhook_simulator::{Error, Outcome, Schedule};
use wxhook_wire::EventMeta;

use super::server::{FAIL, OK, Server};
use super::{message, paid, sender};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

fn schedule(name: &str) -> Schedule {
    name.parse().unwrap()
}

/// Delivers by the event's own schedule to a server that fails this many times.
async fn delivered(failures: usize) -> Outcome {
    let server = Server::start(move |number| if number <= failures { FAIL } else { OK }).await;
    let outcome = sender(&server.url()).deliver(&message(), |_| ()).await.unwrap();
    assert_eq!(server.requests().len(), outcome.attempts.len());
    outcome
}

#[tokio::test]
async fn standard_is_retried_until_it_is_accepted() {
    let standard = Schedule::standard();
    assert_eq!(Schedule::of(&paid()).unwrap(), standard);
    let mut all = JoinSet::new();
    for failures in 0..=15 {
        all.spawn(async move { (failures, delivered(failures).await) });
    }
    for (failures, outcome) in all.join_all().await {
        assert_eq!(outcome.accepted, u32::try_from(failures + 1).ok(), "{failures}");
        assert_eq!(outcome.attempts.len(), failures + 1);
        for (nth, attempt) in outcome.attempts.iter().enumerate() {
            assert_eq!(usize::try_from(attempt.sent.number).unwrap(), nth + 1);
            assert_eq!(attempt.sent.at, standard.waits()[..nth].iter().sum::<Duration>());
            let before = nth.checked_sub(1).map_or(Duration::ZERO, |before| standard.waits()[before]);
            assert_eq!(attempt.sent.waited, before);
            assert_eq!(attempt.accepted(), nth == failures);
            assert_eq!(attempt.status(), Some(if nth == failures { 200 } else { 500 }));
        }
    }
}

#[tokio::test]
async fn standard_gives_up_after_a_day() {
    let began = Instant::now();
    let outcome = delivered(16).await;
    assert_eq!((outcome.accepted, outcome.tries, outcome.attempts.len()), (None, 16, 16));
    let last = &outcome.attempts[15].sent;
    assert_eq!(last.at, Duration::from_secs(24 * HOUR + 4 * MINUTE));
    assert!(began.elapsed() >= last.at / 100_000);
}

#[test]
fn schedules_are_those_of_the_documents() {
    let seconds = |name: &str| -> Vec<u64> { schedule(name).waits().iter().map(Duration::as_secs).collect() };
    assert_eq!(
        seconds("standard"),
        [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600]
    );
    assert_eq!(seconds("score"), [15, 15, 30, 180, 1800, 1800, 1800, 1800, 3600]);
    assert_eq!(seconds("score-from-0"), [0, 15, 15, 30, 180, 1800, 1800, 1800, 1800, 3600]);
    let transfer = [vec![0], vec![15; 10], vec![300; 10], vec![1800; 44]].concat();
    assert_eq!(seconds("transfer"), transfer);
    assert_eq!(seconds("once"), [0_u64; 0]);
    assert_eq!(seconds("60s x11"), [60; 11]);
    assert_eq!(seconds("doubling from 6s to 1536s"), [6, 12, 24, 48, 96, 192, 384, 768, 1536]);
    assert_eq!(seconds("3s 60s 180s 600s 1200s 3600s"), [3, 60, 180, 600, 1200, 3600]);
    assert_eq!(seconds("10s x3, 30s x3, 300s x23"), [vec![10; 3], vec![30; 3], vec![300; 23]].concat());
    for (name, total) in [
        ("standard", 24 * HOUR + 4 * MINUTE),
        ("score", 3 * HOUR + 4 * MINUTE),
        ("transfer", 22 * HOUR + 52 * MINUTE + 30),
        ("15s x10, 300s x10, 1800s x47", 24 * HOUR + 22 * MINUTE + 30),
    ] {
        assert_eq!(schedule(name).total(), Duration::from_secs(total), "{name}");
    }
}

#[test]
fn every_events_schedule_is_known() {
    let catalog = wxhook_events::catalog();
    let all = Schedule::all(&*catalog);
    let names: Vec<_> = all.iter().map(Schedule::name).collect();
    assert_eq!(names[..5], ["standard", "score", "score-from-0", "transfer", "once"]);
    for meta in catalog.events() {
        assert!(names.contains(&meta.schedule), "{}", meta.schedule);
        let expected = if meta.question { Schedule::once() } else { schedule(meta.schedule) };
        assert_eq!(Schedule::of(meta).unwrap(), expected);
    }
    let distinct: std::collections::HashSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
    // wxhook keeps a record for as long as the longest of them can send it again
    let longest = all.iter().map(Schedule::total).max().unwrap();
    assert_eq!(longest, Duration::from_secs(24 * HOUR + 22 * MINUTE + 30));
    assert!(catalog.events().any(|meta| meta.question));
    let odd = EventMeta { schedule: "now and then", ..EventMeta::v3("ODD", "") };
    assert!(matches!(Schedule::of(&odd), Err(Error::Schedule)));
}

#[tokio::test]
async fn a_schedule_can_be_given() {
    let server = Server::start(|_| FAIL).await;
    let sender = sender(&server.url()).schedule(schedule("60s x2"));
    let outcome = sender.deliver(&message(), |_| ()).await.unwrap();
    assert_eq!((outcome.accepted, outcome.tries), (None, 3));
}
