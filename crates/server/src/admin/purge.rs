use super::events::failed;
use super::reply::Refused;
use serde::{Deserialize, Serialize};
use wxhook_idempotency::{SharedStore, Store as _};

/// Records of one step, unless the body says, and at most: nobody waits for long.
const USUAL: usize = 500;
const MOST: usize = 5_000;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Body {
    most: Option<usize>,
}

/// What one step of purging did.
#[derive(Serialize)]
pub(super) struct Purged {
    purged: u64,
    /// There may be more.
    more: bool,
}

/// Removes records that are done and past their retention.
pub(super) async fn purge(store: &SharedStore, body: &[u8]) -> Result<Purged, Refused> {
    let body: Body = match body.trim_ascii() {
        [] => Body::default(),
        body => serde_json::from_slice(body)
            .map_err(|_| Refused::bad_request("send {\"most\":500}, or nothing"))?,
    };
    let most = body.most.unwrap_or(USUAL);
    if !(1..=MOST).contains(&most) {
        return Err(Refused::bad_request("most is from 1 to 5000"));
    }
    let purged = store.purge(most).await.map_err(|error| failed(&error))?;
    Ok(Purged { purged, more: usize::try_from(purged).is_ok_and(|purged| purged >= most) })
}
