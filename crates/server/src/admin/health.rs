use crate::metrics::Accepts;
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
/// Number of failed accepts in a row that can't be chance.
const MAX_FAILURES: u32 = 3;

/// What readiness depends on.
#[derive(Debug)]
pub(crate) struct Health {
    store: SharedStore,
    accepts: Accepts,
    /// Merchants for whom nothing can be verified.
    without_key: Vec<String>,
    any_key: bool,
    listening: AtomicUsize,
    draining: AtomicBool,
    probed: Mutex<Option<(Instant, Result<(), &'static str>)>>,
    stats: Mutex<Option<(Instant, Option<Stats>)>>,
}

/// A part that isn't ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Missing {
    part: &'static str,
    why: &'static str,
}

impl Health {
    /// `merchants` are names, and whether each has a key.
    pub(crate) fn new<'a>(
        store: SharedStore,
        accepts: Accepts,
        merchants: impl IntoIterator<Item = (&'a str, bool)>,
    ) -> Self {
        let (with, without): (Vec<_>, Vec<_>) = merchants.into_iter().partition(|(_, has_key)| *has_key);
        Self {
            store,
            accepts,
            without_key: without.into_iter().map(|(name, _)| name.to_owned()).collect(),
            any_key: !with.is_empty(),
            listening: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            probed: Mutex::new(None),
            stats: Mutex::new(None),
        }
    }

    /// Returns the names of merchants for whom nothing can be verified.
    pub(super) fn without_key(&self) -> &[String] {
        &self.without_key
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
        if !self.any_key {
            note("merchants", "no merchant has a key");
        }
        if let Err(why) = self.try_store().await {
            note("store", why);
        }
        missing
    }

    /// Returns whether the store can be written and read: by a probe of now or of within the last second, unless
    /// accepting has failed since.
    async fn try_store(&self) -> Result<(), &'static str> {
        let mut probed = self.probed.lock().await;
        if let Some(why) = self.accepts.replaced() {
            return Err(why);
        }
        if let Some((at, result)) = *probed
            && at.elapsed() < FRESH
        {
            let failing = self.accepts.failures() >= MAX_FAILURES;
            return result.and(if failing { Err("accepting failed three times in a row") } else { Ok(()) });
        }
        let result = match timeout(PATIENCE, self.store.probe()).await {
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
        };
        *probed = Some((Instant::now(), result));
        result
    }

    /// The store's figures, of now or of within the last second.
    pub(super) async fn stats(&self) -> Option<Stats> {
        let mut last = self.stats.lock().await;
        if let Some((at, stats)) = &*last
            && at.elapsed() < FRESH
        {
            return stats.clone();
        }
        let stats = timeout(PATIENCE, self.store.stats()).await.ok().and_then(Result::ok);
        *last = Some((Instant::now(), stats.clone()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use futures_executor::block_on;
    use wxhook_idempotency::MemoryStore;

    /// Returns the parts that aren't ready and the merchants without a key, with both listeners served.
    fn of(merchants: &[(&str, bool)]) -> (Vec<&'static str>, Vec<String>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _in_runtime = runtime.enter();
        let store = SharedStore::new(MemoryStore::default());
        let health = Health::new(store, Accepts::default(), merchants.iter().copied());
        let _both = (health.listening(), health.listening());
        let missing = block_on(health.missing());
        (missing.iter().map(|missing| missing.part).collect(), health.without_key().to_vec())
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
