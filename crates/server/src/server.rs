mod builder;
mod connection;
mod connections;
mod descriptors;
mod expired;
mod head;
mod lanes;
mod listener;
mod observer;
mod phase;
mod ports;
mod purge;
mod rejections;
mod streams;
mod workers;

pub use builder::ServerBuilder;
pub(crate) use builder::{open, receiver};
pub use observer::Exchange;
pub(crate) use streams::Streams;
pub(crate) use workers::common_lane;

use crate::admin::Admin;
use crate::config::{Config, Limits, StoreUrl};
use crate::error::Error;
use crate::metrics::Metrics;
use connection::Surroundings;
use connections::Connections;
use expired::Expired;
use listener::Bound;
use observer::{Observe, Sent};
use phase::{Phase, Phases};
use rejections::Rejections;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use workers::Workers;
use wxhook_idempotency::SharedStore;
use wxhook_receiver::Receiver;
use wxhook_wire::Catalog;

/// Requests that run when the server is told to stop may go on for so long.
const DRAIN: Duration = Duration::from_secs(10);
/// Connections to the admin listener.
const MAX_ADMIN_CONNECTIONS: usize = 64;

/// A server whose listeners are bound, and which could open everything that it needs.
pub struct Server {
    notify: Bound,
    admin_listener: Bound,
    limits: Limits,
    receiver: Receiver,
    admin: Arc<Admin>,
    metrics: Arc<Metrics>,
    store: SharedStore,
    url: StoreUrl,
    workers: Workers,
    observe: Option<Observe>,
}

impl Server {
    /// Opens the store, builds the receiver and the workers, and then binds both listeners: what can fail fails here,
    /// before a port is open. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`Error`], in that order.
    pub async fn bind(config: Config, catalog: Arc<dyn Catalog>) -> Result<Self, Error> {
        Self::builder(config, catalog).bind().await
    }

    /// The same with parts replaced.
    pub fn builder(config: Config, catalog: Arc<dyn Catalog>) -> ServerBuilder {
        ServerBuilder::new(config, catalog)
    }

    /// Where notifications are received, with the real port.
    pub fn addr(&self) -> SocketAddr {
        self.notify.addr
    }

    /// Where health, metrics and the event log are, with the real port.
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin_listener.addr
    }

    /// Where records are kept, without a password.
    pub fn store_url(&self) -> String {
        self.url.to_string()
    }

    /// The database file, if the store is one.
    pub fn store_path(&self) -> Option<&Path> {
        self.url.path()
    }

    /// Serves until `shutdown` is ready. Then: no new connections, not ready any more; running requests end, within 10
    /// seconds; the workers drain and release; the store is closed.
    ///
    /// # Errors
    /// [`Error::Ended`] when a part of the server ended by itself; the rest was shut down as if asked to.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        let Self {
            notify, admin_listener, limits, receiver, admin, metrics, store, workers, observe, ..
        } = self;
        let metrics_parked = metrics.parked.clone();
        let (phases, admin_phases, work) = (Phases::new(), Phases::new(), Phases::new());
        let mut tasks = JoinSet::new();

        let rejections = |listener| {
            Rejections::new(listener, metrics.http_rejected.clone(), receiver.rejections().clone())
        };

        let serving = Arc::clone(&admin);
        let connections = Connections::admin(MAX_ADMIN_CONNECTIONS);
        let surroundings = Surroundings {
            header_timeout: Limits::default().header_timeout,
            watch: admin_phases.watch(),
            rejections: rejections("admin_listen"),
        };
        tasks.spawn(async move {
            let _listening = serving.health.listening();
            let admin = Arc::clone(&serving);
            listener::serve(admin_listener, connections, surroundings, move |peer, request| {
                let admin = Arc::clone(&admin);
                async move { admin.answer(peer.ip(), request).await }
            })
            .await;
            "admin listener"
        });
        let serving = Arc::clone(&admin);
        let connections = Connections::notify(limits.connections, metrics.connections.clone());
        let surroundings = Surroundings {
            header_timeout: limits.header_timeout,
            watch: phases.watch(),
            rejections: rejections("listen"),
        };
        let open = connections.clone();
        let answering = receiver.clone();
        tasks.spawn(async move {
            let _listening = serving.health.listening();
            listener::serve(notify, connections, surroundings, move |peer, request| {
                let (receiver, metrics) = (answering.clone(), Arc::clone(&metrics));
                let observe = observe.as_ref().map(|observe| (Arc::clone(observe), Sent::of(&request)));
                async move {
                    let began = Instant::now();
                    let response = receiver.answer(request).await;
                    let (report, elapsed) = (response.extensions().get(), began.elapsed());
                    metrics.answered(report, elapsed);
                    if let (Some((observe, sent)), Some(report)) = (observe, report) {
                        observe(&sent.answered(peer, response.status().as_u16(), report, elapsed));
                    }
                    response
                }
            })
            .await;
            "listener"
        });
        workers.start(&mut tasks, &work);
        tasks.spawn(lanes::run(store.clone(), Arc::clone(&admin.api.merchants), work.watch()));
        tasks.spawn(Expired::new(store.clone(), metrics_parked).run(work.watch()));
        tasks.spawn(purge::run(store, work.watch()));

        let ended = tokio::select! {
            () = shutdown => None,
            ended = tasks.join_next() => Some(ended.and_then(Result::ok).unwrap_or("task")),
        };
        match ended {
            None => tracing::debug!("shutting down"),
            Some(part) => tracing::error!(part, "ended unexpectedly; shutting down"),
        }
        admin.health.drain();
        phases.set(Phase::Draining);
        if timeout(DRAIN, open.none()).await.is_err() {
            tracing::warn!("requests still run; they are cut off and will be sent again");
        }
        receiver.drain();
        phases.set(Phase::Over);
        // The workers have bounds of their own.
        work.set(Phase::Draining);
        while tasks.len() > 1 {
            // All but the admin listener, which answers until the end.
            if tasks.join_next().await.is_none() {
                break;
            }
        }
        admin_phases.set(Phase::Draining);
        admin_phases.set(Phase::Over);
        receiver.rejections().flush();
        while tasks.join_next().await.is_some() {}
        ended.map_or(Ok(()), |part| Err(Error::Ended(part)))
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("addr", &self.addr())
            .field("admin_addr", &self.admin_addr())
            .field("store", &self.store_url())
            .finish_non_exhaustive()
    }
}
