use super::{Sink, SinkError};
use crate::delivery::{Delivery, Receipt};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

type Boxed<'a> = Pin<Box<dyn Future<Output = Result<Receipt, SinkError>> + Send + 'a>>;

/// The boxed mirror of [`Sink`].
trait Mirror: fmt::Debug + Send + Sync {
    fn name(&self) -> &str;
    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> Boxed<'a>;
}

impl<S: Sink> Mirror for S {
    fn name(&self) -> &str {
        Sink::name(self)
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> Boxed<'a> {
        Box::pin(Sink::deliver(self, delivery))
    }
}

/// Any [`Sink`], chosen at run time; cheap to clone.
#[derive(Clone)]
pub struct SharedSink {
    inner: Arc<dyn Mirror>,
}

impl SharedSink {
    /// Wraps a sink.
    pub fn new(sink: impl Sink) -> Self {
        Self { inner: Arc::new(sink) }
    }
}

impl Sink for SharedSink {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, SinkError> {
        self.inner.deliver(delivery).await
    }
}

impl fmt::Debug for SharedSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.inner, f)
    }
}
