use crate::clock::{Clock, SystemClock};
use crate::entry::Entry;
use crate::error::Error;
use crate::machine::{self, Moment};
use crate::record::{Fence, Retention, Seq, StoredRecord};
use crate::results::{
    Accepted, Action, Adopted, Adoption, Begun, Capabilities, Claim, ClaimId, Durability, Failure, Fenced,
    Filter, LaneStats, Lease, Lookup, Page, Stats, StoreId,
};
use crate::store::Store;
use bytes::Bytes;
use shelf::Shelves;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

mod index;
mod shelf;
mod transfer;

/// How a [`MemoryStore`] is set up.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MemoryOptions {
    /// How long Done records and marks stay; the default is [`Retention::default`].
    pub retention: Retention,
    /// Decides about due times, leases and retention; the default is the machine's.
    pub clock: Arc<dyn Clock>,
}

impl Default for MemoryOptions {
    fn default() -> Self {
        Self { retention: Retention::default(), clock: Arc::new(SystemClock) }
    }
}

impl MemoryOptions {
    /// With this retention.
    #[must_use]
    pub fn with_retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// With this clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

/// The store in memory: the reference model, and enough for tests and for a process that accepts losing everything.
///
/// Clones share their records. A mark keeps the key itself, since nothing here leaves the process.
#[derive(Clone, Default)]
pub struct MemoryStore {
    options: MemoryOptions,
    shelves: Arc<Mutex<Shelves>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new(options: MemoryOptions) -> Self {
        Self { options, shelves: Arc::default() }
    }

    /// One atomic step. The time is taken under the lock, so that steps and times are in the same order.
    fn step<T>(&self, run: impl FnOnce(&mut Shelves, Moment) -> T) -> T {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, jump) = shelves.now(&*self.options.clock);
        if let Some(jump) = jump {
            tracing::warn!("{jump}");
        }
        run(&mut shelves, now)
    }

    /// One look. The store's time doesn't go on by it.
    fn look<T>(&self, run: impl FnOnce(&Shelves, Moment) -> T) -> T {
        let shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        run(&shelves, shelves.peek(&*self.options.clock))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new(Durability::Process, false)
    }

    fn id(&self) -> Option<StoreId> {
        None
    }

    async fn accept(&self, mut entry: Entry) -> Result<Accepted, Error> {
        self.step(|shelves, now| machine::accept(shelves, &mut entry, now))
    }

    async fn begin(&self, mut entry: Entry, id: ClaimId, lease: Duration) -> Result<Begun, Error> {
        self.step(|shelves, now| machine::begin(shelves, &mut entry, id, lease, now))
    }

    async fn claim_due(&self, claim: Claim) -> Result<Vec<Lease>, Error> {
        self.step(|shelves, now| machine::claim_due(shelves, &claim, now))
    }

    async fn renew(&self, seq: Seq, fence: Fence, lease: Duration) -> Result<Fenced, Error> {
        self.step(|shelves, now| machine::renew(shelves, seq, fence, lease, now))
    }

    async fn complete(&self, seq: Seq, fence: Fence, outcome: Option<Bytes>) -> Result<Fenced, Error> {
        self.step(|shelves, now| machine::complete(shelves, seq, fence, outcome.as_ref(), now))
    }

    async fn fail(&self, seq: Seq, fence: Fence, failure: Failure) -> Result<Fenced, Error> {
        self.step(|shelves, now| machine::fail(shelves, seq, fence, &failure, now))
    }

    async fn release(&self, seq: Seq, fence: Fence) -> Result<Fenced, Error> {
        self.step(|shelves, now| machine::release(shelves, seq, fence, now))
    }

    async fn requeue(&self, seq: Seq, action: Action) -> Result<Option<StoredRecord>, Error> {
        self.step(|shelves, now| machine::requeue(shelves, seq, &action, now))
    }

    async fn park(&self, seq: Seq, action: Action) -> Result<Option<StoredRecord>, Error> {
        self.step(|shelves, now| machine::park(shelves, seq, &action, now))
    }

    async fn discard(&self, seq: Seq, action: Action) -> Result<Option<StoredRecord>, Error> {
        self.step(|shelves, now| machine::discard(shelves, seq, &action, now))
    }

    async fn get(&self, lookup: Lookup) -> Result<Option<StoredRecord>, Error> {
        Ok(self.look(|shelves, _| shelves.get(&lookup)))
    }

    async fn list(&self, filter: Filter, before: Option<Seq>, most: usize) -> Result<Page, Error> {
        Ok(self.look(|shelves, _| shelves.list(&filter, before, most)))
    }

    async fn stats(&self) -> Result<Stats, Error> {
        Ok(self.look(|shelves, now| shelves.stats(now)))
    }

    async fn lanes(&self) -> Result<Vec<LaneStats>, Error> {
        Ok(self.look(|shelves, _| shelves.lanes()))
    }

    async fn split_lane(&self, from: String, prefix: String, max: usize) -> Result<u64, Error> {
        self.step(|shelves, _| machine::split_lane(shelves, &from, &prefix, max))
    }

    async fn adopt(&self, adoption: Adoption) -> Result<Adopted, Error> {
        self.step(|shelves, now| machine::adopt(shelves, &adoption, now))
    }

    async fn purge(&self, most: usize) -> Result<u64, Error> {
        let purged = self.step(|shelves, now| machine::purge(shelves, self.options.retention, most, now))?;
        Ok(u64::try_from(purged.records).unwrap_or(u64::MAX))
    }

    async fn probe(&self) -> Result<(), Error> {
        self.step(machine::probe)
    }
}
