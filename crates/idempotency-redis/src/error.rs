use wxhook_idempotency::Error;

/// The error of opening a [`crate::RedisStore`]. `at` is the server's address, without a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL is invalid. It isn't included, since it may contain a password.
    #[error("redis url: {0}")]
    Url(&'static str),
    /// An option is invalid.
    #[error("redis: {0}")]
    Option(&'static str),
    /// The server can't be reached, or answered with an error. Opening may be retried.
    #[error("redis at {at} is unavailable")]
    Unavailable {
        /// Address of the server.
        at: String,
        /// The cause.
        #[source]
        source: Error,
    },
    /// The server is too old.
    #[error("redis at {at} has version {version}; {needed} or newer (or Valkey) is needed")]
    Version {
        /// Address of the server.
        at: String,
        /// Version of the server.
        version: String,
        /// Minimum version.
        needed: &'static str,
    },
    /// The server would evict keys under memory pressure, and with them unhandled notifications.
    #[error(
        "redis at {at} has maxmemory-policy `{policy}`, which may remove unhandled notifications; \
         set it to noeviction (`CONFIG SET maxmemory-policy noeviction`, and in redis.conf)"
    )]
    Evicts {
        /// Address of the server.
        at: String,
        /// Eviction policy of the server.
        policy: String,
    },
    /// Keys under this prefix exist, but don't belong to a store, or belong to a newer program.
    #[error("redis at {at}: the keys under this prefix {problem}")]
    Foreign {
        /// Address of the server.
        at: String,
        /// Description of the keys.
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
