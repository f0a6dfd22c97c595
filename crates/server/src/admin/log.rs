use super::Answer;
use super::api::{Api, Ask};
use super::reply::{Refused, method_not_allowed};
use crate::config::Config;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::server::{Streams, common_lane, open, receiver};
use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt as _;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use wxhook_idempotency::{Clock, SystemClock};
use wxhook_wire::Catalog;

/// The event log of a configuration's store without its server: what the admin API answers under `/api`, asked directly.
///
/// The store may be in use by a server at the same time, where it can be shared. Nothing is handed on here: what is sent
/// again waits for the server.
pub struct EventLog {
    api: Api,
}

impl EventLog {
    /// Opens the store.
    ///
    /// # Errors
    /// [`Error`], as of a server that is bound.
    pub async fn open(config: Config, catalog: Arc<dyn Catalog>) -> Result<Self, Error> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let metrics = Metrics::new(config.merchants.iter().map(|merchant| &*merchant.name))?;
        let store = open(&config.store, &clock, &metrics, &Streams::default()).await?;
        let wakers = HashMap::new();
        let common_lane = common_lane(config.sink.is_some(), &config.merchants);
        let merchants = config.merchants.iter().map(|merchant| merchant.name.clone()).collect();
        let receiver = receiver(catalog, store.clone(), clock, &config.limits, &wakers, config.merchants)?;
        let parked = metrics.parked.clone();
        Ok(Self { api: Api { store, receiver, wakers, merchants, common_lane, parked } })
    }

    /// The status and the body that a GET of this path, e.g. `/api/events?state=parked`, is answered with.
    pub async fn get(&self, path_and_query: &str) -> (u16, Bytes) {
        self.ask(&Method::GET, path_and_query, &[]).await
    }

    /// The status and the body that a POST to this path, e.g. `/api/events/6/resend`, is answered with.
    pub async fn post(&self, path: &str, body: &[u8]) -> (u16, Bytes) {
        self.ask(&Method::POST, path, body).await
    }

    async fn ask(&self, method: &Method, path_and_query: &str, body: &[u8]) -> (u16, Bytes) {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let answer = match Ask::of(path) {
            None => Refused::NOT_FOUND.into(),
            Some(ask) if !ask.allowed().contains(method) => method_not_allowed(ask.allowed()),
            Some(ask) => self.api.answer(ask, query, body).await.unwrap_or_else(Answer::from),
        };
        let status = answer.status().as_u16();
        let Ok(body) = answer.into_body().collect().await;
        (status, body.to_bytes())
    }
}

impl fmt::Debug for EventLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLog").finish_non_exhaustive()
    }
}
