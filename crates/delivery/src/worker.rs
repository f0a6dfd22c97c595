mod claim_ids;
mod options;

pub(crate) use claim_ids::ClaimIds;
pub use options::WorkerOptions;

use crate::backoff::Backoff;
use crate::cause::cause;
use crate::processor::Processor;
use crate::race::{First, race};
use crate::sink::Sink as _;
use std::future::{Future, pending};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use wxhook_idempotency::{Claim, Lease, Store, StoreExt as _};

/// Between claims of a store that is unavailable.
const AGAIN: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
/// One claim may take so long.
const CLAIM_WITHIN: Duration = Duration::from_secs(10);
/// Releasing may take so long, after the drain.
const RELEASE_WITHIN: Duration = Duration::from_secs(2);
/// How long to gather free slots before claiming for a few: under load one claim serves many records.
const LINGER: Duration = Duration::from_millis(5);

/// Claims due records of some lanes, which take turns, and has them processed, so many at a time.
///
/// Any number of workers, in any number of processes, may work on the same lanes. A worker that crashes loses nothing: its
/// leases run out, and others claim its records.
#[derive(Debug)]
pub struct Worker {
    processor: Processor,
    lanes: Vec<String>,
    options: WorkerOptions,
    ids: ClaimIds,
    waker: Waker,
    /// At most `concurrency` tasks, one a record; each gives whether its record had a group. Dropping the set aborts them.
    crew: JoinSet<bool>,
    /// Tells the crew to stop.
    stop: watch::Sender<bool>,
    /// A claim whose answer wasn't heard yet: repeating it with its id gives the leases that it was granted.
    asked: Option<Claim>,
    /// Claims in a row that failed.
    failures: u32,
    /// Whether there may be due records.
    more: bool,
}

impl Worker {
    /// A worker for the records of these lanes.
    pub fn new(
        processor: Processor,
        lanes: impl IntoIterator<Item = impl Into<String>>,
        options: WorkerOptions,
    ) -> Self {
        Self {
            processor,
            lanes: lanes.into_iter().map(Into::into).collect(),
            options,
            ids: ClaimIds::random(),
            waker: Waker::default(),
            crew: JoinSet::new(),
            stop: watch::Sender::new(false),
            asked: None,
            failures: 0,
            more: true,
        }
    }

    /// What tells this worker that a record was accepted.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Works until `shutdown` is ready; then claims nothing more, lets what is running end within
    /// [`WorkerOptions::drain`], and releases the rest, so that it is due at once for others.
    ///
    /// Never fails: while the store doesn't answer it waits and tries again. Must run within a tokio runtime with time.
    /// If the future is dropped, its deliveries are dropped with it and their leases run out.
    pub async fn run(mut self, shutdown: impl Future<Output = ()> + Send) {
        // `work` may be dropped at any of its awaits: all that it knows is in `self`.
        race(shutdown, self.work()).await;
        self.drain().await;
    }

    async fn work(&mut self) {
        loop {
            self.wait_for_more().await;
            self.wait_for_room().await;
            self.claim().await;
        }
    }

    /// Until there may be due records: something was accepted, a group's next record may have its turn, or the poll is
    /// due (for what was retried, or accepted elsewhere).
    async fn wait_for_more(&mut self) {
        let began = Instant::now();
        while !self.more {
            let left = self.options.poll.saturating_sub(began.elapsed());
            let woken_or_ended = race(self.waker.notify.notified(), ended(&mut self.crew));
            self.more = match timeout(left, woken_or_ended).await {
                Ok(First::Right(had_group)) => had_group,
                Ok(First::Left(())) | Err(_) => true,
            };
        }
    }

    /// Until a quarter of the slots is free, or some are and none is added for a moment.
    async fn wait_for_room(&mut self) {
        while let Some(_reaped) = self.crew.try_join_next() {}
        if self.room() == 0 {
            ended(&mut self.crew).await;
        }
        let enough = self.concurrency().div_ceil(4);
        let gathered = Instant::now() + LINGER;
        while self.room() < enough && timeout_at(gathered, ended(&mut self.crew)).await.is_ok() {}
    }

    async fn claim(&mut self) {
        let (room, lease) = (self.room(), self.processor.lease());
        let (ids, lanes) = (&mut self.ids, &self.lanes);
        let claim = self.asked.get_or_insert_with(|| Claim::new(ids.next(), lanes, room, lease)).clone();
        let (most, asked) = (claim.max, Instant::now());
        // Dropped or unheard, the claim may have been granted: it stays in `asked` and is repeated as it is.
        match timeout(CLAIM_WITHIN, self.processor.store().claim_due(claim)).await {
            Ok(Ok(leases)) => {
                // No await from here on until every lease has its task.
                self.asked = None;
                if self.failures > 0 {
                    tracing::info!(sink = self.sink(), failures = self.failures, "the store is back");
                }
                // A repeated claim gives what it gave before, so there may be more.
                self.more = leases.len() >= most || self.failures > 0;
                self.failures = 0;
                for lease in leases {
                    self.start(lease, asked);
                }
                return;
            }
            Ok(Err(error)) => {
                tracing::warn!(sink = self.sink(), error = cause(&error), "claiming records failed")
            }
            Err(_) => tracing::warn!(sink = self.sink(), "claiming records took too long"),
        }
        self.failures = self.failures.saturating_add(1);
        sleep(AGAIN.wait(self.failures)).await;
    }

    fn start(&mut self, lease: Lease, asked: Instant) {
        let (processor, mut stop) = (self.processor.clone(), self.stop.subscribe());
        self.crew.spawn(async move {
            let had_group = lease.record.group.is_some();
            let stopped = async move {
                // An error means that the worker is gone, and this task with it.
                let _ = stop.wait_for(|stop| *stop).await;
            };
            processor.process_until(lease, asked, stopped).await;
            had_group
        });
    }

    async fn drain(mut self) {
        self.release_asked();
        if timeout(self.options.drain, all(&mut self.crew)).await.is_ok() {
            return;
        }
        tracing::warn!(
            sink = self.sink(),
            deliveries = self.crew.len(),
            "the drain is over; releasing what is left"
        );
        self.stop.send_replace(true);
        // Whoever doesn't end even now (a sink that blocks its thread, a store that hangs) is aborted with `self`; the
        // lease runs out.
        let _ = timeout(RELEASE_WITHIN, all(&mut self.crew)).await;
    }

    /// The claim that was under way at shutdown may have been granted: asks once more, and gives everything back.
    fn release_asked(&mut self) {
        let Some(claim) = self.asked.take() else { return };
        let store = self.processor.store().clone();
        self.crew.spawn(async move {
            for lease in store.claim_due(claim).await.unwrap_or_default() {
                let _ = store.release(lease.record.seq, lease.fence).await;
            }
            false
        });
    }

    /// Names it in logs.
    fn sink(&self) -> &str {
        self.processor.sink().name()
    }

    fn room(&self) -> usize {
        self.concurrency().saturating_sub(self.crew.len())
    }

    fn concurrency(&self) -> usize {
        self.options.concurrency.get()
    }
}

/// Until a task ends, and whether its record had a group; never, if there is none. May be dropped without losing one.
async fn ended(crew: &mut JoinSet<bool>) -> bool {
    match crew.join_next().await {
        Some(Ok(had_group)) => had_group,
        Some(Err(_)) => {
            tracing::error!("processing a record panicked; its lease will run out");
            false
        }
        None => pending().await,
    }
}

/// Until every task has ended.
async fn all(crew: &mut JoinSet<bool>) {
    while crew.join_next().await.is_some() {}
}

/// Tells a worker that there is something to claim, so that it needn't wait for its poll. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Waker {
    notify: Arc<Notify>,
}

impl Waker {
    /// To be called after a record was accepted. Never blocks, and is never lost: if the worker is busy it looks again
    /// before it waits.
    pub fn wake(&self) {
        // Stores a permit when nobody is waiting.
        self.notify.notify_one();
    }
}
