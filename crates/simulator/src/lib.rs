#![doc = include_str!("../README.md")]

mod answer;
mod attempt;
mod batch;
mod campaign;
mod classify;
mod client;
mod deposit_free;
mod draw;
mod equivalent;
mod error;
mod example;
mod message;
mod nonces;
mod notification;
mod pace;
mod platform;
mod request;
mod resource;
mod schedule;
mod sender;
mod speed;
mod summary;
mod tamper;
#[cfg(feature = "https")]
mod tls;
mod tree;
mod view;
mod xml;

pub mod samples;

pub use answer::Answer;
pub use attempt::{Attempt, Outcome, Progress, Sent};
pub use batch::Batch;
pub use campaign::Campaign;
pub use classify::classify;
pub use client::{Client, Prepared};
pub use deposit_free::DepositFree;
pub use equivalent::equivalent;
pub use error::Error;
pub use example::{Example, example};
pub use message::{Fault, Message};
pub use nonces::Nonces;
pub use notification::Notification;
pub use pace::Pace;
pub use platform::{Platform, PlatformBuilder};
pub use request::SignedRequest;
pub use resource::Resource;
pub use schedule::Schedule;
pub use sender::{Sender, deadline};
pub use speed::Speed;
pub use summary::{Latencies, Summary};
pub use tamper::Tamper;
#[cfg(feature = "https")]
pub use tls::Trust;
