//! Tells whether the open files were overwritten or cut in place, which leaves their names and inodes as they were.
//!
//! In the database file the head's step only grows, by checkpoints. The log becomes shorter only after all of it was copied
//! into the database. SQLite itself notices neither: it goes by the log's index, which is in memory.

use crate::fault::Fault;
use crate::foreign::database_head;
use crate::head::{Head, Origin};
use crate::watch::Watch;
use rusqlite::Connection;
use std::fs;
use std::thread;
use std::time::{Duration, SystemTime};
use wxhook_idempotency::Error;

const DATABASE_OVERWRITTEN: &str = "the database file was overwritten or cut in place";
const LOG_CUT: &str = "the write-ahead log (-wal) was overwritten or cut in place";
/// A checkpoint may be writing meanwhile: what doesn't fit is looked at again after a moment.
const TRIES: usize = 4;
const PAUSE: Duration = Duration::from_millis(25);

/// The state of both files when they were last looked at.
#[derive(Debug, Default)]
pub(crate) struct Overwritten {
    database: Option<(u64, SystemTime)>,
    log: u64,
    /// Last step that was known then.
    step: u64,
    /// Head in the database file; `None` as long as it is in the log only.
    copied: Option<Head>,
    /// Page of the head; `VACUUM` may move it.
    page: Option<u32>,
}

impl Overwritten {
    /// Fails, from now on, if the files aren't what SQLite has made of them. `known` is the head after the last
    /// transaction. Must be called between transactions.
    pub(crate) fn check(&mut self, watch: &Watch, connection: &Connection, known: Head) -> Result<(), Error> {
        let database = fs::metadata(watch.path()).map_err(Fault::file)?;
        let log = fs::metadata(watch.log()).map_or(0, |log| log.len());
        let state = Some((database.len(), database.modified().map_err(Fault::file)?));
        let is_cut = log < self.log;
        if state != self.database || is_cut {
            self.compare(watch, connection, known, database.len(), is_cut)?;
        }
        (self.database, self.log, self.step) = (state, log, known.step);
        Ok(())
    }

    fn compare(
        &mut self,
        watch: &Watch,
        connection: &Connection,
        known: Head,
        len: u64,
        is_cut: bool,
    ) -> Result<(), Error> {
        const PAGE: &str = "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = 'head'";
        // Where SQLite can't read the log any more, the page is where it was.
        let page = connection.query_row(PAGE, [], |row| row.get::<_, u32>(0)).ok();
        let pages: Vec<u32> = [page, self.page].into_iter().flatten().collect();
        let shorter = self.database.is_some_and(|(before, _)| len < before);
        for attempt in 0..TRIES {
            if attempt > 0 {
                thread::sleep(PAUSE);
            }
            let mut heads = Vec::new();
            for page in &pages {
                heads.extend(database_head(watch.path(), *page).map_err(Fault::file)?);
            }
            // A moved head's old page may still be there.
            let head = heads.into_iter().max_by_key(|head| head.step);
            // A store that was just opened may have a new id, in the log only.
            let is_as_before = head == self.copied || self.database.is_none();
            let fits = match head {
                None => is_as_before && !is_cut && !shorter,
                Some(_) if is_as_before && !is_cut => true,
                Some(head) => {
                    let least = if is_cut { self.step } else { self.copied.map_or(0, |copied| copied.step) };
                    head.id == known.id && head.origin != Origin::Backup && head.step >= least.min(known.step)
                }
            };
            if fits {
                self.copied = head;
                self.page = page.or(self.page);
                return Ok(());
            }
        }
        Err(watch.replace_content(if is_cut { LOG_CUT } else { DATABASE_OVERWRITTEN }))
    }
}
