//! The processor, the worker and the line sink, over the store in memory.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "tests"
)]

mod checks;
mod faults;
mod leases;
mod lines;
mod logging;
mod once;
mod processing;
mod shutdown;
mod support;
mod worker;
