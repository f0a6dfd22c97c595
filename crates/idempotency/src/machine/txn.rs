use crate::entry::{Entry, Fingerprint};
use crate::error::Error;
use crate::machine::{Moment, Progress};
use crate::record::{Fence, Seq, StoredRecord, Tombstone};
use crate::results::{ClaimId, LaneStats};
use std::fmt;

/// What a backend shows the state machine of, inside one atomic step.
///
/// Reads see the step's own writes. The step's changes hold together or, after an error, not at all: undoing is the
/// backend's part.
pub trait StoreTxn {
    /// The record that has this alias.
    ///
    /// # Errors
    /// The backend's, here and in every method below.
    fn by_alias(&mut self, alias: &str) -> Result<Option<RecordRef>, Error>;

    /// The record of this key.
    fn by_key(&mut self, key: &str) -> Result<Option<RecordRef>, Error>;

    /// The record of this number.
    fn by_seq(&mut self, seq: Seq) -> Result<Option<RecordRef>, Error>;

    /// Whether any record is a sibling; `true` if that isn't known. Most stores have none, and then much needn't be
    /// looked for.
    fn has_siblings(&mut self) -> Result<bool, Error>;

    /// How many records are siblings of this one (which may be gone itself).
    fn siblings(&mut self, root: Seq) -> Result<usize, Error>;

    /// The marks of purged records under this key.
    fn marks(&mut self, key: &str) -> Result<Vec<Tombstone>, Error>;

    /// Writes a mark under a key, or renews the equal one that is there.
    fn put_mark(&mut self, key: &str, mark: Tombstone, now: Moment) -> Result<(), Error>;

    /// What a lane holds.
    fn lane_stats(&mut self, lane: &str) -> Result<LaneStats, Error>;

    /// Adds a record under the next number; of its aliases those that nobody has.
    fn insert(&mut self, fresh: NewRecord<'_>) -> Result<Seq, Error>;

    /// Gives the record this alias, unless somebody has it.
    fn add_alias(&mut self, seq: Seq, alias: &str) -> Result<(), Error>;

    /// The moving part of a record. [`Error::Corrupt`] if it is there but can't be read.
    fn load(&mut self, seq: Seq) -> Result<Option<Progress>, Error>;

    /// Replaces the moving part of a record.
    fn save(&mut self, seq: Seq, progress: &Progress) -> Result<(), Error>;

    /// The whole record. [`Error::Corrupt`] if it is there but can't be read.
    fn record(&mut self, seq: Seq) -> Result<Option<StoredRecord>, Error>;

    /// A fence greater than all before.
    fn next_fence(&mut self) -> Result<Fence, Error>;

    /// Records of a lane that wake at `now` or before, by [`Progress::wakes_at`] and number: those after `after`, at
    /// max `max`.
    fn due(
        &mut self,
        lane: &str,
        now: Moment,
        after: Option<(Moment, Seq)>,
        max: usize,
    ) -> Result<Vec<(Moment, Seq)>, Error>;

    /// When purging goes on, if it pauses: [`TimeState::purge_after`](crate::machine::TimeState::purge_after).
    fn purge_after(&mut self) -> Result<Option<Moment>, Error>;

    /// Records of a lane up to the number `until` that are Done, or those that aren't, with their merchants' names: in
    /// the order of their numbers, at most `max`. None that was set aside.
    fn in_lane(
        &mut self,
        lane: &str,
        done: bool,
        until: Seq,
        max: usize,
    ) -> Result<Vec<(Seq, String)>, Error>;

    /// Returns whether a record of the lane is Leased and its lease isn't over.
    fn is_lane_leased(&mut self, lane: &str, now: Moment) -> Result<bool, Error>;

    /// Puts a record into another lane.
    fn move_to(&mut self, seq: Seq, lane: &str) -> Result<(), Error>;

    /// Whether an earlier record of the same lane and group is Ready or Leased.
    fn is_behind(&mut self, seq: Seq) -> Result<bool, Error>;

    /// Records of a lane that are Leased under this claim id, in the order of their fences.
    fn claimed(&mut self, lane: &str, id: ClaimId) -> Result<Vec<Seq>, Error>;

    /// Records whose [`Progress::idle_since`] is `until` or before, earliest first, at most `max`.
    fn idle(&mut self, until: Moment, max: usize) -> Result<Vec<Seq>, Error>;

    /// Removes a record with its aliases.
    fn remove(&mut self, seq: Seq) -> Result<Option<RemovedRecord>, Error>;

    /// Removes at most `max` marks last put at `until` or before, earliest first, of equals the least
    /// number; gives how many.
    fn remove_marks(&mut self, until: Moment, max: usize) -> Result<usize, Error>;

    /// Takes a record that can't be read out of the way: it is neither due nor idle from now on.
    fn set_aside(&mut self, seq: Seq) -> Result<(), Error>;
}

/// What accepting asks of a record that is there. `Debug` leaves out the key.
#[derive(Clone)]
#[non_exhaustive]
pub struct RecordRef {
    /// Its number.
    pub seq: Seq,
    /// Its own key.
    pub key: String,
    /// Of its content.
    pub fingerprint: Fingerprint,
    /// The record it is a sibling of.
    pub sibling_of: Option<Seq>,
}

impl RecordRef {
    /// A record that is there.
    pub const fn new(seq: Seq, key: String, fingerprint: Fingerprint, sibling_of: Option<Seq>) -> Self {
        Self { seq, key, fingerprint, sibling_of }
    }

    /// The number of the record that had the key first.
    pub fn root(&self) -> Seq {
        self.sibling_of.unwrap_or(self.seq)
    }

    /// The key of that record, which may be gone.
    pub fn root_key(&self) -> &str {
        root_key(&self.key, self.sibling_of)
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

/// A record to be added.
#[derive(Debug)]
#[non_exhaustive]
pub struct NewRecord<'a> {
    /// All that stays. The backend may take things out of it: nobody reads it afterwards.
    pub entry: &'a mut Entry,
    /// Its moving part.
    pub progress: &'a Progress,
    /// The record it is a sibling of.
    pub sibling_of: Option<Seq>,
    /// When it is accepted.
    pub at: Moment,
}

/// What a removed record leaves to know. `Debug` leaves out the key.
#[non_exhaustive]
pub struct RemovedRecord {
    /// Its key, number, fingerprint and root.
    pub known: RecordRef,
    /// Whether a mark is to stay.
    pub keeps_tombstone: bool,
}

impl RemovedRecord {
    /// Of this record.
    pub const fn new(known: RecordRef, keeps_tombstone: bool) -> Self {
        Self { known, keeps_tombstone }
    }
}

impl fmt::Debug for RemovedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemovedRecord")
            .field("known", &self.known)
            .field("keeps_tombstone", &self.keeps_tombstone)
            .finish()
    }
}

/// What one step of purging removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Purged {
    /// Records.
    pub records: usize,
    /// Marks.
    pub marks: usize,
}

fn root_key(key: &str, sibling_of: Option<Seq>) -> &str {
    match (sibling_of, key.rsplit_once('~')) {
        (Some(_), Some((root, _))) => root,
        _ => key,
    }
}
