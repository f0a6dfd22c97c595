use crate::fault::{Fault, sql};
use crate::file::{Location, Opened};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};
use wxhook_idempotency::Error;

/// Pages of the log after which the writer ends it, so that it starts anew.
const LONG: i64 = 10_000;
/// A round that took no longer leaves little for the writer.
const SHORT: Duration = Duration::from_millis(10);
/// While the writer is busy no round gets hold of everything; each is shorter than the one before.
const MAX_ROUNDS: usize = 4;

/// The thread that copies the write-ahead log into the database beside the writer, whose commits would otherwise stand
/// still for it now and then. What was written meanwhile is left to the writer, once the log is long.
pub(crate) struct Checkpointer {
    location: Location,
    due: Receiver<()>,
    /// True if the writer must copy the rest.
    end: Arc<AtomicBool>,
    opened: Option<Opened>,
}

impl Checkpointer {
    /// Copies whenever something comes through `due`; sets `end` when the writer shall copy the rest.
    pub(crate) fn new(location: Location, due: Receiver<()>, end: Arc<AtomicBool>) -> Self {
        Self { location, due, end, opened: None }
    }

    /// Runs until the other end of `due` is dropped.
    pub(crate) fn run(mut self) {
        while self.due.recv().is_ok() {
            if let Err(error) = self.rounds() {
                tracing::debug!(%error, "the write-ahead log was left as it is");
                self.opened = None;
            }
        }
    }

    fn rounds(&mut self) -> Result<(), Error> {
        for _ in 0..MAX_ROUNDS {
            let start = Instant::now();
            let (pages, copied) = self.copy()?;
            // While somebody reads what wasn't copied, the log can't start anew.
            if pages < LONG || copied < pages {
                return Ok(());
            }
            if start.elapsed() <= SHORT {
                break;
            }
        }
        self.end.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Gives the pages that the log had when it began, and how many of them are in the database now. Even if those are
    /// all, the writer may have added some.
    fn copy(&mut self) -> Result<(i64, i64), Error> {
        let opened = match &mut self.opened {
            Some(opened) => opened,
            none => none.insert(self.location.open()?),
        };
        opened.watch.check()?;
        let pages = opened
            .connection
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok((row.get(1)?, row.get(2)?)))
            .map_err(sql)?;
        // SQLite flushes the database only when all of the log is in it, which a busy writer never lets happen here.
        // Done now, little is left for the commit that has to.
        self.location.flush().map_err(Fault::file)?;
        Ok(pages)
    }
}
