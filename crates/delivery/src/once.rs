mod outcome;

pub use outcome::ToOutcome;

use crate::backoff::Backoff;
use crate::processor::{Gone, Hold, LEASES, ParkReason, Settled};
use crate::race::{First, race};
use crate::worker::ClaimIds;
use bytes::Bytes;
use std::any::Any;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;
use wxhook_idempotency::{Begun, Entry, Error, Failure, Fence, Lease, OnChanged, Seq, SharedStore, Store};

/// What is stored as the reason of a failed attempt. The work's own error may hold content and goes to the caller only.
const FAILED: &str = "the work failed";
const PANICKED: &str = "the work panicked";
/// Only for a worker of the same lane: who calls [`once`] again needn't wait.
const RETRY: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(900));

/// What came of [`once`]. `Debug` leaves out what the work gave and what is remembered of it.
#[must_use = "it says whether the work was done"]
#[non_exhaustive]
pub enum OnceResult<T, E> {
    /// The work ran now, and the store knows that it is done.
    Ran(T),
    /// The work ran now and failed. It runs again when it is asked for again, until its attempts are used up.
    Failed(E),
    /// It was done before.
    AlreadyDone {
        /// Its number.
        seq: Seq,
        /// What the work left when it ran; see [`ToOutcome`].
        outcome: Option<Bytes>,
    },
    /// Somebody else is at it.
    Busy {
        /// How long until the lease is over, unless it is renewed.
        remaining: Duration,
    },
    /// It waits for a person: its attempts are used up, somebody parked it, or it is changed content seen again.
    Parked {
        /// Its number.
        seq: Seq,
    },
    /// Other content under a known key. It is kept, parked, for a person; the work didn't run.
    Changed {
        /// The number of what was kept.
        seq: Seq,
    },
    /// Not kept: its key has [`MOST_SIBLINGS`](wxhook_idempotency::MOST_SIBLINGS) of other content, or its lane is full.
    Full,
    /// The lease was lost while the work ran: a person parked or discarded it, or somebody else has it. The work was
    /// dropped, or what it did doesn't count.
    Lost,
}

/// Why [`once`] has no answer: it was the store's fault. The call may be repeated as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnceError {
    /// Before the work: it didn't run.
    #[error("the store did not say whose turn it is")]
    Begin(#[source] Error),
    /// During or after the work: the store couldn't renew the lease until it was over, and the work was dropped; or the
    /// store couldn't be told how it went. It runs again when the lease is over.
    #[error("the store could not be told how the work went")]
    Unsettled,
}

/// Proof of having the turn, for the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The record's number.
    pub seq: Seq,
    /// Greater than that of every earlier turn: what is given it can tell a belated one.
    pub fence: Fence,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

/// Runs `work` unless it was done before or somebody is at it: once per key, among all who share the store.
///
/// - **One at a time.** The turn is a lease, renewed every third of its length. When it can't be renewed until it is
///   over, or is lost, the work is dropped. So no two run under live leases.
/// - **Done means done.** After `Ok` the store knows it, with the [`ToOutcome`] of what the work gave, before this answers;
///   later callers get [`OnceResult::AlreadyDone`] with it, until [`Retention`](wxhook_idempotency::Retention) is over.
/// - **Failing** gives the turn back, at once if the store hears it, else when the lease is over; the error is the
///   caller's and isn't stored. A **panic** does the same and goes on to the caller. Each counts as an attempt; after
///   `entry.max_attempts` the record is parked.
/// - **Dropping** this future at any await drops the work, and the lease runs out. Spawn it where that isn't wanted.
///   The same holds for a process that dies.
/// - **Other content** under the same key doesn't run, whatever `entry.on_changed` says: [`OnceResult::Changed`].
///
/// The work may so run again after a crash, having done its part without the store knowing: what it gives orders to
/// should know `Attempt::fence`, or the key. `lease` is kept between 100 ms and 1 h. The work mustn't block its thread, or
/// the lease can't be renewed. Needs a tokio runtime with time.
///
/// Records that nobody asks for again stay in `entry.lane`, where a [`Worker`](crate::Worker) would find those that are
/// Ready: give them a lane of their own.
///
/// # Errors
/// [`OnceError`] where the store fails.
///
/// ```
/// use std::time::Duration;
/// use wxhook_delivery::{OnceResult, once};
/// use wxhook_idempotency::{Entry, Fingerprint, MemoryStore, SharedStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = SharedStore::new(MemoryStore::default());
/// let sha256_of_content = [7; 32];
/// let order = || Entry::new("shop/ship/order=42", Fingerprint::new(1, sha256_of_content), "", "shipping");
///
/// for nth in 1..=2 {
///     let came = once(&store, order(), Duration::from_secs(30), |turn| async move {
///         // … order the parcel, under turn.fence …
///         Ok::<_, std::io::Error>(format!("parcel of attempt {}", turn.attempt))
///     });
///     match came.await? {
///         OnceResult::Ran(parcel) => assert_eq!((nth, &*parcel), (1, "parcel of attempt 1")),
///         OnceResult::AlreadyDone { outcome, .. } => {
///             assert_eq!((nth, outcome.as_deref()), (2, Some(&b"parcel of attempt 1"[..])));
///         }
///         OnceResult::Failed(error) => return Err(error.into()),
///         OnceResult::Busy { remaining } => println!("come again in {remaining:?}"),
///         other => println!("for a person: {other:?}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub async fn once<T, E, F, Fut>(
    store: &SharedStore,
    mut entry: Entry,
    lease: Duration,
    work: F,
) -> Result<OnceResult<T, E>, OnceError>
where
    T: ToOutcome,
    F: FnOnce(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let lease = lease.clamp(*LEASES.start(), *LEASES.end());
    entry.on_changed = OnChanged::Park;
    let asked = Instant::now();
    let id = ClaimIds::random().next();
    let begun = store.begin(entry, id, lease).await.map_err(OnceError::Begin)?;
    match begun {
        Begun::Acquired(claimed) => run(Hold::new(store, &claimed, asked, lease), &claimed, work).await,
        Begun::Busy { remaining } => Ok(OnceResult::Busy { remaining }),
        Begun::Done { seq, outcome } => Ok(OnceResult::AlreadyDone { seq, outcome }),
        Begun::Parked { seq } => Ok(OnceResult::Parked { seq }),
        Begun::Changed { seq } => Ok(OnceResult::Changed { seq }),
        _ => Ok(OnceResult::Full),
    }
}

async fn run<T, E, F, Fut>(mut hold: Hold, claimed: &Lease, work: F) -> Result<OnceResult<T, E>, OnceError>
where
    T: ToOutcome,
    F: FnOnce(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let (seq, attempt) = (claimed.record.seq, claimed.record.attempts);
    let turn = Attempt { seq, fence: claimed.fence, attempt };
    if hold.is_over() {
        // The store's answer took longer than the lease.
        return Err(OnceError::Unsettled);
    }
    // The lease is looked at first: where it is over, the work isn't polled once more.
    let ended = match race(hold.keep(), unpanicked(work, turn)).await {
        First::Left(Gone::Lost) => return Ok(OnceResult::Lost),
        First::Left(Gone::Over) => return Err(OnceError::Unsettled),
        First::Right(ended) => ended,
    };
    // Where the store can't be told of a failure the lease runs out; the failure is the news all the same.
    let give_back = async |why| {
        let settled = hold.fail(&Failure::retry(why, RETRY.wait(attempt))).await;
        let (record, reason) = (&claimed.record, ParkReason::Attempts);
        if attempt >= record.max_attempts && matches!(settled, Settled::Done) {
            let (merchant, event) = (&record.labels.merchant, &record.labels.event);
            tracing::warn!(%seq, merchant, event, %reason, why, "parked: it waits for an operator");
        }
    };
    match ended {
        Ok(Ok(value)) => match hold.complete(value.to_outcome().as_ref()).await {
            Settled::Done => Ok(OnceResult::Ran(value)),
            Settled::Lost => Ok(OnceResult::Lost),
            Settled::Unavailable => Err(OnceError::Unsettled),
        },
        Ok(Err(error)) => {
            give_back(FAILED).await;
            Ok(OnceResult::Failed(error))
        }
        Err(panic) => {
            give_back(PANICKED).await;
            resume_unwind(panic)
        }
    }
}

/// What the work gives, or its panic. Either way the work is gone by then.
async fn unpanicked<F, Fut>(work: F, turn: Attempt) -> Result<Fut::Output, Box<dyn Any + Send>>
where
    F: FnOnce(Attempt) -> Fut,
    Fut: Future,
{
    let mut future = pin!(async move { work(turn).await });
    poll_fn(|context| {
        // Nothing of it is looked at after a panic, which goes on to the caller.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

impl<T, E> fmt::Debug for OnceResult<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ran(_) => f.write_str("Ran"),
            Self::Failed(_) => f.write_str("Failed"),
            Self::AlreadyDone { seq, .. } => {
                f.debug_struct("AlreadyDone").field("seq", seq).finish_non_exhaustive()
            }
            Self::Busy { remaining } => f.debug_struct("Busy").field("remaining", remaining).finish(),
            Self::Parked { seq } => f.debug_struct("Parked").field("seq", seq).finish(),
            Self::Changed { seq } => f.debug_struct("Changed").field("seq", seq).finish(),
            Self::Full => f.write_str("Full"),
            Self::Lost => f.write_str("Lost"),
        }
    }
}
