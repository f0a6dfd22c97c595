#![doc = include_str!("../README.md")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a case fails by panicking"
)]

mod dropping;
mod outcome;
pub mod sink;
pub mod store;
mod threads;

pub use outcome::Outcome;
