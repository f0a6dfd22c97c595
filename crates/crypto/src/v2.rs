//! The v2 (XML) generation: the `sign` field, and refunds that are encrypted instead.
//!
//! The signed text joins `name=value` with `&` and escapes neither, so it doesn't say where a value ends: a sender who
//! has a signed notification can move text between neighbouring fields without breaking its sign. That is the
//! protocol's, not ours to mend; parse what a field holds strictly.

mod refund;
mod sign;

pub use refund::{open_refund, seal_refund};
pub use sign::{SignAlgorithm, sign, verify};
