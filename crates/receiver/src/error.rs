use thiserror::Error;

/// Why a receiver can't be built: a mistake of the program that builds it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Something necessary wasn't given.
    #[error("a receiver needs {0}")]
    Missing(&'static str),
    /// Two merchants of one name.
    #[error("two merchants are called {0}")]
    TwoMerchants(String),
    /// A name that can't stand in a path and a key.
    #[error("a merchant's name is made of a-z, 0-9, - and _: {0:?} is not")]
    MerchantName(String),
    /// A merchant whose notifications couldn't be verified.
    #[error("merchant {0} needs an API v3 key with a platform key, or an API v2 key")]
    NoKeys(String),
    /// Two platform keys with one id.
    #[error("merchant {0} has two platform keys called {1}")]
    TwoPlatformKeys(String, String),
    /// A path that begins with no slash, or that two merchants want.
    #[error("path {0}: it must begin with / and belong to one merchant only")]
    Path(String),
    /// Two handlers for the same event and variant.
    #[error("two handlers for {event} {variant:?}")]
    TwoHandlers {
        /// The event.
        event: &'static str,
        /// The variant.
        variant: Option<&'static str>,
    },
    /// A handler for an event that the catalog doesn't have.
    #[error("a handler for {event} {variant:?}, which is not in the catalog")]
    UnknownEvent {
        /// The event.
        event: &'static str,
        /// The variant.
        variant: Option<&'static str>,
    },
    /// A handler for a v2 event, but no merchant has an API v2 key.
    #[error("a handler for {0}, but no merchant has an API v2 key to verify it with")]
    NoV2Merchant(&'static str),
    /// A handler for v2 refunds without a check: nothing else says that such a refund is real.
    #[error("a handler for {0} needs a check: a v2 refund is unsigned")]
    UncheckedRefund(&'static str),
    /// Handlers before the reply without any handler.
    #[error("before_reply needs a handler")]
    NoHandler,
    /// A time-out in which no handler could do anything.
    #[error("handler_timeout must not be zero")]
    HandlerTimeout,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}
