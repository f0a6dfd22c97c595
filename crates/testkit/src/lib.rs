#![doc = include_str!("../README.md")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a case fails by panicking"
)]

mod case;
mod concurrency;
pub mod sink;
pub mod store;

#[doc(hidden)]
pub use case::run_case;
pub use case::{Case, CaseResult};
