use crate::error::Error;
use crate::machine::{Moment, TimeState};
use crate::record::{FullRecord, Seq, Tombstone};
use crate::results::StoreId;
use crate::store::Store;
use bytes::Bytes;
use std::fmt;
use std::future::Future;

/// Copies everything that a store holds to another store, in pages.
///
/// Both stores should be idle; concurrent changes may be missed. The copy is a store of its own with its own id. Records
/// keep their numbers, states, times, leases, claims and histories, tombstones stay known, and numbers and fences
/// continue above those of the original.
pub trait Transfer: Store {
    /// Returns the next page: up to `max` records in the order of their numbers, then tombstones, then the counters.
    fn export(&self, from: Cursor, max: usize) -> impl Future<Output = Result<ExportPage, Error>> + Send;

    /// Imports a page in one step. Repeating it changes nothing, so an interrupted copy can resume at any earlier page.
    ///
    /// The first page goes into an empty store. Until it receives the counters, that store accepts pages of the same
    /// source only. Anything else is [`Error::Unsupported`].
    fn import(&self, page: ExportPage) -> impl Future<Output = Result<(), Error>> + Send;
}

/// A position in an export.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cursor {
    /// Records with greater numbers than this.
    Records(Seq),
    /// Tombstones after this position, whose meaning is the backend's; the beginning is empty.
    Tombstones(Bytes),
    /// The counters.
    Counters,
}

impl Cursor {
    /// The beginning.
    pub const START: Self = Self::Records(Seq::new(0));
}

/// A part of a store's content.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ExportPage {
    /// Id of the exporting store.
    pub source: Option<StoreId>,
    /// Records.
    pub records: Vec<FullRecord>,
    /// Tombstones of purged records.
    pub tombstones: Vec<ExportedTombstone>,
    /// Counters, in the last page only.
    pub counters: Option<Counters>,
    /// Position of the next page; `None` after the last.
    pub next: Option<Cursor>,
}

impl ExportPage {
    /// Creates an empty page.
    pub const fn new(source: Option<StoreId>) -> Self {
        Self { source, records: Vec::new(), tombstones: Vec::new(), counters: None, next: None }
    }
}

/// A tombstone with its key and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportedTombstone {
    /// The key.
    pub key: TombstoneKey,
    /// The tombstone.
    pub tombstone: Tombstone,
    /// Time when it was written or last renewed.
    pub put_at: Moment,
}

impl ExportedTombstone {
    /// Creates the value.
    pub const fn new(key: TombstoneKey, tombstone: Tombstone, put_at: Moment) -> Self {
        Self { key, tombstone, put_at }
    }
}

/// The key of a tombstone. `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TombstoneKey {
    /// SHA-256 of the key, from stores that keep no more of it.
    Hash([u8; 32]),
    /// The key itself, from the memory store.
    Plain(String),
}

impl fmt::Debug for TombstoneKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hash(_) => "Hash",
            Self::Plain(_) => "Plain",
        })
    }
}

/// The counters of a store and its time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// The last sequence number issued.
    pub seq: u64,
    /// The last fence issued.
    pub fence: u64,
    /// The store's time.
    pub time: TimeState,
}

impl Counters {
    /// Creates the value.
    pub const fn new(seq: u64, fence: u64, time: TimeState) -> Self {
        Self { seq, fence, time }
    }
}
