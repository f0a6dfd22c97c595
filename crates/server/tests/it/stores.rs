//! A store that can be held up and broken.

use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use wxhook_idempotency::{
    Accepted, Action, Adopted, Adoption, Begun, Capabilities, Claim, ClaimId, Entry, Error, Failure, Fence,
    Fenced, Filter, LaneStats, Lease, Lookup, MemoryStore, Page, Seq, Stats, Store, StoreId, StoredRecord,
};

#[derive(Debug, Clone)]
pub(crate) struct Tricky {
    inner: MemoryStore,
    pub(crate) broken: Arc<AtomicBool>,
    /// Accepting fails, and nothing else.
    pub(crate) unwritable: Arc<AtomicBool>,
    /// Accepting says that the store is another one.
    pub(crate) replaced: Arc<AtomicBool>,
    /// Nothing is answered any more.
    pub(crate) hanging: Arc<AtomicBool>,
    pub(crate) probes: Arc<AtomicU32>,
    /// Accepting waits for a permit.
    pub(crate) gate: Arc<Semaphore>,
    /// Gets a permit for each accept that has begun.
    pub(crate) entered: Arc<Semaphore>,
}

impl Tricky {
    pub(crate) fn open() -> Self {
        Self {
            inner: MemoryStore::default(),
            broken: Arc::default(),
            unwritable: Arc::default(),
            replaced: Arc::default(),
            hanging: Arc::default(),
            probes: Arc::default(),
            gate: Arc::new(Semaphore::new(1_000_000)),
            entered: Arc::new(Semaphore::new(0)),
        }
    }

    pub(crate) fn closed() -> Self {
        Self { gate: Arc::new(Semaphore::new(0)), ..Self::open() }
    }

    async fn check(&self) -> Result<(), Error> {
        if self.hanging.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        if self.broken.load(Ordering::Relaxed) { Err(Error::Unavailable("broken".into())) } else { Ok(()) }
    }
}

macro_rules! pass {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {
        $(async fn $name(&self, $($arg: $ty),*) -> Result<$out, Error> {
            self.check().await?;
            self.inner.$name($($arg),*).await
        })*
    };
}

impl Store for Tricky {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn id(&self) -> Option<StoreId> {
        None
    }

    async fn accept(&self, entry: Entry) -> Result<Accepted, Error> {
        self.entered.add_permits(1);
        self.gate.acquire().await.unwrap().forget();
        self.check().await?;
        if self.unwritable.load(Ordering::Relaxed) {
            return Err(Error::Unavailable("no space left".into()));
        }
        if self.replaced.load(Ordering::Relaxed) {
            return Err(Error::Replaced("the file was replaced"));
        }
        self.inner.accept(entry).await
    }

    async fn probe(&self) -> Result<(), Error> {
        self.probes.fetch_add(1, Ordering::Relaxed);
        self.check().await?;
        self.inner.probe().await
    }

    pass! {
        fn begin(entry: Entry, id: ClaimId, lease: Duration) -> Begun;
        fn claim_due(claim: Claim) -> Vec<Lease>;
        fn renew(seq: Seq, fence: Fence, lease: Duration) -> Fenced;
        fn complete(seq: Seq, fence: Fence, outcome: Option<Bytes>) -> Fenced;
        fn fail(seq: Seq, fence: Fence, failure: Failure) -> Fenced;
        fn release(seq: Seq, fence: Fence) -> Fenced;
        fn requeue(seq: Seq, action: Action) -> Option<StoredRecord>;
        fn park(seq: Seq, action: Action) -> Option<StoredRecord>;
        fn discard(seq: Seq, action: Action) -> Option<StoredRecord>;
        fn get(lookup: Lookup) -> Option<StoredRecord>;
        fn list(filter: Filter, before: Option<Seq>, most: usize) -> Page;
        fn stats() -> Stats;
        fn lanes() -> Vec<LaneStats>;
        fn split_lane(from: String, prefix: String, max: usize) -> u64;
        fn adopt(adoption: Adoption) -> Adopted;
        fn purge(most: usize) -> u64;
    }
}
