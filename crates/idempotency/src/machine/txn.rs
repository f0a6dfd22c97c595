use crate::entry::Fingerprint;
use crate::error::Error;
use crate::machine::{Moment, Progress};
use crate::record::{Fence, FullRecord, Seq, StoredRecord, Tombstone};
use crate::results::{ClaimId, LaneStats};
use std::fmt;

/// The records of a backend inside one atomic step.
///
/// Reads see the step's own writes. If a step fails, the backend rolls all of its changes back.
///
/// # Errors
/// Every method returns the backend's errors.
#[expect(clippy::missing_errors_doc, reason = "documented once for the trait")]
pub trait StoreTxn {
    /// Returns the record with an alias.
    fn by_alias(&mut self, alias: &str) -> Result<Option<RecordRef>, Error>;

    /// Returns the record with a key.
    fn by_key(&mut self, key: &str) -> Result<Option<RecordRef>, Error>;

    /// Returns the record with a number.
    fn by_seq(&mut self, seq: Seq) -> Result<Option<RecordRef>, Error>;

    /// Returns whether any record is a sibling, or `true` if that isn't known. Saves lookups, as most stores have none.
    fn has_siblings(&mut self) -> Result<bool, Error>;

    /// Returns the number of siblings of a record, which may be gone itself.
    fn siblings(&mut self, root: Seq) -> Result<usize, Error>;

    /// Returns the tombstones under a key.
    fn tombstones(&mut self, key: &str) -> Result<Vec<Tombstone>, Error>;

    /// Writes a tombstone under a key, or renews an equal one.
    fn put_tombstone(&mut self, key: &str, tombstone: Tombstone, now: Moment) -> Result<(), Error>;

    /// Returns the number of records in a lane.
    fn lane_stats(&mut self, lane: &str) -> Result<LaneStats, Error>;

    /// Returns the next sequence number.
    fn next_seq(&mut self) -> Result<Seq, Error>;

    /// Inserts a record, with those of its aliases that no other record has.
    fn insert(&mut self, record: FullRecord) -> Result<(), Error>;

    /// Adds an alias to a record unless another record has it.
    fn add_alias(&mut self, seq: Seq, alias: &str) -> Result<(), Error>;

    /// Returns the changing part of a record, or [`Error::Corrupt`] if it can't be read.
    fn load(&mut self, seq: Seq) -> Result<Option<Progress>, Error>;

    /// Replaces the changing part of a record.
    fn save(&mut self, seq: Seq, progress: &Progress) -> Result<(), Error>;

    /// Returns a record, or [`Error::Corrupt`] if it can't be read.
    fn record(&mut self, seq: Seq) -> Result<Option<StoredRecord>, Error>;

    /// Returns a fence greater than all before.
    fn next_fence(&mut self) -> Result<Fence, Error>;

    /// Returns up to `max` records of a lane that wake at `now` or before, ordered by [`Progress::wakes_at`] and number,
    /// after the position `after`.
    fn due(
        &mut self,
        lane: &str,
        now: Moment,
        after: Option<(Moment, Seq)>,
        max: usize,
    ) -> Result<Vec<(Moment, Seq)>, Error>;

    /// Returns [`TimeState::purge_after`](crate::machine::TimeState::purge_after).
    fn purge_after(&mut self) -> Result<Option<Moment>, Error>;

    /// Returns up to `max` records of a lane, up to the number `until`, with their merchants: those that are done or those
    /// that aren't, ordered by number, without those that were set aside.
    fn in_lane(
        &mut self,
        lane: &str,
        done: bool,
        until: Seq,
        max: usize,
    ) -> Result<Vec<(Seq, String)>, Error>;

    /// Returns whether any record of a lane has a live lease.
    fn is_lane_leased(&mut self, lane: &str, now: Moment) -> Result<bool, Error>;

    /// Moves a record to another lane.
    fn move_to(&mut self, seq: Seq, lane: &str) -> Result<(), Error>;

    /// Returns whether an earlier record of the same lane and group is ready or leased.
    fn is_behind(&mut self, seq: Seq) -> Result<bool, Error>;

    /// Returns the records of a lane that are leased under a claim id, ordered by fence.
    fn claimed(&mut self, lane: &str, id: ClaimId) -> Result<Vec<Seq>, Error>;

    /// Returns up to `max` records whose [`Progress::idle_since`] is `until` or before, earliest first.
    fn idle(&mut self, until: Moment, max: usize) -> Result<Vec<Seq>, Error>;

    /// Removes a record with its aliases.
    fn remove(&mut self, seq: Seq) -> Result<Option<RecordRef>, Error>;

    /// Removes up to `max` tombstones last written at `until` or before, ordered by time and number. Returns how many.
    fn remove_tombstones(&mut self, until: Moment, max: usize) -> Result<usize, Error>;

    /// Sets an unreadable record aside, so that it is neither due nor idle any more.
    fn set_aside(&mut self, seq: Seq) -> Result<(), Error>;
}

/// The identity of a record. `Debug` leaves out the key.
#[derive(Clone)]
#[non_exhaustive]
pub struct RecordRef {
    /// Sequence number.
    pub seq: Seq,
    /// The record's own key.
    pub key: String,
    /// Fingerprint of the content.
    pub fingerprint: Fingerprint,
    /// The record that this one is a sibling of.
    pub sibling_of: Option<Seq>,
    /// True if purging the record leaves a tombstone.
    pub keeps_tombstone: bool,
}

impl RecordRef {
    /// Creates the value.
    pub const fn new(
        seq: Seq,
        key: String,
        fingerprint: Fingerprint,
        sibling_of: Option<Seq>,
        keeps_tombstone: bool,
    ) -> Self {
        Self { seq, key, fingerprint, sibling_of, keeps_tombstone }
    }

    /// Returns the number of the record that had the key first.
    pub fn root(&self) -> Seq {
        self.sibling_of.unwrap_or(self.seq)
    }

    /// Returns the key of that record, which may be gone.
    pub fn root_key(&self) -> &str {
        match (self.sibling_of, self.key.rsplit_once('~')) {
            (Some(_), Some((root, _))) => root,
            _ => &self.key,
        }
    }
}

impl From<&FullRecord> for RecordRef {
    fn from(full: &FullRecord) -> Self {
        let record = &full.record;
        Self::new(record.seq, record.key.clone(), record.fingerprint, record.sibling_of, full.keeps_tombstone)
    }
}

impl fmt::Debug for RecordRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordRef")
            .field("seq", &self.seq)
            .field("fingerprint", &self.fingerprint)
            .field("sibling_of", &self.sibling_of)
            .finish_non_exhaustive()
    }
}
