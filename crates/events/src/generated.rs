//! Modules that `cargo xtask codegen` writes from `fixtures/overview.md` and `fixtures/catalog`.

#![allow(unreachable_pub, reason = "areas without their feature are not exported")]

mod events;

pub mod charity;
pub mod complaint;
pub mod enterprise;
pub mod entrust;
pub mod fapiao;
pub mod fund;
pub mod insurance;
pub mod marketing;
pub mod membership;
pub mod merchant;
pub mod parking;
pub mod payment;
pub mod payscore;
pub mod profitsharing;
pub mod refund;
pub mod risk;
pub mod school;
pub mod transfer;
pub mod v2;

pub(crate) use events::AREAS;
pub use events::{AnyEvent, EventType};
