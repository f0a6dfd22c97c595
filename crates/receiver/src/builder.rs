use crate::growth::OrderLocks;
use crate::handlers::{Checker, Handler, HandlerSink, IntoReceipt, IntoVerdict, Router, Typed, TypedCheck};
use crate::merchant::Merchant;
use crate::near::NearPaths;
use crate::notification::Notification;
use crate::receiver::{ClaimIds, Inner, Receiver, Waker};
use crate::rejections::RejectionLog;
use crate::verify::Verifier;
use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::Semaphore;
use wxhook_delivery::{Check, Processor, SharedCheck, SharedSink};
use wxhook_idempotency::{Clock, SharedStore, Store, SystemClock};
use wxhook_wire::{Catalog, Cipher, Event, EventMeta, Flag, Money, Protocol};

/// The limits of a request. The defaults suit a merchant's system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Maximum size of a body in bytes, 256 KiB by default. Of v2 bodies at most 64 KiB are accepted.
    pub body: usize,
    /// Maximum size in bytes of all bodies in flight, 64 MiB by default.
    pub in_flight: usize,
    /// Maximum time for a body to arrive, 8 s by default.
    pub body_within: Duration,
    /// Maximum time from the end of the body to the reply, whatever the store does; 1.9 s by default, so that the reply
    /// arrives within the platform's 2 s.
    pub reply_within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: wxhook_wire::v3::MAX_BYTES,
            in_flight: 64 * 1024 * 1024,
            body_within: Duration::from_secs(8),
            reply_within: Duration::from_millis(1_900),
        }
    }
}

/// A mistake of the program that builds a receiver.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Something required is missing.
    #[error("a receiver needs {0}")]
    Missing(&'static str),
    /// Two merchants have one name.
    #[error("duplicate merchant {0}")]
    DuplicateMerchant(String),
    /// A name that can't be part of a path and a key.
    #[error("invalid merchant name {0:?}; use a-z, 0-9, - and _")]
    MerchantName(String),
    /// A merchant whose notifications couldn't be verified.
    #[error("merchant {0} needs an API v3 key with a platform key, or an API v2 key")]
    NoKeys(String),
    /// A platform key without an id.
    #[error("merchant {0} has a platform key without an id; only a certificate has an id of its own")]
    PlatformKeyId(String),
    /// Two platform keys of a merchant have one id.
    #[error("merchant {0} has two platform keys with the id {1}")]
    DuplicatePlatformKey(String, String),
    /// A path that doesn't begin with a slash, or belongs to two merchants.
    #[error("invalid path {0}; it must begin with / and belong to one merchant only")]
    Path(String),
    /// Two handlers, or two checks, for one event and variant.
    #[error("duplicate handler or check for {event} {variant:?}")]
    DuplicateHandler {
        /// The event.
        event: &'static str,
        /// The variant.
        variant: Option<&'static str>,
    },
    /// A handler or check for an event that the catalog doesn't have.
    #[error("a handler or check for {event} {variant:?}, which is not in the catalog")]
    UnknownEvent {
        /// The event.
        event: &'static str,
        /// The variant.
        variant: Option<&'static str>,
    },
    /// A handler or check for a v2 event, but no merchant has an API v2 key.
    #[error("a handler or check for {0}, but no merchant has an API v2 key to verify it with")]
    NoV2Merchant(&'static str),
    /// A handler for payments or refunds without a check of the merchant's own order.
    #[error(
        "a handler for {0} needs a check of your own order; add check_on or check, or call unchecked (not for v2 refunds, \
         which are unsigned)"
    )]
    Unchecked(&'static str),
    /// Handlers before the reply without any handler.
    #[error("before_reply needs a handler")]
    NoHandler,
    /// A timeout of zero.
    #[error("handler_timeout must not be zero")]
    HandlerTimeout,
    /// The system has no random numbers.
    #[error("the system has no random numbers")]
    Random,
}

/// A builder of a [`Receiver`], with the state that handlers and checks share. Required are a store, a catalog and at least
/// one merchant.
#[must_use]
pub struct Builder<S = ()> {
    state: Arc<S>,
    parts: Parts,
}

#[derive(Default)]
struct Parts {
    catalog: Option<Arc<dyn Catalog>>,
    store: Option<SharedStore>,
    clock: Option<Arc<dyn Clock>>,
    limits: Limits,
    merchants: Vec<Merchant>,
    handlers: Vec<Handler>,
    otherwise: Option<Handler>,
    checks: Vec<TypedCheck>,
    check: Option<SharedCheck>,
    unchecked: bool,
    handler_timeout: Option<Duration>,
    before_reply: bool,
    wakers: HashMap<String, Vec<Waker>>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self { state: Arc::default(), parts: Parts::default() }
    }
}

impl<S: Send + Sync + 'static> Builder<S> {
    /// Sets the state of handlers and checks that are added from here on, e.g. a database pool; see
    /// [`Notification::state`].
    pub fn state<T: Send + Sync + 'static>(self, state: T) -> Builder<T> {
        Builder { state: Arc::new(state), parts: self.parts }
    }

    /// Sets the catalog of events.
    pub fn catalog(mut self, catalog: Arc<dyn Catalog>) -> Self {
        self.parts.catalog = Some(catalog);
        self
    }

    /// Sets the store.
    pub fn store(mut self, store: impl Store) -> Self {
        let mut store = Some(store);
        // A store that is shared already needs no second layer.
        let any: &mut dyn Any = &mut store;
        let shared = any.downcast_mut::<Option<SharedStore>>().and_then(Option::take);
        self.parts.store = shared.or_else(|| store.map(SharedStore::new));
        self
    }

    /// Replaces the machine's clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.parts.clock = Some(clock);
        self
    }

    /// Replaces the default limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.parts.limits = limits;
        self
    }

    /// Adds a merchant.
    pub fn merchant(mut self, merchant: Merchant) -> Self {
        self.parts.merchants.push(merchant);
        self
    }

    /// Adds a handler for an event, or for one variant of it, which takes precedence.
    ///
    /// Handlers of payments and refunds need a check, see [`check_on`](Self::check_on).
    pub fn on<E, F, Fut>(mut self, handle: F) -> Self
    where
        E: Event,
        F: Fn(E, Notification<S>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoReceipt> + Send + 'static,
    {
        let handler = Typed::new(Arc::clone(&self.state), handle, IntoReceipt::into_receipt);
        self.parts.handlers.push(handler);
        self
    }

    /// Sets the handler of events without one, and of those that don't fit their handler's model. Without it such records
    /// are parked.
    pub fn otherwise<F, Fut>(mut self, handle: F) -> Self
    where
        F: Fn(Notification<S>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoReceipt> + Send + 'static,
    {
        self.parts.otherwise = Some(Handler::otherwise(Arc::clone(&self.state), handle));
        self
    }

    /// Adds a check, which compares a notification with the merchant's own order before any handler gets it: amount, currency
    /// and numbers.
    ///
    /// [`Verdict::Match`](wxhook_delivery::Verdict) continues, `Mismatch` parks the record, flag `mismatch`, and `NotYet`
    /// tries again for 10 minutes. A notification that doesn't fit `E` is a mismatch. An error is tried again.
    pub fn check_on<E, F, Fut>(mut self, check: F) -> Self
    where
        E: Event,
        F: Fn(E, Notification<S>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoVerdict> + Send + 'static,
    {
        let check = Typed::new(Arc::clone(&self.state), check, IntoVerdict::into_verdict);
        self.parts.checks.push(check);
        self
    }

    /// Sets the check of all events without one from [`check_on`](Self::check_on).
    pub fn check(mut self, check: impl Check) -> Self {
        self.parts.check = Some(SharedCheck::new(check));
        self
    }

    /// Allows handlers of payments and refunds without a check. They must compare amount, currency and numbers with the
    /// merchant's own order themselves. Handlers of v2 refunds, which are unsigned, need a check all the same.
    pub fn unchecked(mut self) -> Self {
        self.parts.unchecked = true;
        self
    }

    /// Sets the time that a handler may take, 60 s by default. The reply doesn't wait that long.
    pub fn handler_timeout(mut self, timeout: Duration) -> Self {
        self.parts.handler_timeout = Some(timeout);
        self
    }

    /// Runs handlers before the reply, which reports the result: 500 if one failed, 503 if it is still running.
    pub fn before_reply(mut self) -> Self {
        self.parts.before_reply = true;
        self
    }

    /// Replies once a notification is stored, and handles it afterwards, by [`Receiver::workers`]. The default.
    ///
    /// Questions, whose reply carries data, are handled before it all the same.
    pub fn after_reply(mut self) -> Self {
        self.parts.before_reply = false;
        self
    }

    /// Calls `wake` whenever a record was accepted in `lane`, for a worker of one's own.
    pub fn waker(mut self, lane: impl Into<String>, wake: impl Fn() + Send + Sync + 'static) -> Self {
        self.parts.wakers.entry(lane.into()).or_default().push(Box::new(wake));
        self
    }

    /// Builds the receiver.
    ///
    /// # Errors
    /// [`BuildError`] for every mistake that would otherwise show later, or never.
    pub fn build(self) -> Result<Receiver, BuildError> {
        self.parts.build()
    }
}

impl Parts {
    fn build(self) -> Result<Receiver, BuildError> {
        let store = self.store.clone().ok_or(BuildError::Missing("a store"))?;
        let catalog = self.catalog.clone().ok_or(BuildError::Missing("a catalog"))?;
        self.check_events(&*catalog)?;
        let is_question = |event: &str| catalog.events().any(|meta| meta.name == event && meta.question);
        let events = self.handlers.iter().map(|handler| handler.event);
        let router = Arc::new(Router {
            questions: events.filter(|event| is_question(event)).collect(),
            handlers: self.handlers,
            otherwise: self.otherwise,
        });
        if self.before_reply && router.is_empty() {
            return Err(BuildError::NoHandler);
        }
        let routes = routes(self.merchants)?;
        let mut processor = None;
        if !router.is_empty() {
            let sink = SharedSink::new(HandlerSink(Arc::clone(&router)));
            let questions = router.questions.clone();
            let mut builder = Processor::builder(store.clone(), sink).flag_failed(move |record| {
                questions.contains(&*record.labels.event).then_some(Flag::Unanswered.as_str())
            });
            if !self.checks.is_empty() || self.check.is_some() {
                let checker = Checker { typed: self.checks, otherwise: self.check };
                builder = builder.check(SharedCheck::new(checker));
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
                verifier: Verifier::new(catalog, &self.limits),
                store,
                clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock::default())),
                memory: Arc::new(Semaphore::new((self.limits.in_flight / 1024).min(Semaphore::MAX_PERMITS))),
                limits: self.limits,
                router,
                processor,
                all_before_reply: self.before_reply,
                wakers: self.wakers,
                workers: RwLock::default(),
                has_worker: AtomicBool::new(false),
                claim_ids: ClaimIds::new().ok_or(BuildError::Random)?,
                orders: OrderLocks::new(),
                draining: AtomicBool::new(false),
                rejections: RejectionLog::default(),
            }),
        })
    }

    /// Checks the events of handlers and checks.
    fn check_events(&self, catalog: &dyn Catalog) -> Result<(), BuildError> {
        let handlers: Vec<_> = self.handlers.iter().map(|handler| (handler.event, handler.variant)).collect();
        let checks: Vec<_> = self.checks.iter().map(|check| (check.event, check.variant)).collect();
        for events in [&handlers, &checks] {
            for (index, (event, variant)) in events.iter().copied().enumerate() {
                if events.iter().skip(index + 1).any(|other| *other == (event, variant)) {
                    return Err(BuildError::DuplicateHandler { event, variant });
                }
                let meta = match variant {
                    Some(_) => catalog.lookup(event, variant),
                    None => catalog.events().find(|meta| meta.name == event),
                };
                let meta = meta.ok_or(BuildError::UnknownEvent { event, variant })?;
                let has_v2_key = self.merchants.iter().any(|merchant| merchant.api_v2_key.is_some());
                if meta.protocol == Protocol::V2 && !has_v2_key {
                    return Err(BuildError::NoV2Merchant(event));
                }
            }
        }
        for (event, variant) in handlers {
            let needs_check = |meta: &EventMeta| {
                let is_unsigned = meta.cipher == Cipher::AesEcb;
                let is_money = matches!(meta.money, Some(Money::Payment | Money::Refund));
                is_unsigned || (is_money && !self.unchecked)
            };
            let mut own = catalog
                .events()
                .filter(|meta| meta.name == event && (variant.is_none() || meta.variant == variant));
            let has_check = self.check.is_some() || Typed::find(&self.checks, event, variant).is_some();
            if !has_check && own.any(needs_check) {
                return Err(BuildError::Unchecked(event));
            }
        }
        Ok(())
    }
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
        let has_v3_keys = merchant.api_v3_key.is_some() && !merchant.platform_keys.is_empty();
        if !has_v3_keys && merchant.api_v2_key.is_none() {
            return Err(BuildError::NoKeys(name));
        }
        for (index, (id, _)) in merchant.platform_keys.iter().enumerate() {
            if id.is_empty() {
                return Err(BuildError::PlatformKeyId(name));
            }
            if merchant.platform_keys.iter().skip(index + 1).any(|(other, _)| other == id) {
                return Err(BuildError::DuplicatePlatformKey(name, id.clone()));
            }
        }
        let merchant = Arc::new(merchant);
        if routes.insert(format!("/notify/{name}"), Arc::clone(&merchant)).is_some() {
            return Err(BuildError::DuplicateMerchant(name));
        }
        for path in &merchant.paths {
            if !path.starts_with('/') || routes.insert(path.clone(), Arc::clone(&merchant)).is_some() {
                return Err(BuildError::Path(path.clone()));
            }
        }
    }
    Ok(routes)
}

impl<S> fmt::Debug for Builder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("merchants", &self.parts.merchants.len())
            .field("handlers", &self.parts.handlers.len())
            .field("before_reply", &self.parts.before_reply)
            .finish_non_exhaustive()
    }
}
