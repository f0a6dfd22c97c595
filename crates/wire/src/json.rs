//! JSON by its text: numbers and strings stay as they were written.
//!
//! Keys, fingerprints and records are made from this, since a number that went through `f64` can equal another one
//! (28-digit ids do).

mod canonical;
mod doc;
mod scan;

pub use canonical::{canonical, canonical_without};
pub use doc::{Doc, Kind, Value};

/// Deeper nesting isn't read as JSON.
pub const MOST_DEPTH: usize = 128;
