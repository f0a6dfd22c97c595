mod shared;

pub use shared::SharedCheck;

use crate::delivery::Delivery;
use std::fmt::Debug;
use std::future::Future;

/// Compares a record with the merchant's own order: amount, currency, numbers.
///
/// It is the first step of processing, after the record is safe, and before any sink sees it.
///
/// # The contract
/// - It changes nothing: it runs again with every attempt, for different records concurrently.
/// - It is dropped, at any await, at its time-out, when the lease is lost, and when the drain at shutdown is over.
/// - A panic is an error of the check.
/// - It doesn't block its thread.
/// - Secrecy, as for a [`Sink`](crate::Sink).
///
/// ```
/// use wxhook_delivery::{Check, CheckError, Delivery, Verdict};
///
/// #[derive(Debug)]
/// struct OnlyOurs;
///
/// impl Check for OnlyOurs {
///     async fn check(&self, delivery: &Delivery) -> Result<Verdict, CheckError> {
///         Ok(if delivery.record.content.merchant == "shop" { Verdict::Match } else { Verdict::Mismatch })
///     }
/// }
/// ```
pub trait Check: Debug + Send + Sync + 'static {
    /// Compares one record.
    ///
    /// # Errors
    /// [`CheckError`] when it couldn't compare; it is asked again, with backoff, like a sink that failed.
    fn check(&self, delivery: &Delivery) -> impl Future<Output = Result<Verdict, CheckError>> + Send;
}

/// What the merchant's own order says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The same; the record goes on to its sink.
    Match,
    /// Something else; the record waits for a person, flag `mismatch`.
    Mismatch,
    /// The order isn't there yet; the record is checked again for a while, then it waits for a person.
    NotYet,
}

/// Why a check couldn't compare. The text is the check's own, never content; 256 bytes of it are kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
#[non_exhaustive]
pub struct CheckError {
    /// What went wrong.
    pub why: String,
}

impl CheckError {
    /// The check failed because of `why`.
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }
}
