//! Health, metrics and the event log, on `admin_listen`.

mod access;
mod act;
mod adopt;
mod amount;
mod api;
mod body;
mod client;
mod events;
mod health;
mod log;
mod purge;
mod query;
mod reply;

pub(crate) use access::Access;
pub use amount::Amount;
pub(crate) use api::Api;
pub use client::{AdminClient, AdminError};
pub(crate) use health::Health;
pub use log::EventLog;

use crate::metrics::Metrics;
use api::Ask;
use bytes::Bytes;
use health::Missing;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use reply::Refused;
use serde::Serialize;
use std::net::IpAddr;
use std::sync::Arc;

type Answer = Response<Full<Bytes>>;

/// What answers on `admin_listen`.
#[derive(Debug)]
pub(crate) struct Admin {
    pub(crate) access: Access,
    pub(crate) health: Health,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) api: Api,
}

/// What a path stands for.
enum Route<'a> {
    Health,
    Ready,
    Metrics,
    Api(Ask<'a>),
}

/// The answer of `/readyz`.
#[derive(Serialize)]
struct Readiness<'a> {
    ready: bool,
    not_ready: Vec<Missing>,
    /// Merchants whose notifications are all rejected.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    merchants_without_key: &'a [String],
}

impl Admin {
    /// Answers one request of `peer`.
    pub(crate) async fn answer(&self, peer: IpAddr, request: Request<Incoming>) -> Answer {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        if (path == "/api" || path.starts_with("/api/"))
            && let Err(refused) = self.access.check(peer, &parts)
        {
            tracing::warn!(%peer, status = refused.status.as_u16(), "admin API: {}", refused.message);
            return refused.into();
        }
        let Some(route) = route(path) else { return Refused::NOT_FOUND.into() };
        let allowed = match route {
            Route::Api(ask) => ask.allowed(),
            _ => &[Method::GET, Method::HEAD],
        };
        if !allowed.contains(&parts.method) {
            return reply::method_not_allowed(allowed);
        }
        match route {
            Route::Health => reply::text("text/plain; charset=utf-8", "ok\n".to_owned()),
            Route::Ready => self.ready().await,
            Route::Metrics => self.metrics().await,
            Route::Api(ask) => {
                let query = parts.uri.query().unwrap_or_default();
                self.ask(ask, query, &parts.method, body).await.unwrap_or_else(Answer::from)
            }
        }
    }

    async fn ask(
        &self,
        ask: Ask<'_>,
        query: &str,
        method: &Method,
        body: Incoming,
    ) -> Result<Answer, Refused> {
        let body = if *method == Method::POST { body::read(body).await? } else { Bytes::new() };
        self.api.answer(ask, query, &body).await
    }

    async fn ready(&self) -> Answer {
        let missing = self.health.missing().await;
        let status = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let (ready, merchants_without_key) = (missing.is_empty(), self.health.without_key());
        reply::json(status, &Readiness { ready, not_ready: missing, merchants_without_key })
    }

    async fn metrics(&self) -> Answer {
        let stats = self.health.stats().await;
        let foreign = stats.as_ref().map(|stats| self.api.foreign_records(&stats.lanes));
        let text = self.metrics.render(stats, foreign);
        reply::text("text/plain; version=0.0.4; charset=utf-8", text)
    }
}

fn route(path: &str) -> Option<Route<'_>> {
    match path {
        "/healthz" => Some(Route::Health),
        "/readyz" => Some(Route::Ready),
        "/metrics" => Some(Route::Metrics),
        _ => Ask::of(path).map(Route::Api),
    }
}
