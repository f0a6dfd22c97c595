use super::phase::{Phase, Watch};
use std::time::Duration;
use tokio::time::sleep;
use wxhook_idempotency::{SharedStore, Store as _};

/// Records of one step: small, so that nothing waits for it.
const BATCH: usize = 500;
/// Between steps while there is more, and when there isn't.
const NEXT: Duration = Duration::from_millis(200);
const LATER: Duration = Duration::from_secs(60);

/// Removes what is past its retention, now and then, until the server drains.
pub(super) async fn run(store: SharedStore, mut watch: Watch) -> &'static str {
    let purging = async {
        loop {
            let wait = match store.purge(BATCH).await {
                Ok(purged) => {
                    if purged > 0 {
                        tracing::debug!(purged, "records past their retention");
                    }
                    if usize::try_from(purged).is_ok_and(|purged| purged < BATCH) { LATER } else { NEXT }
                }
                Err(error) => {
                    tracing::warn!(%error, "purging failed");
                    LATER
                }
            };
            sleep(wait).await;
        }
    };
    tokio::select! {
        () = watch.until(Phase::Draining) => {}
        () = purging => {}
    }
    "purge"
}
