use crate::entry::Entry;
use crate::error::Error;
use crate::record::{Fence, Seq, StoredRecord};
use crate::results::{
    Accepted, Action, Adopted, Adoption, Begun, Capabilities, Claim, ClaimId, Failure, Fenced, Filter,
    LaneStats, Lease, Lookup, Page, Stats, StoreId,
};
use bytes::Bytes;
use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

/// Accept once, process once.
///
/// # The contract
/// - **Atomic.** Each operation is one step: it happens wholly or not at all, and no other operation, from this process
///   or another, sees it half done. There is no moment at which a notification is marked and its work isn't there.
/// - **Durable.** What is answered with `Ok` is as durable as [`Capabilities`] says, before the answer.
/// - **Clock.** The backend's own clock decides. Callers pass spans, never instants. The store's time never goes back:
///   while the clock is behind, it goes on by the monotonic clock, so that every wait, lease and backoff ends after its
///   span. After a clock that jumped ahead by more than an hour nothing is purged for 25 hours of running time, also
///   across a restart. [`machine::StoreTime`](crate::machine::StoreTime) has the rules.
/// - **Numbers and fences** grow for ever, across purge, restart and failover, and none is given twice. An older or
///   forged fence gets [`Fenced::Lost`] and changes nothing. A process that finds the store behind a number it was given
///   says so, counts it in [`Stats::lost`] and goes on above.
/// - **Identity.** A store that outlives its process has a random id, written when it is created and checked by every
///   write. Once it isn't the store that was opened any more, or may lose what it holds, every operation answers
///   [`Error::Replaced`] until it is opened again. A copy or a restored backup gets another id and goes on above every
///   number that the original may have given since.
/// - **Cancellation.** A future that is dropped may have happened or not; either way everything here stays true, and
///   repeating the operation is safe.
/// - **Errors** are never answers: see [`Error`].
/// - **Secrecy.** Bodies, keys and numbers never stand in an error, a log line or `Debug`.
/// - **Time** is kept in whole milliseconds; spans are rounded up, a lease lasts one at least.
///
/// The transitions themselves are written once, in [`crate::machine`].
///
/// Backends are checked by a conformance suite, `wxhook-testkit`, not by their authors' good faith.
///
/// # A whole small one
/// It passes that suite as it is.
///
/// ```
#[doc = include_str!("../examples/smallest_store.rs")]
/// ```
pub trait Store: Debug + Send + Sync + 'static {
    /// What this backend can do.
    fn capabilities(&self) -> Capabilities;

    /// Returns the id of the store that was opened; `None` if nothing of it outlives the process.
    fn id(&self) -> Option<StoreId>;

    /// Takes the entry, once.
    ///
    /// In this order, in one step: a known alias with an equal fingerprint is a `Duplicate`; a known alias with another
    /// is `Changed`, a sibling of the alias's record (or of the record that one is a sibling of); then the same by key
    /// and older keys; then by marks of purged records; else it is `New`. Other content that was kept before is a
    /// `Duplicate` of its sibling. Every sighting renews the retention of what was seen, and its aliases are added.
    ///
    /// Of several names of one kind, the one whose content is most like the entry's counts. A stored fingerprint is
    /// compared with the entry's of the same version, which may be one of [`Entry::older_fingerprints`]; if the entry has
    /// none of that version, they can't be compared, and under an equal name they count as equal. A sibling is looked for
    /// under the names that all of the entry's fingerprints give it. After a purge that left a mark, other content takes
    /// the key again, flagged, and is `Changed`. [`Entry::lane_cap`] bounds whatever would be inserted.
    ///
    /// A record that starts parked has its reason as its `error`: that of [`Start::Parked`](crate::Start::Parked), or
    /// [`machine::CHANGED_REASON`](crate::machine::CHANGED_REASON) if it parks for being changed.
    fn accept(&self, entry: Entry) -> impl Future<Output = Result<Accepted, Error>> + Send;

    /// [`accept`](Self::accept) and claim in one step.
    ///
    /// A record that is Ready is acquired even if it isn't due. A changed sibling is acquired if it is to be delivered.
    /// Repeating it with the same claim id gives the same lease while it lasts.
    fn begin(
        &self,
        entry: Entry,
        id: ClaimId,
        lease: Duration,
    ) -> impl Future<Output = Result<Begun, Error>> + Send;

    /// Leases due records of some lanes, at most [`Claim::most`].
    ///
    /// Lanes take turns, one record each, in the order of [`Claim::turns`], until there are enough or nothing is due; of
    /// each lane the longest due first. So no lane starves behind another, however much waits there. The leases are in
    /// the order in which they were given.
    ///
    /// A lease that is over makes its record claimable again, unless its attempts are used up: then it parks. Of a
    /// group only the earliest record that is neither Done nor Parked is claimable. Live leases under the same claim id
    /// are given again instead of new ones.
    fn claim_due(&self, claim: Claim) -> impl Future<Output = Result<Vec<Lease>, Error>> + Send;

    /// Makes the lease last `lease` from now. A lease that is over but wasn't taken may be renewed.
    fn renew(
        &self,
        seq: Seq,
        fence: Fence,
        lease: Duration,
    ) -> impl Future<Output = Result<Fenced, Error>> + Send;

    /// Leased → Done. Doing it twice with the same fence is harmless.
    fn complete(
        &self,
        seq: Seq,
        fence: Fence,
        outcome: Option<Bytes>,
    ) -> impl Future<Output = Result<Fenced, Error>> + Send;

    /// Leased → Ready or Parked.
    fn fail(
        &self,
        seq: Seq,
        fence: Fence,
        failure: Failure,
    ) -> impl Future<Output = Result<Fenced, Error>> + Send;

    /// Leased → Ready, due now; the attempt doesn't count. As with [`fail`](Self::fail), repeating it gives `Lost`.
    fn release(&self, seq: Seq, fence: Fence) -> impl Future<Output = Result<Fenced, Error>> + Send;

    /// Parked → Ready in the same generation; Done → Ready in the next one; attempts start anew. Other states stay.
    ///
    /// Gives the record as it stands afterwards, `None` if there is none.
    fn requeue(
        &self,
        seq: Seq,
        action: Action,
    ) -> impl Future<Output = Result<Option<StoredRecord>, Error>> + Send;

    /// Ready or Leased → Parked; a holder's fence is void from then on. Other states stay.
    fn park(
        &self,
        seq: Seq,
        action: Action,
    ) -> impl Future<Output = Result<Option<StoredRecord>, Error>> + Send;

    /// Ready, Leased or Parked → Done without handling; a holder's fence is void from then on.
    fn discard(
        &self,
        seq: Seq,
        action: Action,
    ) -> impl Future<Output = Result<Option<StoredRecord>, Error>> + Send;

    /// One record.
    fn get(&self, lookup: Lookup) -> impl Future<Output = Result<Option<StoredRecord>, Error>> + Send;

    /// At most `most` records that pass the filter, newest first, with numbers under `before`.
    fn list(
        &self,
        filter: Filter,
        before: Option<Seq>,
        most: usize,
    ) -> impl Future<Output = Result<Page, Error>> + Send;

    /// Figures of the whole store.
    fn stats(&self) -> impl Future<Output = Result<Stats, Error>> + Send;

    /// Returns the figures of every lane that holds a record, by name. Cheap: it counts nothing.
    fn lanes(&self) -> impl Future<Output = Result<Vec<LaneStats>, Error>> + Send;

    /// Moves at most `max` records out of a lane, each into the lane `prefix` + its label `merchant`. Gives how many; 0
    /// when nothing is left to move.
    ///
    /// Records in every state move, first those that aren't Done, each kind in the order of their numbers. Nothing else
    /// of them changes: due times, leases, claims and groups go on. Repeating it moves the next ones, also after a crash.
    /// Records that were set aside stay.
    fn split_lane(
        &self,
        from: String,
        prefix: String,
        max: usize,
    ) -> impl Future<Output = Result<u64, Error>> + Send;

    /// Moves records that aren't Done into another lane, in the order of their numbers, and notes it at each
    /// ([`Change::Adopted`](crate::Change::Adopted)).
    ///
    /// While a live lease stands on any record of the lane, whatever its number, nothing is moved. A lease that is over
    /// moves along as it is. Repeating it moves the next ones; [`Adoption::until`] bounds how far that goes.
    fn adopt(&self, adoption: Adoption) -> impl Future<Output = Result<Adopted, Error>> + Send;

    /// Removes at most `most` Done records (and as many marks) past their retention; gives how many records.
    fn purge(&self, most: usize) -> impl Future<Output = Result<u64, Error>> + Send;

    /// Tells whether [`accept`](Self::accept) would work: writes a record of a typical size,
    /// [`machine::probe_entry`](crate::machine::probe_entry), with everything that an accept writes and as durably, reads
    /// it back, and removes it. Afterwards nothing is left of it but perhaps a number that nobody has.
    fn probe(&self) -> impl Future<Output = Result<(), Error>> + Send;
}
