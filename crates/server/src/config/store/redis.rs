use crate::config::fault::Fault;
use crate::config::reader::Reader;
use std::fmt;
use url::Url;
use wxhook_idempotency_redis::OpenError;
use zeroize::Zeroizing;

/// A `redis` or `rediss` URL. Prints scheme, host, port and database: user and password are secret.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl {
    shown: String,
    has_password: bool,
    whole: Zeroizing<String>,
}

impl RedisUrl {
    /// All of it, with user and password.
    pub fn reveal(&self) -> &str {
        &self.whole
    }

    /// Whether there is a password in it.
    pub(in crate::config) fn has_password(&self) -> bool {
        self.has_password
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisUrl").field(&self.shown).finish()
    }
}

/// A URL whose scheme is one of the two.
pub(in crate::config) fn parse(reader: &mut Reader<'_>, at: &str, text: &str) -> Option<RedisUrl> {
    const LIKE: &str = "write it like rediss://user:password@db:6379/0 (redis:// without TLS)";
    let Ok(url) = Url::parse(text) else {
        reader.fault(at, "not a url", LIKE);
        return None;
    };
    let database = url.path().trim_start_matches('/');
    let wrong = if url.host_str().is_none_or(str::is_empty) {
        "names no host"
    } else if url.query().is_some() || url.fragment().is_some() {
        "has options, which none may be"
    } else if !database.is_empty() && database.parse::<u32>().is_err() {
        "its path is no database number"
    } else {
        let host = url.host_str().unwrap_or_default();
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let shown = format!("{}://{host}{port}{}", url.scheme(), url.path());
        return Some(RedisUrl {
            shown,
            has_password: url.password().is_some(),
            whole: Zeroizing::new(text.to_owned()),
        });
    };
    reader.fault(at, wrong, LIKE);
    None
}

/// Why it can't be used, and how to mend it.
pub(super) fn unusable(place: &str, error: &OpenError) -> Fault {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let what = match causes.last() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    let fix = match error {
        OpenError::Unavailable { .. } => "start it, or correct address, user and password",
        OpenError::Version { .. } => "update it",
        OpenError::Evicts { .. } => "unhandled notifications must not be evicted",
        OpenError::Option(_) => "rename the stream",
        _ => "give another url",
    };
    Fault::new(place, what, fix)
}
