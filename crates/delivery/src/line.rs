use crate::sink::{Delivery, Receipt, Sink, SinkError};
use std::fmt;
use std::io::{self, Stdout, Write};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

/// Wait for a writer that isn't ready.
const WRITER_WAIT: Duration = Duration::from_millis(5);

/// A sink that writes each record as one line of JSON, flushed before the record is Done.
///
/// Lines are whole: they are written one at a time. After a failed write, which may have left half a line, the next record
/// starts on a new line; so a reader skips lines that are empty or aren't JSON, and loses nothing. Lines are in the order of
/// the deliveries; a worker with several at a time reorders unrelated records.
///
/// The writer must be at the beginning of a line when the sink is created. Writing happens on the runtime's blocking threads,
/// on one of them at a time.
pub struct LineSink<W> {
    name: String,
    /// An async lock: waiting for it occupies no thread and ends at the delivery's timeout.
    out: Arc<Mutex<Out<W>>>,
}

struct Out<W> {
    writer: W,
    /// The last write may have ended within a line.
    torn: bool,
}

impl LineSink<Stdout> {
    /// Creates a sink that writes to standard output; its name is `stdout`.
    pub fn stdout() -> Self {
        Self::new("stdout", io::stdout())
    }
}

impl<W: Write + Send + 'static> LineSink<W> {
    /// Creates a sink that writes to `writer`; `name` is its name in logs and metrics.
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
        // The thread has the guard: if this future is dropped, it still writes its whole line before the next one begins. The
        // next attempt writes that line once more.
        let mut out = Arc::clone(&self.out).lock_owned().await;
        match spawn_blocking(move || out.write_line(line.as_bytes())).await {
            Ok(Ok(())) => Ok(Receipt::default()),
            // The kind, not the error itself: a writer's own text could quote what it was given.
            Ok(Err(error)) => Err(SinkError::retry(format!("writing the line failed: {}", error.kind()))),
            Err(_) => Err(SinkError::retry(
                "writing the line failed: the writer panicked, or the runtime is shutting down",
            )),
        }
    }
}

impl<W: Write> Out<W> {
    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        let fresh_line: &[u8] = if self.torn { b"\n" } else { b"" };
        // Anything that ends this before the flush, also a panic of the writer, leaves a torn line.
        self.torn = true;
        for mut rest in [fresh_line, line] {
            while !rest.is_empty() {
                let taken = retry(|| self.writer.write(rest))?;
                if taken == 0 {
                    return Err(io::ErrorKind::WriteZero.into());
                }
                rest = rest.get(taken..).unwrap_or_default();
            }
        }
        retry(|| self.writer.flush())?;
        self.torn = false;
        Ok(())
    }
}

/// Retries a writer that isn't ready: standard output may be a pipe that somebody else made non-blocking.
fn retry<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(WRITER_WAIT),
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
