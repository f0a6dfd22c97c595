use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use wxhook_idempotency::Clock;

/// Where one case has its store. Used once, and removed afterwards as far as it is files.
#[derive(Debug)]
pub struct Place {
    name: String,
    directory: PathBuf,
    clock: HandClock,
    /// Only in the process that runs the case.
    _cleanup: Option<TempDir>,
}

impl Place {
    /// A place that nobody uses.
    pub(super) fn new() -> std::io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let cleanup = tempfile::Builder::new().prefix("wxhook-").tempdir()?;
        let directory = cleanup.path().to_path_buf();
        // The directory's name is unique on this machine at this time; the rest makes it so for a server that outlives it.
        let unique: String = directory.to_string_lossy().chars().rev().take_while(|c| *c != '-').collect();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("wxhook-{}-{number}-{unique}", std::process::id());
        Ok(Self { name, directory, clock: HandClock::default(), _cleanup: Some(cleanup) })
    }

    /// The place of another process's case.
    pub(super) fn of_parent(name: String, directory: PathBuf, shift_millis: i64) -> Self {
        let clock = HandClock::default();
        clock.step(shift_millis);
        Self { name, directory, clock, _cleanup: None }
    }

    /// A name that no other place has: ASCII letters, digits and `-`. A prefix or a hash tag, where stores share a server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A directory of its own, empty at first.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The clock that the suite moves.
    pub fn clock(&self) -> &HandClock {
        &self.clock
    }
}

/// A clock that goes only when the suite moves it. Clones are the same clock.
///
/// Time passes on it, or its wall time steps, ahead or back, while none passes.
#[derive(Debug, Clone, Default)]
pub struct HandClock(Arc<Hands>);

#[derive(Debug, Default)]
struct Hands {
    shift: AtomicI64,
    passed: AtomicU64,
}

impl HandClock {
    /// How far it was moved since the case began, in milliseconds; less than nothing when it was put back.
    pub fn shift_millis(&self) -> i64 {
        self.0.shift.load(Ordering::SeqCst)
    }

    /// Returns the time that passed on it since the case began: what a monotonic clock shows, besides the time that
    /// really passed.
    pub fn passed(&self) -> Duration {
        Duration::from_millis(self.0.passed.load(Ordering::SeqCst))
    }

    /// Lets this much time pass.
    pub(super) fn advance(&self, span: Duration) {
        let millis = millis(span);
        self.0.passed.fetch_add(millis.unsigned_abs(), Ordering::SeqCst);
        self.step(millis);
    }

    /// The wall time is so much further, and no time passed; less than nothing puts it back.
    pub(super) fn step(&self, millis: i64) {
        self.0.shift.fetch_add(millis, Ordering::SeqCst);
    }

    /// So much before or after `start`.
    pub(super) fn shifted(&self, start: SystemTime) -> SystemTime {
        let shift = self.shift_millis();
        let span = Duration::from_millis(shift.unsigned_abs());
        if shift < 0 { start - span } else { start + span }
    }
}

impl Clock for HandClock {
    fn now(&self) -> SystemTime {
        self.shifted(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000))
    }

    fn elapsed(&self) -> Duration {
        self.passed()
    }
}

pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
