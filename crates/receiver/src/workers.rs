use crate::receiver::Receiver;
use std::future::pending;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use wxhook_delivery::{Worker, WorkerOptions};
use wxhook_idempotency::{SharedStore, Store as _};

/// Maximum number of records that one step of purging removes, so that nothing has to wait for it.
const PURGE_BATCH: usize = 500;
/// The pauses between steps of purging, while there is more and when there isn't.
const PURGE_NEXT: Duration = Duration::from_millis(200);
const PURGE_LATER: Duration = Duration::from_secs(60);

/// The running workers of a receiver.
///
/// Dropping it lets them run until the process ends, which drops the handlers that are running; they run again once their
/// leases expire.
#[derive(Debug)]
#[must_use = "call `shutdown` before the process ends, so that running handlers can finish"]
pub struct Workers {
    /// `None` without handlers.
    worker: Option<JoinHandle<()>>,
    purge: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Receiver {
    /// Starts handling records after the reply, for all merchants, and purging those past their retention.
    ///
    /// A new record wakes the worker at once; records that are retried, or accepted by another process, are found by
    /// polling. Any number of processes may work on one store.
    ///
    /// # Panics
    /// Outside a tokio runtime with time.
    pub fn workers(&self, options: WorkerOptions) -> Workers {
        let (stop, mut stopped) = watch::channel(false);
        let worker = self.processor().map(|processor| {
            let worker = Worker::new(processor, self.lanes(), options);
            self.add_worker(worker.waker());
            tokio::spawn(worker.run(async move {
                // The sender is dropped if nobody will call `shutdown`.
                if stopped.wait_for(|stop| *stop).await.is_err() {
                    pending::<()>().await;
                }
            }))
        });
        Workers { worker, purge: tokio::spawn(purge(self.inner.store.clone())), stop }
    }
}

impl Workers {
    /// Claims nothing more, waits for running handlers for at most [`WorkerOptions::drain`], and releases the records of the
    /// rest.
    pub async fn shutdown(self) {
        self.purge.abort();
        self.stop.send_replace(true);
        if let Some(worker) = self.worker {
            // A task that panicked has ended, too.
            let _ = worker.await;
        }
    }
}

/// Removes records past their retention, for ever.
async fn purge(store: SharedStore) {
    loop {
        let pause = match store.purge(PURGE_BATCH).await {
            Ok(purged) if usize::try_from(purged).is_ok_and(|purged| purged >= PURGE_BATCH) => PURGE_NEXT,
            Ok(_) => PURGE_LATER,
            Err(error) => {
                tracing::warn!(%error, "purging failed");
                PURGE_LATER
            }
        };
        sleep(pause).await;
    }
}
