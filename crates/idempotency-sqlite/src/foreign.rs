//! Tells whether the write-ahead log beside a database is its own, without SQLite, which would take any.
//!
//! SQLite copies whatever valid log it finds into the database: that of another store, or of another state of the same one
//! after a backup was put in place and the log left there. Every transaction of a store counts one on in its head
//! ([`Head::step`]). So the log holds the steps from some first one on; the database itself, without its log, is at the
//! step before that one at least, and at the last one in the log at most.

use crate::fault::Fault;
use crate::head::{Head, Origin};
use crate::watch::{FileMark, kept};
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;
use std::time::Duration;
use wxhook_idempotency::Error;

/// Other processes may be writing both meanwhile: what doesn't fit is looked at again after a moment.
const TRIES: usize = 4;
const PAUSE: Duration = Duration::from_millis(25);

const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const PAGE_SIZES: std::ops::RangeInclusive<u64> = 512..=65_536;

/// Refuses a database that stands beside the log of another.
pub(crate) fn check(path: &Path, log: &Path) -> Result<(), Error> {
    for _ in 0..TRIES {
        if fits(path, log).map_err(Fault::file)? {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
    Err(Error::Unsupported(format!(
        "the write-ahead log beside it, {}, isn't its own: it is of another store or of another state of this one; move \
         the log away, and keep it, to use the database as it is, or put back the database that the log belongs to",
        log.display()
    )))
}

fn fits(path: &Path, log: &Path) -> io::Result<bool> {
    let Some(logged) = logged(log)? else { return Ok(true) };
    let Some(head) = database_head(path, logged.page)? else {
        // It was brought up to date in the log only.
        return Ok(logged.last.file.agrees_with(FileMark::of(path)?));
    };
    // Nobody has opened this backup yet, so it has no log.
    if head.origin == Origin::Backup
        || head.id != logged.last.id
        || head.step.saturating_add(1) < logged.first.step
    {
        return Ok(false);
    }
    // What went on meanwhile may stand in the database already.
    Ok(head.step <= logged.last.step || self::logged(log)?.is_none_or(|logged| head.step <= logged.last.step))
}

/// The first and the last head in a log, and their page.
struct Logged {
    /// The page that the head is on.
    page: u32,
    first: Head,
    last: Head,
}

/// Reads the heads in a log; `None` if there is none.
fn logged(log: &Path) -> io::Result<Option<Logged>> {
    let file = match File::open(log) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut file = BufReader::with_capacity(1 << 20, file);
    let mut header = [0; LOG_HEADER];
    if !fill(&mut file, &mut header)? {
        return Ok(None);
    }
    let Some(size) = number(&header, 8).and_then(|size| page_size(size.into())) else { return Ok(None) };
    let mut frame = vec![0; FRAME_HEADER + size];
    let mut found: Option<Logged> = None;
    // What is left of an earlier round of the log has other salts.
    while fill(&mut file, &mut frame)? && frame.get(8..16) == header.get(16..24) {
        let head = frame.get(FRAME_HEADER..).and_then(Head::of_page);
        if let Some((page, head)) = number(&frame, 0).zip(head) {
            found.get_or_insert(Logged { page, first: head, last: head }).last = head;
        }
    }
    Ok(found)
}

/// Reads the head in the database itself, if it is on this page.
pub(crate) fn database_head(path: &Path, page: u32) -> io::Result<Option<Head>> {
    // Closing the file would drop the locks that SQLite may have on it in this process.
    let file = kept(path)?;
    let mut header = [0; 18];
    if read_at(&file, &mut header, 0)? < header.len() {
        return Ok(None);
    }
    let size = match header {
        [.., 0, 1] => Some(65_536),
        [.., high, low] => page_size(u16::from_be_bytes([high, low]).into()),
    };
    let Some(size) = size else { return Ok(None) };
    let mut content = vec![0; size];
    let at = u64::from(page.saturating_sub(1)).saturating_mul(u64::try_from(size).unwrap_or(u64::MAX));
    Ok(if read_at(&file, &mut content, at)? == size { Head::of_page(&content) } else { None })
}

fn page_size(size: u64) -> Option<usize> {
    PAGE_SIZES.contains(&size).then(|| usize::try_from(size).ok()).flatten()
}

/// A number of four bytes.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}

/// Fills the buffer; gives whether there was enough.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    use std::os::unix::fs::FileExt as _;
    match file.read_exact_at(buffer, at) {
        Ok(()) => Ok(buffer.len()),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(0),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    use std::os::windows::fs::FileExt as _;
    file.seek_read(buffer, at)
}
