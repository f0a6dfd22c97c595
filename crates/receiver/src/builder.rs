use crate::error::BuildError;
use crate::growth::Orders;
use crate::handlers::{Handler, IntoHandled, Router};
use crate::limits::Limits;
use crate::merchant::Merchant;
use crate::near::NearPaths;
use crate::notification::Notification;
use crate::receiver::{ClaimIds, Inner, Receiver, Waker};
use crate::rejections::RejectionLog;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::Semaphore;
use wxhook_delivery::{Check, Processor, SharedCheck, SharedSink};
use wxhook_idempotency::{Clock, SharedStore, SystemClock};
use wxhook_wire::v2::FieldNames;
use wxhook_wire::{Catalog, Cipher, Event, Flag, Protocol};

/// When handlers run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mode {
    /// After the reply, by a worker; questions before it.
    #[default]
    After,
    /// All before the reply, which says how it went.
    Before,
}

/// Builds a [`Receiver`]. Necessary are a store, a catalog and at least one merchant.
#[derive(Default)]
pub struct Builder {
    catalog: Option<Arc<dyn Catalog>>,
    store: Option<SharedStore>,
    clock: Option<Arc<dyn Clock>>,
    limits: Limits,
    merchants: Vec<Merchant>,
    handlers: Vec<Handler>,
    otherwise: Option<Handler>,
    check: Option<SharedCheck>,
    handler_timeout: Option<Duration>,
    mode: Mode,
    wakers: HashMap<String, Vec<Waker>>,
}

impl Builder {
    /// What notifications are told apart by.
    #[must_use]
    pub fn catalog(mut self, catalog: Arc<dyn Catalog>) -> Self {
        self.catalog = Some(catalog);
        self
    }

    /// Where they are accepted.
    #[must_use]
    pub fn store(mut self, store: SharedStore) -> Self {
        self.store = Some(store);
        self
    }

    /// Another clock than the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Other limits than the default ones.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// One more merchant.
    #[must_use]
    pub fn merchant(mut self, merchant: Merchant) -> Self {
        self.merchants.push(merchant);
        self
    }

    /// Handles one event, or one variant of it.
    #[must_use]
    pub fn on<E, F, Fut>(mut self, handle: F) -> Self
    where
        E: Event,
        F: Fn(E, Notification) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoHandled> + Send + 'static,
    {
        self.handlers.push(Handler::on(handle));
        self
    }

    /// Handles what no other handler takes, and what doesn't fit their models. Without it such records are parked.
    #[must_use]
    pub fn otherwise<F, Fut>(mut self, handle: F) -> Self
    where
        F: Fn(Notification) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoHandled> + Send + 'static,
    {
        self.otherwise = Some(Handler::otherwise(handle));
        self
    }

    /// Compares each notification with the merchant's own order before any handler sees it.
    #[must_use]
    pub fn check(mut self, check: impl Check) -> Self {
        self.check = Some(SharedCheck::new(check));
        self
    }

    /// How long a handler may take; 60 s. The reply doesn't wait that long.
    #[must_use]
    pub fn handler_timeout(mut self, timeout: Duration) -> Self {
        self.handler_timeout = Some(timeout);
        self
    }

    /// Handlers run before the reply, which says how it went: failed means 500, still running 503.
    #[must_use]
    pub fn before_reply(mut self) -> Self {
        self.mode = Mode::Before;
        self
    }

    /// The reply says that a notification is safe; a worker handles it afterwards. The default.
    ///
    /// Questions, whose reply carries data, are handled before it all the same.
    #[must_use]
    pub fn after_reply(mut self) -> Self {
        self.mode = Mode::After;
        self
    }

    /// Calls `wake` whenever a record was accepted in `lane`, so that its worker needn't poll.
    #[must_use]
    pub fn waker(mut self, lane: impl Into<String>, wake: impl Fn() + Send + Sync + 'static) -> Self {
        self.wakers.entry(lane.into()).or_default().push(Box::new(wake));
        self
    }

    /// The receiver.
    ///
    /// # Errors
    /// [`BuildError`] for whatever could only fail later otherwise.
    pub fn build(self) -> Result<Receiver, BuildError> {
        let store = self.store.ok_or(BuildError::Missing("a store"))?;
        let catalog = self.catalog.ok_or(BuildError::Missing("a catalog"))?;
        let router = Router::new(self.handlers, self.otherwise, &*catalog)?;
        check_handlers(&router, &*catalog, &self.merchants, self.check.is_some())?;
        let all_before_reply = self.mode == Mode::Before;
        if all_before_reply && router.is_empty() {
            return Err(BuildError::NoHandler);
        }
        let routes = routes(self.merchants)?;
        let router = Arc::new(router);
        let mut processor = None;
        if !router.is_empty() {
            let mut builder = Processor::builder(store.clone(), SharedSink::new((*router).clone()));
            let questions = Arc::clone(&router);
            builder = builder.flag_failed(move |record| {
                questions.is_question(&record.labels.event).then_some(Flag::Unanswered.as_str())
            });
            if let Some(check) = self.check {
                builder = builder.check(check);
            }
            if let Some(timeout) = self.handler_timeout {
                builder = builder.timeout(timeout);
            }
            processor = Some(builder.build().map_err(|_| BuildError::HandlerTimeout)?);
        }
        Ok(Receiver {
            inner: Arc::new(Inner {
                near_paths: NearPaths::new(routes.keys()),
                routes,
                field_names: FieldNames::from_catalog(&*catalog),
                catalog,
                store,
                clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock::default())),
                memory: Arc::new(Semaphore::new((self.limits.in_flight / 1024).min(Semaphore::MAX_PERMITS))),
                limits: self.limits,
                router,
                processor,
                all_before_reply,
                wakers: self.wakers,
                claim_ids: ClaimIds::new().ok_or(BuildError::Random)?,
                orders: Orders::new(),
                draining: AtomicBool::new(false),
                rejections: RejectionLog::default(),
            }),
        })
    }
}

fn check_handlers(
    router: &Router,
    catalog: &dyn Catalog,
    merchants: &[Merchant],
    checked: bool,
) -> Result<(), BuildError> {
    for handler in router.handlers() {
        let (event, variant) = (handler.event, handler.variant);
        let known = match variant {
            Some(_) => catalog.lookup(event, variant),
            None => catalog.events().find(|meta| meta.name == event),
        };
        let meta = known.ok_or(BuildError::UnknownEvent { event, variant })?;
        if meta.protocol == Protocol::V2 && merchants.iter().all(|merchant| merchant.api_v2_key.is_none()) {
            return Err(BuildError::NoV2Merchant(event));
        }
        if meta.cipher == Cipher::AesEcb && !checked {
            return Err(BuildError::UncheckedRefund(event));
        }
    }
    Ok(())
}

fn routes(merchants: Vec<Merchant>) -> Result<HashMap<String, Arc<Merchant>>, BuildError> {
    if merchants.is_empty() {
        return Err(BuildError::Missing("a merchant"));
    }
    let mut routes: HashMap<String, Arc<Merchant>> = HashMap::new();
    for merchant in merchants {
        let name = merchant.name.to_string();
        if name.is_empty()
            || !name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
        {
            return Err(BuildError::MerchantName(name));
        }
        let v3 = merchant.api_v3_key.is_some() && !merchant.platform_keys.is_empty();
        if !v3 && merchant.api_v2_key.is_none() {
            return Err(BuildError::NoKeys(name));
        }
        for (index, (id, _)) in merchant.platform_keys.iter().enumerate() {
            if merchant.platform_keys.iter().skip(index + 1).any(|(other, _)| other == id) {
                return Err(BuildError::TwoPlatformKeys(name, id.clone()));
            }
        }
        let merchant = Arc::new(merchant);
        let own = format!("/notify/{name}");
        if routes.insert(own, Arc::clone(&merchant)).is_some() {
            return Err(BuildError::TwoMerchants(name));
        }
        for path in &merchant.paths {
            if !path.starts_with('/') || routes.insert(path.clone(), Arc::clone(&merchant)).is_some() {
                return Err(BuildError::Path(path.clone()));
            }
        }
    }
    Ok(routes)
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("merchants", &self.merchants.len())
            .field("handlers", &self.handlers.len())
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}
