use crate::support::{Rig, Step, entry, secs};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use tokio::time::advance;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt;
use wxhook_delivery::{Check, CheckError, Delivery, ParkReason, SharedCheck, Verdict};
use wxhook_idempotency::State;

/// The captured log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = fmt().with_ansi(false).without_time().with_writer(move || writer.clone()).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
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

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_sink_is_two_lines() {
    let (log, _guard) = Log::start();
    let mut rig = Rig::new([Step::Retry, Step::Retry, Step::Retry]);
    let processor = rig.processor();
    rig.accept(1).await;
    for _ in 0..4 {
        // The longest that the first few waits are.
        advance(secs(10)).await;
        let lease = rig.claim().await;
        processor.process(lease).await;
    }
    let written = log.text();
    let lines: Vec<_> = written.lines().map(str::trim_start).collect();
    assert_eq!(lines.len(), 2, "{written}");
    assert!(lines[0].starts_with("WARN ") && lines[0].contains("not now"), "{written}");
    assert!(lines[1].starts_with("INFO ") && lines[1].contains("failures=3"), "{written}");
    assert!(!written.contains("s3cret"), "{written}");
}

/// Says always the same.
#[derive(Debug)]
struct Always(Verdict);

impl Check for Always {
    async fn check(&self, _: &Delivery) -> Result<Verdict, CheckError> {
        Ok(self.0)
    }
}

#[tokio::test(start_paused = true)]
async fn each_record_that_is_parked_has_a_line_and_is_told_with_its_reason() {
    let (log, _guard) = Log::start();
    for (reason, step, verdict) in [
        (ParkReason::Mismatch, Step::Deliver, Verdict::Mismatch),
        (ParkReason::NoOrder, Step::Deliver, Verdict::NotYet),
        (ParkReason::Refused, Step::Park, Verdict::Match),
        (ParkReason::GaveUp, Step::Retry, Verdict::Match),
        (ParkReason::Attempts, Step::Retry, Verdict::Match),
        (ParkReason::Unreadable, Step::Deliver, Verdict::Match),
    ] {
        let mut rig = Rig::new([step]);
        let told = Arc::new(Mutex::new(Vec::new()));
        let telling = Arc::clone(&told);
        let give_up_after = if reason == ParkReason::GaveUp { secs(0) } else { secs(3_600) };
        let processor = rig.processor_with(|builder| {
            builder
                .check(SharedCheck::new(Always(verdict)))
                .give_up_after(give_up_after)
                .not_yet_for(secs(0))
                .observe_parked(move |parked| {
                    let (merchant, event) = (parked.merchant.to_owned(), parked.event.to_owned());
                    telling.lock().unwrap().push((parked.seq, merchant, event, parked.reason));
                })
        });
        let mut entry = entry(1);
        entry.labels.merchant = "shop".to_owned();
        entry.labels.event = "PAID".to_owned();
        entry.max_attempts = if reason == ParkReason::Attempts { 1 } else { 9 };
        if reason == ParkReason::Unreadable {
            entry.body = "s3cret".into();
        }
        let seq = rig.accept_entry(entry).await;
        let lease = rig.claim().await;
        processor.process(lease).await;
        assert_eq!(rig.state(seq).await, State::Parked, "{reason}");
        assert_eq!(*told.lock().unwrap(), [(seq, "shop".to_owned(), "PAID".to_owned(), reason)]);
        let written = std::mem::take(&mut *log.0.lock().unwrap());
        let written = String::from_utf8(written).unwrap();
        let expected = format!("seq={seq} merchant=\"shop\" event=\"PAID\" reason={reason} ");
        assert!(written.lines().count() == 1 && written.contains(" WARN "), "{written}");
        assert!(written.contains(&expected), "{expected}: {written}");
        assert!(!written.contains("s3cret") && !written.contains("n=1"), "{written}");
    }
}
