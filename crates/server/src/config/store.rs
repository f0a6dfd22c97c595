use super::raw::RawStore;
use super::reader::Reader;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use wxhook_idempotency::Retention;

/// Where records are kept, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreConfig {
    /// Where.
    pub url: StoreUrl,
    /// How long.
    pub retention: Retention,
}

/// A store that this build has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreUrl {
    /// A database file, its path made relative to nothing but the working directory.
    Sqlite(PathBuf),
    /// This process's memory: everything is lost when it ends.
    Memory,
}

impl StoreUrl {
    /// The database file, if it is one.
    pub fn path(&self) -> Option<&std::path::Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Memory => None,
        }
    }
}

impl fmt::Display for StoreUrl {
    /// As a URL, without any password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Memory => f.write_str("memory://"),
        }
    }
}

pub(super) fn parse(reader: &mut Reader<'_>, raw: RawStore) -> StoreConfig {
    let from_file = raw.url_file.is_some();
    let at = Reader::source("store.url", from_file);
    let given = raw.url.is_some() || from_file;
    let url = match reader.either("store.url", raw.url, raw.url_file) {
        Some(text) => parse_url(reader, &at, std::str::from_utf8(&text).unwrap_or_default()),
        None if given => StoreUrl::Memory,
        None => StoreUrl::Sqlite(reader.resolve("wxhook.db")),
    };
    // A file URL is no secret; others that may hold a password aren't in this build.
    let default = Retention::default();
    let span = raw.retention.as_deref().map_or(Ok(default.records()), humantime::parse_duration);
    let retention = match span {
        Ok(records) => Retention::new(records, default.marks().max(records)).unwrap_or_else(|error| {
            reader.fault("store.retention", error.to_string(), "give \"25h\" or more, e.g. \"7d\"");
            default
        }),
        Err(_) => {
            reader.fault("store.retention", "not a span of time", "write it like \"7d\"");
            default
        }
    };
    StoreConfig { url, retention: longest(reader, retention, default) }
}

/// Spans beyond a century are mistakes, and times so far back can't be reckoned with.
fn longest(reader: &mut Reader<'_>, retention: Retention, default: Retention) -> Retention {
    const CENTURY: Duration = Duration::from_secs(100 * 366 * 86_400);
    if retention.records() <= CENTURY {
        return retention;
    }
    reader.fault("store.retention", "longer than 100 years", "give \"25h\" or more, e.g. \"7d\"");
    default
}

fn parse_url(reader: &mut Reader<'_>, at: &str, url: &str) -> StoreUrl {
    const KNOWN: &str = "give sqlite://<path>, sqlite:///<absolute path> or memory://";
    match url.split_once("://") {
        Some(("sqlite", path)) if path.is_empty() || path.ends_with('/') => {
            reader.fault(at, "names no database file", "write it like sqlite://wxhook.db");
        }
        Some(("sqlite", ":memory:")) => {
            reader.fault(
                at,
                "is no file",
                "give memory:// for a store in memory, which loses everything when it ends",
            );
        }
        Some(("sqlite", path)) if path.contains(['?', '#', '\0']) => {
            reader.fault(
                at,
                "the path holds a ?, # or NUL",
                "give a plain path; a sqlite:// url has no options",
            );
        }
        Some(("sqlite", path)) => return StoreUrl::Sqlite(reader.resolve(path)),
        Some(("memory", "")) => return StoreUrl::Memory,
        Some(("memory", _)) => reader.fault(at, "there is something after memory://", "give memory:// alone"),
        Some(("redis" | "rediss", _)) => reader.fault(at, "this build has no redis store", KNOWN),
        _ => reader.fault(at, "not the url of a known store", KNOWN),
    }
    StoreUrl::Memory
}
