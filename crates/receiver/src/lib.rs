#![doc = include_str!("../README.md")]

mod body;
mod builder;
mod classify;
mod growth;
mod handlers;
mod headers;
mod merchant;
mod near;
mod notification;
mod outcome;
mod quarantine;
mod receiver;
mod rejection;
mod rejections;
mod service;
mod verify;
mod workers;

pub use builder::{BuildError, Builder, Limits};
pub use classify::Classification;
pub use handlers::{Answer, HandlerError, IntoReceipt, IntoVerdict};
pub use headers::NotificationHeaders;
pub use merchant::{COMMON_LANE, Merchant};
pub use near::{near_path, path_of};
pub use notification::Notification;
pub use outcome::{HoldReason, Outcome, RequestReport, Response};
pub use quarantine::{QUARANTINE, is_quarantined};
pub use receiver::{Receiver, ReopenError, ReopenReport};
pub use rejection::Rejection;
pub use rejections::RejectionLog;
pub use service::ResponseFuture;
pub use verify::{Checks, Verification, Verifier};
pub use workers::Workers;
