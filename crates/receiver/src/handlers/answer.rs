use bytes::Bytes;
use serde::Serialize;
use std::fmt::Display;
use wxhook_delivery::{Receipt, SinkError};
use wxhook_wire::json::Doc;
use wxhook_wire::{Protocol, Reply};

/// What a handler tells the platform.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer(Option<String>);

impl Answer {
    /// Handled; the platform gets the protocol's own success.
    pub const fn ok() -> Self {
        Self(None)
    }

    /// Handled; the platform gets this JSON, and gets it again if it asks again.
    ///
    /// Questions such as `PARKING_FEE.QUERY_TRANS_INFO` need one, a JSON object; without it they are answered 500. A v2
    /// question gets the members of the object as fields of XML, which must be scalars and have their `sign` among them;
    /// other v2 notifications ignore it.
    ///
    /// # Errors
    /// [`HandlerError`] where `reply` can't be written as JSON.
    pub fn json(reply: &impl Serialize) -> Result<Self, HandlerError> {
        match serde_json::to_string(reply) {
            Ok(json) => Ok(Self(Some(json))),
            Err(_) => Err(HandlerError::park("the handler's reply can't be written as JSON")),
        }
    }
}

/// Why a handler failed. The text is stored with the record: it must not hold content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerError {
    text: String,
    again: bool,
}

impl HandlerError {
    /// To be tried again.
    pub fn retry(text: impl Display) -> Self {
        Self { text: text.to_string(), again: true }
    }

    /// To wait for a person.
    pub fn park(text: impl Display) -> Self {
        Self { text: text.to_string(), again: false }
    }
}

/// What `?` makes of an error: to be tried again, known by the error's type only. Its text may quote content (a decoder's
/// does); [`HandlerError::retry`] takes a text that doesn't.
impl<E: std::error::Error> From<E> for HandlerError {
    fn from(_: E) -> Self {
        Self::retry(std::any::type_name::<E>())
    }
}

impl From<HandlerError> for SinkError {
    fn from(error: HandlerError) -> Self {
        if error.again { Self::retry(error.text) } else { Self::park(error.text) }
    }
}

/// What a handler may return: nothing, an [`Answer`], or a `Result` of either with [`HandlerError`].
pub trait IntoHandled: sealed::Sealed {
    #[doc(hidden)]
    fn into_handled(self) -> Result<Receipt, SinkError>;
}

impl IntoHandled for () {
    fn into_handled(self) -> Result<Receipt, SinkError> {
        Ok(Receipt::default())
    }
}

impl IntoHandled for Answer {
    fn into_handled(self) -> Result<Receipt, SinkError> {
        Ok(self.0.map_or_else(Receipt::default, |json| Receipt::with_outcome(Bytes::from(json))))
    }
}

impl<T: IntoHandled> IntoHandled for Result<T, HandlerError> {
    fn into_handled(self) -> Result<Receipt, SinkError> {
        self?.into_handled()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for () {}
    impl Sealed for super::Answer {}
    impl<T> Sealed for Result<T, super::HandlerError> {}
}

/// Returns the reply to a question, made of what its handler left; `None` where that is no answer.
pub(crate) fn question_reply(protocol: Protocol, left: Option<&Bytes>) -> Option<Reply> {
    let json = std::str::from_utf8(left?).ok()?;
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
    fn a_question_mark_keeps_no_content() {
        let fails = || -> Result<(), HandlerError> { Ok(serde_json::from_str::<()>("\"13800138000\"")?) };
        let error = fails().unwrap_err();
        assert!(error.text.contains("serde_json") && !error.text.contains("13800138000"));
    }
}
