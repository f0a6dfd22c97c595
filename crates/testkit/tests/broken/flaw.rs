//! A store in memory with something wrong about it.

use crate::clock;
use bytes::Bytes;
use std::fmt::Debug;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;
use wxhook_idempotency::{
    Accepted, Action, Adopted, Adoption, Begun, Capabilities, Claim, ClaimId, Clock, Entry, Error, Failure,
    Fence, Fenced, Filter, LaneStats, Lease, Lookup, MemoryOptions, MemoryStore, Page, Seq, Stats, Store,
    StoreId, StoredRecord,
};
use wxhook_testkit::store::{Backend, Place, Time};

/// Writes a trait whose operations do what the store does, and a store that goes through it.
macro_rules! flaw {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {
        /// What is wrong; the operations that aren't written anew are right.
        pub(crate) trait Flaw: Debug + Send + Sync + 'static {
            fn of(place: &Place) -> Self;

            fn clock(&self, place: &Place) -> Arc<dyn Clock> {
                clock(place)
            }

            fn capabilities(&self, store: &MemoryStore) -> Capabilities {
                store.capabilities()
            }

            $(fn $name(
                &self,
                store: &MemoryStore,
                $($arg: $ty),*
            ) -> impl Future<Output = Result<$out, Error>> + Send {
                store.$name($($arg),*)
            })*
        }

        impl<F: Flaw> Store for Broken<F> {
            fn capabilities(&self) -> Capabilities {
                self.flaw.capabilities(&self.store)
            }

            fn id(&self) -> Option<StoreId> {
                None
            }

            $(fn $name(&self, $($arg: $ty),*) -> impl Future<Output = Result<$out, Error>> + Send {
                self.flaw.$name(&self.store, $($arg),*)
            })*
        }
    };
}

flaw! {
    fn accept(entry: Entry) -> Accepted;
    fn begin(entry: Entry, id: ClaimId, lease: Duration) -> Begun;
    fn claim_due(claim: Claim) -> Vec<Lease>;
    fn renew(seq: Seq, fence: Fence, lease: Duration) -> Fenced;
    fn complete(seq: Seq, fence: Fence, outcome: Option<Bytes>) -> Fenced;
    fn fail(seq: Seq, fence: Fence, failure: Failure) -> Fenced;
    fn release(seq: Seq, fence: Fence) -> Fenced;
    fn requeue(seq: Seq, action: Action) -> Option<StoredRecord>;
    fn park(seq: Seq, action: Action) -> Option<StoredRecord>;
    fn discard(seq: Seq, action: Action) -> Option<StoredRecord>;
    fn get(lookup: Lookup) -> Option<StoredRecord>;
    fn list(filter: Filter, before: Option<Seq>, most: usize) -> Page;
    fn stats() -> Stats;
    fn lanes() -> Vec<LaneStats>;
    fn split_lane(from: String, prefix: String, max: usize) -> u64;
    fn adopt(adoption: Adoption) -> Adopted;
    fn purge(most: usize) -> u64;
    fn probe() -> ();
}

#[derive(Debug)]
pub(crate) struct Broken<F> {
    flaw: F,
    pub(crate) store: MemoryStore,
}

impl<F: Flaw> Broken<F> {
    pub(crate) fn new(flaw: F, place: &Place) -> Self {
        let options = MemoryOptions::default().with_clock(flaw.clock(place));
        Self { flaw, store: MemoryStore::new(options) }
    }

    /// On a clock that goes by itself.
    pub(crate) fn living(flaw: F) -> Self {
        Self { flaw, store: MemoryStore::new(MemoryOptions::default()) }
    }
}

/// Makes stores with this flaw.
pub(crate) struct Memory<F>(PhantomData<fn() -> F>);

impl<F> Default for Memory<F> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<F: Flaw> Backend for Memory<F> {
    type Store = Broken<F>;

    fn open(&self, place: &Place) -> Broken<F> {
        Broken::new(F::of(place), place)
    }

    fn time(&self) -> Time {
        Time::Still
    }
}
