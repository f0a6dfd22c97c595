use crate::delivery::{Delivery, Receipt};
use crate::sink::{Sink, SinkError};
use std::fmt;
use std::io::{self, Stdout, Write};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

/// How long a writer that isn't ready is left alone.
const NOT_NOW: Duration = Duration::from_millis(5);

/// A sink that writes each record as one line of JSON, flushed before the record is Done.
///
/// Lines are whole: one at a time, each with one `write_all`. After a failed write, which may have left half a line, the
/// next one starts on a line of its own; so a reader skips lines that are empty or aren't JSON, and loses nothing. Order
/// is that of the deliveries; a worker with several at a time reorders unrelated records.
///
/// It takes for granted that the writer stands at the beginning of a line when the sink is made. Writing happens on the
/// runtime's blocking threads, on one of them at a time.
pub struct LineSink<W> {
    name: String,
    /// An async lock: waiting for it occupies no thread and ends when the delivery's time-out does.
    out: Arc<Mutex<Out<W>>>,
}

struct Out<W> {
    writer: W,
    /// The last write may have ended within a line.
    torn: bool,
}

impl LineSink<Stdout> {
    /// Writes to standard output; its name is `stdout`.
    pub fn stdout() -> Self {
        Self::new("stdout", io::stdout())
    }
}

impl<W: Write + Send + 'static> LineSink<W> {
    /// Writes to `writer`; `name` is its name in logs and metrics.
    pub fn new(name: impl Into<String>, writer: W) -> Self {
        Self { name: name.into(), out: Arc::new(Mutex::new(Out { writer, torn: false })) }
    }
}

impl<W: Write + Send + 'static> Sink for LineSink<W> {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, SinkError> {
        let mut line = delivery.record.to_json();
        line.push('\n');
        // The guard goes with the work: if this future is dropped here, the thread still writes its line whole before
        // the next one begins. That line is then written once more, by the next attempt.
        let mut out = Arc::clone(&self.out).lock_owned().await;
        match spawn_blocking(move || out.write_line(line.as_bytes())).await {
            Ok(Ok(())) => Ok(Receipt::default()),
            // The kind, not the error itself: a writer's own text could quote what it was given.
            Ok(Err(error)) => Err(SinkError::retry(format!("writing the line failed: {}", error.kind()))),
            Err(_) => {
                Err(SinkError::retry("writing the line failed: the writer panicked or the runtime ends"))
            }
        }
    }
}

impl<W: Write> Out<W> {
    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        let fresh_line: &[u8] = if self.torn { b"\n" } else { b"" };
        // Until all is flushed, whatever ends this, a panic of the writer too, leaves a torn line.
        self.torn = true;
        for mut rest in [fresh_line, line] {
            while !rest.is_empty() {
                let taken = patiently(|| self.writer.write(rest))?;
                if taken == 0 {
                    return Err(io::ErrorKind::WriteZero.into());
                }
                rest = rest.get(taken..).unwrap_or_default();
            }
        }
        patiently(|| self.writer.flush())?;
        self.torn = false;
        Ok(())
    }
}

/// Waits where the writer says "not now": standard output may be a pipe that somebody else made non-blocking.
fn patiently<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(NOT_NOW),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

impl<W> fmt::Debug for LineSink<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineSink").field("name", &self.name).finish_non_exhaustive()
    }
}
