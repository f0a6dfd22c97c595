//! What `cargo xtask codegen` writes from `fixtures/overview.md` and `fixtures/catalog`.

mod any_event;
mod event_type;
pub(crate) mod meta;

#[cfg(feature = "charity")]
pub mod charity;
#[cfg(feature = "complaint")]
pub mod complaint;
#[cfg(feature = "enterprise")]
pub mod enterprise;
#[cfg(feature = "entrust")]
pub mod entrust;
#[cfg(feature = "fapiao")]
pub mod fapiao;
#[cfg(feature = "fund")]
pub mod fund;
#[cfg(feature = "insurance")]
pub mod insurance;
#[cfg(feature = "marketing")]
pub mod marketing;
#[cfg(feature = "membership")]
pub mod membership;
#[cfg(feature = "merchant")]
pub mod merchant;
#[cfg(feature = "parking")]
pub mod parking;
#[cfg(feature = "payment")]
pub mod payment;
#[cfg(feature = "payscore")]
pub mod payscore;
#[cfg(feature = "profitsharing")]
pub mod profitsharing;
#[cfg(feature = "refund")]
pub mod refund;
#[cfg(feature = "risk")]
pub mod risk;
#[cfg(feature = "school")]
pub mod school;
#[cfg(feature = "transfer")]
pub mod transfer;
#[cfg(feature = "v2")]
pub mod v2;

pub use any_event::AnyEvent;
pub use event_type::EventType;
