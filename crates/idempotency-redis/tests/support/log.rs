//! A copy of what is logged in a test.

use std::fmt::{Debug, Write as _};
use std::sync::Mutex;
use std::thread::ThreadId;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// The lines of all threads, of which each test has one of its own.
static LINES: Mutex<Vec<(ThreadId, Level, String)>> = Mutex::new(Vec::new());

/// The lines logged by this thread.
pub struct Log(());

impl Log {
    pub fn start() -> Self {
        // Another test may have been faster. One for each thread wouldn't do: whether a line is wanted is kept for all.
        let _set_already = tracing::subscriber::set_global_default(Keeper);
        Self(())
    }

    /// The lines of this level that contain the text; they are forgotten.
    pub fn take(&self, level: Level, text: &str) -> Vec<String> {
        let thread = std::thread::current().id();
        let is_meant =
            |line: &(ThreadId, Level, String)| line.0 == thread && line.1 == level && line.2.contains(text);
        let mut lines = LINES.lock().unwrap();
        let taken = lines.iter().filter(|line| is_meant(line)).map(|line| line.2.clone()).collect();
        lines.retain(|line| !is_meant(line));
        taken
    }
}

struct Keeper;

impl Subscriber for Keeper {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("wxhook")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        let thread = std::thread::current().id();
        LINES.lock().unwrap().push((thread, *event.metadata().level(), line.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}
