//! The facade: its examples run, and a notification of the simulator reaches their handlers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod examples;
mod program;
