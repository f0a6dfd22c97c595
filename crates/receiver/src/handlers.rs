//! Typed handlers and checks, and the sink and check that call them.

use crate::notification::Notification;
use bytes::Bytes;
use serde::Serialize;
use std::collections::HashSet;
use std::fmt::{self, Display};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use wxhook_delivery::{Check, CheckError, Delivery, Receipt, SharedCheck, Sink, SinkError, Verdict};
use wxhook_wire::json::Doc;
use wxhook_wire::{Event, Misfit, Protocol, Reply};

type Call<T> = dyn Fn(&Delivery) -> Result<Pin<Box<dyn Future<Output = T> + Send>>, Misfit> + Send + Sync;

/// A function for one event, or one variant of it, without its types.
pub(crate) struct Typed<T> {
    pub(crate) event: &'static str,
    pub(crate) variant: Option<&'static str>,
    call: Box<Call<T>>,
}

pub(crate) type Handler = Typed<Result<Receipt, SinkError>>;
pub(crate) type TypedCheck = Typed<Result<Verdict, CheckError>>;

impl<T: 'static> Typed<T> {
    pub(crate) fn new<E, S, F, Fut>(state: Arc<S>, function: F, convert: fn(Fut::Output) -> T) -> Self
    where
        E: Event,
        S: Send + Sync + 'static,
        F: Fn(E, Notification<S>) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
    {
        let call: Box<Call<T>> = Box::new(move |delivery| {
            let event = E::decode(delivery.record.content.variant.as_deref(), delivery.record.resource())?;
            let called = function(event, Notification::new(delivery, &state));
            Ok(Box::pin(async move { convert(called.await) }))
        });
        Self { event: E::NAME, variant: E::VARIANT, call }
    }

    /// Returns the function for a variant of an event, else the one for the event.
    pub(crate) fn find<'t>(all: &'t [Self], event: &str, variant: Option<&str>) -> Option<&'t Self> {
        let find = |variant| all.iter().find(|typed| typed.event == event && typed.variant == variant);
        variant.and_then(|_| find(variant)).or_else(|| find(None))
    }

    fn find_for<'t>(all: &'t [Self], delivery: &Delivery) -> Option<&'t Self> {
        let content = &delivery.record.content;
        Self::find(all, &content.event_type, content.variant.as_deref())
    }
}

impl Handler {
    /// Creates the handler of every event without one; its own event is empty.
    pub(crate) fn otherwise<S, F, Fut>(state: Arc<S>, function: F) -> Self
    where
        S: Send + Sync + 'static,
        F: Fn(Notification<S>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoReceipt> + Send + 'static,
    {
        let call: Box<Call<_>> = Box::new(move |delivery| {
            let called = function(Notification::new(delivery, &state));
            Ok(Box::pin(async move { called.await.into_receipt() }))
        });
        Self { event: "", variant: None, call }
    }
}

/// The sink that calls handlers.
pub(crate) struct Router {
    pub(crate) handlers: Vec<Handler>,
    pub(crate) otherwise: Option<Handler>,
    /// Events whose handlers must return an answer.
    pub(crate) questions: HashSet<&'static str>,
}

impl Router {
    pub(crate) fn is_empty(&self) -> bool {
        self.handlers.is_empty() && self.otherwise.is_none()
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("handlers", &self.handlers.len()).finish_non_exhaustive()
    }
}

/// The sink's side of a router, which the receiver shares.
#[derive(Debug)]
pub(crate) struct HandlerSink(pub(crate) Arc<Router>);

impl Sink for HandlerSink {
    fn name(&self) -> &str {
        "handlers"
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, SinkError> {
        let Router { handlers, otherwise, questions } = &*self.0;
        let content = &delivery.record.content;
        if let Some(handler) = Typed::find_for(handlers, delivery)
            && let Ok(called) = (handler.call)(delivery)
        {
            let receipt = called.await?;
            let is_question = questions.contains(&*content.event_type);
            if is_question && question_reply(content.protocol, receipt.outcome.as_ref()).is_none() {
                return Err(SinkError::retry("the handler of a question returned no JSON object"));
            }
            return Ok(receipt);
        }
        match otherwise.as_ref().map(|handler| (handler.call)(delivery)) {
            Some(Ok(called)) => called.await,
            _ => Err(SinkError::park("no handler takes this event")),
        }
    }
}

/// The check that calls typed checks, and another one for every event without them.
pub(crate) struct Checker {
    pub(crate) typed: Vec<TypedCheck>,
    pub(crate) otherwise: Option<SharedCheck>,
}

impl Check for Checker {
    async fn check(&self, delivery: &Delivery) -> Result<Verdict, CheckError> {
        match (Typed::find_for(&self.typed, delivery), &self.otherwise) {
            (Some(typed), _) => match (typed.call)(delivery) {
                Ok(called) => called.await,
                // It can't be compared with any order.
                Err(_) => Ok(Verdict::Mismatch),
            },
            (None, Some(check)) => check.check(delivery).await,
            (None, None) => Ok(Verdict::Match),
        }
    }
}

impl fmt::Debug for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checker")
            .field("typed", &self.typed.len())
            .field("otherwise", &self.otherwise)
            .finish()
    }
}

/// A handler's answer to the platform.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer(Option<String>);

impl Answer {
    /// Creates the protocol's own success.
    pub const fn ok() -> Self {
        Self(None)
    }

    /// Creates an answer with data, which is repeated if the platform asks again.
    ///
    /// Questions such as `PARKING_FEE.QUERY_TRANS_INFO` need one, a JSON object; without it they are answered 500. A v2
    /// question gets the members of the object as fields of XML: they must be scalars and include the `sign`. Other v2
    /// notifications ignore it.
    ///
    /// # Errors
    /// [`HandlerError`] if `reply` can't be written as JSON.
    pub fn json(reply: &impl Serialize) -> Result<Self, HandlerError> {
        match serde_json::to_string(reply) {
            Ok(json) => Ok(Self(Some(json))),
            Err(_) => Err(HandlerError::park("the handler's reply can't be written as JSON")),
        }
    }
}

/// An error of a handler or a check. The text is stored with the record: it must not contain content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerError {
    text: String,
    is_final: bool,
}

impl HandlerError {
    /// Creates an error after which the handler is tried again.
    pub fn retry(text: impl Display) -> Self {
        Self { text: text.to_string(), is_final: false }
    }

    /// Creates an error after which the record waits for an operator. A check is tried again all the same.
    pub fn park(text: impl Display) -> Self {
        Self { text: text.to_string(), is_final: true }
    }
}

/// Makes `?` work: tried again, with the error's type as text. The error's own text may quote content (a decoder's does);
/// use [`HandlerError::retry`] for a text that doesn't.
impl<E: std::error::Error> From<E> for HandlerError {
    fn from(_: E) -> Self {
        Self::retry(std::any::type_name::<E>())
    }
}

/// A handler's return value: nothing, an [`Answer`], or a `Result` of either with [`HandlerError`].
pub trait IntoReceipt: sealed::Sealed {
    #[doc(hidden)]
    fn into_receipt(self) -> Result<Receipt, SinkError>;
}

impl IntoReceipt for () {
    fn into_receipt(self) -> Result<Receipt, SinkError> {
        Ok(Receipt::default())
    }
}

impl IntoReceipt for Answer {
    fn into_receipt(self) -> Result<Receipt, SinkError> {
        Ok(self.0.map_or_else(Receipt::default, |json| Receipt::with_outcome(Bytes::from(json))))
    }
}

impl<T: IntoReceipt> IntoReceipt for Result<T, HandlerError> {
    fn into_receipt(self) -> Result<Receipt, SinkError> {
        match self {
            Ok(handled) => handled.into_receipt(),
            Err(HandlerError { text, is_final: true }) => Err(SinkError::park(text)),
            Err(HandlerError { text, is_final: false }) => Err(SinkError::retry(text)),
        }
    }
}

/// A check's return value: a [`Verdict`], or a `Result` of it with [`HandlerError`].
pub trait IntoVerdict: sealed::Sealed {
    #[doc(hidden)]
    fn into_verdict(self) -> Result<Verdict, CheckError>;
}

impl IntoVerdict for Verdict {
    fn into_verdict(self) -> Result<Verdict, CheckError> {
        Ok(self)
    }
}

impl IntoVerdict for Result<Verdict, HandlerError> {
    fn into_verdict(self) -> Result<Verdict, CheckError> {
        self.map_err(|error| CheckError::new(error.text))
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for () {}
    impl Sealed for super::Answer {}
    impl Sealed for super::Verdict {}
    impl<T> Sealed for Result<T, super::HandlerError> {}
}

/// Returns the reply to a question, made of its handler's answer; `None` if that is no answer.
pub(crate) fn question_reply(protocol: Protocol, answer: Option<&Bytes>) -> Option<Reply> {
    let json = std::str::from_utf8(answer?).ok()?;
    if protocol == Protocol::V2 {
        return Reply::xml(json);
    }
    let doc = Doc::parse(json).ok()?;
    doc.root().entries().next().map(|_| Reply::json(json.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::HandlerError;

    #[test]
    fn the_question_mark_operator_stores_no_content() {
        let fails = || -> Result<(), HandlerError> { Ok(serde_json::from_str::<()>("\"13800138000\"")?) };
        let error = fails().unwrap_err();
        assert!(error.text.contains("serde_json") && !error.text.contains("13800138000"));
    }
}
