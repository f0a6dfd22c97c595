use crate::checkpoint::Checkpointer;
use crate::file::Location;
use crate::job::{job, result};
use crate::ledger::Ledger;
use crate::listing;
use crate::options::SqliteOptions;
use crate::queue::Queue;
use crate::reader::{Read, Reader};
use crate::writer::{Write, Writer};
use bytes::Bytes;
use rusqlite::Connection;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use wxhook_idempotency::machine::{self, Moment};
use wxhook_idempotency::{
    Accepted, Action, Adopted, Adoption, Begun, Capabilities, Claim, ClaimId, Durability, Entry, Error,
    Failure, Fence, Fenced, Filter, LaneStats, Lease, Lookup, Page, Seq, Stats, Store, StoreId, StoredRecord,
};

/// The most operations that wait for a thread; further ones wait to get in.
const MOST_WAITING: usize = 4_096;
/// Purging goes in steps of so many records, each a transaction of its own, so that no accept waits for long.
const PURGE_STEP: usize = 8;

/// The store in an SQLite file. Clones share it; the last one that goes waits until what was asked for is done.
///
/// Several processes of one machine may have one file open. It needs no async runtime.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    options: SqliteOptions,
    writes: Arc<Queue<Write>>,
    reads: Arc<Queue<Read>>,
    threads: Vec<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the file, and creates it, readable by its owner only, if it isn't there. Blocks while it does.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the file can't be created, opened or locked; [`Error::Unsupported`] when it is
    /// another program's or of a newer schema version; [`Error::Corrupt`] when it isn't a database.
    pub fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, Error> {
        let location = Location::prepare(path.as_ref(), options.busy_timeout)?;
        let ledger = Ledger::new(location.open()?);
        let mut inner = Inner {
            writes: Arc::new(Queue::new(MOST_WAITING)),
            reads: Arc::new(Queue::new(MOST_WAITING)),
            threads: Vec::new(),
            options,
        };
        // From here on an error drops `inner`, which ends the threads that were started.
        let clock = Arc::clone(&inner.options.clock);
        let (checkpoint, due) = sync_channel(1);
        let end_log = Arc::new(AtomicBool::new(false));
        let writes = Arc::clone(&inner.writes);
        let writer = Writer::new(location.clone(), clock, writes, ledger, checkpoint, Arc::clone(&end_log));
        inner.threads.push(spawn("wxhook-store", move || writer.run())?);
        let checkpointer = Checkpointer::new(location.clone(), due, end_log);
        inner.threads.push(spawn("wxhook-store-log", move || checkpointer.run())?);
        for _ in 0..inner.options.readers.max(1) {
            let reader = Reader::new(location.clone(), Arc::clone(&inner.reads));
            inner.threads.push(spawn("wxhook-store-read", move || reader.run())?);
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// One atomic step that is durable before it answers.
    async fn write<T: Send + 'static>(
        &self,
        mut step: impl FnMut(&mut Ledger, Moment) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (job, answer) = job(move |ledger: &mut Ledger| {
            let now = ledger.now();
            step(ledger, now)
        });
        self.inner.writes.push(job).await;
        result(answer).await
    }

    /// Looks at one moment's state.
    async fn read<T: Send + 'static>(
        &self,
        mut look: impl FnMut(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (job, answer) = job(move |connection: &mut Connection| listing::snapshot(connection, &mut look));
        self.inner.reads.push(job).await;
        result(answer).await
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|error| Error::Unavailable(error.into()))
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.writes.close();
        self.reads.close();
        for thread in self.threads.drain(..) {
            let _panicked = thread.join();
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

impl Store for SqliteStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new(Durability::Disk, true)
    }

    fn id(&self) -> Option<StoreId> {
        None
    }

    async fn accept(&self, entry: Entry) -> Result<Accepted, Error> {
        // The state machine uses an entry up, and a step may have to run twice.
        self.write(move |ledger, now| machine::accept(ledger, &mut entry.clone(), now)).await
    }

    async fn begin(&self, entry: Entry, id: ClaimId, lease: Duration) -> Result<Begun, Error> {
        self.write(move |ledger, now| machine::begin(ledger, &mut entry.clone(), id, lease, now)).await
    }

    async fn claim_due(&self, claim: Claim) -> Result<Vec<Lease>, Error> {
        self.write(move |ledger, now| machine::claim_due(ledger, &claim, now)).await
    }

    async fn renew(&self, seq: Seq, fence: Fence, lease: Duration) -> Result<Fenced, Error> {
        self.write(move |ledger, now| machine::renew(ledger, seq, fence, lease, now)).await
    }

    async fn complete(&self, seq: Seq, fence: Fence, outcome: Option<Bytes>) -> Result<Fenced, Error> {
        self.write(move |ledger, now| machine::complete(ledger, seq, fence, outcome.as_ref(), now)).await
    }

    async fn fail(&self, seq: Seq, fence: Fence, failure: Failure) -> Result<Fenced, Error> {
        self.write(move |ledger, now| machine::fail(ledger, seq, fence, &failure, now)).await
    }

    async fn release(&self, seq: Seq, fence: Fence) -> Result<Fenced, Error> {
        self.write(move |ledger, now| machine::release(ledger, seq, fence, now)).await
    }

    async fn requeue(&self, seq: Seq, action: Action) -> Result<Option<StoredRecord>, Error> {
        self.write(move |ledger, now| machine::requeue(ledger, seq, &action, now)).await
    }

    async fn park(&self, seq: Seq, action: Action) -> Result<Option<StoredRecord>, Error> {
        self.write(move |ledger, now| machine::park(ledger, seq, &action, now)).await
    }

    async fn discard(&self, seq: Seq, action: Action) -> Result<Option<StoredRecord>, Error> {
        self.write(move |ledger, now| machine::discard(ledger, seq, &action, now)).await
    }

    async fn get(&self, lookup: Lookup) -> Result<Option<StoredRecord>, Error> {
        self.read(move |connection| listing::one(connection, &lookup)).await
    }

    async fn list(&self, filter: Filter, before: Option<Seq>, most: usize) -> Result<Page, Error> {
        self.read(move |connection| listing::list(connection, &filter, before, most)).await
    }

    async fn stats(&self) -> Result<Stats, Error> {
        let clock = Arc::clone(&self.inner.options.clock);
        self.read(move |connection| listing::stats(connection, Moment::from_system(clock.now()))).await
    }

    async fn lanes(&self) -> Result<Vec<LaneStats>, Error> {
        self.read(listing::lanes).await
    }

    async fn split_lane(&self, from: String, prefix: String, max: usize) -> Result<u64, Error> {
        self.write(move |ledger, _| machine::split_lane(ledger, &from, &prefix, max)).await
    }

    async fn adopt(&self, adoption: Adoption) -> Result<Adopted, Error> {
        self.write(move |ledger, now| machine::adopt(ledger, &adoption, now)).await
    }

    async fn purge(&self, most: usize) -> Result<u64, Error> {
        let retention = self.inner.options.retention;
        let (mut left, mut purged) = (most, 0);
        while left > 0 {
            let step = left.min(PURGE_STEP);
            // What the disk has to be asked for is asked for here, and not while everybody waits for the transaction.
            let until = Moment::from_system(self.inner.options.clock.now()).minus(retention.records());
            let _only_faster =
                self.read(move |connection| listing::touch_idle(connection, until, step)).await;
            let removed = self
                .write(move |ledger, now| {
                    let removed = machine::purge(ledger, retention, step, now)?;
                    if removed.records > 0 {
                        ledger.trim()?;
                    }
                    Ok(removed)
                })
                .await?;
            purged += u64::try_from(removed.records).unwrap_or(0);
            left -= step;
            if removed.records < step && removed.marks < step {
                break;
            }
        }
        Ok(purged)
    }

    async fn probe(&self) -> Result<(), Error> {
        self.write(|ledger, _| ledger.probe()).await
    }
}
