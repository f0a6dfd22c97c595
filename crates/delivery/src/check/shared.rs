use super::{Check, CheckError, Verdict};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use wxhook_wire::Record;

type Boxed<'a> = Pin<Box<dyn Future<Output = Result<Verdict, CheckError>> + Send + 'a>>;

/// The boxed mirror of [`Check`].
trait Mirror: fmt::Debug + Send + Sync {
    fn check<'a>(&'a self, record: &'a Record) -> Boxed<'a>;
}

impl<C: Check> Mirror for C {
    fn check<'a>(&'a self, record: &'a Record) -> Boxed<'a> {
        Box::pin(Check::check(self, record))
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
    async fn check(&self, record: &Record) -> Result<Verdict, CheckError> {
        self.inner.check(record).await
    }
}

impl fmt::Debug for SharedCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.inner, f)
    }
}
