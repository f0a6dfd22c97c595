//! Health, metrics and the event log, on `admin_listen`.

mod access;
mod act;
mod events;
mod health;
mod query;
mod reply;

pub(crate) use access::Access;
pub(crate) use health::Health;

use crate::metrics::Metrics;
use bytes::Bytes;
use health::Missing;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use reply::Refused;
use serde::Serialize;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use wxhook_delivery::Waker;
use wxhook_idempotency::{Seq, SharedStore};

type Answer = Response<Full<Bytes>>;

/// What answers on `admin_listen`.
#[derive(Debug)]
pub(crate) struct Admin {
    pub(crate) access: Access,
    pub(crate) health: Health,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) store: SharedStore,
    /// By lane.
    pub(crate) wakers: HashMap<String, Waker>,
}

/// What a path stands for.
enum Route<'a> {
    Health,
    Ready,
    Metrics,
    List,
    Show(Seq),
    Act(Seq, &'a str),
    Nothing,
}

/// The answer of `/readyz`.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    not_ready: Vec<Missing>,
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
        let route = route(path);
        let allowed = match route {
            Route::Act(..) => &[Method::POST][..],
            Route::Nothing => return Refused::NOT_FOUND.into(),
            _ => &[Method::GET, Method::HEAD][..],
        };
        if !allowed.contains(&parts.method) {
            return reply::method_not_allowed(allowed);
        }
        let answered = match route {
            Route::Health => Ok(reply::text("text/plain; charset=utf-8", "ok\n".to_owned())),
            Route::Ready => Ok(self.ready().await),
            Route::Metrics => Ok(self.metrics().await),
            Route::List => events::list(&self.store, parts.uri.query().unwrap_or_default()).await,
            Route::Show(seq) => events::show(&self.store, seq).await,
            Route::Act(seq, verb) => act::act(self, seq, verb, body).await,
            Route::Nothing => Err(Refused::NOT_FOUND),
        };
        answered.unwrap_or_else(Answer::from)
    }

    async fn ready(&self) -> Answer {
        let missing = self.health.missing().await;
        let status = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        reply::json(status, &Readiness { ready: missing.is_empty(), not_ready: missing })
    }

    async fn metrics(&self) -> Answer {
        let text = self.metrics.render(self.health.stats().await);
        reply::text("text/plain; version=0.0.4; charset=utf-8", text)
    }
}

fn route(path: &str) -> Route<'_> {
    let of_record = |seq: &str| {
        let digits = !seq.is_empty() && seq.bytes().all(|byte| byte.is_ascii_digit());
        seq.parse().ok().filter(|_| digits).map(Seq::new)
    };
    let segments: Vec<_> = path.split('/').skip(1).collect();
    match segments.as_slice() {
        ["healthz"] => Route::Health,
        ["readyz"] => Route::Ready,
        ["metrics"] => Route::Metrics,
        ["api", "events"] => Route::List,
        ["api", "events", seq] => of_record(seq).map_or(Route::Nothing, Route::Show),
        ["api", "events", seq, verb @ ("resend" | "park" | "discard")] => {
            of_record(seq).map_or(Route::Nothing, |seq| Route::Act(seq, verb))
        }
        _ => Route::Nothing,
    }
}
