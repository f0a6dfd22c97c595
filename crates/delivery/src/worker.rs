mod claim_ids;

pub(crate) use claim_ids::ClaimIds;

use crate::backoff::Backoff;
use crate::lease::{First, cause, race};
use crate::processor::Processor;
use crate::sink::Sink as _;
use std::future::{Future, pending};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use wxhook_idempotency::{Claim, Lease, Store, StoreExt as _};

/// Wait between claims of a store that is unavailable.
const RETRY: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
/// Maximum time of one claim.
const CLAIM_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum time for releasing records after the drain.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);
/// Time to gather free slots before claiming for a few: under load one claim serves many records.
const LINGER: Duration = Duration::from_millis(5);

/// Claims due records of some lanes, which take turns, and processes several at a time.
///
/// Any number of workers, in any number of processes, may share lanes. A worker that crashes loses nothing: its leases
/// expire, and others claim its records.
#[derive(Debug)]
pub struct Worker {
    processor: Processor,
    lanes: Vec<String>,
    options: WorkerOptions,
    ids: ClaimIds,
    waker: Waker,
    /// At most `concurrency` tasks, one per record; each returns whether its record had a group. Dropping the set aborts
    /// them.
    tasks: JoinSet<bool>,
    /// Stops the tasks.
    stop: watch::Sender<bool>,
    /// A claim without an answer: repeating it with its id returns the leases that it was granted.
    unanswered: Option<Claim>,
    /// Consecutive claims that failed.
    failures: u32,
    /// There may be due records.
    more: bool,
}

impl Worker {
    /// Creates a worker for the records of these lanes.
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
            tasks: JoinSet::new(),
            stop: watch::Sender::new(false),
            unanswered: None,
            failures: 0,
            more: true,
        }
    }

    /// Returns a handle that wakes this worker.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Works until `shutdown` is ready. Then claims nothing more, waits up to [`WorkerOptions::drain`] for running
    /// deliveries, and releases the rest, so that other workers get them at once.
    ///
    /// Never fails: while the store is unavailable it waits and retries. Needs a tokio runtime with time. If the future is
    /// dropped, its deliveries are dropped with it and their leases expire.
    pub async fn run(mut self, shutdown: impl Future<Output = ()> + Send) {
        // `work` may be dropped at any await: its state is in `self`.
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

    /// Waits until there may be due records: one was accepted, a group's next record may be due, or it is time to poll (for
    /// retries, and records accepted elsewhere).
    async fn wait_for_more(&mut self) {
        let began = Instant::now();
        while !self.more {
            let left = self.options.poll.saturating_sub(began.elapsed());
            let woken_or_ended = race(self.waker.notify.notified(), next_ended(&mut self.tasks));
            self.more = match timeout(left, woken_or_ended).await {
                Ok(First::Right(had_group)) => had_group,
                Ok(First::Left(())) | Err(_) => true,
            };
        }
    }

    /// Waits until a quarter of the slots is free, or some are and none is added for a moment.
    async fn wait_for_room(&mut self) {
        while let Some(_reaped) = self.tasks.try_join_next() {}
        if self.room() == 0 {
            next_ended(&mut self.tasks).await;
        }
        let enough = self.concurrency().div_ceil(4);
        let gathered = Instant::now() + LINGER;
        while self.room() < enough && timeout_at(gathered, next_ended(&mut self.tasks)).await.is_ok() {}
    }

    async fn claim(&mut self) {
        let (room, lease) = (self.room(), self.processor.lease());
        let (ids, lanes) = (&mut self.ids, &self.lanes);
        let claim = self.unanswered.get_or_insert_with(|| Claim::new(ids.next(), lanes, room, lease)).clone();
        let (max, requested) = (claim.max, Instant::now());
        // Without an answer the claim may have been granted: it stays in `unanswered` and is repeated as it is.
        match timeout(CLAIM_TIMEOUT, self.processor.store().claim_due(claim)).await {
            Ok(Ok(leases)) => {
                // No await from here on until every lease has its task.
                self.unanswered = None;
                if self.failures > 0 {
                    tracing::info!(
                        sink = self.sink(),
                        failures = self.failures,
                        "the store is available again"
                    );
                }
                // A repeated claim returns what it returned before, so there may be more.
                self.more = leases.len() >= max || self.failures > 0;
                self.failures = 0;
                for lease in leases {
                    self.start(lease, requested);
                }
                return;
            }
            Ok(Err(error)) => {
                tracing::warn!(sink = self.sink(), error = cause(&error), "claiming records failed")
            }
            Err(_) => tracing::warn!(sink = self.sink(), "claiming records timed out"),
        }
        self.failures = self.failures.saturating_add(1);
        sleep(RETRY.wait(self.failures)).await;
    }

    fn start(&mut self, lease: Lease, requested: Instant) {
        let (processor, mut stop) = (self.processor.clone(), self.stop.subscribe());
        self.tasks.spawn(async move {
            let had_group = lease.record.group.is_some();
            let stopped = async move {
                // An error means that the worker is gone, and this task with it.
                let _ = stop.wait_for(|stop| *stop).await;
            };
            processor.process_until(lease, requested, stopped).await;
            had_group
        });
    }

    async fn drain(mut self) {
        self.release_unanswered();
        if timeout(self.options.drain, all_ended(&mut self.tasks)).await.is_ok() {
            return;
        }
        tracing::warn!(
            sink = self.sink(),
            deliveries = self.tasks.len(),
            "the drain is over; the remaining records are released"
        );
        self.stop.send_replace(true);
        // A task that doesn't end even now (a sink that blocks its thread, a store that hangs) is aborted with `self`; its
        // lease expires.
        let _ = timeout(RELEASE_TIMEOUT, all_ended(&mut self.tasks)).await;
    }

    /// Repeats a claim that was interrupted by shutdown and may have been granted, and releases its records.
    fn release_unanswered(&mut self) {
        let Some(claim) = self.unanswered.take() else { return };
        let store = self.processor.store().clone();
        self.tasks.spawn(async move {
            for lease in store.claim_due(claim).await.unwrap_or_default() {
                let _ = store.release(lease.record.seq, lease.fence).await;
            }
            false
        });
    }

    fn sink(&self) -> &str {
        self.processor.sink().name()
    }

    fn room(&self) -> usize {
        self.concurrency().saturating_sub(self.tasks.len())
    }

    fn concurrency(&self) -> usize {
        self.options.concurrency.get()
    }
}

/// Waits until a task ends, forever if there is none. Returns whether its record had a group. Dropping it loses no task.
async fn next_ended(tasks: &mut JoinSet<bool>) -> bool {
    match tasks.join_next().await {
        Some(Ok(had_group)) => had_group,
        Some(Err(_)) => {
            tracing::error!("processing a record panicked; its lease will expire");
            false
        }
        None => pending().await,
    }
}

/// Waits until every task has ended.
async fn all_ended(tasks: &mut JoinSet<bool>) {
    while tasks.join_next().await.is_some() {}
}

/// A handle that wakes a worker, so that it claims without waiting for its poll. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Waker {
    notify: Arc<Notify>,
}

impl Waker {
    /// Wakes the worker; to be called after a record was accepted. Never blocks, and is never lost: a busy worker claims
    /// again before it waits.
    pub fn wake(&self) {
        // Stores a permit when nobody is waiting.
        self.notify.notify_one();
    }
}

/// Options of a [`Worker`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerOptions {
    /// Maximum number of records processed at a time; 64 by default.
    pub concurrency: NonZeroUsize,
    /// Interval at which the worker claims when nothing wakes it; 500 milliseconds by default.
    pub poll: Duration,
    /// Maximum time of running deliveries at shutdown; 10 seconds by default.
    pub drain: Duration,
}

impl WorkerOptions {
    /// Sets the maximum number of records processed at a time; 0 means 1.
    #[must_use]
    pub fn with_concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = NonZeroUsize::new(concurrency).unwrap_or(NonZeroUsize::MIN);
        self
    }

    /// Sets the poll interval.
    #[must_use]
    pub fn with_poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// Sets the maximum time of running deliveries at shutdown.
    #[must_use]
    pub fn with_drain(mut self, drain: Duration) -> Self {
        self.drain = drain;
        self
    }
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            concurrency: NonZeroUsize::MIN.saturating_add(63),
            poll: Duration::from_millis(500),
            drain: Duration::from_secs(10),
        }
    }
}
