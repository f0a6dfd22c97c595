use crate::entry::Entry;
use crate::error::Error;
use crate::record::{Fence, Seq, StoredRecord};
use crate::results::{
    Accepted, Action, Begun, Capabilities, Claim, ClaimId, Failure, Fenced, Filter, Lease, Lookup, Page,
    Stats,
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
/// - **Clock.** The backend's own clock decides. Callers pass spans, never instants.
/// - **Fences** grow for ever, across purge, restart and failover; an older or forged one gets [`Fenced::Lost`] and
///   changes nothing.
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

    /// Takes the entry, once.
    ///
    /// In this order, in one step: a known alias with an equal fingerprint is a `Duplicate`; a known alias with another
    /// is `Changed`, a sibling of the alias's record (or of the record that one is a sibling of); then the same by key
    /// and older keys; then by marks of purged records; else it is `New`. Other content that was kept before is a
    /// `Duplicate` of its sibling. Every sighting renews the retention of what was seen, and its aliases are added.
    ///
    /// Of several names of one kind, the one whose content is most like the entry's counts. Fingerprints of different
    /// versions can't be compared; under an equal name they count as equal. After a purge that left a mark, other
    /// content takes the key again, flagged, and is `Changed`. [`Entry::lane_cap`] bounds whatever would be inserted.
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

    /// Leases due records of a lane, longest due first, at most [`Claim::most`].
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

    /// Removes at most `most` Done records (and as many marks) past their retention; gives how many records.
    fn purge(&self, most: usize) -> impl Future<Output = Result<u64, Error>> + Send;

    /// Writes something and reads it back, through the same way as `accept`.
    fn probe(&self) -> impl Future<Output = Result<(), Error>> + Send;
}
