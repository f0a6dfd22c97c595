//! The event log: `/api`, over HTTP or directly.

use super::Reply;
use super::events::{self, Item};
use super::reply::{ApiError, json};
use crate::config::Config;
use crate::error::Error;
use crate::merchant_lanes::{MERCHANT_LANES, lane_of};
use crate::metrics::{Metrics, ParkedTotal};
use crate::server::{Wakers, common_lane, open, receiver};
use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use wxhook_delivery::Waker;
use wxhook_idempotency::{
    Action, Clock, Filter, Lookup, Move, MoveResult, Operation, Seq, SharedStore, State, Store as _,
    StoredRecord, SystemClock,
};
use wxhook_receiver::{COMMON_LANE, Receiver, ReopenError, ReopenReport, is_quarantined};
use wxhook_wire::Catalog;

/// Maximum number of characters of an actor and of a reason.
const MAX_TEXT: usize = 1_000;
/// Maximum number of characters of an event's name in a log line.
const MAX_EVENT: usize = 64;
/// Default and maximum number of records that one request purges: nobody waits for long.
const PURGE_BATCH: usize = 500;
const MAX_PURGE_BATCH: usize = 5_000;
/// Number of records that are moved to another lane in one step.
const LANE_BATCH: usize = 200;
/// Maximum time to move records of an earlier version to the lanes of their merchants.
const SPLIT_TIMEOUT: Duration = Duration::from_secs(10);

/// A store and what operators may do with its records.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) store: SharedStore,
    /// Reopens quarantined requests.
    pub(crate) receiver: Receiver,
    /// Wakers of the workers by lane.
    pub(crate) wakers: HashMap<String, Waker>,
    /// Names of the configured merchants.
    pub(crate) merchants: Arc<[String]>,
    /// A lane whose records go to the common sink, if there is one.
    pub(crate) common_lane: Option<String>,
    pub(crate) parked: ParkedTotal,
}

/// A request to the API.
#[derive(Debug, Clone, Copy)]
pub(super) enum Route {
    List,
    Count,
    Show(Seq),
    Act(Seq, Verb),
    Purge,
    Adopt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Resend,
    Park,
    Discard,
}

impl Route {
    /// Parses a method and a path.
    pub(super) fn parse(method: &Method, path: &str) -> Result<Self, ApiError> {
        let seq = |text: &str| {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_number).map(Seq::new).ok_or(ApiError::NOT_FOUND)
        };
        let segments: Vec<_> = path.split('/').skip(1).collect();
        let route = match segments.as_slice() {
            ["api", "events"] => Self::List,
            ["api", "events", "count"] => Self::Count,
            ["api", "events", number] => Self::Show(seq(number)?),
            ["api", "events", number, "resend"] => Self::Act(seq(number)?, Verb::Resend),
            ["api", "events", number, "park"] => Self::Act(seq(number)?, Verb::Park),
            ["api", "events", number, "discard"] => Self::Act(seq(number)?, Verb::Discard),
            ["api", "purge"] => Self::Purge,
            ["api", "adopt"] => Self::Adopt,
            _ => return Err(ApiError::NOT_FOUND),
        };
        match route {
            Self::Act(..) | Self::Purge | Self::Adopt if method != Method::POST => {
                Err(ApiError::method_not_allowed("POST"))
            }
            Self::List | Self::Count | Self::Show(_) if !matches!(*method, Method::GET | Method::HEAD) => {
                Err(ApiError::method_not_allowed("GET, HEAD"))
            }
            route => Ok(route),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ActBody {
    actor: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdoptBody {
    merchant: String,
    actor: Option<String>,
    reason: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PurgeBody {
    most: Option<usize>,
}

/// A record after an operation.
#[derive(Serialize)]
struct Acted<'a> {
    #[serde(flatten)]
    item: Item<'a>,
    /// The record that a quarantined request became.
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_as: Option<OpenedAs>,
}

#[derive(Serialize)]
struct OpenedAs {
    seq: u64,
    became: &'static str,
}

#[derive(Serialize)]
struct AdoptReply<'a> {
    merchant: &'a str,
    adopted: u64,
    lane: &'a str,
}

#[derive(Serialize)]
struct PurgeReply {
    purged: u64,
    /// True if there may be more.
    more: bool,
}

impl Api {
    /// Answers an authorized request; `body` is that of a POST.
    pub(super) async fn answer(&self, route: Route, query: &str, body: &[u8]) -> Result<Reply, ApiError> {
        match route {
            Route::List => events::list(self, query).await,
            Route::Count => events::count(&self.store, query).await,
            Route::Show(seq) => Ok(events::show(&self.find(seq).await?)),
            Route::Act(seq, verb) => self.act(seq, verb, body).await,
            Route::Purge => self.purge(body).await,
            Route::Adopt => self.adopt(body).await,
        }
    }

    async fn find(&self, seq: Seq) -> Result<StoredRecord, ApiError> {
        self.store.get(Lookup::Seq(seq)).await?.ok_or(ApiError::NO_RECORD)
    }

    /// Acts on a record and returns it.
    async fn act(&self, seq: Seq, verb: Verb, body: &[u8]) -> Result<Reply, ApiError> {
        let ActBody { actor, reason } =
            parse(body, "send {\"actor\":\"…\",\"reason\":\"…\"}, both optional")?;
        let action = action(actor, reason)?;
        let before = self.find(seq).await?;
        if verb == Verb::Resend && is_quarantined(&before) {
            return self.reopen(&before, action).await;
        }
        let (operation, participle) = match verb {
            Verb::Resend => (Operation::Requeue, "sent again"),
            Verb::Park => (Operation::Park, "parked"),
            Verb::Discard => (Operation::Discard, "discarded"),
        };
        let after = self.store.act(seq, operation, action).await?.ok_or(ApiError::NO_RECORD)?;
        // An operation that the state doesn't allow leaves no note.
        if after.notes.len() <= before.notes.len() {
            let message = format!("a record that is {} can't be {participle}", after.state);
            return Err(ApiError::conflict("wrong-state", message));
        }
        if verb == Verb::Park {
            let (merchant, reason) = (&after.labels.merchant, "operator");
            let event: String = after.labels.event.chars().take(MAX_EVENT).collect();
            tracing::warn!(%seq, merchant, event, reason, "parked: it waits for an operator");
            self.parked.count(merchant, reason);
        } else {
            tracing::info!(%seq, state = %after.state, "{participle} by an operator");
        }
        self.wake(&after.lane);
        Ok(json(StatusCode::OK, &Acted { item: Item::new(&after), opened_as: None }))
    }

    /// Passes a quarantined request through the pipeline again, which makes another record.
    async fn reopen(&self, record: &StoredRecord, action: Action) -> Result<Reply, ApiError> {
        let code = match self.receiver.reopen(record, action).await {
            Ok(ReopenReport { seq, outcome, parked, .. }) => {
                if let Some(reason) = parked {
                    self.parked.count(&record.labels.merchant, reason.as_str());
                }
                let after = self.find(record.seq).await?;
                let opened_as = Some(OpenedAs { seq: seq.get(), became: outcome.as_str() });
                return Ok(json(StatusCode::OK, &Acted { item: Item::new(&after), opened_as }));
            }
            Err(ReopenError::Store(error)) => return Err(error.into()),
            Err(error @ ReopenError::NotParked(_)) => ("wrong-state", error),
            Err(error @ ReopenError::Full) => ("full", error),
            Err(error) => ("quarantined", error),
        };
        Err(ApiError::conflict(code.0, code.1.to_string()))
    }

    /// Purges one batch of records past their retention.
    async fn purge(&self, body: &[u8]) -> Result<Reply, ApiError> {
        let PurgeBody { most } = parse(body, "send {\"most\":500}, or nothing")?;
        let max = most.unwrap_or(PURGE_BATCH);
        if !(1..=MAX_PURGE_BATCH).contains(&max) {
            return Err(ApiError::bad_request("most must be from 1 to 5000"));
        }
        let purged = self.store.purge(max).await?;
        let more = usize::try_from(purged).is_ok_and(|purged| purged >= max);
        Ok(json(StatusCode::OK, &PurgeReply { purged, more }))
    }

    /// Moves the records of a merchant that isn't configured to the lane of a merchant with the common sink.
    async fn adopt(&self, body: &[u8]) -> Result<Reply, ApiError> {
        let expected = "send {\"merchant\":\"…\",\"actor\":\"…\",\"reason\":\"…\"}, the last two optional";
        let AdoptBody { merchant, actor, reason } = parse(body, expected)?;
        let action = action(actor, reason)?;
        if self.merchants.contains(&merchant) {
            let message = "the merchant is configured: its records are delivered to its sink";
            return Err(ApiError::conflict("configured", message));
        }
        let Some(lane) = self.common_lane.as_deref() else {
            let message = "there is no common sink, or no merchant that uses it: configure [sink]";
            return Err(ApiError::conflict("no-common-sink", message));
        };
        self.split_common_lane().await?;
        let from = lane_of(&merchant);
        let lanes = self.store.stats().await?.lanes;
        // Records that are accepted later aren't adopted.
        let newest = self.store.list(Filter::default(), None, 1).await?;
        let last = newest.records.first().map_or(Seq::new(0), |record| record.seq);
        if !lanes.iter().any(|stats| stats.lane == from && stats.waiting() > 0) {
            let message = "no record of a merchant with this name waits";
            return Err(ApiError::new(StatusCode::NOT_FOUND, "no-record", message));
        }
        let mut adopted = 0;
        loop {
            let adoption = Move::adopt(&*from, lane, last, action.clone(), LANE_BATCH);
            match self.store.move_records(adoption).await? {
                MoveResult::Moved(0) => break,
                MoveResult::Moved(moved) => adopted += moved,
                MoveResult::Leased => {
                    let mut filter = Filter::default();
                    (filter.merchant, filter.state) = (Some(merchant.clone()), Some(State::Leased));
                    let leased = self.store.list(filter, None, LANE_BATCH).await?.records;
                    let end = leased.iter().filter_map(|record| record.lease_until).max();
                    let end = end.map_or(String::new(), |end| format!(" (at {})", events::rfc3339(end)));
                    let message = format!(
                        "a server is delivering records of this merchant: stop it, and try again when its leases have \
                         ended{end}; {adopted} were adopted"
                    );
                    return Err(ApiError::conflict("leased", message));
                }
            }
        }
        tracing::info!(merchant, records = adopted, lane, "adopted by an operator");
        self.wake(lane);
        Ok(json(StatusCode::OK, &AdoptReply { merchant: &merchant, adopted, lane }))
    }

    /// Moves waiting records of an earlier version to the lanes of their merchants, as a server does after its start.
    async fn split_common_lane(&self) -> Result<(), ApiError> {
        let began = Instant::now();
        while self
            .store
            .stats()
            .await?
            .lanes
            .iter()
            .any(|stats| stats.lane == COMMON_LANE && stats.waiting() > 0)
        {
            if began.elapsed() > SPLIT_TIMEOUT {
                let message = "records of an earlier version are still moved to the lanes of their merchants: try again";
                return Err(ApiError::conflict("splitting", message));
            }
            let _moved =
                self.store.move_records(Move::split(COMMON_LANE, MERCHANT_LANES, LANE_BATCH)).await?;
        }
        Ok(())
    }

    fn wake(&self, lane: &str) {
        if let Some(waker) = self.wakers.get(lane) {
            waker.wake();
        }
    }
}

/// Parses a JSON body; an empty one has no members.
fn parse<T: DeserializeOwned>(body: &[u8], expected: &'static str) -> Result<T, ApiError> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|_| ApiError::bad_request(expected))
}

fn action(actor: Option<String>, reason: Option<String>) -> Result<Action, ApiError> {
    let (actor, reason) = (actor.unwrap_or_else(|| "api".to_owned()), reason.unwrap_or_default());
    if actor.chars().count().max(reason.chars().count()) > MAX_TEXT {
        return Err(ApiError::bad_request("actor and reason have at most 1000 characters"));
    }
    Ok(Action::new(actor, reason))
}

/// The event log of a configured store without its server. It answers what the admin API answers under `/api`.
///
/// A server may use the store at the same time if the store can be shared. Nothing is delivered here: records that are
/// sent again wait for the server.
pub struct EventLog {
    api: Api,
}

impl EventLog {
    /// Opens the store.
    ///
    /// # Errors
    /// [`Error`], as for a server that is bound.
    pub async fn open(config: Config, catalog: Arc<dyn Catalog>) -> Result<Self, Error> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let merchants: Arc<[String]> =
            config.merchants.iter().map(|merchant| merchant.name.clone()).collect();
        let metrics = Metrics::new(&merchants, || 0)?;
        let store = open(&config.store, &clock, &metrics, &[], &Wakers::default()).await?;
        let wakers = HashMap::new();
        let common_lane = common_lane(config.sink.is_some(), &config.merchants);
        let receiver = receiver(catalog, store.clone(), clock, &config.limits, &wakers, &config.merchants)?;
        let parked = metrics.parked.clone();
        Ok(Self { api: Api { store, receiver, wakers, merchants, common_lane, parked } })
    }

    /// Answers a GET of a path, for example `/api/events?state=parked`, with status and body.
    pub async fn get(&self, path_and_query: &str) -> (u16, Bytes) {
        self.answer(&Method::GET, path_and_query, &[]).await
    }

    /// Answers a POST to a path, for example `/api/events/6/resend`, with status and body.
    pub async fn post(&self, path: &str, body: &[u8]) -> (u16, Bytes) {
        self.answer(&Method::POST, path, body).await
    }

    async fn answer(&self, method: &Method, path_and_query: &str, body: &[u8]) -> (u16, Bytes) {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let reply = match Route::parse(method, path) {
            Ok(route) => self.api.answer(route, query, body).await,
            Err(error) => Err(error),
        };
        let reply = reply.unwrap_or_else(Reply::from);
        let status = reply.status().as_u16();
        let Ok(body) = reply.into_body().collect().await;
        (status, body.to_bytes())
    }
}

impl fmt::Debug for EventLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLog").finish_non_exhaustive()
    }
}
