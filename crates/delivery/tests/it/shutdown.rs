use crate::support::{Fault, Rig, Step, secs};
use tokio::sync::oneshot;
use tokio::time::Instant;
use wxhook_delivery::WorkerOptions;
use wxhook_idempotency::{State, Store};

/// A shutdown that the test gives.
fn shutdown() -> (oneshot::Sender<()>, impl Future<Output = ()> + Send) {
    let (give, given) = oneshot::channel();
    (give, async move { drop(given.await) })
}

#[tokio::test(start_paused = true)]
async fn what_is_running_may_end() {
    let mut rig = Rig::new([Step::Take(secs(5))]);
    let (give, given) = shutdown();
    let first = rig.accept(1).await;
    let running = tokio::spawn(rig.worker(WorkerOptions::default()).run(given));
    rig.script.called(1).await;
    let began = Instant::now();
    give.send(()).unwrap();
    let second = rig.accept(2).await;
    running.await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 5, "no longer than needed");
    assert_eq!(rig.processed().await.as_str(), "done");
    assert_eq!(rig.state(first).await, State::Done);
    assert_eq!(rig.state(second).await, State::Ready, "nothing more is claimed");
}

#[tokio::test(start_paused = true)]
async fn the_rest_is_released() {
    let mut rig = Rig::new([Step::Hang, Step::Hang, Step::Take(secs(9))]);
    let (give, given) = shutdown();
    let seqs = [rig.accept(1).await, rig.accept(2).await, rig.accept(3).await];
    let running = tokio::spawn(rig.worker(WorkerOptions::default()).run(given));
    rig.script.called(3).await;
    let began = Instant::now();
    give.send(()).unwrap();
    running.await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 10);
    assert_eq!(rig.script.running(), 0);
    let mut states = Vec::new();
    for seq in seqs {
        states.push(rig.state(seq).await);
    }
    states.sort();
    assert_eq!(states, [State::Ready, State::Ready, State::Done]);
    for expected in ["done", "released", "released"] {
        assert_eq!(rig.processed().await.as_str(), expected);
    }
    // Due at once, and the attempt doesn't count.
    let stats = rig.store.store.stats().await.unwrap();
    assert_eq!(stats.oldest_ready, Some(secs(0)));
    let ready = seqs.map(|seq| rig.store.store.get(wxhook_idempotency::Lookup::Seq(seq)));
    for record in ready {
        let record = record.await.unwrap().unwrap();
        assert_eq!(record.attempts, u32::from(record.state == State::Done));
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_under_way_is_given_back() {
    let rig = Rig::new([]);
    let (give, given) = shutdown();
    let seq = rig.accept(1).await;
    rig.store.layer.plan("claim_due", [Fault::HangAfter]);
    let running = tokio::spawn(rig.worker(WorkerOptions::default()).run(given));
    rig.store.layer.called("claim_due", 1).await;
    tokio::task::yield_now().await;
    assert_eq!(rig.state(seq).await, State::Leased);
    let began = Instant::now();
    give.send(()).unwrap();
    running.await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 0);
    let record = rig.record(seq).await;
    assert_eq!((record.state, record.attempts), (State::Ready, 0));
    assert_eq!(rig.script.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_does_not_hold_up_the_end() {
    let rig = Rig::new([Step::Hang]);
    let (give, given) = shutdown();
    rig.accept(1).await;
    rig.store.layer.plan("release", [Fault::Hang; 100]);
    let running = tokio::spawn(rig.worker(WorkerOptions::default()).run(given));
    rig.script.called(1).await;
    rig.store.layer.plan("claim_due", [Fault::Hang; 100]);
    let began = Instant::now();
    give.send(()).unwrap();
    running.await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 12);
    tokio::task::yield_now().await;
    assert_eq!(rig.script.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_ends_at_once() {
    let rig = Rig::new([]);
    let (give, given) = shutdown();
    let running = tokio::spawn(rig.worker(WorkerOptions::default()).run(given));
    rig.store.layer.called("claim_due", 1).await;
    let began = Instant::now();
    give.send(()).unwrap();
    running.await.unwrap();
    assert_eq!(began.elapsed().as_millis(), 0);
}
