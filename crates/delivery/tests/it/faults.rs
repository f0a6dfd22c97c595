use crate::support::{Fault, LEASE, Rig, Step, secs};
use std::future::pending;
use std::time::Duration;
use tokio::time::{Instant, advance};
use wxhook_delivery::{AttemptOutcome, WorkerOptions};
use wxhook_idempotency::State;

#[tokio::test(start_paused = true)]
async fn completing_is_repeated_while_the_lease_lasts() {
    for faults in [vec![Fault::Fail; 5], vec![Fault::LoseReply], vec![Fault::Hang], vec![Fault::HangAfter]] {
        let mut rig = Rig::new([Step::Outcome("yes")]);
        let seq = rig.accept(1).await;
        let lease = rig.claim().await;
        rig.store.layer.plan("complete", faults.clone());
        assert_eq!(rig.processor().process(lease).await.as_str(), "done", "{faults:?}");
        let record = rig.record(seq).await;
        assert_eq!((record.state, record.outcome.as_deref()), (State::Done, Some(&b"yes"[..])));
        assert_eq!((rig.store.layer.calls("complete"), rig.script.calls().len()), (faults.len() + 1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_completed_is_delivered_again() {
    let mut rig = Rig::new([]);
    let seq = rig.accept(1).await;
    let (lease, began) = (rig.claim().await, Instant::now());
    rig.store.layer.plan("complete", [Fault::Fail; 1000]);
    assert_eq!(rig.processor().process(lease).await, AttemptOutcome::StoreUnavailable);
    assert!(began.elapsed() <= LEASE && began.elapsed() > secs(20), "{:?}", began.elapsed());
    assert!(rig.store.layer.calls("complete") < 100, "it backs off");
    assert_eq!(rig.state(seq).await, State::Leased);
    advance(LEASE).await;
    assert_eq!(rig.claim().await.record.attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn what_repeating_does_not_help_is_not_repeated() {
    let mut rig = Rig::new([]);
    rig.accept(1).await;
    let lease = rig.claim().await;
    rig.store.layer.plan("complete", [Fault::Corrupt]);
    assert_eq!(rig.processor().process(lease).await, AttemptOutcome::StoreUnavailable);
    assert_eq!(rig.store.layer.calls("complete"), 1);
}

#[tokio::test(start_paused = true)]
async fn failing_is_repeated_too() {
    let mut rig = Rig::new([Step::Park]);
    let seq = rig.accept(1).await;
    let lease = rig.claim().await;
    rig.store.layer.plan("fail", [Fault::Fail; 3]);
    assert_eq!(rig.processor().process(lease).await, AttemptOutcome::Parked);
    assert_eq!(rig.state(seq).await, State::Parked);
}

#[tokio::test(start_paused = true)]
async fn a_worker_resumes_by_itself_when_the_store_is_back() {
    let mut rig = Rig::new([]);
    let seq = rig.accept(1).await;
    rig.store.layer.plan("claim_due", [Fault::Fail; 20]);
    let began = Instant::now();
    let running = tokio::spawn(rig.worker(WorkerOptions::default()).run(pending()));
    assert_eq!(rig.processed().await.as_str(), "done");
    assert_eq!(rig.state(seq).await, State::Done);
    assert!(rig.store.layer.calls("claim_due") >= 21);
    // at most 0.1 + 0.2 + … + 3.2 + 14 * 5 seconds, on average half of that
    assert!(began.elapsed() < secs(77) && began.elapsed() > secs(5), "{:?}", began.elapsed());
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_answer_was_lost_is_repeated_not_left_to_run_out() {
    for fault in [Fault::LoseReply, Fault::HangAfter] {
        let mut rig = Rig::new([]);
        for n in 0..3 {
            rig.accept(n).await;
        }
        rig.store.layer.plan("claim_due", [fault]);
        let began = Instant::now();
        let running = tokio::spawn(rig.worker(WorkerOptions::default()).run(pending()));
        for _ in 0..3 {
            assert_eq!(rig.processed().await.as_str(), "done");
        }
        assert!(began.elapsed() < Duration::from_secs(11), "{:?}", began.elapsed());
        assert!(rig.script.calls().iter().all(|call| call.attempt == 1), "one claim each");
        running.abort();
    }
}
