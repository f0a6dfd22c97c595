use crate::entry::Entry;
use crate::error::Error;
use crate::record::{Fence, Seq, StoredRecord};
use crate::results::{
    AcceptResult, Action, BeginResult, Capabilities, Claim, ClaimId, Failure, FenceResult, Filter, Lease,
    Lookup, Move, MoveResult, Operation, Page, Settlement, Stats,
};
use bytes::Bytes;
use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

/// A durable inbox that accepts each notification once and hands it to one worker at a time.
///
/// # Contract
///
/// Every backend guarantees the following. The conformance suite in `wxhook-testkit` checks it.
///
/// - **Atomicity.** An operation happens completely or not at all. No other operation, in this process or another, sees
///   a partial result. In particular, a notification is never known to the store while its record is missing.
/// - **Durability.** An `Ok` is returned only after the change is as durable as [`Capabilities::durability`] says.
/// - **Time.** The backend's own clock decides; callers pass durations, never instants. The store's time never goes
///   back: while the wall clock is behind, it advances with the monotonic clock, so that leases and backoffs still end
///   on time. If the wall clock jumps ahead by more than an hour, nothing is purged for 25 hours of running time, also
///   across a restart. See [`machine::StoreTime`](crate::machine::StoreTime). Times are whole milliseconds; durations
///   are rounded up, and a lease lasts at least one millisecond.
/// - **Sequence numbers and fences** only grow, across purges, restarts and failovers, and none is issued twice. A stale
///   or forged fence yields [`FenceResult::Lost`] and changes nothing. If the store is behind a number that this process
///   was given, it logs an error, counts the difference in [`Stats::lost`] and continues above that number.
/// - **Identity.** A store that outlives its process has a random id, which is created with the store and checked by
///   every write. If the store is no longer the one that was opened, or may lose records, every operation returns
///   [`Error::Replaced`] until the store is opened again. A copy or restored backup has its own id and continues above
///   every number that the original may have issued since.
/// - **Cancellation.** If a future is dropped, its operation may or may not have happened. The guarantees above hold
///   either way, and repeating the operation is safe.
/// - **Errors** are never results; see [`Error`].
/// - **Secrecy.** Bodies, keys and business numbers never appear in errors, logs or `Debug` output.
///
/// [`crate::machine`] implements the state transitions for backends written in Rust. [`StoreExt`] adds shorthands.
///
/// # Example
///
/// A complete, minimal store that passes the conformance suite:
///
/// ```
#[doc = include_str!("../examples/smallest_store.rs")]
/// ```
pub trait Store: Debug + Send + Sync + 'static {
    /// Returns the properties of this backend and the id of the open store.
    fn capabilities(&self) -> Capabilities;

    /// Stores an entry unless it is already known.
    ///
    /// The lookup and the insertion are one atomic step:
    ///
    /// 1. A known alias with an equal fingerprint is a [`Duplicate`](AcceptResult::Duplicate). A known alias with a
    ///    different fingerprint is [`Changed`](AcceptResult::Changed): the entry is stored as a sibling of the alias's
    ///    record, or of the record that one is a sibling of.
    /// 2. The same rules apply to the key and the older keys, then to the tombstones of purged records.
    /// 3. Otherwise the entry is [`New`](AcceptResult::New).
    ///
    /// Content that was stored as a sibling before is a duplicate of that sibling. A duplicate renews the retention of
    /// the record it matches and adds the entry's aliases to it.
    ///
    /// If several names of one kind are known, the record whose content is most similar decides. Fingerprints are
    /// compared within one version, including [`Entry::older_fingerprints`]; if the versions have none in common, equal
    /// names count as equal content. Siblings are looked up by every fingerprint of the entry. If only a tombstone is
    /// left of a key, different content takes over the key, flagged, and the result is `Changed`. [`Entry::lane_cap`]
    /// limits every insertion.
    ///
    /// The `error` of a record that starts parked is the reason in [`Start::Parked`](crate::Start::Parked), or
    /// [`machine::CHANGED_REASON`](crate::machine::CHANGED_REASON) if it is parked because it changed.
    fn accept(&self, entry: Entry) -> impl Future<Output = Result<AcceptResult, Error>> + Send;

    /// Accepts an entry and claims its record in one step.
    ///
    /// A ready record is acquired even if it isn't due. A changed sibling is acquired if it starts ready. Repeating the
    /// call with the same claim id returns the same lease while it lasts.
    fn begin(
        &self,
        entry: Entry,
        id: ClaimId,
        lease: Duration,
    ) -> impl Future<Output = Result<BeginResult, Error>> + Send;

    /// Leases up to [`Claim::max`] due records of some lanes, in the order in which they are returned.
    ///
    /// Lanes take turns in the order of [`Claim::turns`], one record each, so no lane starves behind another. Within a
    /// lane, the record that has been due longest comes first. Within a group, only the earliest record that is neither
    /// done nor parked is claimable.
    ///
    /// A record whose lease expired is claimable again, or is parked if its attempts are used up. If live leases exist
    /// under the same claim id, they are returned instead of new ones.
    fn claim_due(&self, claim: Claim) -> impl Future<Output = Result<Vec<Lease>, Error>> + Send;

    /// Extends a lease to `lease` from now. An expired lease can be renewed until the record is claimed again.
    fn renew(
        &self,
        seq: Seq,
        fence: Fence,
        lease: Duration,
    ) -> impl Future<Output = Result<FenceResult, Error>> + Send;

    /// Ends a lease. See [`Settlement`] for the resulting states.
    ///
    /// Completing a record twice with the same fence is harmless; any other repetition returns `Lost`.
    fn settle(
        &self,
        seq: Seq,
        fence: Fence,
        settlement: Settlement,
    ) -> impl Future<Output = Result<FenceResult, Error>> + Send;

    /// Applies an operator's action and adds it to the record's history. See [`Operation`] for the transitions.
    ///
    /// Returns the record afterwards, unchanged if its state doesn't allow the operation, or `None` if there is none.
    /// The fence of a lease that this ends is void.
    fn act(
        &self,
        seq: Seq,
        operation: Operation,
        action: Action,
    ) -> impl Future<Output = Result<Option<StoredRecord>, Error>> + Send;

    /// Returns one record.
    fn get(&self, lookup: Lookup) -> impl Future<Output = Result<Option<StoredRecord>, Error>> + Send;

    /// Returns up to `max` records that match the filter, newest first, with numbers below `before`.
    fn list(
        &self,
        filter: Filter,
        before: Option<Seq>,
        max: usize,
    ) -> impl Future<Output = Result<Page, Error>> + Send;

    /// Returns the number of records by lane and state. The counts are maintained, so this is cheap.
    fn stats(&self) -> impl Future<Output = Result<Stats, Error>> + Send;

    /// Moves records to other lanes, up to [`Move::max`] per call. See [`MoveTarget`](crate::MoveTarget).
    ///
    /// Repeating the call moves the next records, also after a crash. Due times, leases, claims and groups stay as they
    /// are. Records that were set aside as unreadable stay where they are.
    fn move_records(&self, request: Move) -> impl Future<Output = Result<MoveResult, Error>> + Send;

    /// Removes up to `max` done records, and as many tombstones, past their retention. Returns the number of records.
    fn purge(&self, max: usize) -> impl Future<Output = Result<u64, Error>> + Send;

    /// Checks that [`accept`](Self::accept) would work.
    ///
    /// Writes [`machine::probe_entry`](crate::machine::probe_entry) with everything that an accept writes and with the
    /// same durability, reads it back and removes it. Nothing remains except possibly an unused number.
    fn probe(&self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Shorthands for every [`Store`].
pub trait StoreExt: Store {
    /// Marks a leased record as done; see [`Settlement::Complete`].
    fn complete(
        &self,
        seq: Seq,
        fence: Fence,
        outcome: Option<Bytes>,
    ) -> impl Future<Output = Result<FenceResult, Error>> + Send {
        self.settle(seq, fence, Settlement::Complete(outcome))
    }

    /// Reports a failed attempt; see [`Settlement::Fail`].
    fn fail(
        &self,
        seq: Seq,
        fence: Fence,
        failure: Failure,
    ) -> impl Future<Output = Result<FenceResult, Error>> + Send {
        self.settle(seq, fence, Settlement::Fail(failure))
    }

    /// Returns a record unprocessed; see [`Settlement::Release`].
    fn release(&self, seq: Seq, fence: Fence) -> impl Future<Output = Result<FenceResult, Error>> + Send {
        self.settle(seq, fence, Settlement::Release)
    }

    /// Makes a parked or done record ready again; see [`Operation::Requeue`].
    fn requeue(
        &self,
        seq: Seq,
        action: Action,
    ) -> impl Future<Output = Result<Option<StoredRecord>, Error>> + Send {
        self.act(seq, Operation::Requeue, action)
    }

    /// Parks a ready or leased record; see [`Operation::Park`].
    fn park(
        &self,
        seq: Seq,
        action: Action,
    ) -> impl Future<Output = Result<Option<StoredRecord>, Error>> + Send {
        self.act(seq, Operation::Park, action)
    }

    /// Marks a record as done without processing it; see [`Operation::Discard`].
    fn discard(
        &self,
        seq: Seq,
        action: Action,
    ) -> impl Future<Output = Result<Option<StoredRecord>, Error>> + Send {
        self.act(seq, Operation::Discard, action)
    }
}

impl<S: Store> StoreExt for S {}
