mod rate;

use crate::headers::{NotificationHeaders, for_log};
use crate::merchant::Merchant;
use crate::outcome::Outcome;
use crate::rejection::Rejection;
use rate::{Rate, Summary};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until};
use tracing::Level;
use wxhook_idempotency::Error as StoreError;
use wxhook_wire::Protocol;
use wxhook_wire::v3::header;

/// A rate limit for log lines about rejected requests. Cheap to clone.
///
/// Each reason may write ten lines, and all reasons together forty a minute. The rest is counted and summed up in one line
/// a minute, also after the flood has ended. Metrics count every request; see [`Outcome`].
///
/// A receiver has one, [`Receiver::rejections`](crate::Receiver::rejections); a server uses it for requests that it rejects
/// itself.
#[derive(Clone, Default)]
pub struct RejectionLog {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rate: Rate,
    /// True while a task waits to write a summary.
    has_task: bool,
}

impl RejectionLog {
    /// Counts a rejection and returns whether the caller should write a line about it.
    ///
    /// Within a tokio runtime a task writes the summary when it is due; elsewhere the next rejection does.
    pub fn admits(&self, reason: &'static str) -> bool {
        let now = Instant::now();
        let mut state = self.shared.lock();
        let summary = state.rate.roll(now);
        let admitted = state.rate.admit(reason, now);
        let starts = !admitted && !state.has_task && {
            let runtime = Handle::try_current();
            if let Ok(runtime) = &runtime {
                runtime.spawn(summarize(TaskGuard(Arc::downgrade(&self.shared))));
            }
            runtime.is_ok()
        };
        state.has_task |= starts;
        drop(state);
        write_summary(summary);
        admitted
    }

    /// Writes the summary now, if there is one. Call it at shutdown; dropping does the same.
    pub fn flush(&self) {
        let summary = self.shared.lock().rate.take();
        write_summary(summary);
    }
}

/// A log line about a rejected request. Only some fields are set.
#[derive(Default)]
struct Line<'a> {
    merchant: Option<&'a str>,
    protocol: Option<Protocol>,
    request_id: Option<String>,
    serial: Option<String>,
    path: Option<String>,
    configured: Option<&'a str>,
    lane: Option<&'a str>,
    error: Option<String>,
    cause: Option<String>,
}

impl RejectionLog {
    /// Writes a line, at debug if its reason has no line left.
    fn write(&self, reason: &'static str, level: Level, line: Line<'_>, message: fmt::Arguments<'_>) {
        let Line { merchant, protocol, request_id, serial, path, configured, lane, error, cause } = line;
        let protocol = protocol.map(tracing::field::display);
        macro_rules! event {
            ($level:expr) => {
                tracing::event!(
                    $level,
                    merchant,
                    protocol,
                    reason,
                    request_id,
                    serial,
                    path,
                    configured,
                    lane,
                    error,
                    cause,
                    "{message}"
                )
            };
        }
        match level {
            _ if !self.admits(reason) => event!(Level::DEBUG),
            Level::ERROR => event!(Level::ERROR),
            Level::WARN => event!(Level::WARN),
            _ => event!(Level::INFO),
        }
    }

    pub(crate) fn rejected(
        &self,
        merchant: &Merchant,
        protocol: Option<Protocol>,
        headers: NotificationHeaders<'_>,
        rejection: &Rejection,
    ) {
        let (level, hint) = match rejection {
            Rejection::Stale(_) => {
                (Level::WARN, "; if this goes on, correct the clock, or every notification is lost")
            }
            Rejection::Envelope(_) | Rejection::Sealed(_) => (Level::ERROR, ""),
            _ => (Level::INFO, ""),
        };
        let is_about_key =
            matches!(rejection, Rejection::UnknownKey | Rejection::SignatureType | Rejection::Signature);
        let line = Line {
            merchant: Some(&merchant.name),
            protocol,
            request_id: headers.for_log(header::REQUEST_ID),
            serial: headers.for_log(header::SERIAL).filter(|_| is_about_key),
            ..Line::default()
        };
        self.write(rejection.as_str(), level, line, format_args!("rejected: {rejection}{hint}"));
    }

    /// Logs a request that was rejected without being read. `near` is the path that it may be meant for.
    pub(crate) fn unread(&self, path: &str, rejection: &Rejection, near: Option<&str>) {
        let line = Line { path: Some(for_log(path.as_bytes())), configured: near, ..Line::default() };
        let (reason, level, hint) = match near {
            Some(_) => (
                "near-miss",
                Level::WARN,
                ", but one is at a path like it; correct the notify URL or the proxy",
            ),
            None => (rejection.as_str(), Level::INFO, ""),
        };
        self.write(reason, level, line, format_args!("rejected: {rejection}{hint}"));
    }

    pub(crate) fn no_room(&self) {
        let message = "rejected: the bodies in flight are at their limit; the platform will send it again";
        self.write(Outcome::NoRoom.as_str(), Level::WARN, Line::default(), format_args!("{message}"));
    }

    pub(crate) fn late(&self) {
        let message =
            "the reply is due before the store or the handler is done; the platform will send it again";
        self.write(Outcome::Deadline.as_str(), Level::ERROR, Line::default(), format_args!("{message}"));
    }

    pub(crate) fn store_failed(&self, error: &StoreError) {
        let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
        let line = Line {
            error: Some(error.to_string()),
            cause: Some(causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")),
            ..Line::default()
        };
        let message = "the store failed; the platform will send it again";
        self.write(Outcome::Unavailable.as_str(), Level::ERROR, line, format_args!("{message}"));
    }

    pub(crate) fn full(&self, lane: &str) {
        let line = Line { lane: Some(lane), ..Line::default() };
        let message = "not stored, and answered 503: its key has the maximum number of conflicting records; discard those that \
                       are settled";
        self.write(Outcome::Full.as_str(), Level::ERROR, line, format_args!("{message}"));
    }

    pub(crate) fn quarantine_full(&self, merchant: &str) {
        let line = Line { merchant: Some(merchant), ..Line::default() };
        let message = "the quarantine is full: this request is not stored";
        self.write("quarantine-full", Level::WARN, line, format_args!("{message}"));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when the next summary is due. If none is, the task ends, and the next suppressed line starts another.
    fn due(&self) -> Option<Instant> {
        let mut state = self.lock();
        let due = state.rate.due();
        state.has_task = due.is_some();
        due
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        write_summary(self.state.get_mut().unwrap_or_else(PoisonError::into_inner).rate.take());
    }
}

/// A guard of the task that writes the summaries.
struct TaskGuard(Weak<Shared>);

impl Drop for TaskGuard {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.lock().has_task = false;
        }
    }
}

/// Writes summaries when they are due, until there are none.
async fn summarize(guard: TaskGuard) {
    loop {
        let Some(due) = guard.0.upgrade().and_then(|shared| shared.due()) else { return };
        sleep_until(due).await;
        let Some(shared) = guard.0.upgrade() else { return };
        let summary = shared.lock().rate.roll(Instant::now());
        write_summary(summary);
    }
}

fn write_summary(summary: Option<Summary>) {
    let Some(Summary { counts }) = summary else { return };
    let more: u64 = counts.iter().map(|(_, count)| count).sum();
    let reasons: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let reasons = reasons.join(", ");
    tracing::warn!(more, reasons, "more requests were rejected than are logged one by one");
}

impl fmt::Debug for RejectionLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RejectionLog").finish_non_exhaustive()
    }
}
