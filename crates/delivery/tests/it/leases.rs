use crate::support::{Fault, LEASE, Rig, Step, entry, secs};
use tokio::time::{Instant, advance, sleep};
use wxhook_delivery::AttemptOutcome;
use wxhook_idempotency::{Action, BeginResult, ClaimId, State, Store, StoreExt as _};

/// Begins the record as another process would.
async fn begun_elsewhere(rig: &Rig, id: u128) -> BeginResult {
    rig.store.store.begin(entry(1), ClaimId::new(u128::MAX - id), LEASE).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_slow_delivery_keeps_its_lease() {
    let mut rig = Rig::new([Step::Take(secs(100))]);
    rig.accept(1).await;
    let lease = rig.claim().await;
    let processor = rig.processor_with(|builder| builder.timeout(secs(200)));
    let task = tokio::spawn(async move { processor.process(lease).await });
    for id in 0..9 {
        sleep(secs(11)).await;
        let begun = begun_elsewhere(&rig, id).await;
        assert!(matches!(begun, BeginResult::Busy { remaining } if remaining >= secs(19)), "{begun:?}");
    }
    assert_eq!(task.await.unwrap(), AttemptOutcome::Done { outcome: None });
    assert_eq!(rig.store.layer.calls("renew"), 9);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_nobody_keeps_runs_out() {
    let mut rig = Rig::new([]);
    rig.accept(1).await;
    let lease = rig.claim().await;
    advance(secs(29)).await;
    assert!(matches!(begun_elsewhere(&rig, 0).await, BeginResult::Busy { .. }));
    advance(secs(1)).await;
    assert!(
        matches!(begun_elsewhere(&rig, 1).await, BeginResult::Acquired(taken) if taken.fence > lease.fence)
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_lease_stops_the_delivery() {
    let mut rig = Rig::new([Step::Hang]);
    let seq = rig.accept(1).await;
    let lease = rig.claim().await;
    let began = Instant::now();
    let processor = rig.processor();
    let task = tokio::spawn(async move { processor.process(lease).await });
    rig.script.called(1).await;
    rig.store.store.park(seq, Action::new("somebody", "suspicious")).await.unwrap();
    assert_eq!(task.await.unwrap(), AttemptOutcome::Lost);
    assert_eq!(began.elapsed().as_secs(), 10, "at the next renewal");
    assert_eq!(rig.script.running(), 0);
    assert_eq!(rig.state(seq).await, State::Parked);
    assert_eq!((rig.store.layer.calls("complete"), rig.store.layer.calls("fail")), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_lease_lost_before_completing_completes_nothing() {
    let mut rig = Rig::new([Step::Take(secs(5))]);
    let seq = rig.accept(1).await;
    let lease = rig.claim().await;
    let processor = rig.processor();
    let task = tokio::spawn(async move { processor.process(lease).await });
    rig.script.called(1).await;
    rig.store.store.park(seq, Action::new("somebody", "suspicious")).await.unwrap();
    assert_eq!(task.await.unwrap(), AttemptOutcome::Lost);
    assert_eq!(rig.state(seq).await, State::Parked);
}

#[tokio::test(start_paused = true)]
async fn renewals_that_fail_are_repeated() {
    for faults in [vec![Fault::Fail; 4], vec![Fault::Hang], vec![Fault::LoseReply], vec![Fault::Corrupt]] {
        let mut rig = Rig::new([Step::Take(secs(50))]);
        rig.accept(1).await;
        let lease = rig.claim().await;
        rig.store.layer.plan("renew", faults.clone());
        assert_eq!(rig.processor().process(lease).await.as_str(), "done", "{faults:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delivery_ends_with_a_lease_that_cannot_be_renewed() {
    for fault in [Fault::Fail, Fault::Hang] {
        let mut rig = Rig::new([Step::Hang]);
        let seq = rig.accept(1).await;
        let lease = rig.claim().await;
        let began = Instant::now();
        rig.store.layer.plan("renew", [fault; 10_000]);
        assert_eq!(rig.processor().process(lease).await, AttemptOutcome::StoreUnavailable);
        assert_eq!(began.elapsed().as_secs(), 30);
        assert_eq!(rig.script.running(), 0);
        let again = rig.claim().await;
        assert_eq!((again.record.seq, again.record.attempts), (seq, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_drops_the_delivery_and_lets_the_lease_run_out() {
    let mut rig = Rig::new([Step::Hang]);
    let seq = rig.accept(1).await;
    let lease = rig.claim().await;
    let processor = rig.processor();
    let task = tokio::spawn(async move { processor.process(lease).await });
    rig.script.called(1).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    tokio::task::yield_now().await;
    assert_eq!((rig.script.running(), rig.state(seq).await), (0, State::Leased));
    advance(LEASE).await;
    let again = rig.claim().await;
    assert_eq!(rig.processor().process(again).await.as_str(), "done");
    let calls = rig.script.calls();
    assert!(calls[1].attempt == 2 && calls[1].fence > calls[0].fence);
}
