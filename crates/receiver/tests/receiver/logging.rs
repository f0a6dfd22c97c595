//! Tests of what is logged: little about a flood of rubbish, and every record that waits for an operator.

use crate::support::*;
use bytes::Bytes;
use http::{HeaderMap, Method, Request as HttpRequest};
use http_body_util::Full;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing::subscriber::DefaultGuard;
use wxhook_crypto::v2::SignAlgorithm::Md5;
use wxhook_receiver::{HoldReason, Outcome, Rejection, RequestReport};

/// Lines that this thread logs at the default level, in the larger format.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(tracing::Level::INFO)
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lines(text: &str, part: &str) -> usize {
    text.lines().filter(|line| line.contains(part)).count()
}

async fn http(world: &World, method: Method, path: &str, headers: &HeaderMap) -> RequestReport {
    let mut request = HttpRequest::new(Full::new(Bytes::from_static(b"rubbish")));
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap();
    *request.headers_mut() = headers.clone();
    world.receiver.answer(request).await.extensions().get::<RequestReport>().unwrap().clone()
}

const MANY: usize = 200;

/// Each kind of rejection that costs a sender nothing, with texts as long and as ugly as they may be.
async fn rubbish(world: &World) {
    let ugly = "\\".repeat(2_000);
    let path = format!("/notify/{}", "x".repeat(2_000));
    let none = HeaderMap::new();
    let signed = paid().sign().header("request-id", &ugly);
    for _ in 0..MANY {
        http(world, Method::POST, &path, &signed.headers).await;
        http(world, Method::GET, "/notify/shop", &none).await;
        http(world, Method::POST, "/notify/shop", &none).await;
        world.send(&raw("")).await;
        world.send(&raw("x".repeat(300_000))).await;
        world.send(&raw("<xml>")).await;
        world.send(&v2(&PAYMENT, Md5).header("request-id", &ugly)).await;
        let mut request = signed.clone();
        request.body.push(b' ');
        world.send(&request).await;
        world.send(&signed.clone().header("wechatpay-serial", &ugly)).await;
        world.send(&signed.clone().header("wechatpay-timestamp", "soon")).await;
        world.send(&signed.clone().doubled("wechatpay-nonce")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_rubbish_costs_little_log_and_its_counts_are_not_lost() {
    let (log, _guard) = Log::start();
    let world = World::new();
    rubbish(&world).await;
    let first = log.take();
    assert!(first.len() < 15 << 10, "{} bytes", first.len());
    let not_found = lines(&first, "\"reason\":\"not-found\"");
    assert!((1..=10).contains(&not_found) && first.lines().count() <= 40, "{first}");
    for reason in ["method", "header", "xml", "signature", "unknown-key", "timestamp", "doubled-header"] {
        assert!(lines(&first, &format!("\"reason\":\"{reason}\"")) >= 1, "{reason}\n{first}");
    }
    assert_eq!(lines(&first, "more requests were rejected"), 0);

    // Nobody sends anything any more.
    tokio::time::sleep(Duration::from_secs(61)).await;
    let summary = log.take();
    assert_eq!(lines(&summary, "more requests were rejected"), 1, "{summary}");
    let counts = format!("not-found {}, ", MANY - not_found);
    assert!(summary.contains("\"WARN\"") && summary.contains(&counts), "{counts}: {summary}");

    // The flood goes on: a summary a minute, and nothing else.
    for _ in 0..3 {
        rubbish(&world).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let minute = log.take();
        assert_eq!(minute.lines().count(), 1, "{minute}");
        assert!(minute.contains("not-found 200, "), "{minute}");
    }
    // What isn't told when the receiver goes is told then.
    rubbish(&world).await;
    drop(world);
    assert_eq!(lines(&log.take(), "more requests were rejected"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_valid_notification_in_a_flood_is_quiet_and_a_new_reason_is_told() {
    let (log, _guard) = Log::start();
    let world = World::new();
    for _ in 0..MANY {
        world.send(&raw("rubbish")).await;
    }
    log.take();
    assert_eq!(world.send(&paid().sign()).await.report.outcome.as_str(), "new");
    assert_eq!(log.take(), "");
    let mut stale = paid();
    stale.timestamp = (NOW - 301).to_string();
    assert_eq!(world.send(&stale.sign()).await.report.outcome.as_str(), "stale");
    let told = log.take();
    assert!(told.contains("\"WARN\"") && told.contains("correct the clock"), "{told}");
}

#[tokio::test]
async fn each_record_that_waits_for_an_operator_has_a_line_once() {
    let (log, _guard) = Log::start();
    let world = World::new();
    let mut hidden = PAYMENT;
    hidden[1].1 = "1&bank_type=CMC";
    let mut changed = PAYMENT;
    changed[8].1 = "2";
    let mut sealed = paid();
    sealed.algorithm = "AEAD_UNKNOWN".to_owned();
    for (request, seq, reason, event) in [
        (v2(&hidden, Md5), 1, "hidden-field", "v2/transaction-success"),
        (v2(&changed, Md5), 2, "changed", "v2/transaction-success"),
        (sealed.sign(), 3, "quarantine", "quarantine"),
    ] {
        let report = world.send(&request).await.report;
        assert_eq!(report.parked.map(HoldReason::as_str), Some(reason));
        let told = log.take();
        let parked: Vec<_> = told.lines().filter(|line| line.contains("parked: ")).collect();
        assert_eq!(parked.len(), 1, "{told}");
        for part in [
            "\"WARN\"".to_owned(),
            format!("\"seq\":\"{seq}\""),
            "\"merchant\":\"shop\"".to_owned(),
            format!("\"event\":\"{event}\""),
            format!("\"reason\":\"{reason}\""),
        ] {
            assert!(parked[0].contains(&part), "{part}: {told}");
        }
        // Neither the key nor a number of the order.
        assert!(!told.contains("100440074020") && !told.contains("1409811653"), "{told}");
        // A resend is a duplicate of what was told already.
        assert_eq!(world.send(&request).await.report.parked, None);
        assert_eq!(lines(&log.take(), "parked: "), 0);
    }
    // Ordinary ones aren't parked.
    for request in [paid().sign(), refund(&REFUND)] {
        assert_eq!(world.send(&request).await.report.parked, None);
    }
    assert_eq!(log.take(), "");
}

#[tokio::test(start_paused = true)]
async fn a_near_miss_names_the_path_that_would_have_matched() {
    let (log, _guard) = Log::start();
    let world = World::new();
    let headers = paid().sign().headers;
    let report = http(&world, Method::POST, "/Notify/shop/", &headers).await;
    assert_eq!((report.outcome, report.near_miss), (Outcome::Rejected(Rejection::NotFound), true));
    let told = log.take();
    assert!(told.contains("\"WARN\"") && told.contains("\"configured\":\"/notify/shop\""), "{told}");
    assert!(told.contains("\"path\":\"/Notify/shop/\""), "{told}");
    // Another path, or nothing that says that it is a notification.
    assert!(!http(&world, Method::POST, "/notify/shops", &headers).await.near_miss);
    assert!(!http(&world, Method::POST, "/notify/shop/", &HeaderMap::new()).await.near_miss);
    let told = log.take();
    assert!(told.lines().count() == 2 && !told.contains("WARN"), "{told}");
    for _ in 0..MANY {
        assert!(http(&world, Method::POST, "/notify/shop/", &headers).await.near_miss);
    }
    assert_eq!(lines(&log.take(), "\"configured\""), 9, "as others, ten a minute");
}
