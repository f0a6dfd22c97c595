use crate::support::{Rig, Step, secs};
use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, advance};
use wxhook_delivery::{
    AttemptOutcome, Check, CheckError, Delivery, Processor, SharedCheck, Verdict, WorkerOptions,
};
use wxhook_idempotency::State;

#[derive(Debug, Clone, Copy)]
enum Answer {
    Says(Verdict),
    Fails,
    Hangs,
    Panics,
}

/// Gives its answers one after the other, the last one for ever.
#[derive(Debug, Clone)]
struct Order {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<Instant>>>,
}

impl Order {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.into_iter().collect())), asked: Arc::default() }
    }

    fn asked(&self) -> Vec<Instant> {
        self.asked.lock().unwrap().clone()
    }
}

impl Check for Order {
    async fn check(&self, delivery: &Delivery) -> Result<Verdict, CheckError> {
        assert_eq!(delivery.record.content.merchant, "shop");
        self.asked.lock().unwrap().push(Instant::now());
        let answer = {
            let mut answers = self.answers.lock().unwrap();
            if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0] }
        };
        match answer {
            Answer::Says(verdict) => Ok(verdict),
            Answer::Fails => Err(CheckError::new("no database")),
            Answer::Hangs => pending().await,
            Answer::Panics => panic!("as the test says"),
        }
    }
}

fn checked(rig: &Rig, order: &Order) -> Processor {
    rig.processor_with(|builder| builder.check(SharedCheck::new(order.clone())))
}

#[tokio::test(start_paused = true)]
async fn a_match_goes_on() {
    let mut rig = Rig::new([]);
    let order = Order::new([Answer::Says(Verdict::Match)]);
    rig.accept(1).await;
    let lease = rig.claim().await;
    assert_eq!(checked(&rig, &order).process(lease).await, AttemptOutcome::Done { outcome: None });
    assert_eq!(rig.script.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_mismatch_is_parked_flagged_and_never_handed_on() {
    let mut rig = Rig::new([]);
    let order = Order::new([Answer::Says(Verdict::Mismatch)]);
    let seq = rig.accept(1).await;
    let lease = rig.claim().await;
    assert_eq!(checked(&rig, &order).process(lease).await, AttemptOutcome::Parked);
    let record = rig.record(seq).await;
    assert_eq!((record.state, record.progress.flags), (State::Parked, vec!["mismatch".to_owned()]));
    assert_eq!(rig.script.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_never_comes_parks_after_ten_minutes() {
    let mut rig = Rig::new([]);
    let order = Order::new([Answer::Says(Verdict::NotYet)]);
    let seq = rig.accept(1).await;
    let processor = checked(&rig, &order);
    let began = Instant::now();
    for _ in 0..20 {
        let lease = rig.claim().await;
        assert_eq!(processor.process(lease).await, AttemptOutcome::Retried { after: secs(30) });
        advance(secs(30)).await;
    }
    assert_eq!(began.elapsed().as_secs(), 600);
    let lease = rig.claim().await;
    assert_eq!(processor.process(lease).await, AttemptOutcome::Parked);
    let record = rig.record(seq).await;
    assert_eq!(record.error.as_deref(), Some("the merchant has no such order"));
    assert!(record.flags.is_empty());
    assert_eq!((order.asked().len(), rig.script.calls().len()), (21, 0));
}

#[tokio::test(start_paused = true)]
async fn an_order_that_comes_late_is_delivered() {
    let mut rig = Rig::new([]);
    let (late, there) = (Answer::Says(Verdict::NotYet), Answer::Says(Verdict::Match));
    let order = Order::new([late, late, late, there]);
    let seq = rig.accept(1).await;
    let worker = wxhook_delivery::Worker::new(checked(&rig, &order), ["main"], WorkerOptions::default());
    let running = tokio::spawn(worker.run(pending()));
    for _ in 0..3 {
        assert_eq!(rig.processed().await.as_str(), "retried");
    }
    assert_eq!(rig.processed().await.as_str(), "done");
    assert_eq!(rig.state(seq).await, State::Done);
    let asked = order.asked();
    for pair in asked.windows(2) {
        let gap = pair[1].duration_since(pair[0]);
        assert!(gap >= secs(30) && gap <= secs(31), "{gap:?}");
    }
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_check_that_fails_is_asked_again_beyond_the_ten_minutes() {
    for (answer, error) in [
        (Answer::Fails, "the check failed: no database"),
        (Answer::Hangs, "the check took longer than 60s"),
        (Answer::Panics, "panicked"),
    ] {
        let mut rig = Rig::new([]);
        let order = Order::new([answer]);
        let processor = checked(&rig, &order);
        let seq = rig.accept(1).await;
        advance(secs(3600)).await;
        let lease = rig.claim().await;
        let AttemptOutcome::Retried { after } = processor.process(lease).await else { panic!("{answer:?}") };
        assert!(after <= secs(1));
        assert_eq!(rig.record(seq).await.error.as_deref(), Some(error));
        advance(secs(3 * 86_400)).await;
        let lease = rig.claim().await;
        assert_eq!(processor.process(lease).await, AttemptOutcome::Parked, "{answer:?}");
        assert_eq!(rig.record(seq).await.error, Some(format!("given up: {error}")));
        assert_eq!(rig.script.calls().len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_unknown_to_an_old_record_parks_at_once() {
    let mut rig = Rig::new([]);
    let order = Order::new([Answer::Says(Verdict::NotYet)]);
    rig.accept(1).await;
    advance(secs(600) - Duration::from_millis(1)).await;
    let lease = rig.claim().await;
    let last = AttemptOutcome::Retried { after: Duration::from_millis(1) };
    assert_eq!(checked(&rig, &order).process(lease).await, last);
    advance(Duration::from_millis(1)).await;
    let lease = rig.claim().await;
    assert_eq!(checked(&rig, &order).process(lease).await, AttemptOutcome::Parked);
}

#[tokio::test(start_paused = true)]
async fn a_closure_is_a_check() {
    let mut rig = Rig::new([Step::Deliver, Step::Deliver]);
    let check = wxhook_delivery::check_fn(|record| {
        let verdict = if record.seq == 1 { Verdict::Match } else { Verdict::Mismatch };
        async move { Ok(verdict) }
    });
    let processor = rig.processor_with(|builder| builder.check(SharedCheck::new(check)));
    for (n, outcome) in [(1, AttemptOutcome::Done { outcome: None }), (2, AttemptOutcome::Parked)] {
        rig.accept(n).await;
        let lease = rig.claim().await;
        assert_eq!(processor.process(lease).await, outcome);
    }
}
