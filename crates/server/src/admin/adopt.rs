use super::Answer;
use super::act::{MOST_TEXT, conflict};
use super::api::Api;
use super::events::failed;
use super::reply::{Refused, json};
use crate::foreign::{MERCHANT_LANES, lane_of};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::Instant;
use wxhook_idempotency::{Action, Filter, Move, MoveResult, Seq, Store as _};
use wxhook_receiver::COMMON_LANE;

/// Records that are moved in one step.
const SLICE: usize = 200;
/// Maximum time for records of an earlier version to find their merchant's lane.
const SPLIT_WITHIN: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    merchant: String,
    actor: Option<String>,
    reason: Option<String>,
}

/// The result of an adoption.
#[derive(Serialize)]
struct Report<'a> {
    merchant: &'a str,
    adopted: u64,
    lane: &'a str,
}

/// Gives the records of a merchant that isn't configured to the common sink.
pub(super) async fn adopt(api: &Api, body: &[u8]) -> Result<Answer, Refused> {
    let (merchant, action) = parse(body)?;
    if api.merchants.contains(&merchant) {
        return Err(conflict(
            "configured",
            "the merchant is configured: its records are delivered to its sink".to_owned(),
        ));
    }
    let Some(to) = api.common_lane.as_deref() else {
        return Err(conflict(
            "no-common-sink",
            "there is no common sink, or no merchant that uses it: configure [sink]".to_owned(),
        ));
    };
    split(api).await?;
    let from = lane_of(&merchant);
    let lanes = api.store.stats().await.map_err(|error| failed(&error))?.lanes;
    let last = last(api).await?;
    if !lanes.iter().any(|stats| stats.lane == from && stats.waiting() > 0) {
        return Err(Refused::new(
            StatusCode::NOT_FOUND,
            "no-record",
            "no record of a merchant of this name waits",
        ));
    }
    let mut adopted = 0;
    loop {
        let adoption = Move::adopt(&*from, to, last, action.clone(), SLICE);
        match api.store.move_records(adoption).await.map_err(|error| failed(&error))? {
            MoveResult::Moved(0) => break,
            MoveResult::Moved(moved) => adopted += moved,
            MoveResult::Leased => {
                let message = format!(
                    "a server is delivering records of this merchant: stop it, or wait until it is done; {adopted} were \
                     adopted"
                );
                return Err(conflict("leased", message));
            }
        }
    }
    tracing::info!(merchant, records = adopted, lane = to, "adopted by an operator");
    if let Some(waker) = api.wakers.get(to) {
        waker.wake();
    }
    Ok(json(StatusCode::OK, &Report { merchant: &merchant, adopted, lane: to }))
}

/// The number of the newest record: what comes later isn't adopted.
async fn last(api: &Api) -> Result<Seq, Refused> {
    let page = api.store.list(Filter::default(), None, 1).await.map_err(|error| failed(&error))?;
    Ok(page.records.first().map_or(Seq::new(0), |record| record.seq))
}

/// Gives waiting records of an earlier version the lanes of their merchants, as a server does once it has started.
async fn split(api: &Api) -> Result<(), Refused> {
    let began = Instant::now();
    loop {
        let lanes = api.store.stats().await.map_err(|error| failed(&error))?.lanes;
        if !lanes.iter().any(|stats| stats.lane == COMMON_LANE && stats.waiting() > 0) {
            return Ok(());
        }
        if began.elapsed() > SPLIT_WITHIN {
            return Err(conflict(
                "splitting",
                "records of an earlier version are still given the lanes of their merchants: try again"
                    .to_owned(),
            ));
        }
        let step = api.store.move_records(Move::split(COMMON_LANE, MERCHANT_LANES, SLICE));
        let _moved = step.await.map_err(|error| failed(&error))?;
    }
}

fn parse(body: &[u8]) -> Result<(String, Action), Refused> {
    let body: Body = serde_json::from_slice(body).map_err(|_| {
        Refused::bad_request(
            "send {\"merchant\":\"…\",\"actor\":\"…\",\"reason\":\"…\"}, the last two optional",
        )
    })?;
    let (actor, reason) = (body.actor.unwrap_or_else(|| "api".to_owned()), body.reason.unwrap_or_default());
    if actor.chars().count().max(reason.chars().count()) > MOST_TEXT {
        return Err(Refused::bad_request("actor and reason have at most 1000 characters"));
    }
    Ok((body.merchant, Action::new(actor, reason)))
}
