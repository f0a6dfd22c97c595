use crate::metrics::Accepts;
use serde::Serialize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use wxhook_idempotency::{SharedStore, Stats, Store as _};

/// Time for which a result of the store is reused, so that nobody can keep it busy by asking.
const CACHE_TIME: Duration = Duration::from_secs(1);
/// Maximum time to wait for the store.
const STORE_TIMEOUT: Duration = Duration::from_secs(2);
/// Number of listeners of a server.
const LISTENERS: usize = 2;
/// Number of failed accepts in a row at which the store isn't ready.
const MAX_FAILURES: u32 = 3;

/// The parts of a server on which its readiness depends.
#[derive(Debug)]
pub(crate) struct Health {
    store: SharedStore,
    accepts: Accepts,
    /// Names of merchants without a key; none of their notifications can be verified.
    without_key: Vec<String>,
    merchants: usize,
    listening: AtomicUsize,
    is_draining: AtomicBool,
    probe: Cached<Result<(), &'static str>>,
    stats: Cached<Option<Stats>>,
}

/// A result and its time, reused for [`CACHE_TIME`].
#[derive(Debug)]
struct Cached<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Cached<T> {
    async fn get(&self, compute: impl Future<Output = T>) -> T {
        let mut last = self.0.lock().await;
        match &*last {
            Some((at, result)) if at.elapsed() < CACHE_TIME => result.clone(),
            _ => {
                let result = compute.await;
                last.insert((Instant::now(), result)).1.clone()
            }
        }
    }
}

/// A part that isn't ready.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct NotReady {
    part: &'static str,
    why: &'static str,
}

impl Health {
    /// Returns the health of a server for this number of merchants, some of which have no key.
    pub(crate) fn new(
        store: SharedStore,
        accepts: Accepts,
        without_key: Vec<String>,
        merchants: usize,
    ) -> Self {
        Self {
            store,
            accepts,
            without_key,
            merchants,
            listening: AtomicUsize::new(0),
            is_draining: AtomicBool::new(false),
            probe: Cached::default(),
            stats: Cached::default(),
        }
    }

    /// Returns the names of merchants without a key.
    pub(super) fn without_key(&self) -> &[String] {
        &self.without_key
    }

    /// Counts a listener as served, until the guard is dropped.
    pub(crate) fn listening(&self) -> Listening<'_> {
        self.listening.fetch_add(1, Ordering::Relaxed);
        Listening(&self.listening)
    }

    /// Makes the server not ready from now on.
    pub(crate) fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Returns the parts that aren't ready.
    pub(super) async fn not_ready(&self) -> Vec<NotReady> {
        let mut parts = Vec::new();
        let mut add = |part, why| parts.push(NotReady { part, why });
        if self.is_draining.load(Ordering::Relaxed) {
            add("server", "shutting down");
        }
        if self.listening.load(Ordering::Relaxed) < LISTENERS {
            add("listeners", "not all of them are served");
        }
        if self.without_key.len() >= self.merchants {
            add("merchants", "no merchant has a key");
        }
        if let Err(why) = self.check_store().await {
            add("store", why);
        }
        parts
    }

    /// Checks that the store can be written and read, with a probe unless there was one within the last second, and that
    /// accepting hasn't failed since.
    async fn check_store(&self) -> Result<(), &'static str> {
        if let Some(why) = self.accepts.replaced() {
            return Err(why);
        }
        self.probe.get(self.probe()).await?;
        if self.accepts.failures() < MAX_FAILURES {
            Ok(())
        } else {
            Err("accepting failed three times in a row")
        }
    }

    async fn probe(&self) -> Result<(), &'static str> {
        match timeout(STORE_TIMEOUT, self.store.probe()).await {
            Ok(Ok(())) => {
                self.accepts.reset();
                Ok(())
            }
            Ok(Err(error)) => {
                tracing::error!(%error, cause = cause(&error), "the store isn't ready");
                self.accepts.note(&error);
                Err(self.accepts.replaced().unwrap_or("it can't be written and read"))
            }
            Err(_) => {
                tracing::error!("the store isn't ready: it doesn't answer");
                Err("it doesn't answer")
            }
        }
    }

    /// Returns the store's figures, at most a second old.
    pub(super) async fn stats(&self) -> Option<Stats> {
        let stats = async { timeout(STORE_TIMEOUT, self.store.stats()).await.ok()?.ok() };
        self.stats.get(stats).await
    }
}

/// Returns the cause of a store's error, for the log.
pub(super) fn cause(error: &wxhook_idempotency::Error) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}

/// A guard that counts a listener as served.
#[derive(Debug)]
pub(crate) struct Listening<'a>(&'a AtomicUsize);

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_executor::block_on;
    use wxhook_idempotency::MemoryStore;

    /// Returns the parts that aren't ready and the merchants without a key, with both listeners served.
    fn of(merchants: &[(&str, bool)]) -> (Vec<&'static str>, Vec<String>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _in_runtime = runtime.enter();
        let without_key = merchants.iter().filter(|(_, has_key)| !has_key);
        let without_key = without_key.map(|(name, _)| (*name).to_owned()).collect();
        let store = SharedStore::new(MemoryStore::default());
        let health = Health::new(store, Accepts::default(), without_key, merchants.len());
        let _both = (health.listening(), health.listening());
        let not_ready = block_on(health.not_ready());
        (not_ready.iter().map(|not_ready| not_ready.part).collect(), health.without_key().to_vec())
    }

    #[test]
    fn one_merchant_with_a_key_is_enough_and_the_others_are_named() {
        assert_eq!(of(&[("shop", true)]), (vec![], vec![]));
        assert_eq!(of(&[("shop", true), ("kiosk", false)]), (vec![], vec!["kiosk".to_owned()]));
        assert_eq!(of(&[("shop", false), ("kiosk", true)]), (vec![], vec!["shop".to_owned()]));
        assert_eq!(of(&[("shop", false)]), (vec!["merchants"], vec!["shop".to_owned()]));
        assert_eq!(of(&[]), (vec!["merchants"], vec![]));
    }
}
