use super::backend::Backend;
use super::context::Context;
use std::future::Future;
use std::time::Duration;
use wxhook_idempotency::{
    Accepted, Action, Adopted, Adoption, Begun, Capabilities, Claim, ClaimId, Entry, Error, Failure, Fence,
    Fenced, Filter, LaneStats, Lease, Lookup, Page, Seq, Stats, Store, StoredRecord,
};

/// The lane of the samples.
pub(super) const LANE: &str = "sink";

/// An open store whose operations are waited for. An error of the store ends the case, except through
/// [`block_on`](Self::block_on).
pub(super) struct Handle<'a, B: Backend> {
    context: &'a Context<'a, B>,
    pub(super) store: B::Store,
}

impl<'a, B: Backend> Handle<'a, B> {
    pub(super) fn new(context: &'a Context<'a, B>, store: B::Store) -> Self {
        Self { context, store }
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
    pub(super) fn accept(&self, entry: Entry) -> Accepted {
        self.run(|store| store.accept(entry))
    }

    #[track_caller]
    pub(super) fn new_seq(&self, entry: Entry) -> Seq {
        match self.accept(entry) {
            Accepted::New { seq } => seq,
            other => panic!("it should be new: {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn changed_seq(&self, entry: Entry) -> Seq {
        match self.accept(entry) {
            Accepted::Changed { seq } => seq,
            other => panic!("it should be changed: {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn duplicate_of(&self, entry: Entry) -> Seq {
        match self.accept(entry) {
            Accepted::Duplicate { seq, .. } => seq,
            other => panic!("it should be a duplicate: {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn begin_for(&self, entry: Entry, id: u128, lease: Duration) -> Begun {
        self.run(|store| store.begin(entry, ClaimId::new(id), lease))
    }

    #[track_caller]
    pub(super) fn begin(&self, entry: Entry, id: u128) -> Begun {
        self.begin_for(entry, id, self.context.span())
    }

    #[track_caller]
    pub(super) fn acquired(&self, entry: Entry, id: u128) -> Lease {
        match self.begin(entry, id) {
            Begun::Acquired(lease) => *lease,
            other => panic!("it should be acquired: {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn claim_due(&self, claim: Claim) -> Vec<Lease> {
        self.run(|store| store.claim_due(claim))
    }

    #[track_caller]
    pub(super) fn claimed(&self, id: u128, most: usize) -> Vec<Lease> {
        self.claim_due(Claim::new(ClaimId::new(id), [LANE], most, self.context.span()))
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
    pub(super) fn renew(&self, seq: Seq, fence: Fence) -> Fenced {
        self.run(|store| store.renew(seq, fence, self.context.span()))
    }

    #[track_caller]
    pub(super) fn complete(&self, seq: Seq, fence: Fence, outcome: Option<&'static [u8]>) -> Fenced {
        self.run(|store| store.complete(seq, fence, outcome.map(Into::into)))
    }

    #[track_caller]
    pub(super) fn fail(&self, seq: Seq, fence: Fence, failure: Failure) -> Fenced {
        self.run(|store| store.fail(seq, fence, failure))
    }

    #[track_caller]
    pub(super) fn release(&self, seq: Seq, fence: Fence) -> Fenced {
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
    pub(super) fn list(&self, filter: Filter, before: Option<Seq>, most: usize) -> Page {
        self.run(|store| store.list(filter, before, most))
    }

    #[track_caller]
    pub(super) fn stats(&self) -> Stats {
        self.run(|store| store.stats())
    }

    #[track_caller]
    pub(super) fn lanes(&self) -> Vec<LaneStats> {
        self.run(|store| store.lanes())
    }

    #[track_caller]
    pub(super) fn split(&self, from: &str, prefix: &str, max: usize) -> u64 {
        self.run(|store| store.split_lane(from.to_owned(), prefix.to_owned(), max))
    }

    #[track_caller]
    pub(super) fn adopt(&self, adoption: Adoption) -> Adopted {
        self.run(|store| store.adopt(adoption))
    }

    #[track_caller]
    pub(super) fn purge(&self, most: usize) -> u64 {
        self.run(|store| store.purge(most))
    }

    #[track_caller]
    pub(super) fn probe(&self) {
        self.run(|store| store.probe());
    }
}
