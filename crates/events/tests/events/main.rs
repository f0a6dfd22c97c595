//! What the catalog and the models make of notifications.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod catalog;
mod leniency;
mod samples;
mod seeds;
mod support;
mod v2;
mod variants;
