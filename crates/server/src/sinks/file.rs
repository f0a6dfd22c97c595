mod log;
mod writer;

use crate::config::FileSinkConfig;
use crate::error::Error;
use log::Log;
use std::fmt;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use writer::Job;
use wxhook_delivery::{Delivery, Receipt, Sink, SinkError};
use wxhook_idempotency::Clock;

/// Lines that wait for the writer; whoever comes then waits, too.
const WAITING: usize = 256;

/// A sink that appends each record as one line of JSON to a file, and begins a new file when that is full.
///
/// A record is done once its line is on the disk; those that wait together are put there together. A write that broke
/// off, in this process or an earlier one, leaves half a line; the next line starts on one of its own, so a reader skips
/// lines that are empty or aren't JSON, and loses nothing. The file may be moved away at any time: the next line goes to
/// a new one. Several processes may write one file, as far as the file system has locks.
///
/// A full file is renamed to `<path>.<number>`, where a greater number is newer (milliseconds since the Unix epoch).
/// Writing happens on a thread of its own.
pub struct FileSink {
    name: String,
    jobs: mpsc::Sender<Job>,
}

impl FileSink {
    /// Opens the file, which is made if it isn't there; `name` is the sink's name in logs and metrics, `clock` numbers
    /// full files.
    ///
    /// # Errors
    /// [`Error::Sink`] where the file can't be written.
    pub fn open(
        name: impl Into<String>,
        config: &FileSinkConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let mut log = Log::new(config, clock);
        log.ready().map_err(|error| Error::Sink(config.fault(&error)))?;
        let (jobs, queue) = mpsc::channel(WAITING);
        std::thread::Builder::new()
            .name("wxhook-file-sink".to_owned())
            .spawn(move || writer::run(queue, log))
            .map_err(|error| Error::Sink(config.fault(&error)))?;
        Ok(Self { name: name.into(), jobs })
    }
}

impl Sink for FileSink {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, SinkError> {
        let mut line = delivery.record.to_json();
        line.push('\n');
        let (reply, answer) = oneshot::channel();
        let ended = || SinkError::retry("the file's writer has ended");
        self.jobs.send(Job { line, reply }).await.map_err(|_| ended())?;
        match answer.await {
            Ok(Ok(())) => Ok(Receipt::default()),
            Ok(Err(kind)) => Err(SinkError::retry(format!("writing the file failed: {kind}"))),
            Err(_) => Err(ended()),
        }
    }
}

impl fmt::Debug for FileSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileSink").field("name", &self.name).finish_non_exhaustive()
    }
}
