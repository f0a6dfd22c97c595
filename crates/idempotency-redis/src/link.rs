use crate::durable::Waiting;
use crate::fault::{Fault, connecting};
use crate::target::{Connection, Target};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// After a failure to connect, nobody tries again for so long; twice as long after each further one.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// One connection, and what waits for replicas on it.
pub(crate) struct Link {
    pub(crate) connection: Connection,
    pub(crate) waiting: Waiting,
}

/// The one connection that everybody uses, replaced when it broke.
///
/// Whoever finds none connects, and the others wait for that. After a failure there is a pause in which everybody is
/// told at once that there is no connection, so that an outage is met neither by a rush nor by waiting.
pub(crate) struct Links {
    pub(crate) target: Target,
    limit: Duration,
    current: Mutex<Option<Arc<Link>>>,
    pause: tokio::sync::Mutex<Pause>,
}

/// When it may be tried again, and why not before.
#[derive(Default)]
struct Pause {
    failures: u32,
    last: Option<(Instant, Fault)>,
}

impl Links {
    /// None yet; connecting may take `limit`.
    pub(crate) fn new(target: Target, limit: Duration) -> Self {
        Self { target, limit, current: Mutex::default(), pause: tokio::sync::Mutex::default() }
    }

    /// The connection; a new one if there is none.
    pub(crate) async fn get(&self) -> Result<Arc<Link>, Fault> {
        if let Some(link) = self.current() {
            return Ok(link);
        }
        let mut pause = self.pause.lock().await;
        if let Some(link) = self.current() {
            return Ok(link);
        }
        if let Some((until, fault)) = &pause.last
            && Instant::now() < *until
        {
            return Err(fault.clone());
        }
        let fault = match timeout(self.limit, self.target.connect(self.limit)).await {
            Ok(Ok(connection)) => {
                if pause.failures > 0 {
                    tracing::info!(attempts = pause.failures, "connected to redis again");
                }
                *pause = Pause::default();
                let link = Arc::new(Link { connection, waiting: Waiting::default() });
                *self.lock() = Some(Arc::clone(&link));
                return Ok(link);
            }
            Ok(Err(error)) => connecting(&error),
            Err(_) => Fault::ConnectTime(self.limit),
        };
        if pause.failures == 0 {
            tracing::warn!(%fault, "no connection to redis");
        }
        pause.failures = pause.failures.saturating_add(1);
        pause.last = Some((Instant::now() + length(pause.failures), fault.clone()));
        Err(fault)
    }

    /// This connection isn't to be used any more.
    pub(crate) fn drop_link(&self, link: &Arc<Link>) {
        let mut current = self.lock();
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, link)) {
            *current = None;
        }
    }

    fn current(&self) -> Option<Arc<Link>> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Link>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Between half of it and the whole, so that processes don't all try at once.
fn length(failures: u32) -> Duration {
    let doubled = SHORTEST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10));
    doubled.min(LONGEST_PAUSE).mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound() {
        for _ in 0..100 {
            assert!(length(1) <= SHORTEST_PAUSE && length(1) >= SHORTEST_PAUSE / 2);
            assert!(length(4) >= SHORTEST_PAUSE * 4);
            assert!(length(u32::MAX) <= LONGEST_PAUSE && length(u32::MAX) >= LONGEST_PAUSE / 2);
        }
    }
}
