use prometheus::{
    HistogramVec, IntCounter, Registry, histogram_opts, register_histogram_vec_with_registry,
    register_int_counter_with_registry,
};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use wxhook_idempotency::{AcceptResult, BeginResult, ClaimId, Entry, Error, Layer, Store, StoreOp};

/// Buckets in seconds.
const BUCKETS: [f64; 11] = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 2.5];

/// A layer that measures a store: the duration of every operation, also of one that is dropped before it ends, the number
/// of conflicting records, and failures to accept.
#[derive(Debug, Clone)]
pub(crate) struct StoreOps {
    seconds: HistogramVec,
    changed: IntCounter,
    pub(crate) accepts: Accepts,
}

impl StoreOps {
    pub(super) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let options =
            histogram_opts!("wxhook_store_seconds", "Duration of the store's operations.", BUCKETS.to_vec());
        let seconds = register_histogram_vec_with_registry!(options, &["op"], registry)?;
        for op in StoreOp::ALL {
            seconds.with_label_values(&[op.as_str()]);
        }
        let changed = register_int_counter_with_registry!(
            "wxhook_changed_total",
            "Notifications with other content under a known key.",
            registry
        )?;
        Ok(Self { seconds, changed, accepts: Accepts::default() })
    }

    /// Runs an operation that accepts an entry.
    async fn accepting<T: Send>(
        &self,
        op: StoreOp,
        operation: impl Future<Output = Result<T, Error>> + Send,
        is_changed: impl Fn(&T) -> bool + Send,
    ) -> Result<T, Error> {
        // Counts as failed unless it ends well: an operation that is dropped has taken too long.
        let attempt = Attempt { accepts: &self.accepts, succeeded: false };
        let timer = self.seconds.with_label_values(&[op.as_str()]).start_timer();
        let result = operation.await;
        drop(timer);
        if result.as_ref().is_ok_and(is_changed) {
            self.changed.inc();
        }
        attempt.end(&result);
        result
    }
}

impl<S: Store> Layer<S> for StoreOps {
    async fn around<T: Send>(
        &self,
        op: StoreOp,
        operation: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let _timer = self.seconds.with_label_values(&[op.as_str()]).start_timer();
        operation.await
    }

    async fn accept(&self, store: &S, entry: Entry) -> Result<AcceptResult, Error> {
        let is_changed = |result: &AcceptResult| matches!(result, AcceptResult::Changed { .. });
        self.accepting(StoreOp::Accept, store.accept(entry), is_changed).await
    }

    async fn begin(
        &self,
        store: &S,
        entry: Entry,
        id: ClaimId,
        lease: Duration,
    ) -> Result<BeginResult, Error> {
        let is_changed = |result: &BeginResult| matches!(result, BeginResult::Changed { .. });
        self.accepting(StoreOp::Begin, store.begin(entry, id, lease), is_changed).await
    }
}

/// The failures to accept since the last success, or since the last successful probe.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accepts(Arc<Failures>);

#[derive(Debug, Default)]
struct Failures {
    in_a_row: AtomicU32,
    /// Why the store isn't the one that was opened, until the server is restarted.
    replaced: OnceLock<&'static str>,
}

impl Accepts {
    /// Returns the number of failures in a row.
    pub(crate) fn failures(&self) -> u32 {
        self.0.in_a_row.load(Ordering::Relaxed)
    }

    /// Resets the number of failures.
    pub(crate) fn reset(&self) {
        if self.failures() > 0 {
            self.0.in_a_row.store(0, Ordering::Relaxed);
        }
    }

    /// Returns why the store must not be used any more, once it has said so.
    pub(crate) fn replaced(&self) -> Option<&'static str> {
        self.0.replaced.get().copied()
    }

    /// Remembers an error that lasts until a restart.
    pub(crate) fn note(&self, error: &Error) {
        if let Error::Replaced(why) = error {
            self.0.replaced.get_or_init(|| why);
        }
    }
}

/// An attempt to accept an entry.
#[derive(Debug)]
struct Attempt<'a> {
    accepts: &'a Accepts,
    succeeded: bool,
}

impl Attempt<'_> {
    fn end<T>(mut self, result: &Result<T, Error>) {
        match result {
            Ok(_) => {
                self.succeeded = true;
                self.accepts.reset();
            }
            Err(error) => self.accepts.note(error),
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.succeeded {
            self.accepts.0.in_a_row.fetch_add(1, Ordering::Relaxed);
        }
    }
}
