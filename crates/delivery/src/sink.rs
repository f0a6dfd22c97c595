use bytes::Bytes;
use std::fmt::{self, Debug};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use wxhook_idempotency::Lease;
use wxhook_wire::{Error, Record};

/// A destination of records: a queue, an HTTP endpoint, a handler.
///
/// # Contract
/// - **At least once.** `Ok` means that the record has arrived, as safely as the sink promises. Until the store has recorded
///   that, the record is delivered again: after an error, a panic, a timeout, a crash. The consumer removes duplicates by the
///   record's `seq` and `generation`, or by its `key`.
/// - **Fence.** [`Delivery::fence`] grows with every claim of a record; pass it on to a consumer that can use it.
/// - **Concurrency.** It is called concurrently for different records. One process never calls it concurrently for the same
///   record, but an earlier call may still take effect: one that was dropped, or one of another process whose lease expired.
///   The order of unrelated records isn't kept.
/// - **Cancellation.** Its future may be dropped at any await: at its timeout, when the lease is lost, and at the end of the
///   drain at shutdown. The record is delivered again.
/// - **Panics** count as failed attempts.
/// - **Blocking.** It must not block its thread.
/// - **Secrecy.** The record is the merchant's business data. It must not appear in a log line, an error or `Debug`. The text
///   of a [`SinkError`] is shown to operators.
///
/// ```
/// use std::sync::Mutex;
/// use wxhook_delivery::{Delivery, Receipt, Sink, SinkError};
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
///         let mut numbers = self.0.lock().map_err(|_| SinkError::park("poisoned lock"))?;
///         numbers.push(delivery.record.seq);
///         Ok(Receipt::default())
///     }
/// }
/// ```
pub trait Sink: Debug + Send + Sync + 'static {
    /// Returns its name in logs and metrics, which comes from the configuration, never from a notification.
    fn name(&self) -> &str;

    /// Delivers one record.
    ///
    /// # Errors
    /// [`SinkError`] says whether to retry.
    fn deliver(&self, delivery: &Delivery) -> impl Future<Output = Result<Receipt, SinkError>> + Send;
}

/// A record for a sink, with the fence of its latest claim.
///
/// `Debug` leaves out the record's key, its resource and the group.
#[derive(Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// The event record; its `attempt` counts this one.
    pub record: Record,
    /// A number that grows with every claim of the record. A consumer that remembers the highest one can reject a late
    /// delivery.
    pub fence: u64,
    /// The group, e.g. the order, that the record belongs to. Records of a group are delivered in order, best effort.
    pub group: Option<String>,
}

impl Delivery {
    /// Creates a delivery of `record` under `fence`, without a group.
    pub const fn new(record: Record, fence: u64) -> Self {
        Self { record, fence, group: None }
    }

    /// Creates the delivery of a claimed record.
    ///
    /// # Errors
    /// [`Error::Json`] if [`wxhook_wire::Content::to_body`] didn't make its body.
    pub fn from_lease(lease: &Lease) -> Result<Self, Error> {
        let stored = &lease.record;
        let record = Record::from_body(
            &stored.body,
            stored.seq.get(),
            stored.key.as_str(),
            stored.generation,
            stored.attempts,
            stored.flags.clone(),
        )?;
        Ok(Self { record, fence: lease.fence.get(), group: stored.group.clone() })
    }
}

impl Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("record", &self.record)
            .field("fence", &self.fence)
            .finish_non_exhaustive()
    }
}

/// A sink's answer to a record that has arrived. `Debug` leaves out the outcome.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The outcome to store with the record, e.g. the reply to a question.
    pub outcome: Option<Bytes>,
}

impl Receipt {
    /// Creates a receipt with an outcome.
    pub fn with_outcome(outcome: impl Into<Bytes>) -> Self {
        Self { outcome: Some(outcome.into()) }
    }
}

impl Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").finish_non_exhaustive()
    }
}

/// An error of a sink. Its text must not contain content; 256 bytes of it are stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// A failure that may pass.
    #[error("{why}")]
    Retry {
        /// Text for operators.
        why: String,
        /// Minimum wait, e.g. the `Retry-After` of a reply; the usual backoff applies if that is longer.
        after: Option<Duration>,
    },
    /// A failure that won't pass; the record is parked.
    #[error("{why}")]
    Park {
        /// Text for operators.
        why: String,
    },
}

impl SinkError {
    /// Creates an error after which the record is retried with the usual backoff.
    pub fn retry(why: impl Into<String>) -> Self {
        Self::Retry { why: why.into(), after: None }
    }

    /// Creates an error after which the record is retried, but not before `after`.
    pub fn retry_after(why: impl Into<String>, after: Duration) -> Self {
        Self::Retry { why: why.into(), after: Some(after) }
    }

    /// Creates an error after which the record is parked.
    pub fn park(why: impl Into<String>) -> Self {
        Self::Park { why: why.into() }
    }
}

/// A handle to any [`Sink`], chosen at run time; cheap to clone.
#[derive(Debug, Clone)]
pub struct SharedSink(Arc<dyn DynSink>);

trait DynSink: Debug + Send + Sync {
    fn name(&self) -> &str;
    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a>;
}

type BoxFuture<'a> = Pin<Box<dyn Future<Output = Result<Receipt, SinkError>> + Send + 'a>>;

impl<S: Sink> DynSink for S {
    fn name(&self) -> &str {
        Sink::name(self)
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a> {
        Box::pin(Sink::deliver(self, delivery))
    }
}

impl SharedSink {
    /// Wraps a sink.
    pub fn new(sink: impl Sink) -> Self {
        Self(Arc::new(sink))
    }
}

impl Sink for SharedSink {
    fn name(&self) -> &str {
        self.0.name()
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, SinkError> {
        self.0.deliver(delivery).await
    }
}
