use serde::Serialize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use wxhook_idempotency::{SharedStore, Stats, Store as _};

/// So long an answer of the store is good for further questions: nobody can keep it busy by asking.
const FRESH: Duration = Duration::from_secs(1);
/// The store answers within this, or it isn't ready.
const PATIENCE: Duration = Duration::from_secs(2);
/// Listeners that a server has.
const LISTENERS: usize = 2;

/// What readiness depends on.
#[derive(Debug)]
pub(crate) struct Health {
    store: SharedStore,
    every_merchant_has_a_key: bool,
    listening: AtomicUsize,
    draining: AtomicBool,
    probed: Mutex<Option<(Instant, bool)>>,
    stats: Mutex<Option<(Instant, Option<Stats>)>>,
}

/// A part that isn't ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Missing {
    part: &'static str,
    why: &'static str,
}

impl Health {
    pub(crate) fn new(store: SharedStore, every_merchant_has_a_key: bool) -> Self {
        Self {
            store,
            every_merchant_has_a_key,
            listening: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            probed: Mutex::new(None),
            stats: Mutex::new(None),
        }
    }

    /// One more listener is served, until the guard goes.
    pub(crate) fn listening(&self) -> Listening<'_> {
        self.listening.fetch_add(1, Ordering::Relaxed);
        Listening(&self.listening)
    }

    /// Not ready from now on.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Every part that isn't ready.
    pub(super) async fn missing(&self) -> Vec<Missing> {
        let mut missing = Vec::new();
        let mut note = |part, why| missing.push(Missing { part, why });
        if self.draining.load(Ordering::Relaxed) {
            note("server", "shutting down");
        }
        if self.listening.load(Ordering::Relaxed) < LISTENERS {
            note("listeners", "not all of them are served");
        }
        if !self.every_merchant_has_a_key {
            note("merchants", "a merchant has no key");
        }
        if !self.store_works().await {
            note("store", "it can't be written and read");
        }
        missing
    }

    /// Whether the store was written and read, just now or within the last second.
    async fn store_works(&self) -> bool {
        let mut probed = self.probed.lock().await;
        if let Some((at, works)) = *probed
            && at.elapsed() < FRESH
        {
            return works;
        }
        let works = match timeout(PATIENCE, self.store.probe()).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::error!(%error, cause = cause(&error), "the store isn't ready");
                false
            }
            Err(_) => {
                tracing::error!("the store isn't ready: it doesn't answer");
                false
            }
        };
        *probed = Some((Instant::now(), works));
        works
    }

    /// The store's figures, of now or of within the last second.
    pub(super) async fn stats(&self) -> Option<Stats> {
        let mut last = self.stats.lock().await;
        if let Some((at, stats)) = *last
            && at.elapsed() < FRESH
        {
            return stats;
        }
        let stats = timeout(PATIENCE, self.store.stats()).await.ok().and_then(Result::ok);
        *last = Some((Instant::now(), stats));
        stats
    }
}

/// Why a store failed, for the log.
pub(super) fn cause(error: &wxhook_idempotency::Error) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}

/// A listener that is served.
#[derive(Debug)]
pub(crate) struct Listening<'a>(&'a AtomicUsize);

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
