use crate::fault::{Fault, sql};
use crate::foreign;
use crate::head::Head;
use crate::schema;
use crate::watch::{FileMark, Watch, kept};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use wxhook_idempotency::{Clock, Error};

/// Pages of the write-ahead log (4 KiB each) after which a commit copies them into the database itself, and everybody
/// waits: only if the thread that does so can't.
const CHECKPOINT_PAGES: i64 = 64_000;
/// Size in bytes that the log file is truncated to after a burst.
const LOG_BYTES: i64 = 64 << 20;
/// Page cache of a connection in KiB, negative as SQLite requires.
const CACHE_KIB: i64 = -16_384;
/// Limit up to which a clock can raise numbers: those after it still fit everywhere.
const MAX_NUMBER: u64 = 1 << 52;
/// Number of statements that a connection keeps prepared, enough for all of them.
const STATEMENTS: usize = 96;

/// A database file that was there once. It is never created anew behind the caller's back: an empty store would call
/// every resend new.
#[derive(Debug, Clone)]
pub(crate) struct Location {
    watch: Arc<Watch>,
    busy_timeout: Duration,
}

/// A connection to the store that was opened first at its place.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    /// Time to wait while another process writes.
    pub(crate) busy_timeout: Duration,
    pub(crate) watch: Arc<Watch>,
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.watch.closing(&self.connection);
    }
}

impl Location {
    /// Creates the file, readable by its owner only, unless it is there.
    pub(crate) fn prepare(path: &Path, busy_timeout: Duration) -> Result<Self, Error> {
        match create(path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => warn_of_readers(path),
            Err(error) => return Err(Fault::file(error).into()),
        }
        Self::of(path, busy_timeout)
    }

    /// Returns the location of an existing file.
    pub(crate) fn of(path: &Path, busy_timeout: Duration) -> Result<Self, Error> {
        let watch = Watch::new(path).map_err(Fault::file)?;
        foreign::check(watch.path(), watch.log())?;
        Ok(Self { watch: Arc::new(watch), busy_timeout })
    }

    /// Fails if the file is missing or was replaced.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.watch.check()
    }

    /// Opens it for the first time, and makes it a store of its own if it is a copy of another.
    pub(crate) fn open_first(&self, clock: &dyn Clock) -> Result<(Opened, Head), Error> {
        let opened = self.open()?;
        let file = FileMark::of(self.watch.path()).map_err(Fault::file)?;
        let mut head = Head::read(&opened.connection)?;
        // Nothing is written unless it must: beside a process that writes all the time it may take long to get a turn.
        let mut settled = head;
        if settled.settle(file, micros(clock))? || settled != head {
            head = self.settle(&opened.connection, file, clock)?;
        }
        let guard = self.connect()?;
        // It opens its files when it reads for the first time.
        Head::read(&guard)?;
        self.watch.start(guard).map_err(Fault::file)?;
        Ok((opened, head))
    }

    /// Makes the file the store's own, and a store of its own if it is a copy of another.
    fn settle(&self, connection: &Connection, file: FileMark, clock: &dyn Clock) -> Result<Head, Error> {
        let begun = Transaction::new_unchecked(connection, TransactionBehavior::Immediate).map_err(sql)?;
        // Another process may have been first.
        let mut head = Head::read(&begun)?;
        if head.settle(file, micros(clock))? {
            tracing::warn!(path = %self.watch.path().display(), id = %head.store_id(), last_seq = head.seq,
                "the store's file was restored from a copy, or moved: it has a new id, and its numbers go on above those \
                 that the original may have given");
        }
        head.step = head.step.saturating_add(1);
        head.write(&begun)?;
        begun.commit().map_err(sql)?;
        Ok(head)
    }

    /// Opens it, checks that it is ours and brings its schema up to date.
    pub(crate) fn open(&self) -> Result<Opened, Error> {
        self.watch.check()?;
        let path = self.watch.path();
        let watch = Arc::clone(&self.watch);
        let mut opened = Opened { connection: self.connect()?, busy_timeout: self.busy_timeout, watch };
        let connection = &mut opened.connection;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // Else SQLite may plan a statement anew whenever its parameters change, which costs more than running it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(sql)?;
        schema::check(connection)?;
        self.use_log(connection)?;
        for (pragma, value) in [
            ("wal_autocheckpoint", CHECKPOINT_PAGES),
            ("journal_size_limit", LOG_BYTES),
            ("cache_size", CACHE_KIB),
            ("trusted_schema", 0),
        ] {
            connection.pragma_update(None, pragma, value).map_err(sql)?;
        }
        connection.pragma_update(None, "synchronous", "FULL").map_err(sql)?;
        schema::migrate(connection, path)?;
        connection.busy_timeout(self.busy_timeout).map_err(sql)?;
        // SQLite goes by the names, which may lead elsewhere by now.
        self.watch.check()?;
        Ok(opened)
    }

    /// Opens the file without changing anything.
    pub(crate) fn connect(&self) -> Result<Connection, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.watch.path(), flags).map_err(sql)?;
        connection.busy_timeout(self.busy_timeout).map_err(sql)?;
        Ok(connection)
    }

    /// Returns the time to wait while another process writes.
    pub(crate) fn busy_timeout(&self) -> Duration {
        self.busy_timeout
    }

    /// Returns whether another process, or another store of this one, has it open. For when this one hasn't.
    pub(crate) fn is_in_use(&self) -> Result<bool, Error> {
        let connection = self.connect()?;
        connection.busy_timeout(Duration::ZERO).map_err(sql)?;
        connection.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(())).map_err(sql)?;
        // Whoever has it open has a lock that is shared.
        match connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())) {
            Ok(()) => Ok(false),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(true),
            Err(error) => Err(sql(error)),
        }
    }

    /// Syncs everything written into the database so far, by any process.
    pub(crate) fn flush(&self) -> io::Result<()> {
        kept(self.watch.path())?.sync_data()
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

fn micros(clock: &dyn Clock) -> u64 {
    let since = clock.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX).min(MAX_NUMBER)
}

/// Creates a file that is readable by its owner only.
pub(crate) fn create(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.sync_all()?;
    sync_folder(path)
}

/// Makes a file's name durable: its folder's entry has to be as durable as what is written into the file.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = std::path::absolute(path)?.parent() {
        fs::File::open(folder)?.sync_all()?;
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
