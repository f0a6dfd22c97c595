//! Records of 512 numbers in a row share a chunk of the terms and a span of time.

const BITS: u32 = 9;

/// The chunk that a number is in.
pub(crate) fn of(seq: i64) -> i64 {
    seq >> BITS
}

/// The first number of a chunk.
pub(crate) fn first(chunk: i64) -> i64 {
    chunk.saturating_mul(1 << BITS)
}
