use crate::clock::{Clock, SystemClock};
use crate::entry::Entry;
use crate::error::Error;
use crate::machine::{self, Moment};
use crate::record::{Fence, Retention, Seq, StoredRecord};
use crate::results::{
    AcceptResult, Action, BeginResult, Capabilities, Claim, ClaimId, Durability, FenceResult, Filter, Lease,
    Lookup, Move, MoveResult, Operation, Page, Settlement, Stats,
};
use crate::store::Store;
use records::Records;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

mod index;
mod records;

/// Options of a [`MemoryStore`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MemoryOptions {
    /// Retention of done records and tombstones.
    pub retention: Retention,
    /// Clock for due times, leases and retention; the system clock by default.
    pub clock: Arc<dyn Clock>,
}

impl Default for MemoryOptions {
    fn default() -> Self {
        Self { retention: Retention::default(), clock: Arc::new(SystemClock) }
    }
}

impl MemoryOptions {
    /// Sets the retention.
    #[must_use]
    pub fn with_retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Sets the clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

/// A store in memory: the reference model, for tests and for processes that accept losing everything.
///
/// Clones share their records.
#[derive(Clone, Default)]
pub struct MemoryStore {
    options: MemoryOptions,
    inner: Arc<Mutex<Records>>,
}

impl MemoryStore {
    /// Creates an empty store.
    pub fn new(options: MemoryOptions) -> Self {
        Self { options, inner: Arc::default() }
    }

    /// Runs one atomic step. The time is read under the lock, so that steps and times have the same order.
    fn step<T>(&self, run: impl FnOnce(&mut Records, Moment) -> T) -> T {
        let mut records = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, jump) = records.now(&*self.options.clock);
        if let Some(jump) = jump {
            tracing::warn!("{jump}");
        }
        run(&mut records, now)
    }

    /// Reads without advancing the store's time.
    fn look<T>(&self, run: impl FnOnce(&Records, Moment) -> T) -> T {
        let records = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        run(&records, records.peek(&*self.options.clock))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new(Durability::Process, false, None)
    }

    async fn accept(&self, entry: Entry) -> Result<AcceptResult, Error> {
        self.step(|records, now| machine::accept(records, entry, now))
    }

    async fn begin(&self, entry: Entry, id: ClaimId, lease: Duration) -> Result<BeginResult, Error> {
        self.step(|records, now| machine::begin(records, entry, id, lease, now))
    }

    async fn claim_due(&self, claim: Claim) -> Result<Vec<Lease>, Error> {
        self.step(|records, now| machine::claim_due(records, &claim, now))
    }

    async fn renew(&self, seq: Seq, fence: Fence, lease: Duration) -> Result<FenceResult, Error> {
        self.step(|records, now| machine::renew(records, seq, fence, lease, now))
    }

    async fn settle(&self, seq: Seq, fence: Fence, settlement: Settlement) -> Result<FenceResult, Error> {
        self.step(|records, now| machine::settle(records, seq, fence, &settlement, now))
    }

    async fn act(
        &self,
        seq: Seq,
        operation: Operation,
        action: Action,
    ) -> Result<Option<StoredRecord>, Error> {
        self.step(|records, now| machine::act(records, seq, operation, &action, now))
    }

    async fn get(&self, lookup: Lookup) -> Result<Option<StoredRecord>, Error> {
        Ok(self.look(|records, _| records.get(&lookup)))
    }

    async fn list(&self, filter: Filter, before: Option<Seq>, max: usize) -> Result<Page, Error> {
        Ok(self.look(|records, _| records.list(&filter, before, max)))
    }

    async fn stats(&self) -> Result<Stats, Error> {
        Ok(self.look(|records, now| records.stats(now)))
    }

    async fn move_records(&self, request: Move) -> Result<MoveResult, Error> {
        self.step(|records, now| machine::move_records(records, &request, now))
    }

    async fn purge(&self, max: usize) -> Result<u64, Error> {
        let (purged, _) =
            self.step(|records, now| machine::purge(records, self.options.retention, max, now))?;
        Ok(u64::try_from(purged).unwrap_or(u64::MAX))
    }

    async fn probe(&self) -> Result<(), Error> {
        self.step(machine::probe)
    }
}
