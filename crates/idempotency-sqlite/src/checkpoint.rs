use crate::fault::{Fault, sql};
use crate::file::{Location, Opened};
use std::sync::mpsc::Receiver;
use wxhook_idempotency::Error;

/// The thread that copies the write-ahead log into the database beside the writer, whose commits would otherwise stand
/// still for it now and then. What it can't do is left to a commit, once the log is long enough.
pub(crate) struct Checkpointer {
    location: Location,
    due: Receiver<()>,
    opened: Option<Opened>,
}

impl Checkpointer {
    /// Copies whenever something comes through `due`.
    pub(crate) fn new(location: Location, due: Receiver<()>) -> Self {
        Self { location, due, opened: None }
    }

    /// Runs until the other end of `due` is gone.
    pub(crate) fn run(mut self) {
        while self.due.recv().is_ok() {
            if let Err(error) = self.copy() {
                tracing::debug!(%error, "the write-ahead log was left as it is");
                self.opened = None;
            }
        }
    }

    fn copy(&mut self) -> Result<(), Error> {
        let opened = match &mut self.opened {
            Some(opened) => opened,
            none => none.insert(self.location.open()?),
        };
        self.location.verify(opened)?;
        opened.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).map_err(sql)?;
        // SQLite flushes the database only when all of the log is in it, which a busy writer never lets happen here. Done
        // now, little is left for the commit that has to.
        Ok(self.location.flush().map_err(Fault::file)?)
    }
}
