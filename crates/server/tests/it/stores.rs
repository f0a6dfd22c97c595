//! A store that can be held up and broken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tokio::sync::Semaphore;
use wxhook_idempotency::{Error, Layer, Layered, MemoryStore, StoreOp};

/// A memory store with faults.
pub(crate) type FaultyStore = Layered<MemoryStore, Faults>;

#[derive(Debug, Clone)]
pub(crate) struct Faults {
    pub(crate) broken: Arc<AtomicBool>,
    /// Accepting fails, and nothing else.
    pub(crate) unwritable: Arc<AtomicBool>,
    /// Accepting says that the store is another one.
    pub(crate) replaced: Arc<AtomicBool>,
    /// Nothing is answered any more.
    pub(crate) hanging: Arc<AtomicBool>,
    pub(crate) probes: Arc<AtomicU32>,
    /// Accepting waits for a permit.
    pub(crate) gate: Arc<Semaphore>,
    /// Gets a permit for each accept that has begun.
    pub(crate) entered: Arc<Semaphore>,
}

impl Faults {
    pub(crate) fn open() -> FaultyStore {
        Layered { store: MemoryStore::default(), layer: Self::with_permits(1_000_000) }
    }

    /// Accepting waits until the test adds permits.
    pub(crate) fn closed() -> FaultyStore {
        Layered { store: MemoryStore::default(), layer: Self::with_permits(0) }
    }

    fn with_permits(permits: usize) -> Self {
        Self {
            broken: Arc::default(),
            unwritable: Arc::default(),
            replaced: Arc::default(),
            hanging: Arc::default(),
            probes: Arc::default(),
            gate: Arc::new(Semaphore::new(permits)),
            entered: Arc::new(Semaphore::new(0)),
        }
    }

    async fn check(&self) -> Result<(), Error> {
        if self.hanging.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        if self.broken.load(Ordering::Relaxed) { Err(Error::Unavailable("broken".into())) } else { Ok(()) }
    }
}

impl Layer<MemoryStore> for Faults {
    async fn around<T: Send>(
        &self,
        op: StoreOp,
        operation: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        match op {
            StoreOp::Accept => {
                self.entered.add_permits(1);
                self.gate.acquire().await.unwrap().forget();
            }
            StoreOp::Probe => drop(self.probes.fetch_add(1, Ordering::Relaxed)),
            _ => {}
        }
        self.check().await?;
        if op == StoreOp::Accept && self.unwritable.load(Ordering::Relaxed) {
            return Err(Error::Unavailable("no space left".into()));
        }
        if op == StoreOp::Accept && self.replaced.load(Ordering::Relaxed) {
            return Err(Error::Replaced("the file was replaced"));
        }
        operation.await
    }
}
