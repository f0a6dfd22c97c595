//! A file of lines, and the full ones beside it.

mod full;
mod place;

use crate::config::FileSinkConfig;
use full::Full;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use wxhook_idempotency::Clock;

/// So often the file is opened anew, because it was moved away meanwhile; another writer may set many aside at once.
const TRIES: usize = 1000;

#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    rotate_size: u64,
    full: Full,
    file: Option<File>,
    /// Whether beginning a new file failed last time: it is said once.
    stuck: bool,
}

impl Log {
    pub(super) fn new(config: &FileSinkConfig, clock: Arc<dyn Clock>) -> Self {
        Self {
            path: config.path.clone(),
            rotate_size: config.rotate_size,
            full: Full::new(&config.path, config.rotate_keep, clock),
            file: None,
            stuck: false,
        }
    }

    /// Opens the file; an error says why it can't be written.
    pub(super) fn ready(&mut self) -> io::Result<()> {
        let locked = self.lock().map(|_| ());
        self.unlock();
        locked
    }

    /// Appends lines, each with its line end, and puts them on the disk. Gives how many are there for sure, and what went
    /// wrong with the others.
    pub(super) fn append<'a>(&mut self, lines: impl Iterator<Item = &'a str>) -> (usize, Option<ErrorKind>) {
        let mut kept = 0;
        let failure = self.try_append(lines, &mut kept).err();
        self.unlock();
        if failure.is_some() {
            // Whatever is wrong with it, the next line begins with a fresh look.
            self.file = None;
        }
        (kept, failure.map(|error| error.kind()))
    }

    fn try_append<'a>(&mut self, lines: impl Iterator<Item = &'a str>, kept: &mut usize) -> io::Result<()> {
        let (mut size, mut torn) = self.look()?;
        let (mut written, mut failure, mut may_rotate) = (0, Ok(()), true);
        for line in lines {
            let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
            if may_rotate && size > 0 && size.saturating_add(length) > self.rotate_size {
                if self.is_rotated(size, torn)? {
                    *kept = written;
                    (size, torn) = self.look()?;
                } else {
                    may_rotate = false;
                }
            }
            let fresh_line = if torn { "\n" } else { "" };
            failure = self.file()?.write_all([fresh_line, line].concat().as_bytes());
            if failure.is_err() {
                break;
            }
            (size, torn) = (size.saturating_add(length), false);
            written += 1;
        }
        // What was written before a failure is kept, too, if that much can be put on the disk.
        let synced = if written > 0 { self.file()?.sync_data() } else { Ok(()) };
        if synced.is_ok() {
            *kept = written;
        }
        failure.and(synced)
    }

    /// Begins a new file; tells whether that went well. If not, the full one is still good for more.
    fn is_rotated(&mut self, size: u64, torn: bool) -> io::Result<bool> {
        if torn {
            // Nothing was lost by it: the record that it belongs to comes again. But it shall end as a line.
            self.file()?.write_all(b"\n")?;
        }
        self.file()?.sync_data()?;
        match self.full.set_aside() {
            Ok(()) => {
                self.stuck = false;
                self.file = None;
                Ok(true)
            }
            Err(error) => {
                if !self.stuck {
                    tracing::warn!(%error, size, path = %self.path.display(), "no new file can be begun; the full one grows on");
                }
                self.stuck = true;
                Ok(false)
            }
        }
    }

    /// The size of the file that stands at the path, locked, and whether it ends within a line.
    fn look(&mut self) -> io::Result<(u64, bool)> {
        let file = self.lock()?;
        let size = file.metadata()?.len();
        let torn = size > 0 && place::byte_at(file, size - 1)? != b'\n';
        Ok((size, torn))
    }

    /// Opens what stands at the path, if that isn't open already, and keeps other writers out.
    fn lock(&mut self) -> io::Result<&File> {
        for _ in 0..TRIES {
            let file = match self.file.take() {
                Some(file) => file,
                None => place::open(&self.path)?,
            };
            if let Err(error) = file.lock() {
                if error.kind() == ErrorKind::Interrupted {
                    continue;
                }
                // A file system without locks: there should be one writer only.
                tracing::debug!(%error, path = %self.path.display(), "the file can't be locked");
            }
            // It may have been moved away, or set aside by another writer while this one waited.
            if place::is_at(&file, &self.path)? {
                return Ok(self.file.insert(file));
            }
        }
        Err(io::Error::new(ErrorKind::ResourceBusy, "the file is moved away again and again"))
    }

    fn unlock(&mut self) {
        if self.file.as_ref().is_some_and(|file| file.unlock().is_err()) {
            // Closing it ends the lock, if there is one.
            self.file = None;
        }
    }

    fn file(&mut self) -> io::Result<&mut File> {
        self.file.as_mut().ok_or_else(|| ErrorKind::NotFound.into())
    }
}
