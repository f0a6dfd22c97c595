use crate::backoff::Backoff;
use crate::lease::{First, HeldLease, LEASES, LeaseError, race};
use crate::processor::ParkReason;
use crate::worker::ClaimIds;
use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::any::Any;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;
use wxhook_idempotency::{
    BeginResult, Entry, Error, Failure, Fence, Fingerprint, Lease, OnChanged, Seq, Settlement, SharedStore,
    Store,
};
use wxhook_wire::json::{Doc, canonical};

/// Stored errors of a failed attempt. The work's own error may contain content and goes to the caller only.
const FAILED: &str = "the work failed";
const PANICKED: &str = "the work panicked";
/// Only for a worker of the same lane: a caller of [`once`] needn't wait.
const RETRY: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(900));

/// A piece of work for [`once`]: its key, and the content that it is about.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Job {
    /// The entry to accept. Its lane is `once`, its body the content, and its fingerprint is computed from the content.
    pub entry: Entry,
    /// Length of the lease, 30 seconds by default; kept between 100 milliseconds and 1 hour.
    pub lease: Duration,
}

impl Job {
    /// Creates a job for content in bytes. The same content must always have the same bytes.
    pub fn new(key: impl Into<String>, content: impl Into<Bytes>) -> Self {
        let content = content.into();
        let fingerprint = Fingerprint::new(1, Sha256::digest(&content).into());
        Self { entry: Entry::new(key, fingerprint, content, "once"), lease: Duration::from_secs(30) }
    }

    /// Creates a job for content that is serialized as canonical JSON, so that the order of its members doesn't matter.
    ///
    /// # Errors
    /// [`wxhook_wire::Error::Json`] if it can't be serialized.
    pub fn from_json(key: impl Into<String>, content: &impl Serialize) -> Result<Self, wxhook_wire::Error> {
        let text = serde_json::to_string(content).map_err(|_| wxhook_wire::Error::Json)?;
        Ok(Self::new(key, canonical(Doc::parse(&text)?.root())))
    }
}

/// The result of [`once`]. `Debug` leaves out the work's result and the stored outcome.
#[must_use = "it says whether the work was done"]
#[non_exhaustive]
pub enum OnceResult<T, E> {
    /// The work ran now, and the store has recorded that it is done.
    Ran(T),
    /// The work ran now and failed. The next call runs it again, until its attempts are used up.
    Failed(E),
    /// The work was done before.
    AlreadyDone {
        /// The record's number.
        seq: Seq,
        /// The outcome of the work when it ran; see [`ToOutcome`].
        outcome: Option<Bytes>,
    },
    /// Somebody else is doing the work.
    Busy {
        /// Time until the lease expires, unless it is renewed.
        remaining: Duration,
    },
    /// The record waits for an operator: its attempts are used up, an operator parked it, or it is changed content seen
    /// again.
    Parked {
        /// The record's number.
        seq: Seq,
    },
    /// Other content under a known key. It is stored and parked; the work didn't run.
    Changed {
        /// The number of the new record.
        seq: Seq,
    },
    /// Not stored: the key has too many records with other content, or the lane is full.
    Full,
    /// The lease was lost while the work ran: an operator parked or discarded the record, or somebody else has it. The work
    /// was dropped, or its result doesn't count.
    Lost,
}

/// An error of the store, because of which [`once`] has no result. The call may be repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnceError {
    /// Before the work, which didn't run.
    #[error("can't begin the work")]
    Begin(#[source] Error),
    /// During or after the work: the lease couldn't be renewed until it expired, and the work was dropped; or its result
    /// couldn't be stored. The work runs again after the lease.
    #[error("can't store the result of the work")]
    Unsettled,
}

/// One attempt at a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The record's number.
    pub seq: Seq,
    /// A number greater than that of every earlier attempt, which tells a late one from the latest.
    pub fence: Fence,
    /// Number of the attempt, from 1.
    pub number: u32,
}

/// Conversion of a work's result into the outcome that is stored, and that later callers get.
pub trait ToOutcome {
    /// Returns the outcome's bytes, if there is one.
    fn to_outcome(&self) -> Option<Bytes>;
}

impl ToOutcome for () {
    fn to_outcome(&self) -> Option<Bytes> {
        None
    }
}

impl ToOutcome for Bytes {
    fn to_outcome(&self) -> Option<Bytes> {
        Some(self.clone())
    }
}

impl ToOutcome for Vec<u8> {
    fn to_outcome(&self) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(self))
    }
}

impl ToOutcome for String {
    fn to_outcome(&self) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(self.as_bytes()))
    }
}

impl<T: ToOutcome> ToOutcome for Option<T> {
    fn to_outcome(&self) -> Option<Bytes> {
        self.as_ref().and_then(ToOutcome::to_outcome)
    }
}

/// Runs `work` unless it was done before or is being done: once per key, among all processes that share the store.
///
/// - **One at a time.** The work runs under a lease, which is renewed every third of its length. When it is lost, or couldn't
///   be renewed until it expired, the work is dropped. So no two run under live leases.
/// - **Done means done.** When this returns [`OnceResult::Ran`], the store has recorded it with the [outcome](ToOutcome). Later
///   callers get [`OnceResult::AlreadyDone`], until [`Retention`](wxhook_idempotency::Retention) is over.
/// - **Failures** release the record, at once if the store can be reached, else when the lease expires; the error goes to the
///   caller and isn't stored. A **panic** does the same and continues in the caller. Each counts as an attempt; after the
///   entry's `max_attempts` the record is parked.
/// - **Dropping** this future at any await drops the work, and the lease expires, as after a crash. Spawn it if you don't want
///   that.
/// - **Other content** under the same key doesn't run, whatever the entry's `on_changed` says: [`OnceResult::Changed`].
///
/// After a crash the work may run again although it had finished. So a service that it calls should know the fence or the key.
/// The work must not block its thread, or the lease can't be renewed. Needs a tokio runtime with time.
///
/// Records whose work nobody asks for again stay in the job's lane. A [`Worker`](crate::Worker) must not claim from it.
///
/// # Errors
/// [`OnceError`] if the store fails.
///
/// ```
/// use wxhook_delivery::{Job, OnceResult, once};
/// use wxhook_idempotency::{MemoryStore, SharedStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = SharedStore::new(MemoryStore::default());
///
/// for call in 1..=2 {
///     let job = Job::new("shop/ship/order=42", "2 books to Shenzhen");
///     let result = once(&store, job, |attempt| async move {
///         // … order the parcel, under attempt.fence …
///         Ok::<_, std::io::Error>(format!("parcel of attempt {}", attempt.number))
///     });
///     match result.await? {
///         OnceResult::Ran(parcel) => assert_eq!((call, &*parcel), (1, "parcel of attempt 1")),
///         OnceResult::AlreadyDone { outcome, .. } => {
///             assert_eq!((call, outcome.as_deref()), (2, Some(&b"parcel of attempt 1"[..])));
///         }
///         OnceResult::Failed(error) => return Err(error.into()),
///         OnceResult::Busy { remaining } => println!("try again in {remaining:?}"),
///         other => println!("an operator must look: {other:?}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub async fn once<T, E, F, Fut>(store: &SharedStore, job: Job, work: F) -> Result<OnceResult<T, E>, OnceError>
where
    T: ToOutcome,
    F: FnOnce(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let Job { mut entry, lease } = job;
    let length = lease.clamp(*LEASES.start(), *LEASES.end());
    entry.on_changed = OnChanged::Park;
    let requested = Instant::now();
    let id = ClaimIds::random().next();
    match store.begin(entry, id, length).await.map_err(OnceError::Begin)? {
        BeginResult::Acquired(lease) => {
            run(HeldLease::new(store, &lease, requested, length), &lease, work).await
        }
        BeginResult::Busy { remaining } => Ok(OnceResult::Busy { remaining }),
        BeginResult::Done { seq, outcome } => Ok(OnceResult::AlreadyDone { seq, outcome }),
        BeginResult::Parked { seq } => Ok(OnceResult::Parked { seq }),
        BeginResult::Changed { seq } => Ok(OnceResult::Changed { seq }),
        _ => Ok(OnceResult::Full),
    }
}

async fn run<T, E, F, Fut>(mut held: HeldLease, lease: &Lease, work: F) -> Result<OnceResult<T, E>, OnceError>
where
    T: ToOutcome,
    F: FnOnce(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let (record, seq, number) = (&lease.record, lease.record.seq, lease.record.attempts);
    if held.has_expired() {
        // The store's answer took longer than the lease.
        return Err(OnceError::Unsettled);
    }
    let attempt = Attempt { seq, fence: lease.fence, number };
    let lost = |error| match error {
        LeaseError::Lost => Ok(OnceResult::Lost),
        LeaseError::Unavailable => Err(OnceError::Unsettled),
    };
    // The lease is polled first: once it is gone, the work isn't polled again.
    let result = match race(held.renew(), catch_panic(work, attempt)).await {
        First::Left(error) => return lost(error),
        First::Right(result) => result,
    };
    // If this can't be stored, the lease expires; the caller gets the failure all the same.
    let fail = async |why| {
        let failed = held.settle(Settlement::Fail(Failure::retry(why, RETRY.wait(number)))).await;
        if number >= record.max_attempts && failed.is_ok() {
            let (merchant, event) = (&record.labels.merchant, &record.labels.event);
            let reason = ParkReason::Attempts;
            tracing::warn!(%seq, merchant, event, %reason, why, "parked: it waits for an operator");
        }
    };
    match result {
        Ok(Ok(value)) => match held.settle(Settlement::Complete(value.to_outcome())).await {
            Ok(()) => Ok(OnceResult::Ran(value)),
            Err(error) => lost(error),
        },
        Ok(Err(error)) => {
            fail(FAILED).await;
            Ok(OnceResult::Failed(error))
        }
        Err(panic) => {
            fail(PANICKED).await;
            resume_unwind(panic)
        }
    }
}

/// Returns the result of the work, or its panic. Either way the work has been dropped.
async fn catch_panic<F, Fut>(work: F, attempt: Attempt) -> Result<Fut::Output, Box<dyn Any + Send>>
where
    F: FnOnce(Attempt) -> Fut,
    Fut: Future,
{
    let mut future = pin!(async move { work(attempt).await });
    poll_fn(|context| {
        // Nothing of it is used after a panic, which continues in the caller.
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
            Self::AlreadyDone { seq, .. } => write!(f, "AlreadyDone {{ seq: {seq}, .. }}"),
            Self::Busy { remaining } => write!(f, "Busy {{ remaining: {remaining:?} }}"),
            Self::Parked { seq } => write!(f, "Parked {{ seq: {seq} }}"),
            Self::Changed { seq } => write!(f, "Changed {{ seq: {seq} }}"),
            Self::Full => f.write_str("Full"),
            Self::Lost => f.write_str("Lost"),
        }
    }
}
