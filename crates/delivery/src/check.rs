use crate::sink::Delivery;
use std::fmt::{self, Debug};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use wxhook_wire::Record;

/// A comparison of a record with the merchant's own order: amount, currency, numbers.
///
/// It is the first step of processing, after the record is stored and before a sink sees it.
///
/// # Contract
/// - A check changes nothing: it runs again with every attempt, and for different records concurrently.
/// - Its future may be dropped at any await: at its timeout, when the lease is lost, and at the end of the drain at shutdown.
/// - A panic counts as an error of the check.
/// - It must not block its thread.
/// - Secrecy is as for a [`Sink`](crate::Sink).
///
/// ```
/// use wxhook_delivery::{Check, CheckError, Delivery, Verdict};
///
/// #[derive(Debug)]
/// struct OwnMerchant;
///
/// impl Check for OwnMerchant {
///     async fn check(&self, delivery: &Delivery) -> Result<Verdict, CheckError> {
///         Ok(if delivery.record.content.merchant == "shop" { Verdict::Match } else { Verdict::Mismatch })
///     }
/// }
/// ```
pub trait Check: Debug + Send + Sync + 'static {
    /// Compares one record.
    ///
    /// # Errors
    /// [`CheckError`] if it couldn't compare; the record is retried with backoff, as after a failure of the sink.
    fn check(&self, delivery: &Delivery) -> impl Future<Output = Result<Verdict, CheckError>> + Send;
}

/// Creates a check from a closure. The future can't borrow the record, so the closure takes from it what it needs.
///
/// ```
/// use wxhook_delivery::{Verdict, check_fn};
///
/// let check = check_fn(|record| {
///     let merchant = record.content.merchant.clone();
///     async move { Ok(if merchant == "shop" { Verdict::Match } else { Verdict::Mismatch }) }
/// });
/// # wxhook_delivery::SharedCheck::new(check);
/// ```
pub fn check_fn<F, Fut>(check: F) -> impl Check
where
    F: Fn(&Record) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Verdict, CheckError>> + Send + 'static,
{
    CheckFn(check)
}

struct CheckFn<F>(F);

impl<F, Fut> Check for CheckFn<F>
where
    F: Fn(&Record) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Verdict, CheckError>> + Send + 'static,
{
    fn check(&self, delivery: &Delivery) -> impl Future<Output = Result<Verdict, CheckError>> + Send {
        (self.0)(&delivery.record)
    }
}

impl<F> Debug for CheckFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckFn")
    }
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The order agrees; the record goes to its sink.
    Match,
    /// The order differs; the record is parked, flag `mismatch`.
    Mismatch,
    /// There is no order yet; the record is checked again for a while, then parked.
    NotYet,
}

/// An error of a check that couldn't compare. Its text must not contain content; 256 bytes of it are stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
#[non_exhaustive]
pub struct CheckError {
    /// Text for operators.
    pub why: String,
}

impl CheckError {
    /// Creates an error with this text.
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }
}

/// A handle to any [`Check`], chosen at run time; cheap to clone.
#[derive(Debug, Clone)]
pub struct SharedCheck(Arc<dyn DynCheck>);

trait DynCheck: Debug + Send + Sync {
    fn check<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a>;
}

type BoxFuture<'a> = Pin<Box<dyn Future<Output = Result<Verdict, CheckError>> + Send + 'a>>;

impl<C: Check> DynCheck for C {
    fn check<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a> {
        Box::pin(Check::check(self, delivery))
    }
}

impl SharedCheck {
    /// Wraps a check.
    pub fn new(check: impl Check) -> Self {
        Self(Arc::new(check))
    }
}

impl Check for SharedCheck {
    async fn check(&self, delivery: &Delivery) -> Result<Verdict, CheckError> {
        self.0.check(delivery).await
    }
}
