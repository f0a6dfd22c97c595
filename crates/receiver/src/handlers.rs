//! Typed handlers, and the sink that calls them.

mod answer;
mod router;

pub(crate) use answer::question_reply;
pub use answer::{Answer, HandlerError, IntoHandled};
pub(crate) use router::{Handler, Router};
