use super::backend::Backend;
use super::context::Context;
use crate::case::skip;
use std::future::Future;
use std::ops::Deref;
use std::time::Duration;
use wxhook_idempotency::{
    AcceptResult, Action, BeginResult, Capabilities, Claim, ClaimId, Durability, Entry, Error, Failure,
    Fence, FenceResult, Filter, LaneStats, Lease, Lookup, Move, MoveResult, Page, Seq, State, Stats, Store,
    StoreExt as _, StoredRecord,
};

/// The lane of the samples.
pub(super) const LANE: &str = "sink";

/// An open store whose operations are waited for. An error of the store ends the case, except through
/// [`block_on`](Self::block_on).
pub(super) struct Handle<'a, B: Backend> {
    context: &'a Context<'a, B>,
    pub(super) store: B::Store,
}

impl<'a, B: Backend> Deref for Handle<'a, B> {
    type Target = Context<'a, B>;

    fn deref(&self) -> &Self::Target {
        self.context
    }
}

impl<'a, B: Backend> Handle<'a, B> {
    pub(super) fn new(context: &'a Context<'a, B>, store: B::Store) -> Self {
        Self { context, store }
    }

    /// Closes the store, or skips the case if it doesn't survive that.
    pub(super) fn close(self) -> &'a Context<'a, B> {
        if self.capabilities().durability <= Durability::Process {
            skip("nothing in the store survives its process");
        }
        self.context
    }

    /// Closes the store, and opens it as a new process would.
    pub(super) fn reopen(self) -> Self {
        self.close().open()
    }

    /// Skips the case unless several handles may be open at once.
    pub(super) fn require_sharing(&self) {
        if !self.capabilities().shared {
            skip("the store isn't shared between processes");
        }
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }

    /// Runs an operation of the store, or several, to the end.
    pub(super) fn block_on<'s, F: Future>(&'s self, operation: impl FnOnce(&'s B::Store) -> F) -> F::Output {
        self.context.backend.block_on(operation(&self.store))
    }

    #[track_caller]
    pub(super) fn run<'s, T, F: Future<Output = Result<T, Error>>>(
        &'s self,
        operation: impl FnOnce(&'s B::Store) -> F,
    ) -> T {
        match self.block_on(operation) {
            Ok(answer) => answer,
            Err(error) => panic!("the store answered with an error: {error} ({error:?})"),
        }
    }

    #[track_caller]
    pub(super) fn accept(&self, entry: Entry) -> AcceptResult {
        self.run(|store| store.accept(entry))
    }

    #[track_caller]
    pub(super) fn new_seq(&self, entry: Entry) -> Seq {
        match self.accept(entry) {
            AcceptResult::New { seq } => seq,
            other => panic!("it should be new: {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn changed_seq(&self, entry: Entry) -> Seq {
        match self.accept(entry) {
            AcceptResult::Changed { seq } => seq,
            other => panic!("it should be changed: {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn duplicate_of(&self, entry: Entry) -> Seq {
        match self.accept(entry) {
            AcceptResult::Duplicate { seq, .. } => seq,
            other => panic!("it should be a duplicate: {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn begin_for(&self, entry: Entry, id: u128, lease: Duration) -> BeginResult {
        self.run(|store| store.begin(entry, ClaimId::new(id), lease))
    }

    #[track_caller]
    pub(super) fn begin(&self, entry: Entry, id: u128) -> BeginResult {
        self.begin_for(entry, id, self.context.span())
    }

    #[track_caller]
    pub(super) fn acquired(&self, entry: Entry, id: u128) -> Lease {
        match self.begin(entry, id) {
            BeginResult::Acquired(lease) => *lease,
            other => panic!("it should be acquired: {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn claim_due(&self, claim: Claim) -> Vec<Lease> {
        self.run(|store| store.claim_due(claim))
    }

    #[track_caller]
    pub(super) fn claimed(&self, id: u128, max: usize) -> Vec<Lease> {
        self.claim_due(Claim::new(ClaimId::new(id), [LANE], max, self.context.span()))
    }

    /// Claims the one record that is due.
    #[track_caller]
    pub(super) fn claimed_one(&self, id: u128) -> Lease {
        match <[Lease; 1]>::try_from(self.claimed(id, 1)) {
            Ok([lease]) => lease,
            Err(leases) => panic!("one record should be due: {leases:?}"),
        }
    }

    #[track_caller]
    pub(super) fn renew(&self, seq: Seq, fence: Fence) -> FenceResult {
        self.run(|store| store.renew(seq, fence, self.context.span()))
    }

    #[track_caller]
    pub(super) fn complete(&self, seq: Seq, fence: Fence, outcome: Option<&'static [u8]>) -> FenceResult {
        self.run(|store| store.complete(seq, fence, outcome.map(Into::into)))
    }

    #[track_caller]
    pub(super) fn fail(&self, seq: Seq, fence: Fence, failure: Failure) -> FenceResult {
        self.run(|store| store.fail(seq, fence, failure))
    }

    #[track_caller]
    pub(super) fn release(&self, seq: Seq, fence: Fence) -> FenceResult {
        self.run(|store| store.release(seq, fence))
    }

    #[track_caller]
    pub(super) fn requeue(&self, seq: Seq, action: Action) -> Option<StoredRecord> {
        self.run(|store| store.requeue(seq, action))
    }

    #[track_caller]
    pub(super) fn park(&self, seq: Seq, action: Action) -> Option<StoredRecord> {
        self.run(|store| store.park(seq, action))
    }

    #[track_caller]
    pub(super) fn discard(&self, seq: Seq, action: Action) -> Option<StoredRecord> {
        self.run(|store| store.discard(seq, action))
    }

    #[track_caller]
    pub(super) fn get(&self, lookup: Lookup) -> Option<StoredRecord> {
        self.run(|store| store.get(lookup))
    }

    #[track_caller]
    pub(super) fn record(&self, seq: Seq) -> StoredRecord {
        match self.get(Lookup::Seq(seq)) {
            Some(record) => record,
            None => panic!("record {seq} isn't there"),
        }
    }

    #[track_caller]
    pub(super) fn by_key(&self, key: &str) -> Option<StoredRecord> {
        self.get(Lookup::Key(key.to_owned()))
    }

    #[track_caller]
    pub(super) fn list(&self, filter: Filter, before: Option<Seq>, max: usize) -> Page {
        self.run(|store| store.list(filter, before, max))
    }

    #[track_caller]
    pub(super) fn stats(&self) -> Stats {
        self.run(|store| store.stats())
    }

    #[track_caller]
    pub(super) fn count(&self, state: State) -> u64 {
        self.stats().count(state)
    }

    #[track_caller]
    pub(super) fn lanes(&self) -> Vec<LaneStats> {
        self.stats().lanes
    }

    #[track_caller]
    pub(super) fn split(&self, from: &str, prefix: &str, max: usize) -> u64 {
        self.move_records(Move::split(from, prefix, max)).moved()
    }

    #[track_caller]
    pub(super) fn move_records(&self, request: Move) -> MoveResult {
        self.run(|store| store.move_records(request))
    }

    #[track_caller]
    pub(super) fn purge(&self, max: usize) -> u64 {
        self.run(|store| store.purge(max))
    }

    #[track_caller]
    pub(super) fn probe(&self) {
        self.run(|store| store.probe());
    }
}
