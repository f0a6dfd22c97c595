use crate::durable::Waiting;
use crate::fault::{Fault, connecting};
use crate::target::{Connection, Target};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Pause after a failure to connect. It doubles after each further failure.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A connection, and the state of waiting for replicas on it.
pub(crate) struct Link {
    pub(crate) connection: Connection,
    pub(crate) waiting: Waiting,
}

/// The connection that all handles share, which is replaced when it breaks.
///
/// The first operation without a connection connects, and the others wait for it. After a failure there is a pause in
/// which operations fail at once, so that an outage causes neither a burst of attempts nor a queue of waiting
/// operations.
pub(crate) struct Links {
    pub(crate) target: Target,
    limit: Duration,
    current: Mutex<Option<Arc<Link>>>,
    pause: tokio::sync::Mutex<Pause>,
}

/// The time of the next attempt, and the reason for the pause.
#[derive(Default)]
struct Pause {
    failures: u32,
    last: Option<(Instant, Fault)>,
}

impl Links {
    /// Creates the value without a connection. Connecting may take up to `limit`.
    pub(crate) fn new(target: Target, limit: Duration) -> Self {
        Self { target, limit, current: Mutex::default(), pause: tokio::sync::Mutex::default() }
    }

    /// Returns the connection, or makes a new one if there is none.
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

    /// Stops using a connection.
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

/// Returns a random pause between half of its length and all of it, so that processes don't all retry at once.
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
