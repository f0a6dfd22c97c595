//! The SQLite store passes the contract's cases.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::unreachable, reason = "tests")]
#![allow(
    clippy::exhaustive_structs,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    reason = "tests"
)]

#[path = "../../idempotency/tests/battery/suite.rs"]
mod suite;

use std::sync::Arc;
use suite::{Fixture, HandClock, battery};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};

fn fixture() -> Fixture<SqliteStore> {
    let clock = HandClock::default();
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions::default().with_clock(Arc::new(clock.clone()));
    let store = SqliteStore::open(directory.path().join("store.db"), options).unwrap();
    Fixture { store, clock, _keep: Box::new(directory) }
}

battery!(crate::fixture);
