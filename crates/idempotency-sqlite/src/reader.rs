use crate::file::{Location, Opened};
use crate::job::Job;
use crate::queue::Queue;
use crate::writer::Abandon;
use rusqlite::Connection;
use std::sync::Arc;
use wxhook_idempotency::Error;

/// An operation that only reads.
pub(crate) type Read = Box<dyn Job<Connection>>;

/// A thread that reads, so that a long listing never holds up the writer.
pub(crate) struct Reader {
    location: Location,
    queue: Arc<Queue<Read>>,
    opened: Option<Opened>,
}

impl Reader {
    /// Creates a reader that takes operations from `queue`.
    pub(crate) fn new(location: Location, queue: Arc<Queue<Read>>) -> Self {
        Self { location, queue, opened: None }
    }

    /// Runs until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        let queue = Arc::clone(&self.queue);
        let _ending = Abandon(&queue);
        loop {
            let jobs = queue.take(1);
            if jobs.is_empty() {
                return;
            }
            for mut job in jobs {
                match self.read(&mut job) {
                    Ok(()) => job.answer(),
                    Err(error) => {
                        self.opened = None;
                        job.fail(&error);
                    }
                }
            }
        }
    }

    fn read(&mut self, job: &mut Read) -> Result<(), Error> {
        let opened = match &mut self.opened {
            Some(opened) => opened,
            none => none.insert(self.location.open()?),
        };
        opened.watch.check()?;
        job.run(&mut opened.connection)
    }
}
