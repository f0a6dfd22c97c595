use crate::client::Client;
use crate::fault::is_forbidden;
use crate::memory::Replacement;
use crate::open;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use wxhook_idempotency::Error;

/// Interval of the checks of the server while something is written: that it evicts nothing, and that it is still the
/// same run of the same server.
const INTERVAL: Duration = Duration::from_millis(250);

/// Findings of the checks of a server.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    next: Mutex<Option<Instant>>,
    seen: Mutex<Option<Seen>>,
    is_hidden: AtomicBool,
}

/// A run of a server, and the number of keys that it had evicted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    run: String,
    evicted: u64,
}

impl Watch {
    /// Returns whether a check is due. If it is, the caller must do it.
    pub(crate) fn is_due(&self) -> bool {
        let now = Instant::now();
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let due = next.is_none_or(|next| next <= now);
        if due {
            *next = Some(now + INTERVAL);
        }
        due
    }

    /// Remembers a server when the store is opened. Returns the number of keys that it has evicted.
    pub(crate) fn begin(&self, info: &str) -> u64 {
        let seen = seen(info);
        let evicted = seen.as_ref().map_or(0, |seen| seen.evicted);
        *self.lock() = seen;
        evicted
    }

    /// Returns true at the first call only.
    pub(crate) fn is_news(&self) -> bool {
        !self.is_hidden.swap(true, Ordering::Relaxed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seen(info: &str) -> Option<Seen> {
    let run = open::field(info, "run_id")?.to_owned();
    let evicted = open::field(info, "evicted_keys").and_then(|keys| keys.parse().ok()).unwrap_or(0);
    Some(Seen { run, evicted })
}

impl Client {
    /// Checks the server. A server that can't be asked now isn't an error here: the operation that caused the check
    /// fails.
    ///
    /// # Errors
    /// Returns [`Error::Replaced`] if the store must not be used any more.
    pub(crate) async fn check_server(&self) -> Result<(), Error> {
        let info = match open::figures(self).await {
            Ok(info) => info,
            Err(error) if is_forbidden(&error) => String::new(),
            Err(_) => return Ok(()),
        };
        let Ok(policy) = open::policy(self, &info).await else { return Ok(()) };
        if policy.is_some_and(|policy| policy != open::NO_EVICTION) {
            return Err(self.memory.replace(Replacement::Evicts));
        }
        let Some(new) = seen(&info) else { return Ok(()) };
        let old = self.watch.lock().clone();
        if old.as_ref().is_some_and(|old| old.run == new.run && old.evicted < new.evicted) {
            return Err(self.memory.replace(Replacement::Evicted));
        }
        if old.as_ref().is_none_or(|old| old.run != new.run) {
            tracing::warn!("redis was restarted, or another server took over; the store is checked");
            match open::check_again(self).await {
                Err(error @ Error::Replaced(_)) => return Err(error),
                // The next check follows soon.
                Err(_) => return Ok(()),
                Ok(()) => {}
            }
        }
        *self.watch.lock() = Some(new);
        Ok(())
    }
}
