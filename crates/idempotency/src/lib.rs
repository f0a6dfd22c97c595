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
mod transfer;

pub use clock::{Clock, SystemClock};
pub use entry::{Entry, Fingerprint, Labels, LaneCap, OnChanged, Start};
pub use error::{BoxError, Error, RetentionError};
pub use memory::{MemoryOptions, MemoryStore};
pub use record::{Change, Fence, Mark, Note, Retention, Seq, State, StoredRecord};
pub use results::{
    Accepted, Action, Adopted, Adoption, Begun, Capabilities, Claim, ClaimId, Durability, Failure, Fenced,
    Filter, LaneStats, Lease, Lookup, Page, Stats, StoreId, Then,
};
pub use shared::SharedStore;
pub use store::Store;
pub use transfer::{Counters, Cursor, ExportPage, ExportedMark, ExportedRecord, MarkKey, Transfer};

/// At most this many changed siblings are kept under one key (DESIGN: "at most 16 siblings a key").
pub const MOST_SIBLINGS: usize = 16;

/// At most this many notes are kept of a record's history: the first one and the latest.
pub const MAX_NOTES: usize = 50;

/// At most this many characters are kept of a note's actor and of its reason.
pub const MAX_NOTE_TEXT: usize = 200;
