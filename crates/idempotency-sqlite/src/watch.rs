use crate::fault::Fault;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::UNIX_EPOCH;
use wxhook_idempotency::Error;

const DATABASE_REPLACED: &str = "another file is in the database file's place";
const DATABASE_REMOVED: &str = "the database file was removed or renamed";
const LOG_REPLACED: &str = "another file is in the place of the write-ahead log (-wal)";
const LOG_REMOVED: &str = "the write-ahead log (-wal) was removed";
const INDEX_REPLACED: &str = "another file is in the place of the log's index (-shm)";
const INDEX_REMOVED: &str = "the log's index (-shm) was removed";

/// The files of an open store, and changes to them.
///
/// SQLite keeps files open and goes on writing into them when their names lead elsewhere. As long as a connection is
/// open, SQLite itself neither removes the log and its index nor makes new ones, and this holds one. So whatever
/// happens to one of the three names was done by somebody else, and what is written from then on is lost.
#[derive(Debug)]
pub(crate) struct Watch {
    /// As the caller named it, which may be a link.
    path: PathBuf,
    log: PathBuf,
    index: PathBuf,
    /// Files that the names led to when the store was opened.
    known: OnceLock<Known>,
    replaced: OnceLock<&'static str>,
    rescued: AtomicBool,
    /// The log and the database don't belong together any more.
    overwritten: AtomicBool,
}

#[derive(Debug)]
struct Known {
    folder: Identity,
    database: Identity,
    log: Identity,
    index: Identity,
    guard: Mutex<Connection>,
}

/// The file that a name leads to now, compared with the known one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Now {
    Same,
    Other,
    Gone,
}

impl Watch {
    /// Watches nothing yet. The file is there.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        // SQLite names the others after what the path leads to in the end.
        let real = fs::canonicalize(path)?;
        let beside = |suffix: &str| {
            let mut name = real.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        };
        let (log, index) = (beside("-wal"), beside("-shm"));
        let path = std::path::absolute(path)?;
        Ok(Self {
            path,
            log,
            index,
            known: OnceLock::new(),
            replaced: OnceLock::new(),
            rescued: AtomicBool::new(false),
            overwritten: AtomicBool::new(false),
        })
    }

    /// Returns the path of the database file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of the write-ahead log.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Remembers the files, which `guard` has open, and goes on to.
    pub(crate) fn start(&self, guard: Connection) -> io::Result<()> {
        let known = Known {
            folder: identity(&fs::metadata(self.folder())?),
            database: identity(&fs::metadata(&self.path)?),
            log: identity(&fs::metadata(&self.log)?),
            index: identity(&fs::metadata(&self.index)?),
            guard: Mutex::new(guard),
        };
        let _once = self.known.set(known);
        Ok(())
    }

    /// Fails if the store was replaced at any time, or if its files can't be reached now.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Some(known) = self.known.get() else { return Ok(()) };
        let error = match self.replaced.get() {
            Some(why) => Error::Replaced(why),
            None => match self.compare(known).map_err(Fault::file)? {
                Some(why) => self.replace(why),
                None => return Ok(()),
            },
        };
        self.rescue(known);
        Err(error)
    }

    /// The store isn't the one that was opened; from now on every check says so.
    pub(crate) fn replace(&self, why: &'static str) -> Error {
        if self.replaced.set(why).is_ok() {
            tracing::error!(path = %self.path.display(), why,
                "the store was replaced: nothing is accepted or delivered until the program is restarted; put the right \
                 files in place first");
        }
        Error::Replaced(self.replaced.get().copied().unwrap_or(why))
    }

    /// The same where a file was written over in place: the log must not be copied into the database.
    pub(crate) fn replace_content(&self, why: &'static str) -> Error {
        self.overwritten.store(true, Ordering::Relaxed);
        self.replace(why)
    }

    /// Copies into the database what is in a log that has no name any more and would be gone with the process. If
    /// something has its name, others may be using that.
    fn rescue(&self, known: &Known) {
        let has_lost_its_name = now(&self.path, known.database).is_ok_and(|database| database == Now::Same)
            && now(&self.log, known.log).is_ok_and(|log| log == Now::Gone);
        if !has_lost_its_name || self.rescued.load(Ordering::Relaxed) {
            return;
        }
        let guard = known.guard.lock().unwrap_or_else(PoisonError::into_inner);
        let pages = guard.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        // Else somebody is writing or reading, and the next check tries again.
        if pages.is_ok_and(|(all, copied)| all == copied) && !self.rescued.swap(true, Ordering::Relaxed) {
            tracing::warn!(path = %self.path.display(),
                "the content of the removed log was copied into the database; none of it is lost");
        }
    }

    /// Prepares a connection for closing; must be called before that.
    pub(crate) fn closing(&self, connection: &Connection) {
        if !self.may_tidy_up() {
            // Else the last one would copy into, or remove, what has the store's names now.
            let _only_tidier = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }

    fn may_tidy_up(&self) -> bool {
        let is = |path: &Path, known| now(path, known).unwrap_or(Now::Other);
        !self.overwritten.load(Ordering::Relaxed)
            && self.known.get().is_none_or(|known| {
                is(&self.path, known.database) == Now::Same
                    && is(&self.log, known.log) != Now::Other
                    && is(&self.index, known.index) != Now::Other
            })
    }

    fn compare(&self, known: &Known) -> io::Result<Option<&'static str>> {
        let database = now(&self.path, known.database)?;
        let (log, index) = (now(&self.log, known.log)?, now(&self.index, known.index)?);
        // With its folder, as when a volume is away for a while, everything may come back.
        if [database, log, index].contains(&Now::Gone) && now(self.folder(), known.folder)? != Now::Same {
            return Err(ErrorKind::NotFound.into());
        }
        Ok(match (database, log, index) {
            (Now::Same, Now::Same, Now::Same) => None,
            (Now::Other, ..) => Some(DATABASE_REPLACED),
            (Now::Gone, ..) => Some(DATABASE_REMOVED),
            (_, Now::Other, _) => Some(LOG_REPLACED),
            (_, Now::Gone, _) => Some(LOG_REMOVED),
            (.., Now::Other) => Some(INDEX_REPLACED),
            (.., Now::Gone) => Some(INDEX_REMOVED),
        })
    }

    fn folder(&self) -> &Path {
        self.log.parent().unwrap_or(Path::new("/"))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(known) = self.known.get() {
            self.closing(&known.guard.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

fn now(path: &Path, known: Identity) -> io::Result<Now> {
    match fs::metadata(path) {
        Ok(metadata) if identity(&metadata) != known || is_unlinked(&metadata) => Ok(Now::Other),
        Ok(_) => Ok(Now::Same),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Now::Gone),
        Err(error) => Err(error),
    }
}

/// A mark that tells a file from its copies: its inode, and when it was born, since inodes are used again. 0 where the
/// file system doesn't say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FileMark {
    pub(crate) inode: u64,
    pub(crate) born: u64,
}

impl FileMark {
    /// Returns the mark of a file.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let born = metadata.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
        let born = born.and_then(|born| u64::try_from(born.as_nanos()).ok()).unwrap_or_default();
        Ok(Self { inode: inode(&metadata), born })
    }

    /// Returns whether both may belong to one file.
    pub(crate) fn agrees_with(self, other: Self) -> bool {
        let agree = |one, other| one == 0 || other == 0 || one == other;
        agree(self.inode, other.inode) && agree(self.born, other.born)
    }
}

/// Database files that are open beside SQLite: they stay so as long as the process lives, since closing any descriptor
/// of a file drops the locks that its other descriptors, SQLite's, hold.
static KEPT: Mutex<BTreeMap<Identity, Arc<File>>> = Mutex::new(BTreeMap::new());

/// The file, opened once.
pub(crate) fn kept(path: &Path) -> io::Result<Arc<File>> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = kept.get(&identity(&fs::metadata(path)?)) {
        return Ok(Arc::clone(file));
    }
    let file = Arc::new(File::open(path)?);
    kept.insert(identity(&file.metadata()?), Arc::clone(&file));
    Ok(file)
}

#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

/// A file that was bound to its name by a mount keeps it when it is removed.
#[cfg(unix)]
fn is_unlinked(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.nlink() == 0
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
type Identity = Option<std::time::SystemTime>;

#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> Identity {
    metadata.created().ok()
}

#[cfg(not(unix))]
fn is_unlinked(_metadata: &Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn inode(_metadata: &Metadata) -> u64 {
    0
}
