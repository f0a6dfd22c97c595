//! The index that tells by a record's number when it was accepted, over several chunks of numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(missing_debug_implementations, unreachable_pub, dead_code, reason = "tests")]

#[path = "support/samples.rs"]
mod samples;
#[path = "support/server.rs"]
mod server;

use server::Server;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use wxhook_idempotency::{Clock, Entry, Filter, Fingerprint, State, Store as _};
use wxhook_idempotency_redis::{RedisOptions, RedisStore, Stream, StreamEntry};

const START: u64 = 1_800_000_000;

#[derive(Debug, Default)]
struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(START + self.0.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_a_time_are_found_and_spans_go_with_them() {
    let server = Server::start(&[]);
    let clock = Arc::new(Hand::default());
    // Done at once, so that they can be purged.
    let stream = Stream::new("events", |_: &Entry| Some(StreamEntry::default().field("a", "b")));
    let options = RedisOptions::default().with_stream("sink", stream).with_test_clock(clock.clone());
    let store = RedisStore::open(&server.url(), options).await.unwrap();
    // One a second: two full chunks of 1,024 numbers and two records of the third.
    for number in 0..2_050_u64 {
        clock.0.store(number, Ordering::SeqCst);
        let entry = Entry::new(number.to_string(), Fingerprint::new(1, [7; 32]), "x", "sink");
        store.accept(entry).await.unwrap();
    }
    let between = async |since: u64, until: u64| {
        let mut filter = Filter::default();
        let at = |second| SystemTime::UNIX_EPOCH + Duration::from_secs(START + second);
        (filter.since, filter.until) = (Some(at(since)), Some(at(until)));
        let page = store.list(filter, None, 9).await.unwrap();
        page.records.iter().map(|record| record.key.clone()).collect::<Vec<_>>()
    };
    assert_eq!(between(0, 2).await, ["1", "0"]);
    assert_eq!(between(1_022, 1_026).await, ["1025", "1024", "1023", "1022"]);
    assert_eq!(between(2_047, 9_999).await, ["2049", "2048", "2047"]);
    assert_eq!(between(2_050, 9_999).await, [""; 0]);
    let spans = || server.ask::<HashMap<String, String>>(&["HGETALL", "{wxhook}:spans"]);
    let span = |least: u64, most: u64| {
        format!("{} {} {}", most - least + 1, (START + least) * 1000, (START + most) * 1000)
    };
    let newest = || server.ask::<String>(&["HGET", "{wxhook}:meta", "span"]);
    assert_eq!(
        spans(),
        HashMap::from([("0".to_owned(), span(0, 1_023)), ("1".to_owned(), span(1_024, 2_047))])
    );
    assert_eq!(newest(), span(2_048, 2_049));

    // The first chunk and one record more are past their retention.
    clock.0.store(7 * 86_400 + 1_024, Ordering::SeqCst);
    assert_eq!(store.purge(9_999).await.unwrap(), 1_025);
    let left = span(1_024, 2_047).replacen("1024", "1023", 1);
    assert_eq!(spans(), HashMap::from([("1".to_owned(), left)]));
    assert_eq!(between(1_022, 1_027).await, ["1026", "1025"]);
    clock.0.store(8 * 86_400, Ordering::SeqCst);
    assert_eq!(store.purge(9_999).await.unwrap(), 1_025);
    assert_eq!(spans(), HashMap::new());
    assert!(newest().starts_with("0 "), "{}", newest());
    // Numbers go on, and with them the span.
    let entry = Entry::new("later", Fingerprint::new(1, [7; 32]), "x", "sink");
    store.accept(entry).await.unwrap();
    assert!(newest().starts_with("1 "), "{}", newest());
    assert_eq!(between(8 * 86_400, 9 * 86_400).await, ["later"]);
    assert_eq!(store.stats().await.unwrap().count(State::Done), 1);
}
