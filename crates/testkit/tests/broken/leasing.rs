use crate::flaw::Flaw;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wxhook_idempotency::{
    BeginResult, Claim, ClaimId, Entry, Error, Fence, FenceResult, Layer, Lease, Lookup, MemoryStore, Seq,
    Settlement, State, Store as _, StoreExt as _,
};
use wxhook_testkit::store::Place;

/// The fence that a record has now.
async fn current(store: &MemoryStore, seq: Seq) -> Result<Option<(State, Fence)>, Error> {
    let record = store.get(Lookup::Seq(seq)).await?;
    Ok(record.and_then(|record| record.fence.map(|fence| (record.state, fence))))
}

/// Whoever says that it is done is believed.
#[derive(Debug)]
pub(crate) struct UnconditionalComplete;

impl Flaw for UnconditionalComplete {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for UnconditionalComplete {
    async fn settle(
        &self,
        store: &MemoryStore,
        seq: Seq,
        given: Fence,
        settlement: Settlement,
    ) -> Result<FenceResult, Error> {
        if !matches!(settlement, Settlement::Complete(_)) {
            return store.settle(seq, given, settlement).await;
        }
        if let Some((_, fence)) = current(store, seq).await? {
            let _whatever = store.settle(seq, fence, settlement).await?;
        }
        Ok(FenceResult::Done)
    }
}

/// Whoever says that it is done is believed while somebody has it.
#[derive(Debug)]
pub(crate) struct StateOnlyComplete;

impl Flaw for StateOnlyComplete {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for StateOnlyComplete {
    async fn settle(
        &self,
        store: &MemoryStore,
        seq: Seq,
        fence: Fence,
        settlement: Settlement,
    ) -> Result<FenceResult, Error> {
        let fence = match current(store, seq).await? {
            Some((State::Leased, current)) if matches!(settlement, Settlement::Complete(_)) => current,
            _ => fence,
        };
        store.settle(seq, fence, settlement).await
    }
}

/// Gives back whatever is there, as deleting a lock without looking at its owner does.
#[derive(Debug)]
pub(crate) struct BlindRelease;

impl Flaw for BlindRelease {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for BlindRelease {
    async fn settle(
        &self,
        store: &MemoryStore,
        seq: Seq,
        given: Fence,
        settlement: Settlement,
    ) -> Result<FenceResult, Error> {
        if settlement != Settlement::Release {
            return store.settle(seq, given, settlement).await;
        }
        if let Some((_, fence)) = current(store, seq).await? {
            let _whatever = store.release(seq, fence).await?;
        }
        Ok(FenceResult::Done)
    }
}

/// A lock without an expiry.
#[derive(Debug)]
pub(crate) struct EndlessLease;

impl Flaw for EndlessLease {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for EndlessLease {
    async fn begin(
        &self,
        store: &MemoryStore,
        entry: Entry,
        id: ClaimId,
        _lease: Duration,
    ) -> Result<BeginResult, Error> {
        store.begin(entry, id, Duration::MAX).await
    }

    async fn claim_due(&self, store: &MemoryStore, mut claim: Claim) -> Result<Vec<Lease>, Error> {
        claim.lease = Duration::MAX;
        store.claim_due(claim).await
    }
}

/// Counts fences from one again whenever it was purged.
#[derive(Debug, Default)]
pub(crate) struct FenceRestarts {
    highest: AtomicU64,
    forgotten: AtomicU64,
}

impl FenceRestarts {
    fn given(&self, mut lease: Lease) -> Lease {
        self.highest.fetch_max(lease.fence.get(), Ordering::SeqCst);
        let fence = lease.fence.get().saturating_sub(self.forgotten.load(Ordering::SeqCst));
        lease.fence = Fence::new(fence);
        lease
    }

    fn taken(&self, fence: Fence) -> Fence {
        Fence::new(fence.get().saturating_add(self.forgotten.load(Ordering::SeqCst)))
    }
}

impl Flaw for FenceRestarts {
    fn of(_place: &Place) -> Self {
        Self::default()
    }
}

impl Layer<MemoryStore> for FenceRestarts {
    async fn begin(
        &self,
        store: &MemoryStore,
        entry: Entry,
        id: ClaimId,
        lease: Duration,
    ) -> Result<BeginResult, Error> {
        Ok(match store.begin(entry, id, lease).await? {
            BeginResult::Acquired(lease) => BeginResult::Acquired(Box::new(self.given(*lease))),
            other => other,
        })
    }

    async fn claim_due(&self, store: &MemoryStore, claim: Claim) -> Result<Vec<Lease>, Error> {
        Ok(store.claim_due(claim).await?.into_iter().map(|lease| self.given(lease)).collect())
    }

    async fn renew(
        &self,
        store: &MemoryStore,
        seq: Seq,
        fence: Fence,
        lease: Duration,
    ) -> Result<FenceResult, Error> {
        store.renew(seq, self.taken(fence), lease).await
    }

    async fn settle(
        &self,
        store: &MemoryStore,
        seq: Seq,
        fence: Fence,
        settlement: Settlement,
    ) -> Result<FenceResult, Error> {
        store.settle(seq, self.taken(fence), settlement).await
    }

    async fn purge(&self, store: &MemoryStore, most: usize) -> Result<u64, Error> {
        self.forgotten.store(self.highest.load(Ordering::SeqCst), Ordering::SeqCst);
        store.purge(most).await
    }
}

/// Takes every call for a new one, so that a lost reply is a lost lease.
#[derive(Debug, Default)]
pub(crate) struct ForgetsClaimIds {
    calls: AtomicU64,
}

impl ForgetsClaimIds {
    fn another(&self) -> ClaimId {
        ClaimId::new(u128::from(self.calls.fetch_add(1, Ordering::SeqCst)))
    }
}

impl Flaw for ForgetsClaimIds {
    fn of(_place: &Place) -> Self {
        Self::default()
    }
}

impl Layer<MemoryStore> for ForgetsClaimIds {
    async fn begin(
        &self,
        store: &MemoryStore,
        entry: Entry,
        _id: ClaimId,
        lease: Duration,
    ) -> Result<BeginResult, Error> {
        store.begin(entry, self.another(), lease).await
    }

    async fn claim_due(&self, store: &MemoryStore, mut claim: Claim) -> Result<Vec<Lease>, Error> {
        claim.id = self.another();
        store.claim_due(claim).await
    }
}
