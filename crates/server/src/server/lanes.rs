use super::phase::{Phase, Watch};
use crate::foreign::{Foreign, MERCHANT_LANES};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use wxhook_idempotency::{Error, Move, SharedStore, Store as _};
use wxhook_receiver::COMMON_LANE;

/// Records that are moved in one step, and the pause after it, so that nothing waits for it.
const SLICE: usize = 200;
const PAUSE: Duration = Duration::from_millis(10);
/// Until an unavailable store is tried again, and until the lanes are looked at again.
const AGAIN: Duration = Duration::from_secs(10);
const LATER: Duration = Duration::from_secs(3600);

/// Gives every record of earlier versions, which had one lane for all, the lane of its merchant; warns of records whose
/// merchant isn't configured. Until the server drains.
pub(super) async fn run(store: SharedStore, merchants: Arc<[String]>, mut watch: Watch) -> &'static str {
    let keeping = async {
        let mut warned = Foreign::default();
        loop {
            let wait = match look(&store, &merchants, &mut warned).await {
                Ok(()) => LATER,
                Err(error) => {
                    tracing::warn!(%error, "the lanes of the store can't be looked at; trying again");
                    AGAIN
                }
            };
            sleep(wait).await;
        }
    };
    tokio::select! {
        () = watch.until(Phase::Draining) => {}
        () = keeping => {}
    }
    "lanes"
}

async fn look(store: &SharedStore, merchants: &[String], warned: &mut Foreign) -> Result<(), Error> {
    warn(store, merchants, warned).await?;
    let mut moved = 0;
    loop {
        match store.move_records(Move::split(COMMON_LANE, MERCHANT_LANES, SLICE)).await?.moved() {
            0 => break,
            slice => moved += slice,
        }
        sleep(PAUSE).await;
    }
    if moved > 0 {
        tracing::info!(
            records = moved,
            "records of an earlier version were given the lanes of their merchants"
        );
        warn(store, merchants, warned).await?;
    }
    Ok(())
}

/// Warns of what isn't as it was when it was warned of last.
async fn warn(store: &SharedStore, merchants: &[String], warned: &mut Foreign) -> Result<(), Error> {
    let is_configured = |name: &str| merchants.iter().any(|merchant| merchant == name);
    let foreign = Foreign::among(&store.stats().await?.lanes, is_configured);
    if foreign != *warned {
        if !foreign.is_empty() {
            tracing::warn!("{foreign}");
        }
        *warned = foreign;
    }
    Ok(())
}
