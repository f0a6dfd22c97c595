//! Tests of the catalog and the models with notifications.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod catalog;
mod examples;
mod facts;
mod keys;
mod laws;
mod leniency;
mod money;
mod places;
mod rows;
mod samples;
mod seeds;
mod support;
mod tree;
mod typed;
mod v2;
mod variants;
mod ways;
