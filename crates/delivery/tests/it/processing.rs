use crate::support::{Rig, Step, entry, secs};
use bytes::Bytes;
use std::time::Duration;
use tokio::time::{Instant, advance};
use wxhook_delivery::{AttemptOutcome, Delivery};
use wxhook_idempotency::State;

#[tokio::test(start_paused = true)]
async fn a_delivered_record_is_done_with_its_outcome() {
    let mut rig = Rig::new([Step::Outcome("yes")]);
    let seq = rig.accept(1).await;
    let lease = rig.claim().await;
    let fence = lease.fence.get();
    let outcome = Some(Bytes::from("yes"));
    assert_eq!(rig.processor().process(lease).await, AttemptOutcome::Done { outcome: outcome.clone() });
    let record = rig.record(seq).await;
    assert_eq!((record.state, record.progress.outcome), (State::Done, outcome));
    let calls = rig.script.calls();
    assert_eq!((calls.len(), calls[0].seq, calls[0].attempt, calls[0].fence), (1, seq.get(), 1, fence));
    assert_eq!(rig.processed().await.as_str(), "done");
}

#[tokio::test(start_paused = true)]
async fn a_failed_attempt_is_due_again_after_the_backoff() {
    let mut rig = Rig::new([Step::Retry]);
    let seq = rig.accept(1).await;
    let lease = rig.claim().await;
    let AttemptOutcome::Retried { after } = rig.processor().process(lease).await else { panic!() };
    assert!(after <= secs(1));
    let record = rig.record(seq).await;
    assert_eq!((record.state, record.error.as_deref(), record.attempts), (State::Ready, Some("not now"), 1));
    let due = record.due_at.since(record.accepted_at);
    assert!(due >= after && due < after + Duration::from_millis(1), "whole milliseconds: {due:?}");
    advance(due).await;
    let lease = rig.claim().await;
    assert_eq!(rig.processor().process(lease).await, AttemptOutcome::Done { outcome: None });
    let calls = rig.script.calls();
    assert_eq!(calls[1].attempt, 2);
    assert!(calls[1].fence > calls[0].fence);
}

#[tokio::test(start_paused = true)]
async fn what_the_sink_asks_for_counts_if_it_is_longer() {
    let mut rig = Rig::new([Step::RetryAfter(secs(90)), Step::RetryAfter(Duration::ZERO)]);
    rig.accept(1).await;
    let lease = rig.claim().await;
    assert_eq!(rig.processor().process(lease).await, AttemptOutcome::Retried { after: secs(90) });
    advance(secs(90)).await;
    let lease = rig.claim().await;
    let AttemptOutcome::Retried { after } = rig.processor().process(lease).await else { panic!() };
    assert!(after > Duration::ZERO && after <= secs(2), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_sink_refuses_for_good_parks() {
    let mut rig = Rig::new([Step::Park]);
    let seq = rig.accept(1).await;
    let lease = rig.claim().await;
    assert_eq!(rig.processor().process(lease).await, AttemptOutcome::Parked);
    let record = rig.record(seq).await;
    assert_eq!((record.state, record.error.as_deref()), (State::Parked, Some("never")));
}

#[tokio::test(start_paused = true)]
async fn an_old_record_is_given_up_after_one_last_attempt() {
    let mut rig = Rig::new([Step::Retry, Step::RetryAfter(secs(86_400)), Step::Retry]);
    let processor = rig.processor_with(|builder| builder.give_up_after(secs(3600)));
    let seq = rig.accept(1).await;
    let lease = rig.claim().await;
    assert_eq!(processor.process(lease).await.as_str(), "retried");
    advance(secs(3500)).await;
    let lease = rig.claim().await;
    // not in a day, but when the hour is over
    assert_eq!(processor.process(lease).await, AttemptOutcome::Retried { after: secs(100) });
    advance(secs(100)).await;
    let lease = rig.claim().await;
    assert_eq!(processor.process(lease).await, AttemptOutcome::Parked);
    assert_eq!(rig.record(seq).await.error.as_deref(), Some("given up: not now"));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_makes_its_record_older() {
    // The time-out is 60 seconds.
    for (give_up_after, expected) in [(secs(60), "parked"), (secs(62), "retried")] {
        let mut rig = Rig::new([Step::Hang]);
        let processor = rig.processor_with(|builder| builder.give_up_after(give_up_after));
        rig.accept(1).await;
        let lease = rig.claim().await;
        assert_eq!(processor.process(lease).await.as_str(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn used_up_attempts_park() {
    let mut rig = Rig::new([Step::Retry, Step::Retry]);
    let mut entry = entry(1);
    entry.max_attempts = 2;
    let seq = rig.accept_entry(entry).await;
    let lease = rig.claim().await;
    assert_eq!(rig.processor().process(lease).await.as_str(), "retried");
    advance(secs(1)).await;
    let lease = rig.claim().await;
    assert_eq!(rig.processor().process(lease).await, AttemptOutcome::Parked);
    assert_eq!(rig.record(seq).await.error.as_deref(), Some("attempts used up: not now"));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_ends_with_its_time_out() {
    let mut rig = Rig::new([Step::Hang]);
    let seq = rig.accept(1).await;
    let (lease, began) = (rig.claim().await, Instant::now());
    assert_eq!(rig.processor().process(lease).await.as_str(), "retried");
    assert_eq!(began.elapsed().as_secs(), 60);
    assert_eq!(rig.script.running(), 0, "dropped");
    assert_eq!(rig.record(seq).await.error.as_deref(), Some("took longer than 60s"));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failed_attempt() {
    let mut rig = Rig::new([Step::Panic]);
    let seq = rig.accept(1).await;
    let lease = rig.claim().await;
    assert_eq!(rig.processor().process(lease).await.as_str(), "retried");
    assert_eq!(rig.record(seq).await.error.as_deref(), Some("panicked"));
}

#[tokio::test(start_paused = true)]
async fn texts_are_bounded() {
    let mut rig = Rig::new([Step::RetryWhy("长".repeat(1000))]);
    let seq = rig.accept(1).await;
    let lease = rig.claim().await;
    assert_eq!(rig.processor().process(lease).await.as_str(), "retried");
    assert_eq!(rig.record(seq).await.progress.error.unwrap(), "长".repeat(85));
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_record_parks_unseen() {
    let mut rig = Rig::new([]);
    let mut entry = entry(1);
    entry.body = Bytes::from_static(b"{\"content\":");
    let seq = rig.accept_entry(entry).await;
    let lease = rig.claim().await;
    assert_eq!(rig.processor().process(lease).await, AttemptOutcome::Parked);
    assert_eq!(rig.record(seq).await.error.as_deref(), Some("unreadable record"));
    assert_eq!(rig.script.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_shows_content() {
    let mut rig = Rig::new([]);
    let mut entry = entry(1);
    entry.group = Some("s3cret".to_owned());
    rig.accept_entry(entry).await;
    let lease = rig.claim().await;
    let delivery = Delivery::from_lease(&lease).unwrap();
    assert!(delivery.record.to_json().contains("s3cret"));
    let done = AttemptOutcome::Done { outcome: Some(Bytes::from("s3cret")) };
    let shown = format!("{delivery:?} {done:?} {:?}", wxhook_delivery::Receipt::with_outcome("s3cret"));
    assert!(!shown.contains("s3cret") && !shown.contains("n=1"), "{shown}");
}
