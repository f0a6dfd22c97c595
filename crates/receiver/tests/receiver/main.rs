//! The whole pipeline, from bytes to reply and record.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod accepted;
mod examining;
mod handlers;
mod logging;
mod once;
mod parked;
mod questions;
mod refunds;
mod refusals;
mod reopening;
mod service;
mod support;
mod traps;
mod v2_content;
