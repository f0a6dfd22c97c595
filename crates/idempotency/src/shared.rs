use crate::entry::Entry;
use crate::error::Error;
use crate::record::{Fence, Seq, StoredRecord};
use crate::results::{
    Accepted, Action, Adopted, Adoption, Begun, Capabilities, Claim, ClaimId, Failure, Fenced, Filter,
    LaneStats, Lease, Lookup, Page, Stats, StoreId,
};
use crate::store::Store;
use bytes::Bytes;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Writes the boxed mirror of [`Store`] and its two implementations, so that the list of operations stands once.
macro_rules! mirror {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {
        trait Mirror: fmt::Debug + Send + Sync {
            fn capabilities(&self) -> Capabilities;
            fn id(&self) -> Option<StoreId>;
            $(fn $name(&self, $($arg: $ty),*) -> Boxed<'_, $out>;)*
        }

        impl<S: Store> Mirror for S {
            fn capabilities(&self) -> Capabilities {
                Store::capabilities(self)
            }
            fn id(&self) -> Option<StoreId> {
                Store::id(self)
            }
            $(fn $name(&self, $($arg: $ty),*) -> Boxed<'_, $out> {
                Box::pin(Store::$name(self, $($arg),*))
            })*
        }

        impl Store for SharedStore {
            fn capabilities(&self) -> Capabilities {
                self.inner.capabilities()
            }
            fn id(&self) -> Option<StoreId> {
                self.inner.id()
            }
            $(fn $name(&self, $($arg: $ty),*) -> impl Future<Output = Result<$out, Error>> + Send {
                self.inner.$name($($arg),*)
            })*
        }
    };
}

mirror! {
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

/// Any [`Store`], chosen at run time; cheap to clone.
#[derive(Clone)]
pub struct SharedStore {
    inner: Arc<dyn Mirror>,
}

impl SharedStore {
    /// Wraps a store.
    pub fn new(store: impl Store) -> Self {
        Self { inner: Arc::new(store) }
    }
}

impl fmt::Debug for SharedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.inner, f)
    }
}
