use crate::client::Client;
use crate::error::OpenError;
use crate::fault::{Fault, NO_STREAM};
use crate::open::check_policy;
use crate::options::RedisOptions;
use crate::reply::word;
use crate::target::Target;
use std::fmt;
use std::sync::Arc;
use wxhook_idempotency::Error;

/// Adds entries to a stream of any Redis or Valkey server, whether a store is there or not. Clones share one connection,
/// which is made when it is first needed and replaced when it breaks.
///
/// It needs a tokio runtime with I/O and time, the one that polls its futures.
#[derive(Clone)]
pub struct StreamWriter {
    client: Arc<Client>,
    at: Arc<str>,
    key: Arc<str>,
    max_len: Option<u64>,
}

impl StreamWriter {
    /// Writes the stream `key` on one server (`redis://`, `rediss://` or `unix://`), keeping about `max_len` entries if
    /// that is given. Of the options those about time, TLS and waiting for replicas and files count. Nothing is connected
    /// yet.
    ///
    /// # Errors
    /// [`OpenError::Url`] and [`OpenError::Option`].
    pub fn new(
        url: &str,
        key: impl Into<String>,
        max_len: Option<u64>,
        options: RedisOptions,
    ) -> Result<Self, OpenError> {
        options.check()?;
        let (target, at) = Target::server(url, &options)?;
        let client = Arc::new(Client::new(target, &at, options));
        Ok(Self { client, at: at.into(), key: key.into().into(), max_len })
    }

    /// Adds an entry with these fields and gives its id. It is never sent again by itself if it may have been added.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where it wasn't added, or that isn't known; its text says which.
    pub async fn add(&self, fields: &[(&str, &str)]) -> Result<String, Error> {
        let mut command = redis::cmd("XADD");
        command.arg(&*self.key);
        if let Some(most) = self.max_len {
            command.arg("MAXLEN").arg("~").arg(most);
        }
        command.arg("*");
        for (name, value) in fields {
            command.arg(*name).arg(*value);
        }
        word(self.client.add(command).await?)
    }

    /// Checks that the server is there, evicts nothing, and the key is a stream's or free; nothing is added.
    ///
    /// # Errors
    /// [`OpenError::Unavailable`], whose source says what is wrong, and [`OpenError::Evicts`]: a server that removes keys
    /// may remove entries that nobody read.
    pub async fn probe(&self) -> Result<(), OpenError> {
        let unavailable = |source| OpenError::Unavailable { at: self.at.to_string(), source };
        let mut command = redis::cmd("TYPE");
        command.arg(&*self.key);
        let there = self.client.look(command).await.and_then(word).map_err(unavailable)?;
        if there != "stream" && there != "none" {
            return Err(unavailable(Fault::Server(NO_STREAM).into()));
        }
        check_policy(&self.client, &self.at).await
    }
}

impl fmt::Debug for StreamWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamWriter").field("at", &self.at).field("key", &self.key).finish_non_exhaustive()
    }
}
