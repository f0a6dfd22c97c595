//! The v2 (XML) protocol: the `sign` field, and refunds, which are encrypted instead of signed.
//!
//! The signed text joins `name=value` pairs with `&` and escapes neither, so the end of a value is ambiguous: a sender
//! who has a signed notification can move text between neighboring fields without invalidating its sign. This is a flaw
//! of the protocol that this crate can't fix, so parse the values of fields strictly.

mod refund;
mod sign;

pub use refund::{open_refund, seal_refund};
pub use sign::{SignAlgorithm, sign, verify};
