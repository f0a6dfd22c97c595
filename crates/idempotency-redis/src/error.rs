use wxhook_idempotency::Error;

/// Why a [`crate::RedisStore`] couldn't be opened. `at` is the server's address, without a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL can't be used; it isn't repeated, since it may hold a password.
    #[error("redis url: {0}")]
    Url(&'static str),
    /// An option can't be used.
    #[error("redis: {0}")]
    Option(&'static str),
    /// The server can't be reached, or answered with an error. It may be tried again.
    #[error("redis at {at} is unavailable")]
    Unavailable {
        /// Which one.
        at: String,
        /// Why.
        #[source]
        source: Error,
    },
    /// The server is older than what is needed.
    #[error("redis at {at} has version {version}; {needed} or newer (or Valkey) is needed")]
    Version {
        /// Which one.
        at: String,
        /// Its version.
        version: String,
        /// Feature or version that is needed.
        needed: &'static str,
    },
    /// Under memory pressure the server would remove keys, and with them notifications that nobody handled.
    #[error(
        "redis at {at} has maxmemory-policy `{policy}`, which may remove unhandled notifications; \
         set it to noeviction (`CONFIG SET maxmemory-policy noeviction`, and in redis.conf)"
    )]
    Evicts {
        /// Which one.
        at: String,
        /// Its policy.
        policy: String,
    },
    /// Keys with this prefix are there, and they aren't a store's, or are of a newer program.
    #[error("redis at {at}: the keys under this prefix {problem}")]
    Foreign {
        /// Which one.
        at: String,
        /// Whose they are.
        problem: &'static str,
    },
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Unavailable { .. } => Self::Unavailable(Box::new(error)),
            refused => Self::Unsupported(refused.to_string()),
        }
    }
}
