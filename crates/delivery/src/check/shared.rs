use super::{Check, CheckError, Verdict};
use crate::delivery::Delivery;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

type Boxed<'a> = Pin<Box<dyn Future<Output = Result<Verdict, CheckError>> + Send + 'a>>;

/// The boxed mirror of [`Check`].
trait Mirror: fmt::Debug + Send + Sync {
    fn check<'a>(&'a self, delivery: &'a Delivery) -> Boxed<'a>;
}

impl<C: Check> Mirror for C {
    fn check<'a>(&'a self, delivery: &'a Delivery) -> Boxed<'a> {
        Box::pin(Check::check(self, delivery))
    }
}

/// Any [`Check`], chosen at run time; cheap to clone.
#[derive(Clone)]
pub struct SharedCheck {
    inner: Arc<dyn Mirror>,
}

impl SharedCheck {
    /// Wraps a check.
    pub fn new(check: impl Check) -> Self {
        Self { inner: Arc::new(check) }
    }
}

impl Check for SharedCheck {
    async fn check(&self, delivery: &Delivery) -> Result<Verdict, CheckError> {
        self.inner.check(delivery).await
    }
}

impl fmt::Debug for SharedCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.inner, f)
    }
}
