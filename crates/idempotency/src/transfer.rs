use crate::error::Error;
use crate::record::{Seq, StoredRecord, Tombstone};
use crate::results::{ClaimId, StoreId};
use crate::store::Store;
use bytes::Bytes;
use std::fmt;
use std::future::Future;
use std::time::SystemTime;

/// Moves everything that a store holds to another one, in pages.
///
/// Meant for stores that nobody else works on: what changes meanwhile may be missed. The copy is a store of its own, with
/// an id of its own. Records keep their numbers, states, times, leases, claims and histories; marks stay known; numbers
/// and fences go on above those of the original.
pub trait Transfer: Store {
    /// Returns the next page: at most `max` records in the order of their numbers, then marks, then the counters.
    fn export(&self, from: Cursor, max: usize) -> impl Future<Output = Result<ExportPage, Error>> + Send;

    /// Takes a page, in one step. Importing one again changes nothing, so a copy that was interrupted can be repeated from
    /// any page before.
    ///
    /// The first page goes into an empty store, which is a begun copy from then on, until it gets the counters; a begun
    /// copy takes pages of the same source only. Anything else is [`Error::Unsupported`].
    fn import(&self, page: ExportPage) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Where an export goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cursor {
    /// At the records with greater numbers than this.
    Records(Seq),
    /// At the marks after this place, whose meaning is the backend's; an empty one is the beginning.
    Marks(Bytes),
    /// At the counters.
    Counters,
}

impl Cursor {
    /// The beginning.
    pub const START: Self = Self::Records(Seq::new(0));
}

/// A part of what a store holds.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ExportPage {
    /// The store that it comes from.
    pub source: Option<StoreId>,
    /// Records.
    pub records: Vec<ExportedRecord>,
    /// Marks of purged records.
    pub marks: Vec<ExportedTombstone>,
    /// In the last page only.
    pub counters: Option<Counters>,
    /// Where it goes on; `None` after the last page.
    pub next: Option<Cursor>,
}

impl ExportPage {
    /// An empty page of this store's, the last one so far.
    pub const fn new(source: Option<StoreId>) -> Self {
        Self { source, records: Vec::new(), marks: Vec::new(), counters: None, next: None }
    }
}

/// A record with what isn't shown of it. `Debug` leaves out what may be content.
#[derive(Clone)]
#[non_exhaustive]
pub struct ExportedRecord {
    /// The record.
    pub record: StoredRecord,
    /// Its aliases, in the order they came.
    pub aliases: Vec<String>,
    /// True if purging it leaves a mark.
    pub keeps_tombstone: bool,
    /// The claim that leased it, if it is Leased.
    pub claim: Option<ClaimId>,
}

impl ExportedRecord {
    /// A record and what isn't shown of it.
    pub const fn new(
        record: StoredRecord,
        aliases: Vec<String>,
        keeps_tombstone: bool,
        claim: Option<ClaimId>,
    ) -> Self {
        Self { record, aliases, keeps_tombstone, claim }
    }
}

impl fmt::Debug for ExportedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportedRecord").field("record", &self.record).finish_non_exhaustive()
    }
}

/// A mark with its key and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportedTombstone {
    /// The key that it is filed under.
    pub key: TombstoneKey,
    /// The mark.
    pub mark: Tombstone,
    /// When it was put or last renewed.
    pub put_at: SystemTime,
}

impl ExportedTombstone {
    /// A mark under a key.
    pub const fn new(key: TombstoneKey, mark: Tombstone, put_at: SystemTime) -> Self {
        Self { key, mark, put_at }
    }
}

/// A key that a mark is filed under. `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TombstoneKey {
    /// Its SHA-256, from a store that keeps no more of it.
    Hash([u8; 32]),
    /// The key itself, from the store in memory.
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

/// Counters of a store, and the times that it keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// The last number that was given.
    pub seq: u64,
    /// The last fence that was given.
    pub fence: u64,
    /// The store's last time.
    pub last: Option<SystemTime>,
    /// When purging goes on, if it pauses.
    pub purge_after: Option<SystemTime>,
}

impl Counters {
    /// These counters, without times.
    pub const fn new(seq: u64, fence: u64) -> Self {
        Self { seq, fence, last: None, purge_after: None }
    }
}
