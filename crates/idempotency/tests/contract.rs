//! The memory store passes the contract's cases.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::unreachable, reason = "tests")]
#![allow(
    clippy::exhaustive_structs,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    reason = "tests"
)]

#[path = "battery/suite.rs"]
mod suite;

use std::sync::Arc;
use suite::{Fixture, HandClock, battery};
use wxhook_idempotency::{MemoryOptions, MemoryStore};

fn fixture() -> Fixture<MemoryStore> {
    let clock = HandClock::default();
    let options = MemoryOptions::default().with_clock(Arc::new(clock.clone()));
    Fixture { store: MemoryStore::new(options), clock, _keep: Box::new(()) }
}

battery!(crate::fixture);
