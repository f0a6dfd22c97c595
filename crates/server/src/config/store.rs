use super::fault::Fault;
use super::reader::{Section, is_open_to_others, open_to_others};
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use url::Url;
use wxhook_idempotency::{Error, Retention};
#[cfg(feature = "redis")]
#[cfg(feature = "redis")]
use wxhook_idempotency_redis::OpenError;
use zeroize::Zeroizing;

/// Where records are kept, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreConfig {
    /// Where records are kept.
    pub url: StoreUrl,
    /// Retention of records and their keys.
    pub retention: Retention,
    /// Name of the URL in messages.
    place: String,
}

impl StoreConfig {
    /// Returns how messages name the key of the URL.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Returns the fault that the store can't be opened or used because of an error.
    pub fn fault(&self, error: &Error) -> Fault {
        let (what, fix) = match &self.url {
            StoreUrl::Sqlite(path) => sqlite_fault(path, error),
            StoreUrl::Memory => (error.to_string(), "see the log"),
            StoreUrl::Redis(_) => (error.to_string(), "see the Redis server's own log"),
        };
        Fault::new(&*self.place, what, fix)
    }

    /// Returns the fault that Redis can't be used because of an error.
    #[cfg(feature = "redis")]
    #[cfg(feature = "redis")]
    pub fn redis_fault(&self, error: &OpenError) -> Fault {
        let what = match innermost(error) {
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
        Fault::new(&*self.place, what, fix)
    }

    /// Returns a warning if others can read the database file.
    pub fn warning(&self) -> Option<String> {
        let path = self.url.path()?;
        let metadata = std::fs::metadata(path).ok()?;
        is_open_to_others(&metadata).then(|| format!("{}: {}", self.place, open_to_others(path)))
    }
}

/// Returns why the database file can't be used, and how to fix it.
fn sqlite_fault(path: &Path, error: &Error) -> (String, &'static str) {
    const GUIDE: &str = "see \"Backup, restore and moving\" in docs/admin.md";
    let shown = path.display();
    let unusable = |why: &dyn fmt::Display| format!("{shown} can't be used: {why}");
    if let Some(what) = missing_folder(path) {
        return (what, "create it, or correct the path");
    }
    if path.is_dir() {
        return (format!("{shown} is a folder"), "give the path of a file");
    }
    match error {
        Error::Unsupported(why) if why.contains("schema version") => {
            (unusable(why), "run the newer program, or give another path")
        }
        Error::Unsupported(why) if why.contains("isn't its own") || why.contains("unfinished copy") => {
            (unusable(why), GUIDE)
        }
        Error::Unsupported(why) if why.contains("write-ahead log") => {
            (unusable(why), "put it on a disk of this machine")
        }
        Error::Replaced(_) => (error.to_string(), "put the right files in place, and start again"),
        Error::Corrupt(what) if is_database(path) => (
            format!("{shown} is damaged: {what}"),
            "keep a copy of it and restore a backup, see \"Backup, restore and moving\" in docs/admin.md",
        ),
        Error::Corrupt(_) | Error::Unsupported(_) => {
            (format!("{shown} is not a wxhook database"), "give another path, or restore it from a backup")
        }
        _ => {
            let why = innermost(error).map_or_else(|| error.to_string(), ToString::to_string);
            (unusable(&why), "let the user that runs wxhook write it and its folder")
        }
    }
}

/// Returns the innermost cause of an error.
fn innermost(error: &dyn std::error::Error) -> Option<&dyn std::error::Error> {
    std::iter::successors(error.source(), |cause| cause.source()).last()
}

/// Returns what is wrong if the folder of a file doesn't exist.
pub(super) fn missing_folder(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_missing = std::fs::metadata(folder).is_err_and(|error| error.kind() == ErrorKind::NotFound);
    is_missing.then(|| format!("the folder {} does not exist", folder.display()))
}

/// Returns whether a file begins as every SQLite database does.
fn is_database(path: &Path) -> bool {
    let mut start = [0; 16];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == *b"SQLite format 3\0"
}

/// The URL of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreUrl {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A Redis or Valkey server.
    Redis(RedisUrl),
    /// Memory of this process: everything is lost when it ends.
    Memory,
}

impl StoreUrl {
    /// Parses the URL of a store; relative paths are relative to the working directory.
    ///
    /// # Errors
    /// Returns the fault of it; `place` is its name in the message.
    pub fn parse(place: &str, url: &str) -> Result<Self, Fault> {
        parse_url(url, Path::new("")).map_err(|(what, fix)| Fault::new(place, what, fix))
    }

    /// Returns the path of a SQLite file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Redis(_) | Self::Memory => None,
        }
    }
}

impl fmt::Display for StoreUrl {
    /// Formats the URL without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Redis(url) => url.fmt(f),
            Self::Memory => f.write_str("memory://"),
        }
    }
}

/// A `redis` or `rediss` URL. Prints scheme, host, port and database, but not user and password.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl {
    shown: String,
    whole: Zeroizing<String>,
}

impl RedisUrl {
    /// Returns the whole URL with user and password.
    pub fn reveal(&self) -> &str {
        &self.whole
    }

    /// Parses a URL.
    ///
    /// # Errors
    /// Returns the fault and its fix.
    pub(super) fn parse(text: &str) -> Result<Self, (&'static str, &'static str)> {
        const LIKE: &str = "write it like rediss://user:password@db:6379/0 (redis:// without TLS)";
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "redis" | "rediss"));
        let Some(url) = url else { return Err(("not a redis:// or rediss:// url", LIKE)) };
        let database = url.path().trim_start_matches('/');
        if url.host_str().is_none_or(str::is_empty) {
            Err(("names no host", LIKE))
        } else if url.query().is_some() || url.fragment().is_some() {
            Err(("has options", LIKE))
        } else if !database.is_empty() && database.parse::<u32>().is_err() {
            Err(("its path is no database number", LIKE))
        } else {
            let host = url.host_str().unwrap_or_default();
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            let shown = format!("{}://{host}{port}{}", url.scheme(), url.path());
            Ok(Self { shown, whole: Zeroizing::new(text.to_owned()) })
        }
    }

    /// Returns whether there is a user or a password.
    pub(super) fn has_secret(&self) -> bool {
        self.whole.contains('@')
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({})", self.shown)
    }
}

/// Parses the store; returns with it whether its URL can be used. Otherwise the URL is a substitute.
pub(super) fn parse(section: &Section<'_>) -> (StoreConfig, bool) {
    let retention = section.duration("retention");
    let retention =
        Retention::new(retention, Retention::default().tombstones().max(retention)).unwrap_or_default();
    let is_set = section.has("url") || section.has("url_file");
    let (key, text) = match section.value("url") {
        Some((key, text)) => {
            (key, std::str::from_utf8(&text).map(|text| parse_url(text, &section.reader.dir)).ok())
        }
        None if is_set => ("url".to_owned(), None),
        None => ("url".to_owned(), Some(parse_url(section.text_or_default("url"), &section.reader.dir))),
    };
    let url = match text.transpose() {
        Ok(url) => url,
        Err((what, fix)) => {
            section.fault(&key, what, fix);
            None
        }
    };
    if matches!(&url, Some(StoreUrl::Redis(url)) if url.has_secret()) && key == "url" {
        section.holds_secret("url");
    }
    let is_usable = url.is_some();
    (StoreConfig { url: url.unwrap_or(StoreUrl::Memory), retention, place: section.place(&key) }, is_usable)
}

fn parse_url(url: &str, dir: &Path) -> Result<StoreUrl, (&'static str, &'static str)> {
    match url.split_once("://") {
        Some(("sqlite", path)) if path.is_empty() || path.ends_with('/') => {
            Err(("names no database file", "write it like sqlite://wxhook.db"))
        }
        Some(("sqlite", ":memory:")) => {
            Err(("is no file", "give memory:// for a store in memory, which loses everything when it ends"))
        }
        Some(("sqlite", path)) if path.contains(['?', '#', '\0']) => {
            Err(("the path holds a ?, # or NUL", "give a plain path; a sqlite:// url has no options"))
        }
        Some(("sqlite", path)) => Ok(StoreUrl::Sqlite(dir.join(path))),
        Some(("memory", "")) => Ok(StoreUrl::Memory),
        Some(("memory", _)) => Err(("there is something after memory://", "give memory:// alone")),
        Some(("redis" | "rediss", _)) => RedisUrl::parse(url).map(StoreUrl::Redis),
        _ => Err((
            "not the url of a known store",
            "give sqlite://<path>, redis://<host>:<port>/<db> or memory://",
        )),
    }
}
