#![cfg_attr(
    not(all(feature = "sinks-http", feature = "sinks-file", feature = "redis")),
    allow(dead_code, reason = "options of sinks that aren't compiled in")
)]

use super::fault::Fault;
use super::reader::{Section, is_open_to_others, open_to_others};
use super::store::{RedisUrl, StoreUrl, missing_folder};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use wxhook_sinks::{SinkSecret, SinkUrl, Success};

/// Prefix of the store's own keys.
const STORE_KEYS: &str = "{wxhook}:";

/// Where records are delivered. Prints nothing secret.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SinkConfig {
    /// Standard output, a line of JSON for each record.
    Stdout,
    /// A URL that each record is posted to.
    Http(HttpSinkConfig),
    /// A file, a line of JSON for each record.
    File(FileSinkConfig),
    /// A stream of a Redis or Valkey server.
    RedisStream(RedisStreamSinkConfig),
}

/// A URL that records are posted to. `Debug` shows no secret.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpSinkConfig {
    /// URL that records are posted to.
    pub url: SinkUrl,
    /// Secret that requests are signed with.
    pub secret: Option<SinkSecret>,
    /// Maximum time for a request and its reply.
    pub timeout: Duration,
    /// Replies that complete a record.
    pub success: Success,
    /// Age at which a record that fails again is parked.
    pub give_up_after: Duration,
    /// Name of the URL in messages.
    place: String,
}

/// A file that records are appended to. A missing file is created, readable by its owner only.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileSinkConfig {
    /// Path of the file.
    pub path: PathBuf,
    /// Maximum file size in bytes; a line that would exceed it starts a new file.
    pub rotate_size: u64,
    /// Number of rotated files that are kept; `None` keeps all.
    pub rotate_keep: Option<usize>,
    /// Age at which a record that fails again is parked.
    pub give_up_after: Duration,
    /// Name of the path in messages.
    place: String,
}

/// A stream that records are added to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedisStreamSinkConfig {
    /// Key of the stream.
    pub stream: String,
    /// Server of the stream.
    pub url: RedisUrl,
    /// True if the server is the store's: then a record is added in the step that accepts it.
    pub at_accept: bool,
    /// Approximate number of entries that are kept; `None` keeps all.
    pub max_len: Option<u64>,
    /// Age at which a record that fails again is parked.
    pub give_up_after: Duration,
    /// Name of the URL in messages.
    place: String,
}

impl SinkConfig {
    /// Returns the kind as the configuration writes it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Http(_) => "http",
            Self::File(_) => "file",
            Self::RedisStream(_) => "redis-stream",
        }
    }
}

impl fmt::Display for SinkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        match self {
            Self::Stdout => Ok(()),
            Self::Http(http) if http.secret.is_some() => write!(f, " {}, signed", http.url),
            Self::Http(http) => write!(f, " {}, not signed", http.url),
            Self::File(file) => write!(f, " {}", file.path.display()),
            Self::RedisStream(stream) => {
                let accepted = if stream.at_accept { ", added when accepted" } else { "" };
                write!(f, " {} at {}{accepted}", stream.stream, stream.url)
            }
        }
    }
}

impl HttpSinkConfig {
    /// Returns the fault that nothing can be sent.
    pub(crate) fn fault(&self, error: &wxhook_sinks::Error) -> Fault {
        let fix = "for https this machine needs CA certificates, e.g. the package ca-certificates";
        Fault::new(&*self.place, error.to_string(), fix)
    }
}

impl FileSinkConfig {
    /// Returns the fault that the file can't be written.
    pub(crate) fn fault(&self, error: &wxhook_sinks::Error) -> Fault {
        Fault::new(&*self.place, error.to_string(), "let the user that runs wxhook write it and its folder")
    }
}

impl RedisStreamSinkConfig {
    /// Returns the fault that the stream can't be used.
    pub(crate) fn fault(&self, why: &str) -> Fault {
        Fault::new(&*self.place, why, "correct the url, or the stream's key")
    }
}

/// Settings that a sink depends on besides its own table.
pub(super) struct Context {
    /// The store's URL; `None` if it has a fault.
    pub(super) store: Option<StoreUrl>,
    /// Files of the sinks before this one.
    pub(super) files: Vec<PathBuf>,
}

const LIKE_URL: &str = "write it like \"https://shop.example.com/wechat-pay\"";

/// Parses a sink; `None` if there is none or it has a fault.
pub(super) fn parse(section: &Section<'_>, context: &mut Context) -> Option<SinkConfig> {
    if !section.exists() {
        return None;
    }
    match section.choice("kind")? {
        "http" => http(section).map(SinkConfig::Http),
        "file" => file(section, &mut context.files).map(SinkConfig::File),
        "redis-stream" => redis_stream(section, context.store.as_ref()).map(SinkConfig::RedisStream),
        _ => Some(SinkConfig::Stdout),
    }
}

fn http(section: &Section<'_>) -> Option<HttpSinkConfig> {
    let url = section.required("url", "add url = \"https://shop.example.com/wechat-pay\"").and_then(|text| {
        let url = text.parse::<SinkUrl>().ok();
        match &url {
            Some(url) if url.has_secret() => section.holds_secret("url"),
            Some(_) => {}
            None => section.fault("url", "not a usable URL", LIKE_URL),
        }
        url
    });
    let has_secret = section.has("secret") || section.has("secret_file");
    let secret = section.value("secret").and_then(|(key, text)| {
        let secret = std::str::from_utf8(&text).unwrap_or("*").parse::<SinkSecret>();
        let fix = "make one: echo whsec_$(openssl rand -base64 32)";
        secret.map_err(|error| section.fault(&key, error.to_string(), fix)).ok()
    });
    let success = section.choice("success");
    let (timeout, give_up_after) = (section.duration("timeout"), section.duration("give_up_after"));
    // Without its secret it would send unsigned.
    if has_secret && secret.is_none() {
        return None;
    }
    let success = if success? == "2xx" { Success::Any2xx } else { Success::WechatPay };
    Some(HttpSinkConfig { url: url?, secret, timeout, success, give_up_after, place: section.place("url") })
}

fn file(section: &Section<'_>, files: &mut Vec<PathBuf>) -> Option<FileSinkConfig> {
    let rotate_size = section.size("rotate_size").unwrap_or_default();
    let rotate_keep = section.size("rotate_keep").and_then(|keep| usize::try_from(keep).ok());
    let give_up_after = section.duration("give_up_after");
    let path = section.resolve(section.required("path", "add path = \"events.jsonl\"")?);
    let metadata = std::fs::metadata(&path).ok();
    let fault = if let Some(what) = missing_folder(&path) {
        (what, "create it, or correct the path")
    } else if path.is_dir() {
        (format!("{} is a folder", path.display()), "give the path of a file")
    } else if metadata.as_ref().is_some_and(|metadata| !metadata.is_file()) {
        (format!("{} is not a plain file", path.display()), "give the path of a plain file")
    } else if files.contains(&path) {
        ("another sink writes this file".to_owned(), "give each sink a file of its own")
    } else {
        if metadata.is_some_and(|metadata| is_open_to_others(&metadata)) {
            section.warn("path", &open_to_others(&path));
        }
        files.push(path.clone());
        let place = section.place("path");
        return Some(FileSinkConfig { path, rotate_size, rotate_keep, give_up_after, place });
    };
    section.fault("path", fault.0, fault.1);
    None
}

fn redis_stream(section: &Section<'_>, store: Option<&StoreUrl>) -> Option<RedisStreamSinkConfig> {
    let stream =
        section.required("stream", "add the stream's key, e.g. stream = \"wechat-pay\"").filter(|name| {
            let (what, fix) = if name.chars().any(char::is_control) || name.len() > 512 {
                ("not a usable key", "give up to 512 bytes without control characters")
            } else if name.starts_with(STORE_KEYS) {
                ("begins as the store's own keys do", "give another one, e.g. \"{wxhook}events\"")
            } else {
                return true;
            };
            section.fault("stream", what, fix);
            false
        });
    let max_len = section.size("max_len");
    let give_up_after = section.duration("give_up_after");
    let is_set = section.has("url") || section.has("url_file");
    let (key, url) = match (section.value("url"), store) {
        (Some((key, text)), _) => match RedisUrl::parse(std::str::from_utf8(&text).unwrap_or_default()) {
            Ok(url) => (key, Some(url)),
            Err((what, fix)) => {
                section.fault(&key, what, fix);
                (key, None)
            }
        },
        (None, Some(StoreUrl::Redis(url))) if !is_set => ("url".to_owned(), Some(url.clone())),
        (None, Some(_)) if !is_set => {
            section.fault(
                "url",
                "missing, and the store is no Redis",
                "add url = \"redis://127.0.0.1:6379/0\"",
            );
            return None;
        }
        // The fault is the store's or already there.
        _ => return None,
    };
    if key == "url" && is_set && url.as_ref().is_some_and(RedisUrl::has_secret) {
        section.holds_secret("url");
    }
    let (stream, url) = (stream?.to_owned(), url?);
    let at_accept = matches!(store, Some(StoreUrl::Redis(store)) if *store == url);
    Some(RedisStreamSinkConfig { stream, url, at_accept, max_len, give_up_after, place: section.place(&key) })
}
