use crate::backup::{self, BackupError};
use crate::checkpoint::Checkpointer;
use crate::export;
use crate::fault::Fault;
use crate::file::Location;
use crate::inspect;
use crate::job::{job, result};
use crate::ledger::Ledger;
use crate::listing;
use crate::options::SqliteOptions;
use crate::queue::Queue;
use crate::reader::{Read, Reader};
use crate::schema;
use crate::shared::Shared;
use crate::writer::{Write, Writer};
use futures_channel::oneshot;
use rusqlite::Connection;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use wxhook_idempotency::machine::{self, Moment};
use wxhook_idempotency::{
    AcceptResult, Action, BeginResult, Capabilities, Claim, ClaimId, Cursor, Durability, Entry, Error,
    ExportPage, Fence, FenceResult, Filter, Lease, Lookup, Move, MoveResult, Operation, Page, Seq,
    Settlement, Stats, Store, StoredRecord, Transfer,
};

/// Maximum number of operations in a thread's queue; further ones wait for a place in it.
const MAX_WAITING: usize = 4_096;
/// Number of records that are purged per transaction, small enough that no accept waits for long.
const PURGE_STEP: usize = 8;

/// A store in an SQLite file. Clones share it. Dropping the last one waits until all pending operations are done.
///
/// Several processes on one machine may open the same file. The store needs no async runtime.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    options: SqliteOptions,
    location: Location,
    shared: Arc<Shared>,
    writes: Arc<Queue<Write>>,
    reads: Arc<Queue<Read>>,
    threads: Vec<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the file. If it doesn't exist, creates it, readable by its owner only. Blocks the calling thread.
    ///
    /// # Errors
    /// Returns [`Error::Unavailable`] if the file can't be created, opened or locked, [`Error::Unsupported`] if it
    /// belongs to another program or has a newer schema version, and [`Error::Corrupt`] if it isn't a database.
    pub fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, Error> {
        let location = Location::prepare(path.as_ref(), options.busy_timeout)?;
        let (opened, head) = location.open_first(&*options.clock)?;
        let shared = Arc::new(Shared::new(Arc::clone(&options.clock), head));
        let ledger = Ledger::new(opened, Arc::clone(&shared));
        let mut inner = Inner {
            location: location.clone(),
            shared: Arc::clone(&shared),
            writes: Arc::new(Queue::new(MAX_WAITING)),
            reads: Arc::new(Queue::new(MAX_WAITING)),
            threads: Vec::new(),
            options,
        };
        // From here on an error drops `inner`, which ends the threads that were started.
        let (checkpoint, due) = sync_channel(1);
        let end_log = Arc::new(AtomicBool::new(false));
        let writes = Arc::clone(&inner.writes);
        let writer = Writer::new(location.clone(), shared, writes, ledger, checkpoint, Arc::clone(&end_log));
        inner.threads.push(spawn("wxhook-store", move || writer.run())?);
        let checkpointer = Checkpointer::new(location.clone(), due, end_log);
        inner.threads.push(spawn("wxhook-store-log", move || checkpointer.run())?);
        for _ in 0..inner.options.readers.max(1) {
            let reader = Reader::new(location.clone(), Arc::clone(&inner.reads));
            inner.threads.push(spawn("wxhook-store-read", move || reader.run())?);
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Copies the whole store to a new file while it is in use: one moment's state, durable, readable by its owner
    /// only.
    ///
    /// A store that is opened from the copy is one of its own: it has a new id, and its numbers go on above all that
    /// the original may have given since.
    ///
    /// # Errors
    /// Returns [`BackupError::Exists`] if the file exists. No file is overwritten, and no partial file is left behind.
    pub async fn backup(&self, to: impl Into<PathBuf>) -> Result<(), BackupError> {
        let (location, to) = (self.inner.location.clone(), to.into());
        let (sender, receiver) = oneshot::channel();
        spawn("wxhook-backup", move || {
            let _gone = sender
                .send(location.check().map_err(Into::into).and_then(|()| backup::backup(&location, &to)));
        })?;
        receiver.await.unwrap_or_else(|_| Err(Error::from(Fault::Closed).into()))
    }

    /// Backs up a file like [`backup`](Self::backup), without opening it as a store; other processes may have it open.
    /// Blocks the calling thread. Changes nothing in the file, not even its schema version.
    ///
    /// # Errors
    /// The errors of [`backup`](Self::backup); a missing file is [`Error::Unavailable`].
    pub fn backup_file(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<(), BackupError> {
        let location = Location::of(from.as_ref(), SqliteOptions::default().busy_timeout)?;
        backup::backup(&location, to.as_ref())
    }

    /// Returns whether another process has the file open as a store. The calling process must not have it open.
    ///
    /// # Errors
    /// The errors of opening it.
    pub fn is_in_use(path: impl AsRef<Path>) -> Result<bool, Error> {
        Location::of(path.as_ref(), SqliteOptions::default().busy_timeout)?.is_in_use()
    }

    /// Returns whether the file has the schema version that this program writes. Changes nothing. Opening an older file
    /// would migrate it and stop programs of the older version.
    ///
    /// # Errors
    /// The errors of [`open`](Self::open), if the file isn't a store of this or an older version.
    pub fn is_current(path: impl AsRef<Path>) -> Result<bool, Error> {
        let connection = Location::of(path.as_ref(), SqliteOptions::default().busy_timeout)?.connect()?;
        schema::check(&connection)?;
        schema::is_latest(&connection)
    }

    /// Checks the whole file, which takes a while. Returns one line per problem, without any content. Other operations
    /// continue meanwhile.
    ///
    /// # Errors
    /// The errors of every operation.
    pub async fn inspect(&self) -> Result<Vec<String>, Error> {
        self.read(inspect::inspect).await
    }

    /// Runs one atomic step and answers once it is durable.
    async fn write<T: Send + 'static>(
        &self,
        mut step: impl FnMut(&mut Ledger, Moment) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.write_unfinished(move |ledger, now| {
            ledger.use_as_own()?;
            step(ledger, now)
        })
        .await
    }

    /// Does the same on a store that may be an unfinished copy.
    async fn write_unfinished<T: Send + 'static>(
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

    /// Reads a consistent snapshot.
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
        Capabilities::new(Durability::Disk, true, Some(self.inner.shared.head().store_id()))
    }

    async fn accept(&self, entry: Entry) -> Result<AcceptResult, Error> {
        // The state machine uses an entry up, and a step may have to run twice.
        self.write(move |ledger, now| machine::accept(ledger, entry.clone(), now)).await
    }

    async fn begin(&self, entry: Entry, id: ClaimId, lease: Duration) -> Result<BeginResult, Error> {
        self.write(move |ledger, now| machine::begin(ledger, entry.clone(), id, lease, now)).await
    }

    async fn claim_due(&self, claim: Claim) -> Result<Vec<Lease>, Error> {
        self.write(move |ledger, now| machine::claim_due(ledger, &claim, now)).await
    }

    async fn renew(&self, seq: Seq, fence: Fence, lease: Duration) -> Result<FenceResult, Error> {
        self.write(move |ledger, now| machine::renew(ledger, seq, fence, lease, now)).await
    }

    async fn settle(&self, seq: Seq, fence: Fence, settlement: Settlement) -> Result<FenceResult, Error> {
        self.write(move |ledger, now| machine::settle(ledger, seq, fence, &settlement, now)).await
    }

    async fn act(
        &self,
        seq: Seq,
        operation: Operation,
        action: Action,
    ) -> Result<Option<StoredRecord>, Error> {
        self.write(move |ledger, now| machine::act(ledger, seq, operation, &action, now)).await
    }

    async fn get(&self, lookup: Lookup) -> Result<Option<StoredRecord>, Error> {
        self.read(move |connection| listing::one(connection, &lookup)).await
    }

    async fn list(&self, filter: Filter, before: Option<Seq>, max: usize) -> Result<Page, Error> {
        self.read(move |connection| listing::list(connection, &filter, before, max)).await
    }

    async fn stats(&self) -> Result<Stats, Error> {
        let shared = Arc::clone(&self.inner.shared);
        self.read(move |connection| listing::stats(connection, shared.peek(), shared.lost_count())).await
    }

    async fn move_records(&self, request: Move) -> Result<MoveResult, Error> {
        self.write(move |ledger, now| machine::move_records(ledger, &request, now)).await
    }

    async fn purge(&self, max: usize) -> Result<u64, Error> {
        let retention = self.inner.options.retention;
        let (mut left, mut purged) = (max, 0);
        loop {
            let step = left.min(PURGE_STEP);
            // What the disk has to be asked for is asked for here, and not while everybody waits for the transaction.
            let until = self.inner.shared.peek().minus(retention.records());
            let _only_faster =
                self.read(move |connection| listing::touch_idle(connection, until, step)).await;
            let (records, tombstones) = self
                .write(move |ledger, now| {
                    let removed = machine::purge(ledger, retention, step, now)?;
                    if removed.0 > 0 {
                        ledger.trim()?;
                    }
                    Ok(removed)
                })
                .await?;
            purged += u64::try_from(records).unwrap_or(0);
            left -= step;
            if left == 0 || (records < step && tombstones < step) {
                return Ok(purged);
            }
        }
    }

    async fn probe(&self) -> Result<(), Error> {
        self.write(|ledger, _| ledger.probe()).await
    }
}

impl Transfer for SqliteStore {
    async fn export(&self, from: Cursor, max: usize) -> Result<ExportPage, Error> {
        let source = self.capabilities().id;
        self.read(move |connection| export::page(connection, source, &from, max)).await
    }

    async fn import(&self, page: ExportPage) -> Result<(), Error> {
        self.write_unfinished(move |ledger, _| ledger.import(&page)).await
    }
}
