#![doc = include_str!("../README.md")]

mod builder;
mod error;
mod examine;
mod growth;
mod handlers;
mod head;
mod limits;
mod merchant;
mod notification;
mod open;
mod outcome;
mod park;
mod quarantine;
mod receiver;
mod refusal;
mod reopen;
mod service;
mod take;

pub use builder::Builder;
pub use error::BuildError;
pub use examine::{Examined, Examiner, Seen, Steps};
pub use handlers::{Answer, HandlerError, IntoHandled};
pub use head::Head;
pub use limits::Limits;
pub use merchant::{COMMON_LANE, Merchant};
pub use notification::Notification;
pub use outcome::{Answered, Outcome};
pub use park::ParkReason;
pub use quarantine::{QUARANTINE, is_quarantined};
pub use receiver::Receiver;
pub use refusal::Refusal;
pub use reopen::{Became, ReopenError, Reopened};
pub use service::Answering;
