use crate::entry::{Fingerprint, Labels};
use crate::error::RetentionError;
use bytes::Bytes;
use std::fmt;
use std::time::{Duration, SystemTime};

/// A record's number in its store: unique, growing, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seq(u64);

impl Seq {
    /// From its number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Proof of being the last who claimed a record. Grows for ever, across purge and restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fence(u64);

impl Fence {
    /// From its number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum State {
    /// Waiting to be claimed, now or when it is due.
    Ready,
    /// Claimed; nobody else may have it until the lease is over.
    Leased,
    /// Handled (or discarded by a person).
    Done,
    /// Waiting for a person.
    Parked,
}

impl State {
    /// Every state, in the order they are usually shown.
    pub const ALL: [Self; 4] = [Self::Ready, Self::Leased, Self::Done, Self::Parked];

    /// Its name: `ready`, `leased`, `done`, `parked`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Leased => "leased",
            Self::Done => "done",
            Self::Parked => "parked",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a person did to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Sent again.
    Requeued,
    /// Set aside.
    Parked,
    /// Given up.
    Discarded,
    /// Moved to another lane; see [`crate::Store::adopt`].
    Adopted,
}

impl Change {
    /// Every change.
    pub const ALL: [Self; 4] = [Self::Requeued, Self::Parked, Self::Discarded, Self::Adopted];

    /// Its name: `requeued`, `parked`, `discarded`, `adopted`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requeued => "requeued",
            Self::Parked => "parked",
            Self::Discarded => "discarded",
            Self::Adopted => "adopted",
        }
    }

    /// The change of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.as_str() == name)
    }
}

/// A line in a record's history of what people did to it.
///
/// A history is bounded: a record keeps at most [`MAX_NOTES`](crate::MAX_NOTES) lines, the first one and the latest, and
/// of an actor and a reason at most [`MAX_NOTE_TEXT`](crate::MAX_NOTE_TEXT) characters.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// When, by the store's clock.
    pub at: SystemTime,
    /// What was done.
    pub change: Change,
    /// Who did it.
    pub actor: String,
    /// Why.
    pub reason: String,
}

impl Note {
    /// One line of history.
    pub fn new(at: SystemTime, change: Change, actor: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { at, change, actor: actor.into(), reason: reason.into() }
    }
}

/// A record as the store holds it. `Debug` leaves out the body, the key and the numbers.
#[derive(Clone)]
#[non_exhaustive]
pub struct StoredRecord {
    /// Its number.
    pub seq: Seq,
    /// Its key (a sibling's own: `<key>~<16 hex>`).
    pub key: String,
    /// Of its content.
    pub fingerprint: Fingerprint,
    /// What was accepted.
    pub body: Bytes,
    /// What it is listed by.
    pub labels: Labels,
    /// The entry's flags and those added since, each once, in the order they came.
    pub flags: Vec<String>,
    /// The sink that it waits for.
    pub lane: String,
    /// Its order's group.
    pub group: Option<String>,
    /// The record that had its key first, when this one is a changed sibling.
    pub sibling_of: Option<Seq>,
    /// Where it stands.
    pub state: State,
    /// How often a Done record was sent again, from 1.
    pub generation: u32,
    /// Claims in this generation that weren't released.
    pub attempts: u32,
    /// The bound on `attempts`.
    pub max_attempts: u32,
    /// Of the last claim, if there was one.
    pub fence: Option<Fence>,
    /// When it may be claimed next (Ready).
    pub due_at: SystemTime,
    /// When the lease is over (Leased).
    pub lease_until: Option<SystemTime>,
    /// When it was accepted.
    pub accepted_at: SystemTime,
    /// When its key was last seen.
    pub seen_at: SystemTime,
    /// When it was done.
    pub done_at: Option<SystemTime>,
    /// What its handler left, e.g. the reply to a question.
    pub outcome: Option<Bytes>,
    /// Why the last attempt failed, or why it is parked: text of ours or an operator's, never content.
    pub error: Option<String>,
    /// What people did to it.
    pub notes: Vec<Note>,
}

impl StoredRecord {
    /// A Ready record without labels, flags or history, accepted and due at `at`; for backends, which fill in the rest.
    pub fn new(seq: Seq, key: String, fingerprint: Fingerprint, body: Bytes, at: SystemTime) -> Self {
        Self {
            seq,
            key,
            fingerprint,
            body,
            labels: Labels::default(),
            flags: Vec::new(),
            lane: String::new(),
            group: None,
            sibling_of: None,
            state: State::Ready,
            generation: 1,
            attempts: 0,
            max_attempts: 0,
            fence: None,
            due_at: at,
            lease_until: None,
            accepted_at: at,
            seen_at: at,
            done_at: None,
            outcome: None,
            error: None,
            notes: Vec::new(),
        }
    }
}

impl fmt::Debug for StoredRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredRecord")
            .field("seq", &self.seq)
            .field("state", &self.state)
            .field("generation", &self.generation)
            .field("attempts", &self.attempts)
            .field("fence", &self.fence)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}

/// How long things are remembered. Parsed, so that a retention shorter than the platform's resends doesn't exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    records: Duration,
    marks: Duration,
}

impl Retention {
    /// The least that is allowed: resends end within 24h23m.
    pub const MIN: Duration = Duration::from_secs(25 * 3600);

    /// `records`: how long a Done record is kept after its key was last seen. `marks`: how long the mark of a purged
    /// record that left one.
    ///
    /// # Errors
    /// [`RetentionError`] when either is under 25 hours.
    pub fn new(records: Duration, marks: Duration) -> Result<Self, RetentionError> {
        if records < Self::MIN || marks < Self::MIN {
            return Err(RetentionError);
        }
        Ok(Self { records, marks })
    }

    /// How long a Done record is kept after its key was last seen.
    pub const fn records(&self) -> Duration {
        self.records
    }

    /// How long a mark is kept.
    pub const fn marks(&self) -> Duration {
        self.marks
    }
}

impl Default for Retention {
    /// 7 days; marks 400 days.
    fn default() -> Self {
        Self { records: Duration::from_secs(7 * 86_400), marks: Duration::from_secs(400 * 86_400) }
    }
}

/// What remains of a purged record, filed under its key (a sibling's under the key that it shares).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tombstone {
    /// The purged record's number.
    pub seq: Seq,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
}

impl Tombstone {
    /// Of the record with this number and content.
    pub const fn new(seq: Seq, fingerprint: Fingerprint) -> Self {
        Self { seq, fingerprint }
    }
}
