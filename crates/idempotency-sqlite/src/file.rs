use crate::fault::{Fault, sql};
use crate::schema;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::collections::BTreeMap;
use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wxhook_idempotency::Error;

/// Pages of the write-ahead log (4 KiB each) after which a commit copies them into the database itself, and everybody
/// waits: only if the thread that does so can't.
const CHECKPOINT_PAGES: i64 = 64_000;
/// The log file is cut back to this after a burst.
const LOG_BYTES: i64 = 64 << 20;
/// Page cache of a connection, in KiB (SQLite wants it negative).
const CACHE_KIB: i64 = -16_384;
/// Every statement that a connection prepares stays prepared.
const STATEMENTS: usize = 96;

/// A database file that was there once. It is never created anew behind the caller's back: an empty store would call
/// every resend new.
#[derive(Debug, Clone)]
pub(crate) struct Location {
    path: PathBuf,
    busy_timeout: Duration,
}

/// A connection, and which file it is on.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    /// How long to wait while another process writes.
    pub(crate) busy_timeout: Duration,
    identity: Identity,
}

impl Location {
    /// Creates the file, readable by its owner only, unless it is there.
    pub(crate) fn prepare(path: &Path, busy_timeout: Duration) -> Result<Self, Error> {
        let path = std::path::absolute(path).map_err(Fault::file)?;
        match create(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => warn_of_readers(&path),
            Err(error) => return Err(Fault::file(error).into()),
        }
        Ok(Self { path, busy_timeout })
    }

    /// Opens it, checks that it is ours and brings its schema up to date.
    pub(crate) fn open(&self) -> Result<Opened, Error> {
        let identity = self.identity()?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&self.path, flags).map_err(sql)?;
        connection.busy_timeout(self.busy_timeout).map_err(sql)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // Else SQLite may plan a statement anew whenever its parameters change, which costs more than running it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(sql)?;
        schema::check(&connection)?;
        self.use_log(&connection)?;
        for (pragma, value) in [
            ("wal_autocheckpoint", CHECKPOINT_PAGES),
            ("journal_size_limit", LOG_BYTES),
            ("cache_size", CACHE_KIB),
            ("trusted_schema", 0),
        ] {
            connection.pragma_update(None, pragma, value).map_err(sql)?;
        }
        connection.pragma_update(None, "synchronous", "FULL").map_err(sql)?;
        schema::migrate(&mut connection)?;
        connection.busy_timeout(self.busy_timeout).map_err(sql)?;
        Ok(Opened { connection, busy_timeout: self.busy_timeout, identity })
    }

    /// Whether the path still leads to the file that was opened: SQLite would go on writing into one that was deleted.
    pub(crate) fn verify(&self, opened: &Opened) -> Result<(), Error> {
        if self.identity()? == opened.identity { Ok(()) } else { Err(Fault::Replaced.into()) }
    }

    /// Makes durable what was written into the database so far, by whomever.
    pub(crate) fn flush(&self) -> io::Result<()> {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let expected = identity(&fs::metadata(&self.path)?);
        let file = match kept.get(&expected) {
            Some(file) => Arc::clone(file),
            None => {
                let file = Arc::new(fs::File::open(&self.path)?);
                let opened = file.metadata().map_or(expected, |metadata| identity(&metadata));
                kept.insert(opened, Arc::clone(&file));
                file
            }
        };
        drop(kept);
        file.sync_data()
    }

    fn identity(&self) -> Result<Identity, Error> {
        Ok(identity(&fs::metadata(&self.path).map_err(Fault::file)?))
    }

    /// Changing to the write-ahead log needs the file alone for a moment, and SQLite doesn't wait for it by itself.
    fn use_log(&self, connection: &Connection) -> Result<(), Error> {
        let start = Instant::now();
        loop {
            let changed = connection
                .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0));
            match changed {
                Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
                Ok(mode) => return Err(Error::Unsupported(format!("no write-ahead log here, only {mode}"))),
                Err(error)
                    if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                        && start.elapsed() < self.busy_timeout =>
                {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(error) => return Err(sql(error)),
            }
        }
    }
}

/// Database files that were flushed: they stay open as long as the process lives, since closing any descriptor of a file
/// drops the locks that its other descriptors, SQLite's, hold.
static KEPT: Mutex<BTreeMap<Identity, Arc<fs::File>>> = Mutex::new(BTreeMap::new());

fn create(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.sync_all()?;
    // The directory's entry has to be as durable as what is written into the file.
    #[cfg(unix)]
    if let Some(directory) = path.parent() {
        fs::File::open(directory)?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn warn_of_readers(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).map(|metadata| metadata.permissions().mode()).unwrap_or_default();
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), mode = %format_args!("{:o}", mode & 0o777),
            "the store's file, which holds opened notifications, is open to other users");
    }
}

#[cfg(not(unix))]
fn warn_of_readers(_path: &Path) {}

#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
type Identity = Option<std::time::SystemTime>;

#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> Identity {
    metadata.created().ok()
}
