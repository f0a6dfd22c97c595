use std::collections::VecDeque;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep};
use wxhook_delivery::{Delivery, Receipt, Sink, SinkError};

/// The result of one delivery.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Deliver,
    Outcome(&'static str),
    Retry,
    RetryAfter(Duration),
    RetryWhy(String),
    Park,
    Panic,
    Hang,
    Take(Duration),
    /// Until the test adds a permit.
    Gate(Arc<Semaphore>),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) seq: u64,
    pub(crate) attempt: u32,
    pub(crate) fence: u64,
    pub(crate) at: Instant,
}

/// Does its steps one after the other; then it delivers whatever comes.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    steps: Mutex<VecDeque<Step>>,
    calls: Mutex<Vec<Call>>,
    called: Notify,
    running: AtomicUsize,
    most: AtomicUsize,
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let inner = Inner {
            steps: Mutex::new(steps.into_iter().collect()),
            calls: Mutex::default(),
            called: Notify::new(),
            running: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.inner.calls.lock().unwrap().clone()
    }

    /// Returns the number of deliveries that neither ended nor were dropped.
    pub(crate) fn running(&self) -> usize {
        self.inner.running.load(SeqCst)
    }

    /// The most that ever ran at a time.
    pub(crate) fn most(&self) -> usize {
        self.inner.most.load(SeqCst)
    }

    /// Until there were so many calls.
    pub(crate) async fn called(&self, times: usize) {
        while self.calls().len() < times {
            self.inner.called.notified().await;
        }
    }
}

struct Running<'a>(&'a AtomicUsize);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Sink for Script {
    fn name(&self) -> &str {
        "script"
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, SinkError> {
        let inner = &*self.inner;
        inner.most.fetch_max(inner.running.fetch_add(1, SeqCst) + 1, SeqCst);
        let _running = Running(&inner.running);
        let record = &delivery.record;
        let call =
            Call { seq: record.seq, attempt: record.attempt, fence: delivery.fence, at: Instant::now() };
        inner.calls.lock().unwrap().push(call);
        inner.called.notify_one();
        let step = inner.steps.lock().unwrap().pop_front().unwrap_or(Step::Deliver);
        match step {
            Step::Deliver => {}
            Step::Outcome(outcome) => return Ok(Receipt::with_outcome(outcome)),
            Step::Retry => return Err(SinkError::retry("not now")),
            Step::RetryAfter(after) => return Err(SinkError::retry_after("not now", after)),
            Step::RetryWhy(why) => return Err(SinkError::retry(why)),
            Step::Park => return Err(SinkError::park("never")),
            Step::Panic => panic!("as the script says"),
            Step::Hang => pending().await,
            Step::Take(time) => sleep(time).await,
            Step::Gate(gate) => gate.acquire().await.unwrap().forget(),
        }
        Ok(Receipt::default())
    }
}
