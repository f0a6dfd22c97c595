use crate::support::{Fault, LEASE, Rig, Step, entry, secs};
use std::collections::HashSet;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use wxhook_delivery::WorkerOptions;
use wxhook_idempotency::State;

/// Polls so rarely that only a wake can explain a delivery.
fn rarely() -> WorkerOptions {
    WorkerOptions::default().with_poll(secs(3600))
}

#[tokio::test(start_paused = true)]
async fn everything_is_delivered_once_in_batches() {
    let mut rig = Rig::new([]);
    for n in 0..200 {
        rig.accept(n).await;
    }
    let began = Instant::now();
    let running = tokio::spawn(rig.worker(rarely()).run(pending()));
    for _ in 0..200 {
        assert_eq!(rig.processed().await.as_str(), "done");
    }
    assert!(began.elapsed() < secs(1), "{:?}", began.elapsed());
    let seqs: HashSet<_> = rig.script.calls().iter().map(|call| call.seq).collect();
    assert_eq!((seqs.len(), rig.script.calls().len()), (200, 200));
    assert!(
        rig.store.layer.calls("claim_due") <= 13,
        "a quarter of the slots at least: {}",
        rig.store.layer.calls("claim_due")
    );
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn failures_are_retried_until_they_succeed() {
    let mut rig = Rig::new([Step::Retry, Step::Panic, Step::RetryAfter(secs(40))]);
    let seq = rig.accept(1).await;
    let running = tokio::spawn(rig.worker(WorkerOptions::default()).run(pending()));
    for expected in ["retried", "retried", "retried", "done"] {
        assert_eq!(rig.processed().await.as_str(), expected);
    }
    let record = rig.record(seq).await;
    assert_eq!((record.state, record.attempts, record.progress.error), (State::Done, 4, None));
    let calls = rig.script.calls();
    assert!(calls[3].at.duration_since(calls[2].at) >= secs(40));
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_wake_is_quicker_than_the_poll() {
    let mut rig = Rig::new([]);
    let worker = rig.worker(rarely());
    let waker = worker.waker();
    let running = tokio::spawn(worker.run(pending()));
    rig.store.layer.called("claim_due", 1).await;
    sleep(secs(60)).await;
    rig.accept(1).await;
    let accepted = Instant::now();
    waker.wake();
    assert_eq!(rig.processed().await.as_str(), "done");
    assert!(accepted.elapsed() < Duration::from_millis(50));
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn without_a_wake_the_poll_finds_it() {
    let mut rig = Rig::new([]);
    let running = tokio::spawn(rig.worker(WorkerOptions::default().with_poll(secs(7))).run(pending()));
    rig.store.layer.called("claim_due", 1).await;
    let accepted = Instant::now();
    rig.accept(1).await;
    assert_eq!(rig.processed().await.as_str(), "done");
    assert_eq!(accepted.elapsed().as_secs(), 7);
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_wake_while_the_worker_is_busy_is_not_lost() {
    let gate = Arc::new(Semaphore::new(0));
    let mut rig = Rig::new([Step::Gate(gate.clone())]);
    let worker = rig.worker(rarely().with_concurrency(1));
    let waker = worker.waker();
    rig.accept(1).await;
    let running = tokio::spawn(worker.run(pending()));
    rig.script.called(1).await;
    // Wakes the waiting worker, which has no room; then once more, while it waits for room.
    waker.wake();
    sleep(secs(1)).await;
    rig.accept(2).await;
    waker.wake();
    sleep(secs(1)).await;
    assert_eq!((rig.script.calls().len(), rig.store.layer.calls("claim_due")), (1, 1));
    gate.add_permits(1);
    let freed = Instant::now();
    assert_eq!(rig.processed().await.as_str(), "done");
    assert_eq!(rig.processed().await.as_str(), "done");
    assert!(freed.elapsed() < Duration::from_millis(50));
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_wake_during_a_claim_is_not_lost() {
    let mut rig = Rig::new([]);
    let worker = rig.worker(rarely());
    let waker = worker.waker();
    rig.store.layer.plan("claim_due", [Fault::Late(secs(1))]);
    let running = tokio::spawn(worker.run(pending()));
    rig.store.layer.called("claim_due", 1).await;
    let accepted = Instant::now();
    rig.accept(1).await;
    waker.wake();
    assert_eq!(rig.processed().await.as_str(), "done");
    assert!(accepted.elapsed() < secs(2), "{:?}", accepted.elapsed());
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn slots_that_get_free_one_by_one_are_filled_together() {
    let mut rig = Rig::new((0..48).map(|n| Step::Take(Duration::from_millis(100 + n))));
    for n in 0..48 {
        rig.accept(n).await;
    }
    let running = tokio::spawn(rig.worker(rarely().with_concurrency(16)).run(pending()));
    for _ in 0..48 {
        assert_eq!(rig.processed().await.as_str(), "done");
    }
    // 16 at first, then 4 at a time, and one that finds nothing
    assert!(rig.store.layer.calls("claim_due") <= 10, "{}", rig.store.layer.calls("claim_due"));
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn never_more_at_a_time_than_allowed() {
    let mut rig = Rig::new((0..40).map(|n| Step::Take(Duration::from_millis(900 + n * 7))));
    for n in 0..40 {
        rig.accept(n).await;
    }
    let running = tokio::spawn(rig.worker(rarely().with_concurrency(7)).run(pending()));
    for _ in 0..40 {
        assert_eq!(rig.processed().await.as_str(), "done");
    }
    assert_eq!(rig.script.most(), 7);
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_groups_records_follow_each_other_in_order_and_without_a_poll() {
    let mut rig = Rig::new((0..6).map(|n| Step::Take(secs(6 - n))));
    for n in 0..6 {
        let mut entry = entry(n);
        entry.group = Some(format!("order {}", n % 2));
        rig.accept_entry(entry).await;
    }
    let began = Instant::now();
    let running = tokio::spawn(rig.worker(rarely()).run(pending()));
    for _ in 0..6 {
        assert_eq!(rig.processed().await.as_str(), "done");
    }
    for group in 0..2 {
        let seqs: Vec<_> =
            rig.script.calls().iter().map(|call| call.seq).filter(|seq| seq % 2 == group).collect();
        assert!(seqs.len() == 3 && seqs.is_sorted(), "{seqs:?}");
    }
    assert!(began.elapsed() < secs(22), "{:?}", began.elapsed());
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn what_a_dropped_worker_had_is_delivered_again() {
    let mut rig = Rig::new([Step::Hang]);
    let seq = rig.accept(1).await;
    let began = Instant::now();
    let running = tokio::spawn(rig.worker(WorkerOptions::default()).run(pending()));
    rig.script.called(1).await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    let running = tokio::spawn(rig.worker(WorkerOptions::default()).run(pending()));
    assert_eq!(rig.processed().await.as_str(), "done");
    assert!(began.elapsed() >= LEASE && began.elapsed() < LEASE + secs(1));
    assert_eq!((rig.script.running(), rig.state(seq).await), (0, State::Done));
    let calls = rig.script.calls();
    assert!(calls.len() == 2 && calls[1].fence > calls[0].fence);
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_busy_lane_holds_up_no_other() {
    let mut rig = Rig::new([]);
    for n in 0..300 {
        rig.accept(n).await;
    }
    let mut quiet = entry(300);
    quiet.lane = "quiet".to_owned();
    let quiet = rig.accept_entry(quiet).await;
    let options = rarely().with_concurrency(4);
    let worker = wxhook_delivery::Worker::new(rig.processor(), [crate::support::LANE, "quiet"], options);
    let running = tokio::spawn(worker.run(pending()));
    for _ in 0..301 {
        assert_eq!(rig.processed().await.as_str(), "done");
    }
    let calls = rig.script.calls();
    let turn = calls.iter().position(|call| call.seq == quiet.get()).unwrap();
    assert!(turn < 8, "300 records wait longer in the other lane, and it came after {turn}");
    running.abort();
}
