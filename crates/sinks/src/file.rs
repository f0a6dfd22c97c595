use crate::options::{Error, FileSinkOptions};
use same_file::Handle;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use tokio::sync::{mpsc, oneshot};
use wxhook_delivery::{Delivery, Receipt, Sink, SinkError};

/// Maximum number of lines that wait for the writer, and that are synced to disk together.
const MAX_BATCH: usize = 256;
/// Maximum number of times the file is opened again because it was moved away meanwhile; other writers may rotate it many
/// times at once.
const MAX_TRIES: usize = 1000;
/// Minimum number of digits of a rotated file. Shorter numbers, such as those of logrotate, belong to others.
const MIN_DIGITS: usize = 13;

/// A sink that appends each record as one line of JSON to a file, and rotates the file when it is full.
///
/// A record is done once its line is synced to disk; lines that wait together are synced together. An interrupted write,
/// in this process or an earlier one, leaves a partial line. The next line starts on a new one, so a reader that skips
/// lines which are empty or aren't JSON loses nothing. The file may be moved away at any time: the next line goes to a
/// new file. Several processes may write to one file if the file system has locks.
///
/// A full file is renamed to `<path>.<number>`, where a greater number is newer (milliseconds since the Unix epoch).
/// A thread of the sink's own does the writing.
#[derive(Debug)]
pub struct FileSink {
    name: String,
    jobs: mpsc::Sender<Job>,
}

/// A line to write, and the channel for the result.
#[derive(Debug)]
struct Job {
    line: String,
    reply: oneshot::Sender<Result<(), ErrorKind>>,
}

impl FileSink {
    /// Opens the file, creating it if it doesn't exist. `name` is the sink's name in logs and metrics.
    ///
    /// # Errors
    /// [`Error::File`] if the file can't be written.
    pub fn open(name: impl Into<String>, options: FileSinkOptions) -> Result<Self, Error> {
        let path = options.path.clone();
        let start = || -> io::Result<mpsc::Sender<Job>> {
            let mut log = Log::new(options);
            log.check()?;
            let (jobs, queue) = mpsc::channel(MAX_BATCH);
            std::thread::Builder::new()
                .name("wxhook-file-sink".to_owned())
                .spawn(move || write(queue, log))?;
            Ok(jobs)
        };
        let jobs = start().map_err(|source| Error::File { path, source })?;
        Ok(Self { name: name.into(), jobs })
    }
}

impl Sink for FileSink {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, SinkError> {
        let line = delivery.record.to_json() + "\n";
        let (reply, result) = oneshot::channel();
        let ended = || SinkError::retry("the file's writer has ended");
        self.jobs.send(Job { line, reply }).await.map_err(|_| ended())?;
        match result.await {
            Ok(Ok(())) => Ok(Receipt::default()),
            Ok(Err(kind)) => Err(SinkError::retry(format!("writing the file failed: {kind}"))),
            Err(_) => Err(ended()),
        }
    }
}

/// Writes lines until the sink is dropped.
fn write(mut queue: mpsc::Receiver<Job>, mut log: Log) {
    let mut jobs = Vec::new();
    while queue.blocking_recv_many(&mut jobs, MAX_BATCH) > 0 {
        // Deliveries that have timed out are attempted again.
        jobs.retain(|job| !job.reply.is_closed());
        let (synced, failure) = log.append(jobs.iter().map(|job| &*job.line));
        for (nth, job) in jobs.drain(..).enumerate() {
            let result = failure.filter(|_| nth >= synced).map_or(Ok(()), Err);
            // A delivery that was dropped meanwhile is attempted again.
            let _dropped = job.reply.send(result);
        }
    }
}

/// A file of lines, and the rotated files beside it.
#[derive(Debug)]
struct Log {
    options: FileSinkOptions,
    file: Option<File>,
    /// True if the last rotation failed; the warning is logged once.
    is_stuck: bool,
}

impl Log {
    fn new(options: FileSinkOptions) -> Self {
        Self { options, file: None, is_stuck: false }
    }

    /// Checks that the file can be opened and written.
    fn check(&mut self) -> io::Result<()> {
        let locked = self.lock().map(drop);
        self.unlock();
        locked
    }

    /// Appends lines, each with its line end, and syncs them to disk. Returns how many are certainly there, and the error
    /// that applies to the others.
    fn append<'a>(&mut self, lines: impl Iterator<Item = &'a str>) -> (usize, Option<ErrorKind>) {
        let mut synced = 0;
        let failure = self.try_append(lines, &mut synced).err();
        self.unlock();
        if failure.is_some() {
            self.file = None;
        }
        (synced, failure.map(|error| error.kind()))
    }

    fn try_append<'a>(&mut self, lines: impl Iterator<Item = &'a str>, synced: &mut usize) -> io::Result<()> {
        let (mut size, mut is_partial) = self.lock()?;
        let (mut written, mut failure, mut may_rotate) = (0, Ok(()), true);
        for line in lines {
            let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
            if may_rotate && size > 0 && size.saturating_add(length) > self.options.rotate_size {
                may_rotate = self.rotate(is_partial)?;
                if may_rotate {
                    *synced = written;
                    (size, is_partial) = self.lock()?;
                }
            }
            let line_end = if is_partial { "\n" } else { "" };
            failure = self.file()?.write_all([line_end, line].concat().as_bytes());
            if failure.is_err() {
                break;
            }
            (size, is_partial) = (size.saturating_add(length), false);
            written += 1;
        }
        // Lines before a failed one count if they can be synced.
        let sync = if written > 0 { self.file()?.sync_data() } else { Ok(()) };
        if sync.is_ok() {
            *synced = written;
        }
        failure.and(sync)
    }

    /// Renames the full file so that a new one is started. Returns false if that failed; then the full one grows.
    fn rotate(&mut self, is_partial: bool) -> io::Result<bool> {
        if is_partial {
            // The record of the partial line is delivered again.
            self.file()?.write_all(b"\n")?;
        }
        self.file()?.sync_data()?;
        let renamed = self.rename();
        match &renamed {
            Ok(()) => self.file = None,
            Err(error) if !self.is_stuck => {
                let path = self.options.path.display();
                tracing::warn!(%error, %path, "the full file can't be rotated and grows");
            }
            Err(_) => {}
        }
        self.is_stuck = renamed.is_err();
        Ok(renamed.is_ok())
    }

    /// Renames the file to a number greater than all others, and removes the oldest files if there are too many.
    fn rename(&self) -> io::Result<()> {
        let path = &self.options.path;
        let mut numbers = self.rotated()?;
        let now = self.options.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let next = numbers.last().map_or(0, |newest| newest.saturating_add(1));
        let number = u64::try_from(now).unwrap_or(u64::MAX).max(next);
        fs::rename(path, rotated(path, number))?;
        sync_parent(path)?;
        numbers.push(number);
        let excess = self.options.rotate_keep.map_or(0, |keep| numbers.len().saturating_sub(keep));
        for oldest in numbers.into_iter().take(excess) {
            let path = rotated(path, oldest);
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(%error, path = %path.display(), "an old file can't be removed");
            }
        }
        Ok(())
    }

    /// Returns the numbers of the rotated files, the oldest first.
    fn rotated(&self) -> io::Result<Vec<u64>> {
        let own = self.options.path.file_name().unwrap_or_default().as_encoded_bytes();
        let parse = |name: &[u8]| -> Option<u64> {
            let digits = name.strip_prefix(own)?.strip_prefix(b".")?;
            let is_ours = digits.len() >= MIN_DIGITS && digits.iter().all(u8::is_ascii_digit);
            std::str::from_utf8(digits).ok().filter(|_| is_ours)?.parse().ok()
        };
        let mut numbers = Vec::new();
        for entry in fs::read_dir(parent(&self.options.path))? {
            numbers.extend(parse(entry?.file_name().as_encoded_bytes()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Opens the file at the path, unless it is open, and locks out other writers. Returns its size and whether its last
    /// line is partial.
    fn lock(&mut self) -> io::Result<(u64, bool)> {
        let path = &self.options.path;
        for _ in 0..MAX_TRIES {
            let mut file = match self.file.take() {
                Some(file) => file,
                None => open(path)?,
            };
            if let Err(error) = file.lock() {
                if error.kind() == ErrorKind::Interrupted {
                    continue;
                }
                // A file system without locks supports a single writer.
                tracing::debug!(%error, path = %path.display(), "the file can't be locked");
            }
            // It may have been moved away, or rotated by another writer that held the lock.
            match Handle::from_path(path) {
                Ok(found) if found == Handle::from_file(file.try_clone()?)? => {}
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => continue,
            }
            let (size, mut last) = (file.metadata()?.len(), [b'\n']);
            if size > 0 {
                // Reading doesn't move where lines are appended.
                file.seek(SeekFrom::Start(size - 1))?;
                file.read_exact(&mut last)?;
            }
            self.file = Some(file);
            return Ok((size, last != *b"\n"));
        }
        Err(io::Error::new(ErrorKind::ResourceBusy, "the file is moved away again and again"))
    }

    fn unlock(&mut self) {
        if self.file.as_ref().is_some_and(|file| file.unlock().is_err()) {
            // Closing it releases the lock, if there is one.
            self.file = None;
        }
    }

    fn file(&mut self) -> io::Result<&mut File> {
        self.file.as_mut().ok_or_else(|| ErrorKind::NotFound.into())
    }
}

/// Opens a file for appending. A new one is readable by its owner only.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    sync_parent(path)?;
    Ok(file)
}

/// Syncs the creation or renaming of a file in the parent of `path` to disk.
fn sync_parent(path: &Path) -> io::Result<()> {
    // Other systems can't open directories.
    if cfg!(unix) { File::open(parent(path))?.sync_all() } else { Ok(()) }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn rotated(path: &Path, number: u64) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(format!(".{number:0MIN_DIGITS$}"));
    name.into()
}
