use crate::metrics::StoreOps;
use bytes::Bytes;
use prometheus::Histogram;
use std::fmt;
use std::time::Duration;
use wxhook_idempotency::{
    Accepted, Action, Adopted, Adoption, Begun, Capabilities, Claim, ClaimId, Entry, Error, Failure, Fence,
    Fenced, Filter, LaneStats, Lease, Lookup, Page, Seq, Stats, Store, StoreId, StoredRecord,
};

/// A store whose operations are timed.
pub(crate) struct Metered<S> {
    inner: S,
    ops: StoreOps,
}

impl<S: Store> Metered<S> {
    pub(crate) const fn new(inner: S, ops: StoreOps) -> Self {
        Self { inner, ops }
    }
}

/// Waits for an operation; one that is dropped meanwhile counts, too.
async fn timed<T>(op: &Histogram, operation: impl Future<Output = T>) -> T {
    let _timer = op.start_timer();
    operation.await
}

impl<S: Store> Store for Metered<S> {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn id(&self) -> Option<StoreId> {
        self.inner.id()
    }

    async fn accept(&self, entry: Entry) -> Result<Accepted, Error> {
        let attempt = self.ops.accepts.attempt();
        let accepted = timed(&self.ops.accept, self.inner.accept(entry)).await;
        if matches!(accepted, Ok(Accepted::Changed { .. })) {
            self.ops.changed.inc();
        }
        attempt.end(&accepted);
        accepted
    }

    async fn begin(&self, entry: Entry, id: ClaimId, lease: Duration) -> Result<Begun, Error> {
        let attempt = self.ops.accepts.attempt();
        let begun = timed(&self.ops.begin, self.inner.begin(entry, id, lease)).await;
        if matches!(begun, Ok(Begun::Changed { .. })) {
            self.ops.changed.inc();
        }
        attempt.end(&begun);
        begun
    }

    async fn claim_due(&self, claim: Claim) -> Result<Vec<Lease>, Error> {
        timed(&self.ops.claim_due, self.inner.claim_due(claim)).await
    }

    async fn renew(&self, seq: Seq, fence: Fence, lease: Duration) -> Result<Fenced, Error> {
        timed(&self.ops.renew, self.inner.renew(seq, fence, lease)).await
    }

    async fn complete(&self, seq: Seq, fence: Fence, outcome: Option<Bytes>) -> Result<Fenced, Error> {
        timed(&self.ops.complete, self.inner.complete(seq, fence, outcome)).await
    }

    async fn fail(&self, seq: Seq, fence: Fence, failure: Failure) -> Result<Fenced, Error> {
        timed(&self.ops.fail, self.inner.fail(seq, fence, failure)).await
    }

    async fn release(&self, seq: Seq, fence: Fence) -> Result<Fenced, Error> {
        timed(&self.ops.release, self.inner.release(seq, fence)).await
    }

    async fn requeue(&self, seq: Seq, action: Action) -> Result<Option<StoredRecord>, Error> {
        timed(&self.ops.requeue, self.inner.requeue(seq, action)).await
    }

    async fn park(&self, seq: Seq, action: Action) -> Result<Option<StoredRecord>, Error> {
        timed(&self.ops.park, self.inner.park(seq, action)).await
    }

    async fn discard(&self, seq: Seq, action: Action) -> Result<Option<StoredRecord>, Error> {
        timed(&self.ops.discard, self.inner.discard(seq, action)).await
    }

    async fn get(&self, lookup: Lookup) -> Result<Option<StoredRecord>, Error> {
        timed(&self.ops.get, self.inner.get(lookup)).await
    }

    async fn list(&self, filter: Filter, before: Option<Seq>, most: usize) -> Result<Page, Error> {
        timed(&self.ops.list, self.inner.list(filter, before, most)).await
    }

    async fn stats(&self) -> Result<Stats, Error> {
        timed(&self.ops.stats, self.inner.stats()).await
    }

    async fn lanes(&self) -> Result<Vec<LaneStats>, Error> {
        timed(&self.ops.lanes, self.inner.lanes()).await
    }

    async fn split_lane(&self, from: String, prefix: String, max: usize) -> Result<u64, Error> {
        timed(&self.ops.split_lane, self.inner.split_lane(from, prefix, max)).await
    }

    async fn adopt(&self, adoption: Adoption) -> Result<Adopted, Error> {
        timed(&self.ops.adopt, self.inner.adopt(adoption)).await
    }

    async fn purge(&self, most: usize) -> Result<u64, Error> {
        timed(&self.ops.purge, self.inner.purge(most)).await
    }

    async fn probe(&self) -> Result<(), Error> {
        timed(&self.ops.probe, self.inner.probe()).await
    }
}

impl<S: fmt::Debug> fmt::Debug for Metered<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.inner, f)
    }
}
