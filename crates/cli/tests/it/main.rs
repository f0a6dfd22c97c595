//! The program itself, as a child process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![cfg(unix)]

mod catalog;
mod check;
mod decode;
mod demo;
mod events;
mod every_event;
mod guide;
mod kill;
mod listen;
mod logging;
mod secrets;
mod serve;
mod sinks;
mod store;
mod support;
mod terminal;
mod trigger;
mod usage;
mod verify;
