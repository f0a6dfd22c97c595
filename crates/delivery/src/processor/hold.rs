use crate::backoff::Backoff;
use crate::cause::cause;
use crate::processor::builder::LEASES;
use bytes::Bytes;
use std::future::Future;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use wxhook_idempotency::{Error, Failure, Fence, FenceResult, Lease, Seq, SharedStore, Store, StoreExt as _};

/// Between tries of a store that is unavailable.
const AGAIN: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
/// Settling is tried for so long at least, even if the lease is over: nobody else may have taken the record.
const SHORTEST: Duration = Duration::from_secs(1);

/// A lease that is being kept, and what may be said to the store under it.
pub(crate) struct Hold {
    store: SharedStore,
    seq: Seq,
    fence: Fence,
    lease: Duration,
    /// By this process's monotonic clock, counted from when the lease or its renewal was asked for, and so not after the
    /// store's own end of it.
    until: Instant,
}

/// Why a lease is gone.
pub(crate) enum Gone {
    /// Somebody else has the record.
    Lost,
    /// It couldn't be renewed until it was over.
    Over,
}

/// What became of a word to the store.
pub(crate) enum Settled {
    Done,
    Lost,
    Unavailable,
}

impl Hold {
    pub(crate) fn new(store: &SharedStore, claimed: &Lease, asked: Instant, lease: Duration) -> Self {
        Self {
            store: store.clone(),
            seq: claimed.record.seq,
            fence: claimed.fence,
            lease,
            until: asked + claimed.remaining.min(*LEASES.end()),
        }
    }

    /// Whether it is over already.
    pub(crate) fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// Renews the lease again and again; ends only when it is gone.
    ///
    /// May be dropped at any await: a renewal that happened unheard only makes the lease longer.
    pub(crate) async fn keep(&mut self) -> Gone {
        let mut failures = 0_u32;
        let mut next = Instant::now() + self.left() / 3;
        loop {
            sleep_until(next.min(self.until)).await;
            let asked = Instant::now();
            if asked >= self.until {
                tracing::warn!(seq = %self.seq, "the lease ended without being renewed; its delivery is dropped");
                return Gone::Over;
            }
            let renewal = self.store.renew(self.seq, self.fence, self.lease);
            match timeout_at(self.patience(self.until), renewal).await {
                Ok(Ok(FenceResult::Done)) => {
                    failures = 0;
                    self.until = asked + self.lease;
                    next = asked + self.lease / 3;
                }
                Ok(Ok(_)) => {
                    tracing::warn!(seq = %self.seq, "the lease was lost; its delivery is dropped");
                    return Gone::Lost;
                }
                Ok(Err(error)) => {
                    failures = failures.saturating_add(1);
                    tracing::warn!(seq = %self.seq, failures, error = cause(&error), "renewing a lease failed");
                    next = Instant::now() + AGAIN.wait(failures);
                }
                Err(_) => tracing::warn!(seq = %self.seq, "renewing a lease took too long"),
            }
        }
    }

    /// → Done.
    pub(crate) async fn complete(&self, outcome: Option<&Bytes>) -> Settled {
        self.settle(|| self.store.complete(self.seq, self.fence, outcome.cloned())).await
    }

    /// → Ready or Parked.
    pub(crate) async fn fail(&self, failure: &Failure) -> Settled {
        self.settle(|| self.store.fail(self.seq, self.fence, failure.clone())).await
    }

    /// → Ready, due now.
    pub(crate) async fn release(&self) -> Settled {
        self.settle(|| self.store.release(self.seq, self.fence)).await
    }

    /// Says it until the store has heard it, or the lease is over.
    ///
    /// Repeating is safe: `complete` twice is harmless, and `fail` or `release` after a lost reply are answered `Lost`.
    /// If this is dropped or gives up, the lease runs out and the record is delivered again.
    async fn settle<F>(&self, say: impl Fn() -> F) -> Settled
    where
        F: Future<Output = Result<FenceResult, Error>>,
    {
        let last = self.until.max(Instant::now() + SHORTEST);
        let mut failures = 0_u32;
        loop {
            match timeout_at(self.patience(last), say()).await {
                Ok(Ok(FenceResult::Done)) => return Settled::Done,
                Ok(Ok(_)) => {
                    tracing::warn!(seq = %self.seq, "the lease was lost before the store could be told");
                    return Settled::Lost;
                }
                Ok(Err(error @ Error::Unavailable(_))) => {
                    tracing::warn!(seq = %self.seq, failures, error = cause(&error), "telling the store failed");
                }
                Ok(Err(error)) => {
                    tracing::error!(seq = %self.seq, error = cause(&error), "the store can't be told");
                    return Settled::Unavailable;
                }
                Err(_) => tracing::warn!(seq = %self.seq, failures, "telling the store took too long"),
            }
            failures = failures.saturating_add(1);
            let wait = AGAIN.wait(failures);
            if Instant::now() + wait >= last {
                tracing::error!(seq = %self.seq, "the store couldn't be told; the record will be delivered again");
                return Settled::Unavailable;
            }
            sleep(wait).await;
        }
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// How long one call may take: a hanging one shall not use up the lease.
    fn patience(&self, last: Instant) -> Instant {
        last.min(Instant::now() + self.lease / 3)
    }
}
