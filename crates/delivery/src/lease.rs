use crate::backoff::Backoff;
use std::error::Error as StdError;
use std::future::{Future, poll_fn};
use std::ops::RangeInclusive;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use wxhook_idempotency::{Error, Fence, FenceResult, Lease, Seq, Settlement, SharedStore, Store as _};

/// Leases that can be renewed in time, and that don't hold up a record for too long after a crash.
pub(crate) const LEASES: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(3600);
/// Wait between calls of a store that is unavailable.
const RETRY: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
/// Minimum time for settling, even if the lease has expired: nobody else may have taken the record.
const MIN_SETTLING: Duration = Duration::from_secs(1);

/// A lease that this process holds.
pub(crate) struct HeldLease {
    store: SharedStore,
    seq: Seq,
    fence: Fence,
    length: Duration,
    /// Instant by this process's monotonic clock, counted from when the lease or its renewal was requested, and so not
    /// after the lease expires by the store's clock.
    until: Instant,
}

/// An error of a call under a lease.
pub(crate) enum LeaseError {
    /// Somebody else has the record.
    Lost,
    /// The store couldn't be reached until the lease expired.
    Unavailable,
}

impl HeldLease {
    pub(crate) fn new(store: &SharedStore, lease: &Lease, requested: Instant, length: Duration) -> Self {
        Self {
            store: store.clone(),
            seq: lease.record.seq,
            fence: lease.fence,
            length,
            until: requested + lease.remaining.min(*LEASES.end()),
        }
    }

    pub(crate) fn has_expired(&self) -> bool {
        self.remaining().is_zero()
    }

    /// Renews the lease again and again; returns only when it is gone.
    ///
    /// Its future may be dropped at any await: a renewal without an answer only makes the lease longer.
    pub(crate) async fn renew(&mut self) -> LeaseError {
        let mut failures = 0_u32;
        let mut next = Instant::now() + self.remaining() / 3;
        loop {
            sleep_until(next.min(self.until)).await;
            let requested = Instant::now();
            if requested >= self.until {
                tracing::warn!(seq = %self.seq, "the lease expired without being renewed; its delivery is dropped");
                return LeaseError::Unavailable;
            }
            let renewal = self.store.renew(self.seq, self.fence, self.length);
            match timeout_at(self.call_limit(self.until), renewal).await {
                Ok(Ok(FenceResult::Done)) => {
                    failures = 0;
                    self.until = requested + self.length;
                    next = requested + self.length / 3;
                }
                Ok(Ok(_)) => {
                    tracing::warn!(seq = %self.seq, "the lease was lost; its delivery is dropped");
                    return LeaseError::Lost;
                }
                Ok(Err(error)) => {
                    failures = failures.saturating_add(1);
                    tracing::warn!(seq = %self.seq, failures, error = cause(&error), "renewing a lease failed");
                    next = Instant::now() + RETRY.wait(failures);
                }
                Err(_) => tracing::warn!(seq = %self.seq, "renewing a lease timed out"),
            }
        }
    }

    /// Settles the lease: repeats the call until the store has answered or the lease has expired.
    ///
    /// Repeating is safe: completing twice is harmless, and the others return `Lost` after a lost reply. If this is dropped or
    /// gives up, the lease expires and the record is delivered again.
    pub(crate) async fn settle(&self, settlement: Settlement) -> Result<(), LeaseError> {
        let last = self.until.max(Instant::now() + MIN_SETTLING);
        let mut failures = 0_u32;
        loop {
            let call = self.store.settle(self.seq, self.fence, settlement.clone());
            match timeout_at(self.call_limit(last), call).await {
                Ok(Ok(FenceResult::Done)) => return Ok(()),
                Ok(Ok(_)) => {
                    tracing::warn!(seq = %self.seq, "the lease was lost before its result was stored");
                    return Err(LeaseError::Lost);
                }
                Ok(Err(error @ Error::Unavailable(_))) => {
                    tracing::warn!(seq = %self.seq, failures, error = cause(&error), "storing a result failed");
                }
                Ok(Err(error)) => {
                    tracing::error!(seq = %self.seq, error = cause(&error), "a result can't be stored");
                    return Err(LeaseError::Unavailable);
                }
                Err(_) => tracing::warn!(seq = %self.seq, failures, "storing a result timed out"),
            }
            failures = failures.saturating_add(1);
            let wait = RETRY.wait(failures);
            if Instant::now() + wait >= last {
                tracing::error!(seq = %self.seq, "a result couldn't be stored; the record will be delivered again");
                return Err(LeaseError::Unavailable);
            }
            sleep(wait).await;
        }
    }

    fn remaining(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Limits one call, so that one that hangs doesn't use up the lease.
    fn call_limit(&self, last: Instant) -> Instant {
        last.min(Instant::now() + self.length / 3)
    }
}

/// Returns a store's error as a log field with its sources, which contain no content.
pub(crate) fn cause(error: &Error) -> &(dyn StdError + 'static) {
    error
}

/// The output of the first of two futures that was ready.
pub(crate) enum First<A, B> {
    Left(A),
    Right(B),
}

/// Waits for one of two futures and drops the other; the left one wins if both are ready.
pub(crate) async fn race<A: Future, B: Future>(left: A, right: B) -> First<A::Output, B::Output> {
    let (mut left, mut right) = (pin!(left), pin!(right));
    poll_fn(|context| {
        if let Poll::Ready(output) = left.as_mut().poll(context) {
            return Poll::Ready(First::Left(output));
        }
        right.as_mut().poll(context).map(First::Right)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::{First, race};
    use std::future::{pending, ready};

    #[tokio::test]
    async fn the_left_future_wins_and_neither_waits_for_the_other() {
        assert!(matches!(race(ready(1), ready(2)).await, First::Left(1)));
        assert!(matches!(race(pending::<()>(), ready(2)).await, First::Right(2)));
        assert!(matches!(race(ready(1), pending::<()>()).await, First::Left(1)));
    }
}
