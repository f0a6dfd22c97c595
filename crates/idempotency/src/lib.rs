#![doc = include_str!("../README.md")]

mod clock;
mod entry;
mod error;
mod layer;
pub mod machine;
mod memory;
mod record;
mod results;
mod store;
mod transfer;

pub use clock::{Clock, SystemClock};
pub use entry::{Entry, Fingerprint, Labels, LaneCap, OnChanged, Start};
pub use error::{BoxError, Error, RetentionError};
pub use layer::{Layer, Layered, SharedStore, StoreOp};
pub use memory::{MemoryOptions, MemoryStore};
pub use record::{Change, Fence, FullRecord, Note, Retention, Seq, State, StoredRecord, Tombstone};
pub use results::{
    AcceptResult, Action, BeginResult, Capabilities, Claim, ClaimId, Durability, Failure, FenceResult,
    Filter, LaneStats, Lease, Lookup, Move, MoveResult, MoveTarget, Operation, Page, Settlement, Stats,
    StoreId,
};
pub use store::{Store, StoreExt};
pub use transfer::{Counters, Cursor, ExportPage, ExportedTombstone, TombstoneKey, Transfer};

/// Maximum number of changed siblings of a key.
pub const MAX_SIBLINGS: usize = 16;

/// Maximum number of notes in a record's history: the first one and the latest.
pub const MAX_NOTES: usize = 50;

/// Maximum number of characters in a note's actor and in its reason.
pub const MAX_NOTE_TEXT: usize = 200;
