use crate::error::OpenError;
use crate::stream::Stream;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use wxhook_idempotency::{Clock, Retention};

/// Options of a [`crate::RedisStore`]. `Debug` leaves out the certificate.
#[derive(Clone)]
#[non_exhaustive]
pub struct RedisOptions {
    /// Time that Done records and tombstones stay; the default is [`Retention::default`].
    pub retention: Retention,
    /// Prefix of all keys, as a hash tag: `{wxhook}:…` by default. At most 64 ASCII letters, digits and `-_.:`.
    /// Stores with different prefixes have nothing in common.
    pub prefix: String,
    /// Maximum time for connecting; 1 s by default.
    pub connect_timeout: Duration,
    /// Maximum time for an operation, connecting included; then its outcome is unknown. 2 s by default.
    pub timeout: Duration,
    /// Number of replicas that must have a change before it is answered (`WAIT`); none by default. Not on a cluster.
    pub wait_replicas: u32,
    /// If true, a change must be in the append-only file of the server and of [`wait_replicas`](Self::wait_replicas)
    /// replicas, flushed to disk, before it is answered (`WAITAOF`, Redis 7.2 or newer). Not on a cluster.
    pub wait_aof: bool,
    /// Maximum time for the last two; 1 s by default.
    pub wait_timeout: Duration,
    /// Certificates in PEM that sign the server's; without them the system's are trusted. For `rediss://`.
    pub root_certificates: Option<Vec<u8>>,
    /// Lanes whose records are put on a stream as they are accepted.
    pub(crate) streams: HashMap<String, Stream>,
    /// Replaces the server's clock.
    pub(crate) clock: Option<Arc<dyn Clock>>,
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self {
            retention: Retention::default(),
            prefix: "wxhook".to_owned(),
            connect_timeout: Duration::from_secs(1),
            timeout: Duration::from_secs(2),
            wait_replicas: 0,
            wait_aof: false,
            wait_timeout: Duration::from_secs(1),
            root_certificates: None,
            streams: HashMap::new(),
            clock: None,
        }
    }
}

impl RedisOptions {
    /// Sets the retention.
    #[must_use]
    pub fn with_retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Sets the prefix.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the maximum times for connecting and for a whole operation.
    #[must_use]
    pub fn with_timeouts(mut self, connect: Duration, operation: Duration) -> Self {
        self.connect_timeout = connect;
        self.timeout = operation;
        self
    }

    /// Answering only when so many replicas have a change.
    #[must_use]
    pub fn with_wait_replicas(mut self, replicas: u32) -> Self {
        self.wait_replicas = replicas;
        self
    }

    /// Answering only when a change is on disk.
    #[must_use]
    pub fn with_wait_aof(mut self, wait_aof: bool) -> Self {
        self.wait_aof = wait_aof;
        self
    }

    /// Waiting so long for replicas and files.
    #[must_use]
    pub fn with_wait_timeout(mut self, wait_timeout: Duration) -> Self {
        self.wait_timeout = wait_timeout;
        self
    }

    /// Trusting these certificates (PEM) instead of the system's.
    #[must_use]
    pub fn with_root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates = Some(pem.into());
        self
    }

    /// Putting the records of this lane on a stream as they are accepted.
    ///
    /// On a cluster the stream's key must carry the store's hash tag, `{wxhook}` unless there is another prefix; and
    /// nowhere may it begin as the store's own keys do, with the tag and a colon.
    #[must_use]
    pub fn with_stream(mut self, lane: impl Into<String>, stream: Stream) -> Self {
        self.streams.insert(lane.into(), stream);
        self
    }

    /// Sets a clock instead of the server's, so that tests can move it. Not for any other use: several processes
    /// need one clock, and that is the server's.
    #[doc(hidden)]
    #[must_use]
    pub fn with_test_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Returns the maximum time for an operation, with everything that it waits for.
    pub(crate) fn limit(&self) -> Duration {
        if self.waits() { self.timeout.saturating_add(self.wait_timeout) } else { self.timeout }
    }

    /// Returns whether replies wait for replicas or files.
    pub(crate) fn waits(&self) -> bool {
        self.wait_aof || self.wait_replicas > 0
    }

    /// Refuses what can't work.
    pub(crate) fn check(&self) -> Result<(), OpenError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        if self.prefix.is_empty() || self.prefix.len() > 64 || !self.prefix.chars().all(allowed) {
            return Err(OpenError::Option("prefix must be 1 to 64 ASCII letters, digits and -_.:"));
        }
        if self.timeout.is_zero() || self.connect_timeout.is_zero() || self.wait_timeout.is_zero() {
            return Err(OpenError::Option("time-outs must be longer than nothing"));
        }
        let own = format!("{{{}}}:", self.prefix);
        if self.streams.values().any(|stream| stream.key.is_empty() || stream.key.starts_with(&own)) {
            return Err(OpenError::Option(
                "a stream's key must not be empty or begin as the store's own keys do",
            ));
        }
        Ok(())
    }

    /// Refuses what can't work on a cluster: a script reaches only keys of one hash slot.
    pub(crate) fn check_cluster(&self) -> Result<(), OpenError> {
        let tag = format!("{{{}}}", self.prefix);
        // The first tag of a key counts.
        let has_tag = |key: &str| {
            key.find('{').is_some_and(|at| key.get(at..).is_some_and(|rest| rest.starts_with(&tag)))
        };
        if self.streams.values().all(|stream| has_tag(&stream.key)) {
            return Ok(());
        }
        Err(OpenError::Option(
            "on a cluster a stream's key must carry the store's hash tag, e.g. `{wxhook}events`",
        ))
    }
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("retention", &self.retention)
            .field("prefix", &self.prefix)
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("wait_replicas", &self.wait_replicas)
            .field("wait_aof", &self.wait_aof)
            .field("wait_timeout", &self.wait_timeout)
            .field("streams", &self.streams)
            .finish_non_exhaustive()
    }
}
