#![doc = include_str!("../README.md")]

mod clock;
mod entry;
mod error;
pub mod machine;
mod memory;
mod record;
mod results;
mod shared;
mod store;

pub use clock::{Clock, SystemClock};
pub use entry::{Entry, Fingerprint, Labels, LaneCap, OnChanged, Start};
pub use error::{BoxError, Error, RetentionError};
pub use memory::{MemoryOptions, MemoryStore};
pub use record::{Change, Fence, Mark, Note, Retention, Seq, State, StoredRecord};
pub use results::{
    Accepted, Action, Begun, Capabilities, Claim, ClaimId, Durability, Failure, Fenced, Filter, Lease,
    Lookup, Page, Stats, Then,
};
pub use shared::SharedStore;
pub use store::Store;

/// At most this many changed siblings are kept under one key (DESIGN: "at most 16 siblings a key").
pub const MOST_SIBLINGS: usize = 16;
