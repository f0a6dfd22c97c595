//! What is logged in a test, kept.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// The lines logged by this thread while it is there.
pub struct Log {
    lines: Arc<Mutex<Vec<(Level, String)>>>,
    _guard: tracing::subscriber::DefaultGuard,
}

impl Log {
    pub fn start() -> Self {
        let lines = Arc::default();
        let _guard = tracing::subscriber::set_default(Keeper(Arc::clone(&lines)));
        Self { lines, _guard }
    }

    /// The lines of this level that contain the text; they are forgotten.
    pub fn take(&self, level: Level, text: &str) -> Vec<String> {
        let mut lines = self.lines.lock().unwrap();
        let is_meant = |line: &(Level, String)| line.0 == level && line.1.contains(text);
        let taken = lines.iter().filter(|line| is_meant(line)).map(|line| line.1.clone()).collect();
        lines.retain(|line| !is_meant(line));
        taken
    }
}

struct Keeper(Arc<Mutex<Vec<(Level, String)>>>);

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
        self.0.lock().unwrap().push((*event.metadata().level(), line.0));
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
