use super::listener::{Listener, ensure_open_files};
use super::workers::{Route, Workers, common_lane};
use super::{ObservedRequest, Observer, Server};
use crate::admin::{Access, Admin, Api, Health};
use crate::config::{Config, MerchantConfig, StoreConfig, StoreUrl};
use crate::error::Error;
use crate::merchant_lanes::lane_of;
use crate::metrics::Metrics;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use wxhook_delivery::{SharedSink, Waker};
use wxhook_idempotency::{Clock, Layered, MemoryOptions, MemoryStore, SharedStore, SystemClock};
use wxhook_receiver::{Limits, Merchant, Receiver};
use wxhook_wire::Catalog;

/// Wakers of the workers by lane, once there are workers.
pub(crate) type Wakers = Arc<OnceLock<HashMap<String, Waker>>>;

/// Binds a [`Server`] with some of its parts replaced.
pub struct ServerBuilder {
    config: Config,
    catalog: Arc<dyn Catalog>,
    sink: Option<SharedSink>,
    store: Option<SharedStore>,
    clock: Arc<dyn Clock>,
    observer: Option<Observer>,
    dropped_logs: fn() -> u64,
}

impl ServerBuilder {
    pub(super) fn new(config: Config, catalog: Arc<dyn Catalog>) -> Self {
        let clock = Arc::new(SystemClock::default());
        Self { config, catalog, sink: None, store: None, clock, observer: None, dropped_logs: || 0 }
    }

    /// Delivers every record to this sink, regardless of the configuration.
    #[must_use]
    pub fn with_sink(mut self, sink: SharedSink) -> Self {
        self.sink = Some(sink);
        self
    }

    /// Keeps records in this store instead of the configured one.
    #[must_use]
    pub fn with_store(mut self, store: SharedStore) -> Self {
        self.store = Some(store);
        self
    }

    /// Sets the clock. Default: the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Calls `observer` with each request to the notify listener, after its reply is made and before it is sent. It must
    /// not block.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&ObservedRequest) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Sets the function that returns the number of log lines which the program's subscriber has dropped, for the metric
    /// `wxhook_log_dropped_total`. Default: always 0.
    #[must_use]
    pub fn count_dropped_logs(mut self, dropped: fn() -> u64) -> Self {
        self.dropped_logs = dropped;
        self
    }

    /// Binds the server, as [`Server::bind`] does.
    ///
    /// # Errors
    /// As [`Server::bind`].
    pub async fn bind(self) -> Result<Server, Error> {
        let Self { config, catalog, sink, store, clock, observer, dropped_logs } = self;
        config.check_serve()?;
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        let [listen_place, admin_place] = ["listen", "admin_listen"].map(|key| config.place(key));
        let Config {
            listen,
            admin_listen,
            admin_token,
            mut limits,
            store: store_config,
            merchants,
            sink: common,
            ..
        } = config;
        // Before the store is opened: a server that can't listen creates none.
        limits.connections = ensure_open_files(limits.connections);
        let notify = Listener::bind(listen_place, listen)?;
        let admin_listener = Listener::bind(admin_place, admin_listen)?;
        let names: Arc<[String]> = merchants.iter().map(|merchant| merchant.name.clone()).collect();
        let metrics = Arc::new(Metrics::new(&names, dropped_logs)?);
        let routes = if sink.is_some() { Vec::new() } else { Route::all(common.as_ref(), &merchants) };
        let wakers = Wakers::default();
        let is_configured_store = store.is_none();
        let store = match store {
            Some(store) => SharedStore::new(Layered { store, layer: metrics.store.clone() }),
            None => open(&store_config, &clock, &metrics, &routes, &wakers).await?,
        };
        let common_lane = common_lane(common.is_some() || sink.is_some(), &merchants);
        let mut workers = Workers::new(&routes, &store, &metrics, &clock)?;
        if let Some(sink) = sink {
            let lanes = names.iter().map(|name| lane_of(name)).collect();
            workers.add(lanes, sink, None, &store, &metrics)?;
        } else if common.is_none() {
            warn_of_inboxes(&merchants);
        }
        let all_wakers = wakers.get_or_init(|| workers.wakers());
        // The store wakes the workers of lanes whose records it adds to a stream.
        let mut new_record_wakers = all_wakers.clone();
        if is_configured_store {
            let at_accept = routes.iter().filter(|route| route.is_at_accept());
            for lane in at_accept.flat_map(|route| &route.lanes) {
                new_record_wakers.remove(lane);
            }
        }
        let without_key = merchants.iter().filter(|merchant| !merchant.has_key());
        let without_key: Vec<_> = without_key.map(|merchant| merchant.name.clone()).collect();
        let health = Health::new(store.clone(), metrics.store.accepts.clone(), without_key, merchants.len());
        let receiver = receiver(catalog, store.clone(), clock, &limits, &new_record_wakers, &merchants)?;
        let admin = Arc::new(Admin {
            access: Access::new(admin_token, admin_listener.addr.ip()),
            health,
            metrics: Arc::clone(&metrics),
            api: Api {
                store: store.clone(),
                receiver: receiver.clone(),
                wakers: all_wakers.clone(),
                merchants: names,
                common_lane,
                parked: metrics.parked.clone(),
            },
        });
        let url = store_config.url;
        Ok(Server { notify, admin_listener, limits, receiver, admin, metrics, store, url, workers, observer })
    }
}

fn warn_of_inboxes(merchants: &[MerchantConfig]) {
    let inboxes = merchants.iter().filter(|merchant| merchant.sink.is_none());
    let merchants = inboxes.map(|merchant| &*merchant.name).collect::<Vec<_>>().join(", ");
    if !merchants.is_empty() {
        tracing::warn!(merchants, "no sink: an inbox only, records are kept and not delivered");
    }
}

/// Builds the receiver that a configuration describes.
pub(crate) fn receiver(
    catalog: Arc<dyn Catalog>,
    store: SharedStore,
    clock: Arc<dyn Clock>,
    limits: &crate::config::Limits,
    wakers: &HashMap<String, Waker>,
    merchants: &[MerchantConfig],
) -> Result<Receiver, Error> {
    let mut receiver_limits = Limits::default();
    receiver_limits.body = limits.body;
    receiver_limits.in_flight = limits.in_flight;
    receiver_limits.body_within = limits.body_timeout;
    let mut builder =
        Receiver::builder().catalog(catalog).store(store).clock(clock).limits(receiver_limits).after_reply();
    for (lane, waker) in wakers {
        let waker = waker.clone();
        builder = builder.waker(lane, move || waker.wake());
    }
    for merchant in merchants {
        builder = builder.merchant(Merchant::from(merchant).lane(lane_of(&merchant.name)));
    }
    Ok(builder.build()?)
}

/// Opens the store that a configuration names. Redis adds the records of some of the routes to streams.
#[cfg_attr(not(feature = "redis"), expect(unused_variables, reason = "only Redis has streams"))]
pub(crate) async fn open(
    config: &StoreConfig,
    clock: &Arc<dyn Clock>,
    metrics: &Metrics,
    routes: &[Route<'_>],
    wakers: &Wakers,
) -> Result<SharedStore, Error> {
    let ops = metrics.store.clone();
    match &config.url {
        StoreUrl::Memory => {
            tracing::warn!("records are kept in memory: everything is lost when the process ends");
            let options =
                MemoryOptions::default().with_retention(config.retention).with_clock(Arc::clone(clock));
            Ok(SharedStore::new(Layered { store: MemoryStore::new(options), layer: ops }))
        }
        #[cfg(feature = "sqlite")]
        StoreUrl::Sqlite(path) => {
            use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};
            let options =
                SqliteOptions::default().with_retention(config.retention).with_clock(Arc::clone(clock));
            let store = SqliteStore::open(path, options)
                .map_err(|source| Error::Store { fault: config.fault(&source), source })?;
            Ok(SharedStore::new(Layered { store, layer: ops }))
        }
        #[cfg(feature = "redis")]
        StoreUrl::Redis(url) => {
            use wxhook_idempotency_redis::{RedisOptions, RedisStore};
            let options = RedisOptions::default().with_retention(config.retention);
            let options = with_streams(options, metrics, routes, wakers);
            let store = RedisStore::open(url.reveal(), options)
                .await
                .map_err(|error| Error::Store { fault: config.redis_fault(&error), source: error.into() })?;
            Ok(SharedStore::new(Layered { store, layer: ops }))
        }
        #[cfg(not(all(feature = "sqlite", feature = "redis")))]
        _ => Err(Error::NotBuiltIn("store")),
    }
}

/// Adds the streams on the store's own server to its options. An entry that is added counts as a delivery; a record that
/// isn't added wakes the worker.
#[cfg(feature = "redis")]
fn with_streams(
    mut options: wxhook_idempotency_redis::RedisOptions,
    metrics: &Metrics,
    routes: &[Route<'_>],
    wakers: &Wakers,
) -> wxhook_idempotency_redis::RedisOptions {
    for Route { name, sink, lanes } in routes {
        let crate::config::SinkConfig::RedisStream(config) = sink else { continue };
        for lane in lanes.iter().filter(|_| config.at_accept) {
            let (count, wakers) = (metrics.delivery_attempts(name), Arc::clone(wakers));
            let stream = wxhook_sinks::RedisStreamSink::stream(crate::sinks::stream_options(config));
            let this = lane.clone();
            let stream = stream.observe(move |is_added| {
                if is_added {
                    count("done");
                } else if let Some(waker) = wakers.get().and_then(|wakers| wakers.get(&this)) {
                    waker.wake();
                }
            });
            options = options.with_stream(lane.as_str(), stream);
        }
    }
    options
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}
