//! Backups to one file, made while the store is in use.

use crate::fault::sql;
use crate::file::{self, Location};
use crate::head::{Head, Origin};
use crate::schema;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use wxhook_idempotency::Error;

/// Copies all pages in one step, so that the backup is a consistent snapshot even while others write.
const ALL_PAGES: std::ffi::c_int = -1;
const PAUSE: Duration = Duration::from_millis(5);

/// The error of a backup. No partial file is left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The file exists already; a backup never overwrites one.
    #[error("{} exists already, and a backup never overwrites a file", .0.display())]
    Exists(PathBuf),
    /// The backup's file can't be written.
    #[error("can't write {}", path.display())]
    Target {
        /// The backup's file.
        path: PathBuf,
        /// Error of the operating system.
        #[source]
        source: io::Error,
    },
    /// The store can't be read or copied.
    #[error("can't copy the store")]
    Store(#[from] Error),
}

/// Copies the store at `location` to a new file, durably.
pub(crate) fn backup(location: &Location, to: &Path) -> Result<(), BackupError> {
    let target = |source: io::Error| match source.kind() {
        ErrorKind::AlreadyExists => BackupError::Exists(to.to_owned()),
        _ => BackupError::Target { path: to.to_owned(), source },
    };
    if fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let part = Part::new(to).map_err(target)?;
    copy(location, &part.0)?;
    File::open(&part.0).and_then(|file| file.sync_all()).map_err(target)?;
    // Unlike renaming, linking overwrites nothing.
    fs::hard_link(&part.0, to).map_err(target)?;
    drop(part);
    file::sync_folder(to).map_err(target)
}

fn copy(location: &Location, to: &Path) -> Result<(), Error> {
    let from = location.connect()?;
    schema::check(&from)?;
    let is_latest = schema::is_latest(&from)?;
    let mut copy = Connection::open(to).map_err(sql)?;
    // The file is synced once it is complete.
    copy.pragma_update(None, "synchronous", "OFF").map_err(sql)?;
    let start = Instant::now();
    let backup = Backup::new(&from, &mut copy).map_err(sql)?;
    while backup.step(ALL_PAGES).map_err(sql)? != StepResult::Done {
        if start.elapsed() > location.busy_timeout() {
            let busy = rusqlite::ffi::Error { code: ErrorCode::DatabaseBusy, extended_code: 5 };
            return Err(sql(rusqlite::Error::SqliteFailure(busy, None)));
        }
        std::thread::sleep(PAUSE);
    }
    drop(backup);
    // One file without a log; the store changes it again when it is opened.
    copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).map_err(sql)?;
    if is_latest {
        let mut head = Head::read(&copy)?;
        head.origin = Origin::Backup;
        head.write(&copy)?;
    }
    copy.close().map_err(|(_, error)| sql(error))
}

/// The file that is written to, beside the one it becomes; removed when this goes.
struct Part(PathBuf);

impl Part {
    fn new(to: &Path) -> io::Result<Self> {
        let mut name = to.file_name().ok_or(ErrorKind::InvalidInput)?.to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let path = to.with_file_name(name);
        file::create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut path = self.0.clone().into_os_string();
            path.push(suffix);
            let _there_or_not = fs::remove_file(path);
        }
    }
}
