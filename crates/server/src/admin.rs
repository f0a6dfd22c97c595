//! Health, metrics and the event log, on `admin_listen`.

mod access;
mod amount;
mod api;
#[cfg(feature = "client")]
mod client;
mod events;
mod health;
mod reply;

pub(crate) use access::Access;
pub use amount::Amount;
pub(crate) use api::Api;
pub use api::EventLog;
#[cfg(feature = "client")]
pub use client::{AdminClient, AdminError};
pub(crate) use health::Health;

use crate::merchant_lanes::ForeignRecords;
use crate::metrics::Metrics;
use api::Route;
use bytes::Bytes;
use health::NotReady;
use http::{Method, Request, Response, StatusCode, request::Parts};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use reply::ApiError;
use serde::Serialize;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

type Reply = Response<Full<Bytes>>;

/// Maximum size of a request's body in bytes, and maximum time to receive it.
const MAX_BODY: usize = 64 << 10;
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// The handler of `admin_listen`.
#[derive(Debug)]
pub(crate) struct Admin {
    pub(crate) access: Access,
    pub(crate) health: Health,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) api: Api,
}

/// The body of `/readyz`.
#[derive(Serialize)]
struct Readiness<'a> {
    ready: bool,
    not_ready: Vec<NotReady>,
    /// Merchants whose notifications are all rejected.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    merchants_without_key: &'a [String],
}

impl Admin {
    /// Answers a request of `peer`.
    pub(crate) async fn answer(&self, peer: IpAddr, request: Request<Incoming>) -> Reply {
        let (parts, body) = request.into_parts();
        self.try_answer(peer, &parts, body).await.unwrap_or_else(Reply::from)
    }

    async fn try_answer(&self, peer: IpAddr, parts: &Parts, body: Incoming) -> Result<Reply, ApiError> {
        let path = parts.uri.path();
        if path == "/api" || path.starts_with("/api/") {
            self.access.check(peer, parts).inspect_err(|error| {
                tracing::warn!(%peer, status = error.status.as_u16(), "admin API: {}", error.message);
            })?;
            let route = Route::parse(&parts.method, path)?;
            let body = if parts.method == Method::POST { read(body).await? } else { Bytes::new() };
            return self.api.answer(route, parts.uri.query().unwrap_or_default(), &body).await;
        }
        let is_get = matches!(parts.method, Method::GET | Method::HEAD);
        match path {
            "/healthz" | "/readyz" | "/metrics" if !is_get => Err(ApiError::method_not_allowed("GET, HEAD")),
            "/healthz" => Ok(reply::text("text/plain; charset=utf-8", "ok\n".to_owned())),
            "/readyz" => Ok(self.ready().await),
            "/metrics" => {
                let stats = self.health.stats().await;
                let foreign = stats
                    .as_ref()
                    .map(|stats| ForeignRecords::among(&stats.lanes, &self.api.merchants).total());
                let text = self.metrics.render(stats, foreign);
                Ok(reply::text("text/plain; version=0.0.4; charset=utf-8", text))
            }
            _ => Err(ApiError::NOT_FOUND),
        }
    }

    async fn ready(&self) -> Reply {
        let (not_ready, merchants_without_key) = (self.health.not_ready().await, self.health.without_key());
        let ready = not_ready.is_empty();
        let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        reply::json(status, &Readiness { ready, not_ready, merchants_without_key })
    }
}

/// Reads a body within its limits.
async fn read(body: Incoming) -> Result<Bytes, ApiError> {
    match timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is larger than 64 KiB"))
        }
        Ok(Err(_)) => Err(ApiError::bad_request("the body is incomplete")),
        Err(_) => {
            Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the body did not arrive in time"))
        }
    }
}
