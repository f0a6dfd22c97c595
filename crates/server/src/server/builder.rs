use super::Server;
use super::descriptors;
use super::listener::Bound;
use super::observer::{Exchange, Observe};
use super::streams::Streams;
use super::workers::{Workers, common_lane};
use crate::admin::{Access, Admin, Api, Health};
use crate::config::{Config, MerchantConfig, StoreConfig, StoreUrl};
use crate::error::Error;
use crate::foreign::lane_of;
use crate::metrics::Metrics;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use wxhook_delivery::{SharedSink, Waker};
use wxhook_idempotency::{Clock, Layered, MemoryOptions, MemoryStore, SharedStore, SystemClock};
use wxhook_idempotency_redis::{RedisOptions, RedisStore};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};
use wxhook_receiver::{Builder, Limits, Merchant, Receiver};
use wxhook_wire::Catalog;

/// Binds a [`Server`], with parts replaced.
pub struct ServerBuilder {
    config: Config,
    catalog: Arc<dyn Catalog>,
    sink: Option<SharedSink>,
    store: Option<SharedStore>,
    clock: Arc<dyn Clock>,
    observe: Option<Observe>,
    dropped_logs: fn() -> u64,
}

impl ServerBuilder {
    pub(super) fn new(config: Config, catalog: Arc<dyn Catalog>) -> Self {
        let clock = Arc::new(SystemClock::default());
        Self { config, catalog, sink: None, store: None, clock, observe: None, dropped_logs: || 0 }
    }

    /// Hands every record to this sink, whatever the configuration says.
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

    /// Another clock than the machine's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Tells of each request to the notify listener, once its answer is made and before it is sent: `observe` must not
    /// wait for anything.
    #[must_use]
    pub fn observe(mut self, observe: impl Fn(&Exchange<'_>) + Send + Sync + 'static) -> Self {
        self.observe = Some(Arc::new(observe));
        self
    }

    /// Takes the number of log lines that the program's subscriber had to drop from `dropped`, for the metric
    /// `wxhook_log_dropped_total`. Without this it stays 0.
    #[must_use]
    pub fn count_dropped_logs(mut self, dropped: fn() -> u64) -> Self {
        self.dropped_logs = dropped;
        self
    }

    /// As [`Server::bind`].
    ///
    /// # Errors
    /// As [`Server::bind`].
    pub async fn bind(self) -> Result<Server, Error> {
        let Self { config, catalog, sink, store, clock, observe, dropped_logs } = self;
        config.check_serve()?;
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        let places = ["listen", "admin_listen"].map(|key| config.place(key));
        let Config {
            listen,
            admin_listen,
            admin_token,
            mut limits,
            store: kept,
            merchants,
            sink: common,
            ..
        } = config;
        let metrics = Arc::new(Metrics::new(merchants.iter().map(|merchant| &*merchant.name))?);
        metrics.count_dropped_logs(dropped_logs)?;
        let streams = match &sink {
            Some(_) => Streams::default(),
            None => Streams::new(common.as_ref(), &merchants),
        };
        let (store, streams) = match store {
            Some(store) => {
                (SharedStore::new(Layered { store, layer: metrics.store.clone() }), Streams::default())
            }
            None => (open(&kept, &clock, &metrics, &streams).await?, streams),
        };
        let common_lane = common_lane(common.is_some() || sink.is_some(), &merchants);
        let names = merchants.iter().map(|merchant| merchant.name.clone()).collect();
        let workers = Workers::new(&store, &metrics, &clock, common.as_ref(), &merchants, sink)?;
        let wakers = workers.wakers();
        let keyed = merchants.iter().map(|merchant| (&*merchant.name, merchant.has_key()));
        let health = Health::new(store.clone(), metrics.store.accepts.clone(), keyed);
        let others = streams.take_wakers(&wakers);
        let receiver = receiver(catalog, store.clone(), clock, &limits, &others, merchants)?;

        limits.connections = descriptors::ensure(limits.connections);
        let [listen_place, admin_place] = places;
        let notify = Bound::bind(listen_place, listen)?;
        let admin_listener = Bound::bind(admin_place, admin_listen)?;
        let admin = Arc::new(Admin {
            access: Access::new(admin_token, admin_listener.addr.ip()),
            health,
            metrics: Arc::clone(&metrics),
            api: Api {
                store: store.clone(),
                receiver: receiver.clone(),
                wakers,
                merchants: names,
                common_lane,
                parked: metrics.parked.clone(),
            },
        });
        let url = kept.url;
        Ok(Server { notify, admin_listener, limits, receiver, admin, metrics, store, url, workers, observe })
    }
}

/// The receiver that a configuration describes.
pub(crate) fn receiver(
    catalog: Arc<dyn Catalog>,
    store: SharedStore,
    clock: Arc<dyn Clock>,
    limits: &crate::config::Limits,
    wakers: &HashMap<String, Waker>,
    merchants: Vec<MerchantConfig>,
) -> Result<Receiver, Error> {
    let mut bounds = Limits::default();
    bounds.body = limits.body;
    bounds.in_flight = limits.in_flight;
    bounds.body_within = limits.body_timeout;
    let mut builder =
        Receiver::builder().catalog(catalog).store(store).clock(clock).limits(bounds).after_reply();
    for (lane, waker) in wakers {
        let waker = waker.clone();
        builder = builder.waker(lane, move || waker.wake());
    }
    let with_merchant = |builder: Builder, config: MerchantConfig| {
        builder.merchant(Merchant::from(&config).lane(lane_of(&config.name)))
    };
    Ok(merchants.into_iter().fold(builder, with_merchant).build()?)
}

/// The store that a configuration names; if it is Redis, it puts records on these streams.
pub(crate) async fn open(
    kept: &StoreConfig,
    clock: &Arc<dyn Clock>,
    metrics: &Metrics,
    streams: &Streams,
) -> Result<SharedStore, Error> {
    let (retention, ops) = (kept.retention, metrics.store.clone());
    match &kept.url {
        StoreUrl::Memory => {
            tracing::warn!("records are kept in memory: everything is lost when the process ends");
            let options = MemoryOptions::default().with_retention(retention).with_clock(Arc::clone(clock));
            Ok(SharedStore::new(Layered { store: MemoryStore::new(options), layer: ops }))
        }
        StoreUrl::Sqlite(path) => {
            let options = SqliteOptions::default().with_retention(retention).with_clock(Arc::clone(clock));
            let store = SqliteStore::open(path, options)
                .map_err(|source| Error::Store { fault: kept.fault(&source), source })?;
            Ok(SharedStore::new(Layered { store, layer: ops }))
        }
        StoreUrl::Redis(url) => {
            let options = streams.put_into(RedisOptions::default().with_retention(retention), metrics);
            let store = RedisStore::open(url.reveal(), options)
                .await
                .map_err(|error| Error::Store { fault: kept.redis_fault(&error), source: error.into() })?;
            Ok(SharedStore::new(Layered { store, layer: ops }))
        }
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}
