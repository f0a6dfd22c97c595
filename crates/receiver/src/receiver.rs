use crate::builder::Builder;
use crate::growth::Orders;
use crate::handlers::Router;
use crate::limits::Limits;
use crate::merchant::Merchant;
use crate::near::NearPaths;
use crate::rejections::RejectionLog;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::Semaphore;
use wxhook_delivery::Processor;
use wxhook_idempotency::{ClaimId, Clock, SharedStore};
use wxhook_wire::Catalog;
use wxhook_wire::v2::FieldNames;

/// The pipeline: bytes and headers in, reply out. Cheap to clone.
///
/// It is a `tower_service::Service` of `http` requests, whatever server they come from.
#[derive(Clone)]
pub struct Receiver {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) routes: HashMap<String, Arc<Merchant>>,
    pub(crate) near_paths: NearPaths,
    pub(crate) catalog: Arc<dyn Catalog>,
    pub(crate) field_names: FieldNames,
    pub(crate) store: SharedStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) router: Arc<Router>,
    /// Handles before the reply: everything, or only questions.
    pub(crate) processor: Option<Processor>,
    pub(crate) all_before_reply: bool,
    pub(crate) wakers: HashMap<String, Vec<Waker>>,
    pub(crate) claim_ids: ClaimIds,
    /// Locks of the orders whose amounts must grow.
    pub(crate) orders: Orders,
    pub(crate) draining: AtomicBool,
    /// KiB of bodies that may still be taken in.
    pub(crate) memory: Arc<Semaphore>,
    pub(crate) rejections: RejectionLog,
}

pub(crate) type Waker = Box<dyn Fn() + Send + Sync>;

impl Receiver {
    /// Starts building one.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The check and the handlers, for a worker that handles after the reply; `None` where there are no handlers.
    ///
    /// There is no way to the handlers that goes around the check.
    pub fn processor(&self) -> Option<Processor> {
        self.inner.processor.clone()
    }

    /// Returns the limit on log lines about rejected requests, for a server that rejects some before the receiver sees them.
    pub fn rejections(&self) -> &RejectionLog {
        &self.inner.rejections
    }

    /// Takes nothing from now on: every request is answered 503, so that it is sent again.
    pub fn drain(&self) {
        self.inner.draining.store(true, Ordering::Relaxed);
    }

    /// Wakes those who wait for records of a lane.
    pub(crate) fn wake(&self, lane: &str) {
        for waker in self.inner.wakers.get(lane).into_iter().flatten() {
            waker();
        }
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("paths", &self.inner.routes.len()).finish_non_exhaustive()
    }
}

/// Names acts of claiming: a random half that is this process's own, and a counter.
#[derive(Debug)]
pub(crate) struct ClaimIds {
    process: u64,
    next: AtomicU64,
}

impl ClaimIds {
    pub(crate) fn new() -> Option<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).ok()?;
        Some(Self { process: u64::from_ne_bytes(random), next: AtomicU64::new(0) })
    }

    pub(crate) fn next(&self) -> ClaimId {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        ClaimId::new((u128::from(self.process) << 64) | u128::from(count))
    }
}
