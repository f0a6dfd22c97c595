use crate::entry::Entry;
use crate::error::Error;
use crate::record::{Fence, Seq, StoredRecord, named};
use crate::results::{
    AcceptResult, Action, BeginResult, Capabilities, Claim, ClaimId, FenceResult, Filter, Lease, Lookup,
    Move, MoveResult, MoveTarget, Operation, Page, Settlement, Stats,
};
use crate::store::Store;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

named! {
    /// An operation of a [`Store`], as a [`Layer`] sees it and as metrics name it.
    #[expect(missing_docs, reason = "each is named after its operation")]
    StoreOp {
        Accept = "accept",
        Begin = "begin",
        ClaimDue = "claim_due",
        Renew = "renew",
        Complete = "complete",
        Fail = "fail",
        Release = "release",
        Requeue = "requeue",
        Park = "park",
        Discard = "discard",
        Get = "get",
        List = "list",
        Stats = "stats",
        SplitLane = "split_lane",
        Adopt = "adopt",
        Purge = "purge",
        Probe = "probe",
    }
}

impl From<&Settlement> for StoreOp {
    fn from(settlement: &Settlement) -> Self {
        match settlement {
            Settlement::Complete(_) => Self::Complete,
            Settlement::Fail(_) => Self::Fail,
            Settlement::Release => Self::Release,
        }
    }
}

impl From<Operation> for StoreOp {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Requeue => Self::Requeue,
            Operation::Park => Self::Park,
            Operation::Discard => Self::Discard,
        }
    }
}

impl From<&Move> for StoreOp {
    fn from(request: &Move) -> Self {
        match request.target {
            MoveTarget::Merchants { .. } => Self::SplitLane,
            MoveTarget::Lane { .. } => Self::Adopt,
        }
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Writes the wrappers of [`Store`], so that the list of operations appears once.
macro_rules! operations {
    ($($op:expr => fn $name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {
        /// A change to the behavior of a store: metrics, fault injection, and so on.
        ///
        /// Every method does what the store does unless it is overridden; each of them runs inside
        /// [`around`](Self::around).
        #[expect(missing_docs, reason = "each method is that of `Store`")]
        pub trait Layer<S: Store>: fmt::Debug + Send + Sync + 'static {
            /// Runs an operation. The default awaits it.
            fn around<T: Send>(
                &self,
                _op: StoreOp,
                operation: impl Future<Output = Result<T, Error>> + Send,
            ) -> impl Future<Output = Result<T, Error>> + Send {
                operation
            }

            fn capabilities(&self, store: &S) -> Capabilities {
                store.capabilities()
            }

            $(fn $name(&self, store: &S, $($arg: $ty),*) -> impl Future<Output = Result<$out, Error>> + Send {
                self.around($op, store.$name($($arg),*))
            })*
        }

        impl<S: Store, L: Layer<S>> Store for Layered<S, L> {
            fn capabilities(&self) -> Capabilities {
                self.layer.capabilities(&self.store)
            }

            $(fn $name(&self, $($arg: $ty),*) -> impl Future<Output = Result<$out, Error>> + Send {
                self.layer.$name(&self.store, $($arg),*)
            })*
        }

        trait DynStore: fmt::Debug + Send + Sync {
            fn capabilities(&self) -> Capabilities;
            $(fn $name(&self, $($arg: $ty),*) -> Boxed<'_, $out>;)*
        }

        impl<S: Store> DynStore for S {
            fn capabilities(&self) -> Capabilities {
                Store::capabilities(self)
            }

            $(fn $name(&self, $($arg: $ty),*) -> Boxed<'_, $out> {
                Box::pin(Store::$name(self, $($arg),*))
            })*
        }

        impl Store for SharedStore {
            fn capabilities(&self) -> Capabilities {
                self.0.capabilities()
            }

            $(fn $name(&self, $($arg: $ty),*) -> impl Future<Output = Result<$out, Error>> + Send {
                self.0.$name($($arg),*)
            })*
        }
    };
}

operations! {
    StoreOp::Accept => fn accept(entry: Entry) -> AcceptResult;
    StoreOp::Begin => fn begin(entry: Entry, id: ClaimId, lease: Duration) -> BeginResult;
    StoreOp::ClaimDue => fn claim_due(claim: Claim) -> Vec<Lease>;
    StoreOp::Renew => fn renew(seq: Seq, fence: Fence, lease: Duration) -> FenceResult;
    StoreOp::from(&settlement) => fn settle(seq: Seq, fence: Fence, settlement: Settlement) -> FenceResult;
    StoreOp::from(operation) => fn act(seq: Seq, operation: Operation, action: Action) -> Option<StoredRecord>;
    StoreOp::Get => fn get(lookup: Lookup) -> Option<StoredRecord>;
    StoreOp::List => fn list(filter: Filter, before: Option<Seq>, max: usize) -> Page;
    StoreOp::Stats => fn stats() -> Stats;
    StoreOp::from(&request) => fn move_records(request: Move) -> MoveResult;
    StoreOp::Purge => fn purge(max: usize) -> u64;
    StoreOp::Probe => fn probe() -> ();
}

/// A [`Store`] with a [`Layer`] around it.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "a pair and nothing else")]
pub struct Layered<S, L> {
    /// The store inside.
    pub store: S,
    /// The layer around it.
    pub layer: L,
}

/// A [`Store`] chosen at run time. Clones share it.
#[derive(Clone)]
pub struct SharedStore(Arc<dyn DynStore>);

impl SharedStore {
    /// Wraps a store.
    pub fn new(store: impl Store) -> Self {
        Self(Arc::new(store))
    }
}

impl fmt::Debug for SharedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
