mod shared;

pub use shared::SharedSink;

use crate::delivery::{Delivery, Receipt};
use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

/// Where records go: a queue, an HTTP endpoint, a handler.
///
/// # The contract
/// - **At least once.** `Ok` is said only when the record is where it should be, as safely as the sink promises. Until
///   that word is in the store the record is delivered again: after an error, a panic, a time-out, a crash. The consumer
///   removes duplicates by the record's `seq` and `generation`, or by its `key`.
/// - **Fence.** [`Delivery::fence`] grows with every claim of a record; pass it on to a consumer that can use it.
/// - **Concurrency.** It is called concurrently for different records. For one record it isn't within a process, but an
///   earlier call's effect may still be on its way: from a call that was dropped, or from another process whose lease ran
///   out. The order of unrelated records isn't kept.
/// - **Cancellation.** The future is dropped, at any of its awaits, when its time-out is over, when the lease is lost, and
///   when the drain at shutdown is over. What it did until then counts for nothing; the record is delivered again.
/// - **Panics** count as failed attempts.
/// - **Blocking.** It doesn't block its thread: blocking work belongs on a thread of its own.
/// - **Secrecy.** The record is the merchant's business data: it goes to its destination and into no log line, no error
///   and no `Debug`. [`SinkError`]'s text is the sink's own and is shown to people.
///
/// ```
/// use std::sync::Mutex;
/// use wxhook_delivery::{Receipt, Delivery, Sink, SinkError};
///
/// #[derive(Debug, Default)]
/// struct Numbers(Mutex<Vec<u64>>);
///
/// impl Sink for Numbers {
///     fn name(&self) -> &str {
///         "numbers"
///     }
///
///     async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, SinkError> {
///         let mut numbers = self.0.lock().map_err(|_| SinkError::park("the list is broken"))?;
///         numbers.push(delivery.record.seq);
///         Ok(Receipt::default())
///     }
/// }
/// ```
pub trait Sink: Debug + Send + Sync + 'static {
    /// Its name in logs and metrics; from the configuration, never from a notification.
    fn name(&self) -> &str;

    /// Hands one record on.
    ///
    /// # Errors
    /// [`SinkError`] says whether trying again may help.
    fn deliver(&self, delivery: &Delivery) -> impl Future<Output = Result<Receipt, SinkError>> + Send;
}

/// Why a sink didn't take a record. The text is the sink's own, never content; 256 bytes of it are kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// Trying again may help.
    #[error("{why}")]
    Retry {
        /// What went wrong.
        why: String,
        /// Not before so long, e.g. the `Retry-After` of a reply; the usual backoff if that is longer.
        after: Option<Duration>,
    },
    /// Trying again is pointless; the record waits for a person.
    #[error("{why}")]
    Park {
        /// What went wrong.
        why: String,
    },
}

impl SinkError {
    /// To be tried again after the usual backoff.
    pub fn retry(why: impl Into<String>) -> Self {
        Self::Retry { why: why.into(), after: None }
    }

    /// To be tried again, but not before `after`.
    pub fn retry_after(why: impl Into<String>, after: Duration) -> Self {
        Self::Retry { why: why.into(), after: Some(after) }
    }

    /// To wait for a person.
    pub fn park(why: impl Into<String>) -> Self {
        Self::Park { why: why.into() }
    }
}
