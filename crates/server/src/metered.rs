use crate::metrics::StoreOps;
use std::time::Duration;
use wxhook_idempotency::{AcceptResult, BeginResult, ClaimId, Entry, Error, Layer, Store, StoreOp};

/// Times every operation of a store, including those that are dropped before they end.
impl<S: Store> Layer<S> for StoreOps {
    async fn around<T: Send>(
        &self,
        op: StoreOp,
        operation: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let _timer = self.timer(op);
        operation.await
    }

    async fn accept(&self, store: &S, entry: Entry) -> Result<AcceptResult, Error> {
        let attempt = self.accepts.attempt();
        let accepted = Layer::<S>::around(self, StoreOp::Accept, store.accept(entry)).await;
        if matches!(accepted, Ok(AcceptResult::Changed { .. })) {
            self.changed.inc();
        }
        attempt.end(&accepted);
        accepted
    }

    async fn begin(
        &self,
        store: &S,
        entry: Entry,
        id: ClaimId,
        lease: Duration,
    ) -> Result<BeginResult, Error> {
        let attempt = self.accepts.attempt();
        let begun = Layer::<S>::around(self, StoreOp::Begin, store.begin(entry, id, lease)).await;
        if matches!(begun, Ok(BeginResult::Changed { .. })) {
            self.changed.inc();
        }
        attempt.end(&begun);
        begun
    }
}
