#![doc = include_str!("../README.md")]

#[macro_use]
mod model;

mod catalog;
mod charity;
mod complaint;
mod enterprise;
mod entrust;
mod fapiao;
mod fund;
mod insurance;
mod lenient;
mod marketing;
mod membership;
mod merchant;
mod profitsharing;
mod risk;
mod school;

pub mod parking;
pub mod payment;
pub mod payscore;
pub mod refund;
pub mod transfer;
pub mod v2;

pub use catalog::catalog;
