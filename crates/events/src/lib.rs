#![doc = include_str!("../README.md")]

mod any_event;
mod catalog;
mod generated;

pub use catalog::catalog;
#[cfg(feature = "charity")]
pub use generated::charity;
#[cfg(feature = "complaint")]
pub use generated::complaint;
#[cfg(feature = "enterprise")]
pub use generated::enterprise;
#[cfg(feature = "entrust")]
pub use generated::entrust;
#[cfg(feature = "fapiao")]
pub use generated::fapiao;
#[cfg(feature = "fund")]
pub use generated::fund;
#[cfg(feature = "insurance")]
pub use generated::insurance;
#[cfg(feature = "marketing")]
pub use generated::marketing;
#[cfg(feature = "membership")]
pub use generated::membership;
#[cfg(feature = "merchant")]
pub use generated::merchant;
#[cfg(feature = "parking")]
pub use generated::parking;
#[cfg(feature = "payment")]
pub use generated::payment;
#[cfg(feature = "payscore")]
pub use generated::payscore;
#[cfg(feature = "profitsharing")]
pub use generated::profitsharing;
#[cfg(feature = "refund")]
pub use generated::refund;
#[cfg(feature = "risk")]
pub use generated::risk;
#[cfg(feature = "school")]
pub use generated::school;
#[cfg(feature = "transfer")]
pub use generated::transfer;
#[cfg(feature = "v2")]
pub use generated::v2;
pub use generated::{AnyEvent, EventType};
