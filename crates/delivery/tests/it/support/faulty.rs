use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::sleep;
use wxhook_idempotency::{
    Accepted, Action, Adopted, Adoption, Begun, Capabilities, Claim, ClaimId, Entry, Error, Failure, Fence,
    Fenced, Filter, LaneStats, Lease, Lookup, MemoryStore, Page, Seq, Stats, Store, StoreId, StoredRecord,
};

/// What goes wrong with one operation.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// It doesn't happen, and says so.
    Fail,
    /// It happens, and its answer is lost.
    LoseReply,
    /// It doesn't happen, and never answers.
    Hang,
    /// It happens, and never answers.
    HangAfter,
    /// It happens, and answers so much later.
    Late(Duration),
    /// The record can't be read.
    Corrupt,
}

/// A store in memory that does wrong what it is told to.
#[derive(Debug, Clone)]
pub(crate) struct Faulty {
    pub(crate) memory: MemoryStore,
    plan: Arc<Mutex<Plan>>,
    called: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Plan {
    faults: HashMap<&'static str, VecDeque<Fault>>,
    calls: HashMap<&'static str, usize>,
}

impl Faulty {
    pub(crate) fn new(memory: MemoryStore) -> Self {
        Self { memory, plan: Arc::default(), called: Arc::default() }
    }

    /// The next calls of `operation` go wrong like this.
    pub(crate) fn plan(&self, operation: &'static str, faults: impl IntoIterator<Item = Fault>) {
        self.plan.lock().unwrap().faults.entry(operation).or_default().extend(faults);
    }

    /// How often it was called.
    pub(crate) fn calls(&self, operation: &'static str) -> usize {
        self.plan.lock().unwrap().calls.get(operation).copied().unwrap_or_default()
    }

    /// Until it was called so often.
    pub(crate) async fn called(&self, operation: &'static str, times: usize) {
        while self.calls(operation) < times {
            self.called.notified().await;
        }
    }

    fn next(&self, operation: &'static str) -> Option<Fault> {
        let mut plan = self.plan.lock().unwrap();
        *plan.calls.entry(operation).or_default() += 1;
        self.called.notify_one();
        plan.faults.get_mut(operation).and_then(VecDeque::pop_front)
    }
}

macro_rules! faulty {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {
        impl Store for Faulty {
            fn capabilities(&self) -> Capabilities {
                self.memory.capabilities()
            }

            fn id(&self) -> Option<StoreId> {
                None
            }
            $(async fn $name(&self, $($arg: $ty),*) -> Result<$out, Error> {
                let fault = self.next(stringify!($name));
                match fault {
                    Some(Fault::Fail) => return Err(Error::Unavailable("down".into())),
                    Some(Fault::Corrupt) => return Err(Error::Corrupt("record")),
                    Some(Fault::Hang) => return pending().await,
                    Some(Fault::LoseReply | Fault::HangAfter | Fault::Late(_)) | None => {}
                }
                let answer = self.memory.$name($($arg),*).await;
                match fault {
                    Some(Fault::LoseReply) => Err(Error::Unavailable("cut off".into())),
                    Some(Fault::HangAfter) => pending().await,
                    Some(Fault::Late(time)) => {
                        sleep(time).await;
                        answer
                    }
                    _ => answer,
                }
            })*
        }
    };
}

faulty! {
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
