use crate::record::{Fence, Seq, State, StoredRecord};
use bytes::Bytes;
use std::fmt;
use std::time::{Duration, SystemTime};

/// Result of accepting an entry. `Debug` leaves out the outcome.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcceptResult {
    /// It is stored, and nobody had it before.
    New {
        /// Its number.
        seq: Seq,
    },
    /// It was there already, with equal content.
    Duplicate {
        /// The number of the record that is there (of a purged one that left a mark: its old number).
        seq: Seq,
        /// Where that one stands (a mark: Done).
        state: State,
        /// Outcome that its handler left, if it is Done.
        outcome: Option<Bytes>,
    },
    /// The key is known with other content; this one is kept as a sibling, flag `changed`.
    Changed {
        /// The sibling's number.
        seq: Seq,
    },
    /// Not kept: the key has [`crate::MAX_SIBLINGS`] siblings already, or the lane's cap is reached.
    Full,
}

impl fmt::Debug for AcceptResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New { seq } => f.debug_struct("New").field("seq", seq).finish(),
            Self::Duplicate { seq, state, .. } => {
                f.debug_struct("Duplicate").field("seq", seq).field("state", state).finish_non_exhaustive()
            }
            Self::Changed { seq } => f.debug_struct("Changed").field("seq", seq).finish(),
            Self::Full => f.write_str("Full"),
        }
    }
}

/// Result of accepting and claiming an entry in one step. `Debug` leaves out the outcome.
#[derive(Clone)]
#[non_exhaustive]
pub enum BeginResult {
    /// It is the caller's, until the lease is over.
    Acquired(Box<Lease>),
    /// Somebody has it.
    Busy {
        /// Time until the lease expires, by the store's clock.
        remaining: Duration,
    },
    /// It was handled before.
    Done {
        /// Its number.
        seq: Seq,
        /// Outcome that its handler left.
        outcome: Option<Bytes>,
    },
    /// It waits for a person.
    Parked {
        /// Its number.
        seq: Seq,
    },
    /// Other content under a known key, kept parked as a sibling.
    Changed {
        /// The sibling's number.
        seq: Seq,
    },
    /// Not kept, as in [`AcceptResult::Full`].
    Full,
}

impl fmt::Debug for BeginResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acquired(lease) => f.debug_tuple("Acquired").field(lease).finish(),
            Self::Busy { remaining } => f.debug_struct("Busy").field("remaining", remaining).finish(),
            Self::Done { seq, .. } => f.debug_struct("Done").field("seq", seq).finish_non_exhaustive(),
            Self::Parked { seq } => f.debug_struct("Parked").field("seq", seq).finish(),
            Self::Changed { seq } => f.debug_struct("Changed").field("seq", seq).finish(),
            Self::Full => f.write_str("Full"),
        }
    }
}

/// Names one act of claiming, chosen by the claimer and never used for two: repeating it gives the same leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClaimId(u128);

impl ClaimId {
    /// Creates one from 128 bits that nobody else uses (random, or an instance's random prefix and a counter).
    pub const fn new(id: u128) -> Self {
        Self(id)
    }

    /// The 128 bits.
    pub const fn get(self) -> u128 {
        self.0
    }
}

/// A request for due records.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Claim {
    /// This act of claiming.
    pub id: ClaimId,
    /// The lanes whose records are asked for, each once.
    pub lanes: Vec<String>,
    /// Maximum number of records.
    pub max: usize,
    /// For how long.
    pub lease: Duration,
}

impl Claim {
    /// Asks for at most `max` due records of these lanes, each for `lease`.
    pub fn new(
        id: ClaimId,
        lanes: impl IntoIterator<Item = impl Into<String>>,
        max: usize,
        lease: Duration,
    ) -> Self {
        let mut each_once: Vec<String> = Vec::new();
        for lane in lanes.into_iter().map(Into::into) {
            if !each_once.contains(&lane) {
                each_once.push(lane);
            }
        }
        Self { id, lanes: each_once, max, lease }
    }

    /// Returns the lanes in the order in which they take their turns: it begins at another lane with each id, so that
    /// small claims serve every lane, too.
    ///
    /// The first is the one at the position that is the id's low 32 bits modulo the number of lanes.
    pub fn turns(&self) -> impl Iterator<Item = &str> {
        let low = usize::try_from(self.id.get() & 0xffff_ffff).unwrap_or_default();
        let first = low.checked_rem(self.lanes.len()).unwrap_or_default();
        self.lanes.iter().cycle().skip(first).take(self.lanes.len()).map(String::as_str)
    }
}

/// A claimed record. Not a guard: dropping it changes nothing, the lease simply runs out.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Lease {
    /// The record as it stands now; `attempts` counts this claim.
    pub record: StoredRecord,
    /// Fence that renewing and completing ask for.
    pub fence: Fence,
    /// Time that it lasts from now, by the store's clock.
    pub remaining: Duration,
    /// Time since it was accepted, by the store's clock.
    pub age: Duration,
}

impl Lease {
    /// A lease on `record`.
    pub fn new(record: StoredRecord, fence: Fence, remaining: Duration, age: Duration) -> Self {
        Self { record, fence, remaining, age }
    }
}

/// The answer to an operation that needs the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a lost lease means that somebody else has the record now"]
#[non_exhaustive]
pub enum FenceResult {
    /// The fence was the record's; it is done.
    Done,
    /// The fence is no longer the record's; nothing was changed.
    Lost,
}

/// The end of a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a store must handle every case")]
pub enum Settlement {
    /// Leased → Done, with an outcome for duplicates to return.
    Complete(Option<Bytes>),
    /// Leased → Ready or Parked.
    Fail(Failure),
    /// Leased → Ready, due now. The attempt doesn't count.
    Release,
}

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The reason, in our own words, never content.
    pub error: String,
    /// Flags to add, e.g. `mismatch`.
    pub flags: Vec<String>,
    /// Time until the next attempt, by the store's clock; `None` parks the record, as does the last attempt.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// Creates a failure after which the record is ready again, due after a delay.
    pub fn retry(error: impl Into<String>, after: Duration) -> Self {
        Self { error: error.into(), flags: Vec::new(), retry_after: Some(after) }
    }

    /// Creates a failure after which the record waits for an operator.
    pub fn park(error: impl Into<String>) -> Self {
        Self { error: error.into(), flags: Vec::new(), retry_after: None }
    }

    /// Adds a flag.
    #[must_use]
    pub fn flag(mut self, flag: impl Into<String>) -> Self {
        self.flags.push(flag.into());
        self
    }
}

/// An operator's operation on a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a store must handle every case")]
pub enum Operation {
    /// Parked → Ready in the same generation; Done → Ready in the next one. Attempts start again from zero.
    Requeue,
    /// Ready or Leased → Parked.
    Park,
    /// Ready, Leased or Parked → Done, without processing.
    Discard,
}

/// Who does something by hand, and why; both are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Action {
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

impl Action {
    /// `actor` does it because of `reason`.
    pub fn new(actor: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { actor: actor.into(), reason: reason.into() }
    }
}

/// Which record. `Debug` leaves out the key.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookup {
    /// Looks it up by its number.
    Seq(Seq),
    /// Looks it up by its own key.
    Key(String),
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seq(seq) => f.debug_tuple("Seq").field(seq).finish(),
            Self::Key(_) => f.debug_tuple("Key").finish_non_exhaustive(),
        }
    }
}

/// Which records to list; what is `None` doesn't restrict. `Debug` leaves out the id and the number.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filter {
    /// Only records of this merchant.
    pub merchant: Option<String>,
    /// Only records of this event.
    pub event: Option<String>,
    /// Only records of this variant.
    pub variant: Option<String>,
    /// Only records with this notification id.
    pub id: Option<String>,
    /// Only records with this business number, under any name.
    pub number: Option<String>,
    /// Only records with this flag.
    pub flag: Option<String>,
    /// In this state.
    pub state: Option<State>,
    /// AcceptResult at this instant or later.
    pub since: Option<SystemTime>,
    /// AcceptResult before this instant.
    pub until: Option<SystemTime>,
}

impl Filter {
    /// Returns whether a record passes.
    pub fn passes(&self, record: &StoredRecord) -> bool {
        let labels = &record.labels;
        self.state.is_none_or(|state| record.state == state)
            && self.since.is_none_or(|since| record.accepted_at.to_system() >= since)
            && self.until.is_none_or(|until| record.accepted_at.to_system() < until)
            && self.merchant.as_ref().is_none_or(|merchant| labels.merchant == *merchant)
            && self.event.as_ref().is_none_or(|event| labels.event == *event)
            && (self.variant.is_none() || labels.variant == self.variant)
            && (self.id.is_none() || labels.id == self.id)
            && self
                .number
                .as_ref()
                .is_none_or(|number| labels.numbers.iter().any(|(_, value)| value == number))
            && self.flag.as_ref().is_none_or(|flag| record.flags.contains(flag))
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter")
            .field("merchant", &self.merchant)
            .field("event", &self.event)
            .field("variant", &self.variant)
            .field("flag", &self.flag)
            .field("state", &self.state)
            .field("since", &self.since)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// A page of a listing, newest first.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Page {
    /// The records.
    pub records: Vec<StoredRecord>,
    /// Number to continue before, if there is more.
    pub next: Option<Seq>,
}

impl Page {
    /// These records, and where to go on.
    pub fn new(records: Vec<StoredRecord>, next: Option<Seq>) -> Self {
        Self { records, next }
    }
}

/// The number of records in a store, by lane and state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Every lane that holds a record, sorted by name.
    pub lanes: Vec<LaneStats>,
    /// Time for which the oldest due ready record has been due.
    pub oldest_ready: Option<Duration>,
    /// Number of records that this process knows of and that the store lost.
    pub lost: u64,
}

impl Stats {
    /// Creates the value from the lanes, sorted by name.
    pub const fn new(lanes: Vec<LaneStats>, oldest_ready: Option<Duration>, lost: u64) -> Self {
        Self { lanes, oldest_ready, lost }
    }

    /// Returns the number of records in a state, in all lanes.
    pub fn count(&self, state: State) -> u64 {
        self.lanes.iter().map(|lane| lane.count(state)).fold(0, u64::saturating_add)
    }
}

/// The number of records in one lane.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LaneStats {
    /// The lane's name.
    pub lane: String,
    /// Number of records by state, in the order of [`State::ALL`].
    pub counts: [u64; State::ALL.len()],
    /// Size in bytes of the bodies of records that aren't done.
    pub bytes: u64,
}

impl LaneStats {
    /// Creates the value; `counts` is in the order of [`State::ALL`].
    pub fn new(lane: impl Into<String>, counts: [u64; State::ALL.len()], bytes: u64) -> Self {
        Self { lane: lane.into(), counts, bytes }
    }

    /// Counts a record in this state, with this body.
    pub fn add(&mut self, state: State, body: &[u8]) {
        for (each, count) in State::ALL.iter().zip(&mut self.counts) {
            *count += u64::from(*each == state);
        }
        if state != State::Done {
            self.bytes += u64::try_from(body.len()).unwrap_or(u64::MAX);
        }
    }

    /// Returns the number of records in a state.
    pub fn count(&self, state: State) -> u64 {
        State::ALL.iter().zip(self.counts).find(|(each, _)| **each == state).map_or(0, |(_, count)| count)
    }

    /// Returns the number of records that aren't done.
    pub fn waiting(&self) -> u64 {
        self.records().saturating_sub(self.count(State::Done))
    }

    /// Returns the number of records.
    pub fn records(&self) -> u64 {
        self.counts.into_iter().fold(0, u64::saturating_add)
    }
}

/// A request to move records of one lane to others.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Move {
    /// The lane to move records from.
    pub from: String,
    /// The records to move and their new lanes.
    pub target: MoveTarget,
    /// Maximum number of records to move in one call.
    pub max: usize,
}

/// The records that a [`Move`] moves, and their new lanes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a store must handle every case")]
pub enum MoveTarget {
    /// Moves every record to the lane named `prefix` plus its label `merchant`: first those that aren't done, each group
    /// in the order of sequence numbers.
    Merchants {
        /// Beginning of the new lanes' names.
        prefix: String,
    },
    /// Moves records that aren't done, in the order of sequence numbers, and adds
    /// [`Change::Adopted`](crate::Change::Adopted) to each history. Nothing is moved while any record of the lane has a
    /// live lease; an expired lease is moved along.
    Lane {
        /// The new lane.
        to: String,
        /// The last number to move; later records stay.
        until: Seq,
        /// The operator and the reason.
        action: Action,
    },
}

impl Move {
    /// Creates a request to split `from` by merchant.
    pub fn split(from: impl Into<String>, prefix: impl Into<String>, max: usize) -> Self {
        Self { from: from.into(), target: MoveTarget::Merchants { prefix: prefix.into() }, max }
    }

    /// Creates a request to move the waiting records of `from`, up to the number `until`, to `to`.
    pub fn adopt(
        from: impl Into<String>,
        to: impl Into<String>,
        until: Seq,
        action: Action,
        max: usize,
    ) -> Self {
        Self { from: from.into(), target: MoveTarget::Lane { to: to.into(), until, action }, max }
    }
}

/// The result of a [`Move`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "nothing was moved if a record of the lane is leased"]
#[expect(clippy::exhaustive_enums, reason = "a caller must handle every case")]
pub enum MoveResult {
    /// Number of records moved; 0 when there are none left.
    Moved(u64),
    /// Nothing was moved: a record of the lane has a live lease.
    Leased,
}

impl MoveResult {
    /// Returns the number of records moved.
    pub const fn moved(self) -> u64 {
        match self {
            Self::Moved(records) => records,
            Self::Leased => 0,
        }
    }
}

/// The random id of a store, given when it was created; a copy or a restored backup has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoreId(u128);

impl StoreId {
    /// An id of 128 random bits.
    pub const fn new(id: u128) -> Self {
        Self(id)
    }

    /// Returns the 128 bits.
    pub const fn get(self) -> u128 {
        self.0
    }

    /// Parses 32 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u128::from_str_radix(text, 16).ok().filter(|_| is_id).map(Self)
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Extent to which a `New` survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Durability {
    /// Nothing survives the end of the process.
    Process,
    /// It survives the end of the process, not that of the machine.
    Machine,
    /// It is on stable storage.
    Disk,
}

/// The properties of a backend and the identity of the open store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// Faults that a stored record survives.
    pub durability: Durability,
    /// True if several processes may use the store.
    pub shared: bool,
    /// The store's id; `None` if nothing outlives the process.
    pub id: Option<StoreId>,
}

impl Capabilities {
    /// Creates the value.
    pub const fn new(durability: Durability, shared: bool, id: Option<StoreId>) -> Self {
        Self { durability, shared, id }
    }
}
