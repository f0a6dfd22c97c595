use crate::clock;
use crate::flaw::{Broken, Flaw, broken};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use wxhook_idempotency::{
    AcceptResult, BeginResult, Claim, ClaimId, Clock, Entry, Error, Fence, FenceResult, Layer, Lease,
    MemoryStore, Seq, Settlement, Store as _, StoreExt as _,
};
use wxhook_testkit::store::{Backend, Outage, Place, Time};

/// Marks it as handled, then gives it to the handler.
#[derive(Debug)]
pub(crate) struct MarkBeforeProcess;

impl Flaw for MarkBeforeProcess {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for MarkBeforeProcess {
    async fn begin(
        &self,
        store: &MemoryStore,
        entry: Entry,
        id: ClaimId,
        lease: Duration,
    ) -> Result<BeginResult, Error> {
        let begun = store.begin(entry, id, lease).await?;
        if let BeginResult::Acquired(lease) = &begun {
            let _done = store.complete(lease.record.seq, lease.fence, None).await?;
        }
        Ok(begun)
    }

    async fn claim_due(&self, store: &MemoryStore, claim: Claim) -> Result<Vec<Lease>, Error> {
        let leases = store.claim_due(claim).await?;
        for lease in &leases {
            let _done = store.complete(lease.record.seq, lease.fence, None).await?;
        }
        Ok(leases)
    }
}

/// Keeps what is Done for an hour.
#[derive(Debug)]
pub(crate) struct ShortRetention {
    purging: Arc<AtomicBool>,
}

impl Flaw for ShortRetention {
    fn of(_place: &Place) -> Self {
        Self { purging: Arc::default() }
    }

    fn clock(&self, place: &Place) -> Arc<dyn Clock> {
        Arc::new(Hasty { clock: clock(place), purging: self.purging.clone() })
    }
}

impl Layer<MemoryStore> for ShortRetention {
    async fn purge(&self, store: &MemoryStore, most: usize) -> Result<u64, Error> {
        self.purging.store(true, Ordering::SeqCst);
        let purged = store.purge(most).await;
        self.purging.store(false, Ordering::SeqCst);
        purged
    }
}

/// Goes a week less an hour ahead while the store is purged.
#[derive(Debug)]
struct Hasty {
    clock: Arc<dyn Clock>,
    purging: Arc<AtomicBool>,
}

impl Hasty {
    fn ahead(&self) -> Duration {
        let hours = if self.purging.load(Ordering::SeqCst) { 7 * 24 - 1 } else { 0 };
        Duration::from_secs(hours * 3600)
    }
}

impl Clock for Hasty {
    fn now(&self) -> SystemTime {
        self.clock.now() + self.ahead()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed() + self.ahead()
    }
}

/// Stores that are unavailable at times, and say so, or don't.
pub(crate) struct Unreliable {
    lies: bool,
    down: Arc<AtomicBool>,
}

impl Unreliable {
    pub(crate) fn new(lies: bool) -> Self {
        Self { lies, down: Arc::default() }
    }
}

impl Backend for Unreliable {
    type Store = Broken<Downtime>;

    fn open(&self, place: &Place) -> Broken<Downtime> {
        broken(Downtime { lies: self.lies, down: self.down.clone() }, place)
    }

    fn time(&self) -> Time {
        Time::Still
    }

    fn outage(&self, _place: &Place) -> Option<Outage> {
        let down = self.down.clone();
        down.store(true, Ordering::SeqCst);
        Some(Outage::new(move || down.store(false, Ordering::SeqCst)))
    }
}

/// Answers an accept as new where it can't know, if it lies.
#[derive(Debug)]
pub(crate) struct Downtime {
    lies: bool,
    down: Arc<AtomicBool>,
}

impl Downtime {
    fn check(&self) -> Result<(), Error> {
        if self.down.load(Ordering::SeqCst) { Err(Error::Unavailable("down".into())) } else { Ok(()) }
    }
}

impl Flaw for Downtime {
    fn of(_place: &Place) -> Self {
        Self { lies: false, down: Arc::default() }
    }
}

impl Layer<MemoryStore> for Downtime {
    async fn accept(&self, store: &MemoryStore, entry: Entry) -> Result<AcceptResult, Error> {
        match self.check() {
            Err(_) if self.lies => Ok(AcceptResult::New { seq: Seq::new(1) }),
            Err(error) => Err(error),
            Ok(()) => store.accept(entry).await,
        }
    }

    async fn begin(
        &self,
        store: &MemoryStore,
        entry: Entry,
        id: ClaimId,
        lease: Duration,
    ) -> Result<BeginResult, Error> {
        self.check()?;
        store.begin(entry, id, lease).await
    }

    async fn claim_due(&self, store: &MemoryStore, claim: Claim) -> Result<Vec<Lease>, Error> {
        self.check()?;
        store.claim_due(claim).await
    }

    async fn settle(
        &self,
        store: &MemoryStore,
        seq: Seq,
        fence: Fence,
        settlement: Settlement,
    ) -> Result<FenceResult, Error> {
        self.check()?;
        store.settle(seq, fence, settlement).await
    }

    async fn probe(&self, store: &MemoryStore) -> Result<(), Error> {
        self.check()?;
        store.probe().await
    }
}
