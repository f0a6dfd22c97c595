//! The sinks against real files and servers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod endpoint;
mod file;
mod http;
mod suites;
mod support;
