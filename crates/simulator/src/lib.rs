#![doc = include_str!("../README.md")]

mod answer;
mod client;
mod deposit_free;
mod error;
mod nonces;
mod notification;
mod platform;
mod request;
mod xml;

pub mod samples;

pub use answer::Answer;
pub use client::{Client, Prepared};
pub use deposit_free::DepositFree;
pub use error::Error;
pub use nonces::Nonces;
pub use notification::Notification;
pub use platform::{Platform, PlatformBuilder};
pub use request::SignedRequest;
