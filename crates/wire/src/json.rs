//! JSON by its text: numbers and strings stay as they were written.
//!
//! Keys, fingerprints and records are made from this, since a number that went through `f64` can equal another one
//! (28-digit ids do).

mod canonical;
mod doc;
mod scan;

#[cfg(test)]
pub(crate) use steps::steps;

pub use canonical::{canonical, canonical_without};
pub use doc::{Doc, Kind, Value};

/// Maximum nesting depth; deeper text is rejected as JSON.
pub const MAX_DEPTH: usize = 128;

/// Count of the steps from value to value in a test: the cost of reading, measured without a clock.
#[cfg(test)]
mod steps {
    use std::cell::Cell;

    thread_local!(static STEPS: Cell<usize> = const { Cell::new(0) });

    pub(super) fn count() {
        STEPS.set(STEPS.get() + 1);
    }

    pub(crate) fn steps() -> usize {
        STEPS.get()
    }
}
