use super::super::raw::RawSink;
use super::super::reader::Reader;
use super::super::store::{RedisUrl, StoreUrl, redis};
use crate::config::Fault;
use std::time::Duration;

/// What the store's own keys begin with.
const STORE_KEYS: &str = "{wxhook}:";

/// Which stream records are added to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedisStreamSinkConfig {
    /// The stream's key.
    pub stream: String,
    /// The server that it is on.
    pub url: RedisUrl,
    /// Whether that is the store's: then a record is added in the step that accepts it.
    pub at_accept: bool,
    /// About so many entries are kept; `None` keeps all.
    pub max_len: Option<u64>,
    /// A record of this age that fails once more is parked.
    pub give_up_after: Duration,
    /// How a message names the URL.
    place: String,
}

impl RedisStreamSinkConfig {
    /// What is wrong with this configuration, when the URL can't be used because of `why`.
    pub(crate) fn fault(&self, why: &str) -> Fault {
        Fault::new(&*self.place, why, "correct the url, or the stream's key")
    }
}

pub(super) fn parse(
    reader: &mut Reader<'_>,
    raw: RawSink,
    path: &str,
    store: Option<&StoreUrl>,
) -> Option<RedisStreamSinkConfig> {
    let at = |key: &str| format!("{path}.{key}");
    let stream = stream(reader, &at("stream"), raw.stream);
    let given = raw.max_len.is_some();
    let max_len = reader.size(&at("max_len"), raw.max_len, 1, 1..=1_000_000_000, "1000000");
    let give_up_after = super::give_up_after(reader, path, raw.give_up_after);
    let url_at = Reader::source(&at("url"), raw.url_file.is_some());
    let place = reader.place(&url_at);
    let has_url = raw.url.is_some() || raw.url_file.is_some();
    let url = match (reader.either(&at("url"), raw.url, raw.url_file), store) {
        (Some(text), _) => url(reader, &url_at, std::str::from_utf8(&text).unwrap_or_default()),
        // The fault is noted already, here or at the store.
        (None, _) if has_url => None,
        (None, None) => None,
        (None, Some(StoreUrl::Redis(url))) => Some(url.clone()),
        (None, Some(_)) => {
            let fix = "add url = \"redis://127.0.0.1:6379/0\"";
            reader.fault(&url_at, "missing, and the store is no Redis", fix);
            None
        }
    };
    let (stream, url) = (stream?, url?);
    let at_accept = matches!(store, Some(StoreUrl::Redis(store)) if *store == url);
    let max_len = given.then_some(max_len);
    Some(RedisStreamSinkConfig { stream, url, at_accept, max_len, give_up_after, place })
}

fn stream(reader: &mut Reader<'_>, at: &str, name: Option<String>) -> Option<String> {
    let name = name.unwrap_or_default();
    if name.is_empty() {
        reader.fault(at, "missing", "add the stream's key, e.g. stream = \"wechat-pay\"");
    } else if name.chars().any(char::is_control) || name.len() > 512 {
        reader.fault(at, "not a usable key", "give up to 512 bytes without control characters");
    } else if name.starts_with(STORE_KEYS) {
        reader.fault(at, "begins as the store's own keys do", "give another one, e.g. \"{wxhook}events\"");
    } else {
        return Some(name);
    }
    None
}

fn url(reader: &mut Reader<'_>, at: &str, text: &str) -> Option<RedisUrl> {
    if !matches!(text.split_once("://"), Some(("redis" | "rediss", _))) {
        reader.fault(at, "not a redis:// or rediss:// url", "write it like rediss://user:password@db:6379/0");
        return None;
    }
    let url = redis::parse(reader, at, text)?;
    if url.has_password() {
        reader.holds_secret(at);
    }
    Some(url)
}
