use crate::entry::{Entry, Fingerprint, Labels};
use crate::error::RetentionError;
use crate::machine::{Moment, Progress};
use bytes::Bytes;
use std::fmt;
use std::ops::Deref;
use std::time::Duration;

/// The sequence number of a record in its store: unique, growing, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seq(u64);

impl Seq {
    /// Creates the value from a number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Proof of the latest claim on a record. Fences only grow, across purges and restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fence(u64);

impl Fence {
    /// Creates the value from a number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Writes an enum whose variants have names: `ALL`, `as_str`, `from_name` and `Display`.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// All variants, in order.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$variant),*];

            /// Returns the name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// Returns the variant with a name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|variant| variant.as_str() == name)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use named;

named! {
    /// The state of a record.
    State {
        /// Waiting to be claimed, now or when it is due.
        Ready = "ready",
        /// Claimed; no one else can claim it until the lease expires.
        Leased = "leased",
        /// Processed, or discarded by an operator.
        Done = "done",
        /// Waiting for an operator.
        Parked = "parked",
    }
}

named! {
    /// An operator's change to a record, as its history shows it.
    Change {
        /// Made ready again.
        Requeued = "requeued",
        /// Parked.
        Parked = "parked",
        /// Marked as done without processing.
        Discarded = "discarded",
        /// Moved to another lane; see [`MoveTarget::Lane`](crate::MoveTarget::Lane).
        Adopted = "adopted",
    }
}

/// An entry in a record's history of operator actions.
///
/// A record keeps at most [`MAX_NOTES`](crate::MAX_NOTES) notes, the first one and the latest, and at most
/// [`MAX_NOTE_TEXT`](crate::MAX_NOTE_TEXT) characters of each actor and reason.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// Time of the change, by the store's clock.
    pub at: Moment,
    /// The change.
    pub change: Change,
    /// The operator.
    pub actor: String,
    /// The reason.
    pub reason: String,
}

impl Note {
    /// Creates a note.
    pub fn new(at: Moment, change: Change, actor: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { at, change, actor: actor.into(), reason: reason.into() }
    }
}

/// A record in a store, which dereferences to its [`Progress`]. `Debug` leaves out the body, the key and the numbers.
#[derive(Clone)]
#[non_exhaustive]
pub struct StoredRecord {
    /// Sequence number.
    pub seq: Seq,
    /// The record's own key; a sibling's is `<key>~<16 hex digits>`.
    pub key: String,
    /// Fingerprint of the content.
    pub fingerprint: Fingerprint,
    /// The accepted body.
    pub body: Bytes,
    /// Labels for listings.
    pub labels: Labels,
    /// The lane that the record waits in.
    pub lane: String,
    /// The group whose records keep their order.
    pub group: Option<String>,
    /// The record that had the key first, if this one is a changed sibling.
    pub sibling_of: Option<Seq>,
    /// Time of acceptance.
    pub accepted_at: Moment,
    /// The part that operations change.
    pub progress: Progress,
}

impl StoredRecord {
    /// Creates the record of an accepted entry.
    pub fn new(
        seq: Seq,
        entry: Entry,
        sibling_of: Option<Seq>,
        accepted_at: Moment,
        progress: Progress,
    ) -> Self {
        let Entry { key, fingerprint, body, labels, lane, group, .. } = entry;
        Self { seq, key, fingerprint, body, labels, lane, group, sibling_of, accepted_at, progress }
    }
}

impl Deref for StoredRecord {
    type Target = Progress;

    fn deref(&self) -> &Progress {
        &self.progress
    }
}

impl fmt::Debug for StoredRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredRecord")
            .field("seq", &self.seq)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

/// A record with everything that a store keeps of it. `Debug` leaves out what may be content.
#[derive(Clone)]
#[non_exhaustive]
pub struct FullRecord {
    /// The record.
    pub record: StoredRecord,
    /// Aliases, in the order in which they were added.
    pub aliases: Vec<String>,
    /// True if purging the record leaves a tombstone.
    pub keeps_tombstone: bool,
}

impl FullRecord {
    /// Creates the value.
    pub const fn new(record: StoredRecord, aliases: Vec<String>, keeps_tombstone: bool) -> Self {
        Self { record, aliases, keeps_tombstone }
    }
}

impl fmt::Debug for FullRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FullRecord").field("record", &self.record).finish_non_exhaustive()
    }
}

/// The time for which records and tombstones are kept, which is never shorter than the platform resends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    records: Duration,
    tombstones: Duration,
}

impl Retention {
    /// Minimum retention; resends end within 24h23m.
    pub const MIN: Duration = Duration::from_secs(25 * 3600);

    /// Creates a retention for done records, counted from when their key was last seen, and for tombstones.
    ///
    /// # Errors
    /// Returns [`RetentionError`] if either is under 25 hours.
    pub fn new(records: Duration, tombstones: Duration) -> Result<Self, RetentionError> {
        if records < Self::MIN || tombstones < Self::MIN {
            return Err(RetentionError);
        }
        Ok(Self { records, tombstones })
    }

    /// Returns the time for which a done record is kept after its key was last seen.
    pub const fn records(&self) -> Duration {
        self.records
    }

    /// Returns the time for which a tombstone is kept.
    pub const fn tombstones(&self) -> Duration {
        self.tombstones
    }
}

impl Default for Retention {
    /// Keeps records for 7 days and tombstones for 400 days.
    fn default() -> Self {
        Self { records: Duration::from_secs(7 * 86_400), tombstones: Duration::from_secs(400 * 86_400) }
    }
}

/// The remains of a purged record, stored under its key (a sibling's under the key that it shares).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tombstone {
    /// Sequence number of the purged record.
    pub seq: Seq,
    /// Fingerprint of the purged record.
    pub fingerprint: Fingerprint,
}

impl Tombstone {
    /// Creates the tombstone of a record.
    pub const fn new(seq: Seq, fingerprint: Fingerprint) -> Self {
        Self { seq, fingerprint }
    }
}
