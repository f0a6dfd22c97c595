use crate::error::BuildError;
use crate::handlers::{IntoHandled, question_reply};
use crate::notification::Notification;
use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use wxhook_delivery::{Delivery, Receipt, Sink, SinkError};
use wxhook_wire::{Catalog, Event, Misfit};

type Handled = Pin<Box<dyn Future<Output = Result<Receipt, SinkError>> + Send>>;
type Call = dyn Fn(Notification) -> Result<Handled, Misfit> + Send + Sync;

/// A handler without its types.
#[derive(Clone)]
pub(crate) struct Handler {
    pub(crate) event: &'static str,
    pub(crate) variant: Option<&'static str>,
    call: Arc<Call>,
}

impl Handler {
    pub(crate) fn on<E, F, Fut>(handle: F) -> Self
    where
        E: Event,
        F: Fn(E, Notification) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoHandled> + Send + 'static,
    {
        let call = move |notification: Notification| -> Result<Handled, Misfit> {
            let event = E::decode(notification.variant(), notification.resource())?;
            let handled = handle(event, notification);
            Ok(Box::pin(async move { handled.await.into_handled() }))
        };
        Self { event: E::NAME, variant: E::VARIANT, call: Arc::new(call) }
    }

    /// For all that no other handler takes; it has no event.
    pub(crate) fn otherwise<F, Fut>(handle: F) -> Self
    where
        F: Fn(Notification) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoHandled> + Send + 'static,
    {
        let call = move |notification| -> Result<Handled, Misfit> {
            let handled = handle(notification);
            Ok(Box::pin(async move { handled.await.into_handled() }))
        };
        Self { event: "", variant: None, call: Arc::new(call) }
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler")
            .field("event", &self.event)
            .field("variant", &self.variant)
            .finish_non_exhaustive()
    }
}

/// The sink that is a set of handlers. The more specific handler wins: the variant's, the event's, `otherwise`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Router {
    handlers: Vec<Handler>,
    otherwise: Option<Handler>,
    /// Events whose handlers must leave an answer.
    questions: HashSet<&'static str>,
}

impl Router {
    pub(crate) fn new(
        handlers: Vec<Handler>,
        otherwise: Option<Handler>,
        catalog: &dyn Catalog,
    ) -> Result<Self, BuildError> {
        for (index, handler) in handlers.iter().enumerate() {
            let same = |other: &Handler| other.event == handler.event && other.variant == handler.variant;
            if handlers.iter().skip(index + 1).any(same) {
                return Err(BuildError::TwoHandlers { event: handler.event, variant: handler.variant });
            }
        }
        let is_question = |event: &str| catalog.events().any(|meta| meta.name == event && meta.question);
        let questions = handlers.iter().map(|handler| handler.event).filter(|event| is_question(event));
        Ok(Self { questions: questions.collect(), handlers, otherwise })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.handlers.is_empty() && self.otherwise.is_none()
    }

    pub(crate) fn handlers(&self) -> &[Handler] {
        &self.handlers
    }

    /// Returns whether an event of this name must be answered.
    pub(crate) fn is_question(&self, event: &str) -> bool {
        self.questions.contains(event)
    }

    /// The handler of an event of this name and variant, `otherwise` apart.
    pub(crate) fn find(&self, event: &str, variant: Option<&str>) -> Option<&Handler> {
        let by = |variant: Option<&str>| {
            self.handlers.iter().find(|handler| handler.event == event && handler.variant == variant)
        };
        variant.and_then(|variant| by(Some(variant))).or_else(|| by(None))
    }
}

impl Sink for Router {
    fn name(&self) -> &str {
        "handlers"
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, SinkError> {
        let content = &delivery.record.content;
        let notification = Notification::of(delivery);
        if let Some(handler) = self.find(&content.event_type, content.variant.as_deref())
            && let Ok(handled) = (handler.call)(notification.clone())
        {
            let delivered = handled.await?;
            let is_question = self.questions.contains(&*content.event_type);
            if is_question && question_reply(content.protocol, delivered.outcome.as_ref()).is_none() {
                return Err(SinkError::retry("the handler of a question returned no JSON object"));
            }
            return Ok(delivered);
        }
        // No handler of its own, or it doesn't fit that handler's model (the record says so: flag `misfit`).
        match self.otherwise.as_ref().map(|handler| (handler.call)(notification)) {
            Some(Ok(handled)) => handled.await,
            _ => Err(SinkError::park("no handler takes this event")),
        }
    }
}
