//! The cases, by area. Each fails by panicking.

pub(super) mod accepting;
pub(super) mod cancelling;
pub(super) mod changed;
pub(super) mod clocks;
pub(super) mod faults;
pub(super) mod lanes;
pub(super) mod leasing;
pub(super) mod listing;
pub(super) mod people;
pub(super) mod probing;
pub(super) mod processes;
pub(super) mod progress;
pub(super) mod restarting;
pub(super) mod retention;
pub(super) mod versions;

pub(super) use super::differential;
