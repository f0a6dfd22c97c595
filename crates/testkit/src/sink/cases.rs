//! The cases. Each fails by panicking.

use super::{Backend, Destination};
use crate::case::skip;
use crate::concurrency::{at_every_await, at_once, dropped_after};
use std::thread;
use std::time::{Duration, Instant};
use wxhook_delivery::{Delivery, Sink, SinkError};
use wxhook_wire::{Content, ProofKind, Protocol, Record};

/// Maximum time until a sink notices that its destination works again.
const RECOVERY: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

#[track_caller]
fn deliver<B: Backend>(backend: &B, sink: &B::Sink, delivery: &Delivery) {
    if let Err(error) = backend.block_on(sink.deliver(delivery)) {
        panic!("a delivery failed: {error}");
    }
}

/// Delivers until it works.
#[track_caller]
fn eventually<B: Backend>(backend: &B, sink: &B::Sink, delivery: &Delivery) {
    let start = Instant::now();
    loop {
        match backend.block_on(sink.deliver(delivery)) {
            Ok(_) => return,
            Err(SinkError::Retry { .. }) if start.elapsed() < RECOVERY => thread::sleep(PAUSE),
            Err(error) => panic!("a delivery still fails after {:?}: {error}", start.elapsed()),
        }
    }
}

#[track_caller]
fn is_there<D: Destination>(destination: &D, delivery: &Delivery) {
    let record = delivery.record.to_json();
    let arrived = destination.arrived();
    assert!(arrived.contains(&record), "a record isn't there; there are {} others", arrived.len());
}

/// Nothing arrives but what was delivered.
#[track_caller]
fn nothing_else<D: Destination>(destination: &D, deliveries: &[Delivery]) {
    for arrived in destination.arrived() {
        let is_known = deliveries.iter().any(|delivery| delivery.record.to_json() == arrived);
        assert!(is_known, "what arrived was never delivered: {arrived}");
    }
}

#[track_caller]
fn refusing<D: Destination>(destination: &D) {
    if !destination.refuse(true) {
        skip("the sink's tests can't make its destination refuse");
    }
}

pub(crate) fn delivered_records_arrive<B: Backend>(backend: &B) {
    let (sink, destination) = backend.open();
    assert_eq!(destination.arrived().len(), 0);
    for seq in 1..=5 {
        let delivery = delivery(seq, "");
        deliver(backend, &sink, &delivery);
        is_there(&destination, &delivery);
    }
    assert_eq!(destination.arrived().len(), 5);
}

pub(crate) fn content_arrives_unchanged<B: Backend>(backend: &B) {
    let (sink, destination) = backend.open();
    let long = "x".repeat(200_000);
    let texts = ["", r"\n\r\n\u0000\u2028", r#"\"}\\"#, "转账 💰", "1.50e400", &long];
    let deliveries: Vec<_> = (1..).zip(texts).map(|(seq, text)| delivery(seq, text)).collect();
    for delivery in &deliveries {
        deliver(backend, &sink, delivery);
        is_there(&destination, delivery);
    }
    nothing_else(&destination, &deliveries);
}

pub(crate) fn attempts_and_generations_arrive<B: Backend>(backend: &B) {
    let (sink, destination) = backend.open();
    // The first word was lost on its way to the store, so the record comes again. Whether a sink that knows it passes it
    // on once more is its own matter.
    let first = delivery(1, "");
    deliver(backend, &sink, &first);
    deliver(backend, &sink, &first);
    let second = attempt(1, "", 1, 2);
    deliver(backend, &sink, &second);
    is_there(&destination, &first);
    // Somebody sent it again: that has to arrive.
    let again = attempt(1, "", 2, 1);
    deliver(backend, &sink, &again);
    is_there(&destination, &again);
    nothing_else(&destination, &[first, second, again]);
}

pub(crate) fn concurrent_records_arrive_whole<B: Backend>(backend: &B) {
    const THREADS: u8 = 8;
    let (sink, destination) = backend.open();
    let long = "y".repeat(20_000);
    let of_thread = |thread: u8| {
        let seqs = u64::from(thread) * 100 + 1..u64::from(thread) * 100 + 11;
        seqs.map(|seq| delivery(seq, if seq % 2 == 0 { &long } else { "" })).collect::<Vec<_>>()
    };
    at_once(THREADS, |thread| {
        for delivery in of_thread(thread) {
            deliver(backend, &sink, &delivery);
        }
    });
    let all: Vec<_> = (0..THREADS).flat_map(of_thread).collect();
    for delivery in &all {
        is_there(&destination, delivery);
    }
    nothing_else(&destination, &all);
}

pub(crate) fn a_dropped_delivery_can_be_repeated<B: Backend>(backend: &B) {
    let (sink, destination) = backend.open();
    let mut all = Vec::new();
    at_every_await(|polls, _| {
        let seq = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let (dropped, other) = (delivery(2 * seq + 1, ""), delivery(2 * seq + 2, ""));
        let ended = backend.block_on(dropped_after(polls, sink.deliver(&dropped)));
        // The sink isn't stuck, neither for another record nor for this one.
        deliver(backend, &sink, &other);
        deliver(backend, &sink, &dropped);
        is_there(&destination, &dropped);
        is_there(&destination, &other);
        all.extend([dropped, other]);
        ended
    });
    nothing_else(&destination, &all);
}

pub(crate) fn a_refusal_is_an_error_and_ends<B: Backend>(backend: &B) {
    let (sink, destination) = backend.open();
    let (before, refused) = (delivery(1, ""), delivery(2, ""));
    deliver(backend, &sink, &before);
    refusing(&destination);
    for _ in 0..3 {
        let answer = backend.block_on(sink.deliver(&refused));
        assert!(answer.is_err(), "it is said to be delivered, and it isn't there");
    }
    assert!(destination.refuse(false));
    eventually(backend, &sink, &refused);
    is_there(&destination, &before);
    is_there(&destination, &refused);
    nothing_else(&destination, &[before, refused]);
}

pub(crate) fn a_refusal_loses_nothing<B: Backend>(backend: &B) {
    let (sink, destination) = backend.open();
    let all: Vec<_> = (1..=30).map(|seq| delivery(seq, "")).collect();
    for (number, delivery) in all.iter().enumerate() {
        if number % 3 == 1 {
            refusing(&destination);
            // Whatever it left behind of this one is in nobody's way.
            let answer = backend.block_on(sink.deliver(delivery));
            assert!(answer.is_err(), "it is said to be delivered, and it isn't there");
            assert!(destination.refuse(false));
        } else {
            eventually(backend, &sink, delivery);
            is_there(&destination, delivery);
        }
    }
    for delivery in &all {
        eventually(backend, &sink, delivery);
        is_there(&destination, delivery);
    }
    nothing_else(&destination, &all);
}

pub(crate) fn errors_and_debug_show_no_content<B: Backend>(backend: &B) {
    #[track_caller]
    fn shows_none(text: &str) {
        // A list of bytes is a way of showing text, too.
        let bytes = format!("{:?}", SECRET.as_bytes());
        let bytes = bytes.trim_matches(['[', ']']);
        assert!(!text.contains(SECRET) && !text.contains(bytes), "content is shown: {text}");
    }
    let (sink, destination) = backend.open();
    shows_none(&format!("{sink:?}"));
    match backend.block_on(sink.deliver(&delivery(1, ""))) {
        Ok(delivered) => shows_none(&format!("{delivered:?}")),
        Err(error) => panic!("a delivery failed: {error}"),
    }
    shows_none(&format!("{sink:?} {}", sink.name()));
    refusing(&destination);
    if let Err(error) = backend.block_on(sink.deliver(&delivery(2, ""))) {
        shows_none(&format!("{error} {error:?}"));
    }
    shows_none(&format!("{sink:?} {}", sink.name()));
    assert!(destination.refuse(false));
}

pub(crate) fn the_name_is_the_configured_one<B: Backend>(backend: &B) {
    let (one, destination) = backend.open();
    let name = one.name().to_owned();
    assert!(!name.is_empty());
    // It becomes a label and a log field.
    assert!(name.chars().all(|c| !c.is_control()), "{name:?}");
    deliver(backend, &one, &delivery(1, ""));
    if destination.refuse(true) {
        let _refused = backend.block_on(one.deliver(&delivery(2, "")));
        assert!(destination.refuse(false));
    }
    assert_eq!(one.name(), name);
    let (other, _destination) = backend.open();
    assert_eq!(other.name(), name);
}

/// Stands in every key and every resource, and nowhere else.
const SECRET: &str = "5ecretC0ntent";

/// The first delivery of a record, whose resource also holds `text` (of JSON, without its quotes).
#[track_caller]
fn delivery(seq: u64, text: &str) -> Delivery {
    attempt(seq, text, 1, 1)
}

/// A later one, under a higher fence.
#[track_caller]
fn attempt(seq: u64, text: &str, generation: u32, attempt: u32) -> Delivery {
    let content = Content::new("shop", Protocol::V3, ProofKind::Rsa, "PAID", "2026-01-01T00:00:00.000Z");
    let resource = format!(r#"{{"n":{seq},"secret":"{SECRET}","text":"{text}"}}"#);
    let record = content.to_body(&resource).and_then(|body| {
        let key = format!("shop/PAID/n={seq}{SECRET}");
        Record::from_body(&body, seq, key, generation, attempt, vec!["key-fallback".to_owned()])
    });
    match record {
        Ok(record) => Delivery::new(record, u64::from(generation) * 1_000 + u64::from(attempt)),
        Err(error) => panic!("a sample isn't a record: {error}"),
    }
}
