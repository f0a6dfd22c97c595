pub(super) mod redis;

pub use redis::RedisUrl;

use super::fault::Fault;
use super::origin::Origins;
use super::raw::RawStore;
use super::reader::{self, Reader};
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use wxhook_idempotency::{Error, Retention};
use wxhook_idempotency_redis::OpenError;

/// Where records are kept, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreConfig {
    /// Where.
    pub url: StoreUrl,
    /// How long.
    pub retention: Retention,
    /// How a message names the URL.
    place: String,
}

impl StoreConfig {
    /// How a message names the key that says where.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What is wrong with this configuration, when the store couldn't be opened or tried because of `error`.
    pub fn fault(&self, error: &Error) -> Fault {
        let (what, fix) = match &self.url {
            StoreUrl::Sqlite(path) => unusable(path, error),
            StoreUrl::Memory => (error.to_string(), "see the log"),
            StoreUrl::Redis(_) => (error.to_string(), "look at the Redis server's own log"),
        };
        Fault::new(&*self.place, what, fix)
    }

    /// What is wrong with this configuration, when Redis can't be used because of `error`.
    pub fn redis_fault(&self, error: &OpenError) -> Fault {
        redis::unusable(&self.place, error)
    }

    /// What is worth a look, though it is no fault: a database file that others can read.
    pub fn warning(&self) -> Option<String> {
        let path = self.url.path()?;
        let metadata = std::fs::metadata(path).ok()?;
        reader::is_open_to_others(&metadata).then(|| format!("{}: {}", self.place, reader::readable(path)))
    }
}

/// Why the database file can't be used, and how to mend it.
fn unusable(path: &Path, error: &Error) -> (String, &'static str) {
    let shown = path.display();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if std::fs::metadata(folder).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        let what = format!("the folder {} does not exist", folder.display());
        return (what, "create it, or correct the path");
    }
    if path.is_dir() {
        return (format!("{shown} is a folder"), "give the path of a file");
    }
    match error {
        Error::Unsupported(why) if why.contains("schema version") => {
            (format!("{shown} can't be used: {why}"), "run the newer program, or give another path")
        }
        Error::Unsupported(why) if why.contains("isn't its own") || why.contains("unfinished copy") => {
            (format!("{shown} can't be used: {why}"), "see \"Backup, restore and moving\" in docs/admin.md")
        }
        Error::Replaced(_) => (error.to_string(), "put the right files in place, and start again"),
        Error::Unsupported(why) if why.contains("write-ahead log") => {
            (format!("{shown} can't be used: {why}"), "put it on a disk of this machine")
        }
        Error::Corrupt(what) if is_database(path) => {
            let fix =
                "keep a copy of it and restore a backup, see \"Backup, restore and moving\" in docs/admin.md";
            (format!("{shown} is damaged: {what}"), fix)
        }
        Error::Corrupt(_) | Error::Unsupported(_) => {
            (format!("{shown} is not a wxhook database"), "give another path, or restore it from a backup")
        }
        _ => {
            let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
            let why = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
            (format!("{shown} can't be used: {why}"), "let the user that runs wxhook write it and its folder")
        }
    }
}

/// Returns whether a file begins as every SQLite database does.
fn is_database(path: &Path) -> bool {
    let mut start = [0; 16];
    File::open(path)
        .and_then(|mut file| file.read_exact(&mut start))
        .is_ok_and(|()| start == *b"SQLite format 3\0")
}

/// A store that this build has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreUrl {
    /// A database file, its path made relative to nothing but the working directory.
    Sqlite(PathBuf),
    /// A Redis or Valkey server.
    Redis(RedisUrl),
    /// This process's memory: everything is lost when it ends.
    Memory,
}

impl StoreUrl {
    /// Parses a URL as `store.url` has it, a relative path being relative to the working directory.
    ///
    /// # Errors
    /// What is wrong with it; `place` is how the message names it.
    pub fn parse(place: &str, url: &str) -> Result<Self, Fault> {
        let origins = Origins::default();
        let mut reader = Reader::new(&origins, Path::new(""), 0);
        let parsed = parse_url(&mut reader, place, url);
        match reader.faults.pop() {
            Some(fault) => Err(Fault::new(place, fault.what(), fault.fix())),
            None => Ok(parsed),
        }
    }

    /// The database file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Redis(_) | Self::Memory => None,
        }
    }
}

impl fmt::Display for StoreUrl {
    /// As a URL, without any password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Redis(url) => url.fmt(f),
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
    let default = Retention::default();
    let span = raw.retention.as_deref().map_or(Ok(default.records()), humantime::parse_duration);
    let retention = match span {
        Ok(records) => Retention::new(records, default.tombstones().max(records)).unwrap_or_else(|_| {
            let what = "less than 25h, and the platform resends for up to 24h23m";
            reader.fault("store.retention", what, "give \"25h\" or more, e.g. \"7d\"");
            default
        }),
        Err(_) => {
            reader.fault("store.retention", "not a span of time", "write it like \"7d\"");
            default
        }
    };
    let place = reader.place(&at);
    StoreConfig { url, retention: longest(reader, retention, default), place }
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
    const KNOWN: &str = "give sqlite://<path>, redis://<host>:<port>/<db> or memory://";
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
        Some(("redis" | "rediss", _)) => {
            return redis::parse(reader, at, url).map_or(StoreUrl::Memory, StoreUrl::Redis);
        }
        _ => reader.fault(at, "not the url of a known store", KNOWN),
    }
    StoreUrl::Memory
}
