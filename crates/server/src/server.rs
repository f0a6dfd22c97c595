mod builder;
mod connection;
mod connections;
mod listener;
mod maintenance;
mod rejections;
mod workers;

pub use builder::ServerBuilder;
pub(crate) use builder::{Wakers, open, receiver};
pub(crate) use workers::common_lane;

use crate::admin::Admin;
use crate::config::{Config, Limits, StoreUrl};
use crate::error::Error;
use crate::metrics::Metrics;
use bytes::Bytes;
use connection::ConnectionOptions;
use connections::Connections;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use listener::Listener;
use rejections::Rejections;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use workers::Workers;
use wxhook_idempotency::SharedStore;
use wxhook_receiver::{Receiver, RequestReport};
use wxhook_wire::Catalog;

/// Maximum time for requests in progress to end when the server is told to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum number of connections to the admin listener.
const MAX_ADMIN_CONNECTIONS: usize = 64;

/// The two stages of a listener's shutdown.
#[derive(Debug, Clone, Default)]
struct Shutdown {
    /// Nothing new is accepted; requests in progress may end.
    drain: CancellationToken,
    /// Requests in progress are cut off.
    abort: CancellationToken,
}

/// A request to the notify listener and its reply.
///
/// Method, path and headers are what the sender claims; `report` tells whether they were verified. `Debug` omits them.
#[derive(Clone)]
#[non_exhaustive]
pub struct ObservedRequest {
    /// Address of the sender, or of the proxy in front.
    pub peer: SocketAddr,
    /// HTTP method.
    pub method: Method,
    /// Path without the query.
    pub path: String,
    /// Headers.
    pub headers: HeaderMap,
    /// HTTP status of the reply.
    pub status: u16,
    /// The receiver's report.
    pub report: RequestReport,
    /// Time between the head of the request and the reply.
    pub elapsed: Duration,
}

type Observer = Arc<dyn Fn(&ObservedRequest) + Send + Sync>;

/// A server whose listeners are bound, with everything open that it needs.
pub struct Server {
    notify: Listener,
    admin_listener: Listener,
    limits: Limits,
    receiver: Receiver,
    admin: Arc<Admin>,
    metrics: Arc<Metrics>,
    store: SharedStore,
    url: StoreUrl,
    workers: Workers,
    observer: Option<Observer>,
}

impl Server {
    /// Opens the store, builds the receiver and the workers, and then binds both listeners: whatever can fail fails here,
    /// before a port is open. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`Error`], in that order.
    pub async fn bind(config: Config, catalog: Arc<dyn Catalog>) -> Result<Self, Error> {
        Self::builder(config, catalog).bind().await
    }

    /// Returns a builder that replaces parts of the server.
    pub fn builder(config: Config, catalog: Arc<dyn Catalog>) -> ServerBuilder {
        ServerBuilder::new(config, catalog)
    }

    /// Returns the address that receives notifications, with its actual port.
    pub fn addr(&self) -> SocketAddr {
        self.notify.addr
    }

    /// Returns the address of health, metrics and the event log, with its actual port.
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin_listener.addr
    }

    /// Returns the URL of the store, without a password.
    pub fn store_url(&self) -> String {
        self.url.to_string()
    }

    /// Returns the path of the database file, if the store is one.
    pub fn store_path(&self) -> Option<&Path> {
        self.url.path()
    }

    /// Serves until `shutdown` completes. Then it stops accepting and isn't ready any more; requests in progress end
    /// within 10 seconds; the workers drain and release their leases; the store is closed.
    ///
    /// # Errors
    /// [`Error::Ended`] if a part of the server ended by itself; the rest was shut down regularly.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        let Self {
            notify, admin_listener, limits, receiver, admin, metrics, store, workers, observer, ..
        } = self;
        let (notify_shutdown, admin_shutdown) = (Shutdown::default(), Shutdown::default());
        let drain_work = CancellationToken::new();
        let mut tasks = JoinSet::new();

        let options = |listener, header_timeout, shutdown: &Shutdown| {
            let rejected = metrics.http_rejected.clone();
            let rejections = Rejections::new(listener, rejected, receiver.rejections().clone());
            ConnectionOptions { header_timeout, shutdown: shutdown.clone(), rejections }
        };
        let admin_options = options("admin_listen", Limits::default().header_timeout, &admin_shutdown);
        let notify_options = options("listen", limits.header_timeout, &notify_shutdown);
        let connections = Connections::notify(limits.connections, metrics.connections.clone());
        tasks.spawn(serve_admin(admin_listener, Arc::clone(&admin), admin_options));
        let open = connections.clone();
        let (serving, answering, parked) = (Arc::clone(&admin), receiver.clone(), metrics.parked.clone());
        tasks.spawn(async move {
            let _listening = serving.health.listening();
            let handle = move |peer, request| {
                answer(answering.clone(), Arc::clone(&metrics), observer.clone(), peer, request)
            };
            notify.serve(connections, notify_options, handle).await;
            "listener"
        });
        workers.start(&mut tasks, &drain_work);
        let merchants = Arc::clone(&admin.api.merchants);
        spawn(&mut tasks, &drain_work, "lanes", maintenance::check_lanes(store.clone(), merchants));
        spawn(&mut tasks, &drain_work, "leases", maintenance::watch_last_attempts(store.clone(), parked));
        spawn(&mut tasks, &drain_work, "purge", maintenance::purge(store));

        let ended = tokio::select! {
            () = shutdown => None,
            ended = tasks.join_next() => Some(ended.and_then(Result::ok).unwrap_or("task")),
        };
        match ended {
            None => tracing::debug!("shutting down"),
            Some(part) => tracing::error!(part, "ended unexpectedly; shutting down"),
        }
        admin.health.drain();
        notify_shutdown.drain.cancel();
        if timeout(DRAIN_TIMEOUT, open.none()).await.is_err() {
            tracing::warn!("requests still run; they are cut off and will be sent again");
        }
        receiver.drain();
        notify_shutdown.abort.cancel();
        // The workers have time limits of their own.
        drain_work.cancel();
        // The admin listener answers until the end.
        while tasks.len() > 1 && tasks.join_next().await.is_some() {}
        admin_shutdown.drain.cancel();
        admin_shutdown.abort.cancel();
        receiver.rejections().flush();
        while tasks.join_next().await.is_some() {}
        ended.map_or(Ok(()), |part| Err(Error::Ended(part)))
    }
}

async fn serve_admin(listener: Listener, admin: Arc<Admin>, options: ConnectionOptions) -> &'static str {
    let _listening = admin.health.listening();
    let connections = Connections::admin(MAX_ADMIN_CONNECTIONS);
    let answering = Arc::clone(&admin);
    let handle = move |peer: SocketAddr, request| {
        let admin = Arc::clone(&answering);
        async move { admin.answer(peer.ip(), request).await }
    };
    listener.serve(connections, options, handle).await;
    "admin listener"
}

/// Answers a request to the notify listener, counts it, and tells the observer.
async fn answer(
    receiver: Receiver,
    metrics: Arc<Metrics>,
    observer: Option<Observer>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let observer = observer.map(|observer| {
        (observer, request.method().clone(), request.uri().path().to_owned(), request.headers().clone())
    });
    let began = Instant::now();
    let response = receiver.answer(request).await;
    let (report, elapsed) = (response.extensions().get::<RequestReport>(), began.elapsed());
    metrics.answered(report, elapsed);
    if let (Some((observer, method, path, headers)), Some(report)) = (observer, report) {
        let (status, report) = (response.status().as_u16(), report.clone());
        observer(&ObservedRequest { peer, method, path, headers, status, report, elapsed });
    }
    response
}

/// Spawns a task that ends when `drain` is cancelled.
fn spawn(
    tasks: &mut JoinSet<&'static str>,
    drain: &CancellationToken,
    name: &'static str,
    task: impl Future<Output = ()> + Send + 'static,
) {
    let drain = drain.clone();
    tasks.spawn(async move {
        drain.run_until_cancelled(task).await;
        name
    });
}

impl fmt::Debug for ObservedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedRequest")
            .field("status", &self.status)
            .field("report", &self.report)
            .field("elapsed", &self.elapsed)
            .finish_non_exhaustive()
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
