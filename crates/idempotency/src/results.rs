use crate::record::{Fence, Seq, State, StoredRecord};
use bytes::Bytes;
use std::fmt;
use std::time::{Duration, SystemTime};

/// The result of accepting an entry. `Debug` leaves out the outcome.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcceptResult {
    /// The entry is new and stored.
    New {
        /// Number of the record.
        seq: Seq,
    },
    /// The entry is already known, with equal content.
    Duplicate {
        /// Number of the known record. For a tombstone, the number of the purged record.
        seq: Seq,
        /// State of the known record. For a tombstone, done.
        state: State,
        /// Outcome that its handler stored, if the record is done.
        outcome: Option<Bytes>,
    },
    /// The key is known with different content. This entry is stored as a sibling with the flag `changed`.
    Changed {
        /// Number of the sibling.
        seq: Seq,
    },
    /// The entry isn't stored: the key already has [`crate::MAX_SIBLINGS`] siblings, or the lane's limit is reached.
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

/// The result of accepting an entry that the caller wants to handle at once. `Debug` leaves out the outcome.
#[derive(Clone)]
#[non_exhaustive]
pub enum BeginResult {
    /// The caller holds the record until the lease expires.
    Acquired(Box<Lease>),
    /// Another caller holds the record.
    Busy {
        /// Time until the lease expires, by the store's clock.
        remaining: Duration,
    },
    /// The record is already done.
    Done {
        /// Number of the record.
        seq: Seq,
        /// Outcome that its handler stored.
        outcome: Option<Bytes>,
    },
    /// The record waits for an operator.
    Parked {
        /// Number of the record.
        seq: Seq,
    },
    /// The key is known with different content. This entry is stored as a parked sibling.
    Changed {
        /// Number of the sibling.
        seq: Seq,
    },
    /// The entry isn't stored; see [`AcceptResult::Full`].
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

/// The id of one claim, chosen by the claimer and never used for another. Repeating a claim returns the same leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClaimId(u128);

impl ClaimId {
    /// Creates an id of 128 bits that nobody else uses: random, or an instance's random prefix and a counter.
    pub const fn new(id: u128) -> Self {
        Self(id)
    }

    /// Returns the 128 bits.
    pub const fn get(self) -> u128 {
        self.0
    }
}

/// A request for due records.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Claim {
    /// Id of this claim.
    pub id: ClaimId,
    /// Lanes to claim from, without duplicates.
    pub lanes: Vec<String>,
    /// Maximum number of records.
    pub max: usize,
    /// Duration of the leases.
    pub lease: Duration,
}

impl Claim {
    /// Creates a request for up to `max` due records of these lanes, each leased for `lease`.
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

    /// Returns the lanes in the order of their turns. Each id starts at a different lane, so that small claims serve
    /// every lane.
    ///
    /// The position of the first lane is the id's low 32 bits modulo the number of lanes.
    pub fn turns(&self) -> impl Iterator<Item = &str> {
        let low = usize::try_from(self.id.get() & 0xffff_ffff).unwrap_or_default();
        let first = low.checked_rem(self.lanes.len()).unwrap_or_default();
        self.lanes.iter().cycle().skip(first).take(self.lanes.len()).map(String::as_str)
    }
}

/// A claimed record. This isn't a guard: dropping it changes nothing, and the lease expires.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Lease {
    /// The record in its current state; `attempts` includes this claim.
    pub record: StoredRecord,
    /// Fence that renewing and completing the record require.
    pub fence: Fence,
    /// Time until the lease expires, by the store's clock.
    pub remaining: Duration,
    /// Time since the record was accepted, by the store's clock.
    pub age: Duration,
}

impl Lease {
    /// Creates a lease on `record`.
    pub fn new(record: StoredRecord, fence: Fence, remaining: Duration, age: Duration) -> Self {
        Self { record, fence, remaining, age }
    }
}

/// The result of an operation that requires the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a lost lease means that somebody else has the record now"]
#[non_exhaustive]
pub enum FenceResult {
    /// The fence was valid, and the operation was applied.
    Done,
    /// The fence is no longer valid, and nothing was changed.
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
    /// The reason, as a text of our own that contains nothing of the notification.
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

/// The operator who acts on a record, and the reason. Both are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Action {
    /// The operator.
    pub actor: String,
    /// The reason.
    pub reason: String,
}

impl Action {
    /// Creates an action of `actor` for `reason`.
    pub fn new(actor: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { actor: actor.into(), reason: reason.into() }
    }
}

/// The number or key that identifies a record. `Debug` leaves out the key.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookup {
    /// Looks a record up by its number.
    Seq(Seq),
    /// Looks a record up by its own key.
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

/// A filter for listings. A field that is `None` matches every record. `Debug` leaves out the id and the number.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filter {
    /// Merchant of the record.
    pub merchant: Option<String>,
    /// Event of the record.
    pub event: Option<String>,
    /// Variant of the record.
    pub variant: Option<String>,
    /// Notification id of the record.
    pub id: Option<String>,
    /// Business number of the record, under any name.
    pub number: Option<String>,
    /// Flag that the record has.
    pub flag: Option<String>,
    /// State of the record.
    pub state: Option<State>,
    /// Start of the time of acceptance, inclusive.
    pub since: Option<SystemTime>,
    /// End of the time of acceptance, exclusive.
    pub until: Option<SystemTime>,
}

impl Filter {
    /// Returns whether a record passes the filter.
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
    /// Number to pass for the next page, of records before it; `None` if there are no more.
    pub next: Option<Seq>,
}

impl Page {
    /// Creates a page.
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

    /// Adds a record with this state and body to the counts.
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
    /// Moves every record to the lane named `prefix` plus its label `merchant`: first those that aren't done, each
    /// group in the order of sequence numbers.
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
    /// Creates an id from 128 random bits.
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

/// The failures that a stored record survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Durability {
    /// Nothing survives the end of the process.
    Process,
    /// The record survives the end of the process, but not a failure of the machine.
    Machine,
    /// The record is on stable storage.
    Disk,
}

/// The properties of a backend and the identity of the open store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// Durability of a stored record.
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
