#![doc = include_str!("../README.md")]

mod answer;
mod classify;
mod client;
mod deposit_free;
mod error;
mod example;
mod nonces;
mod notification;
mod platform;
mod request;
mod resource;
mod tree;
mod view;
mod xml;

pub mod samples;

pub use answer::Answer;
pub use classify::classify;
pub use client::{Client, Prepared};
pub use deposit_free::DepositFree;
pub use error::Error;
pub use example::{Example, example};
pub use nonces::Nonces;
pub use notification::Notification;
pub use platform::{Platform, PlatformBuilder};
pub use request::SignedRequest;
pub use resource::Resource;
