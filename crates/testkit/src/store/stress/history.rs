use super::workload::Content;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;
use wxhook_idempotency::{AcceptResult, BeginResult, Clock as _, Error, FenceResult, Lease, SystemClock};

/// A call of the store. Leases are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Operation {
    Accept { delivery: u32, content: Content },
    Begin { delivery: u32, content: Content, claim: u64, lease: u64 },
    Claim { claim: u64, lease: u64 },
    Step { step: Step, seq: u64, fence: u64 },
    Requeue { seq: u64 },
    Purge,
    Read,
}

/// A call under a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Step {
    Renew { lease: u64 },
    Complete,
    Retry,
    Park,
    Release,
}

/// The store's answer to a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Reply {
    New(u64),
    Duplicate(u64),
    Changed(u64),
    Full,
    Busy,
    Leases(Vec<Grant>),
    Done,
    Lost,
    Purged(u64),
    /// An answer that the checker doesn't look at.
    Ok,
    Unavailable,
    /// Another error.
    Failed(String),
}

/// A lease as it was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grant {
    pub(super) seq: u64,
    pub(super) fence: u64,
    pub(super) generation: u32,
    pub(super) attempts: u32,
    pub(super) max_attempts: u32,
}

impl Reply {
    pub(super) const fn is_answer(&self) -> bool {
        !matches!(self, Self::Unavailable | Self::Failed(_))
    }

    /// Returns the number of the record that was accepted.
    pub(super) fn accepted(&self) -> Option<u64> {
        match self {
            Self::New(seq) | Self::Duplicate(seq) | Self::Changed(seq) => Some(*seq),
            Self::Leases(leases) => leases.first().map(|lease| lease.seq),
            _ => None,
        }
    }
}

impl From<&AcceptResult> for Reply {
    fn from(accepted: &AcceptResult) -> Self {
        match accepted {
            AcceptResult::New { seq } => Self::New(seq.get()),
            AcceptResult::Duplicate { seq, .. } => Self::Duplicate(seq.get()),
            AcceptResult::Changed { seq } => Self::Changed(seq.get()),
            AcceptResult::Full => Self::Full,
            other => Self::Failed(format!("{other:?}")),
        }
    }
}

impl From<&BeginResult> for Reply {
    fn from(begun: &BeginResult) -> Self {
        match begun {
            BeginResult::Acquired(lease) => std::slice::from_ref(&**lease).into(),
            BeginResult::Busy { .. } => Self::Busy,
            BeginResult::Done { seq, .. } | BeginResult::Parked { seq } => Self::Duplicate(seq.get()),
            BeginResult::Changed { seq } => Self::Changed(seq.get()),
            BeginResult::Full => Self::Full,
            other => Self::Failed(format!("{other:?}")),
        }
    }
}

impl From<&[Lease]> for Reply {
    fn from(leases: &[Lease]) -> Self {
        let grants = leases.iter().map(|Lease { record, fence, .. }| Grant {
            seq: record.seq.get(),
            fence: fence.get(),
            generation: record.generation,
            attempts: record.attempts,
            max_attempts: record.max_attempts,
        });
        Self::Leases(grants.collect())
    }
}

impl From<&FenceResult> for Reply {
    fn from(fenced: &FenceResult) -> Self {
        if *fenced == FenceResult::Done { Self::Done } else { Self::Lost }
    }
}

/// A call as the history has it. Instants are microseconds of the machine's clock, which all processes share.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// Number of the process, the same for all that replaced it.
    pub(super) process: u32,
    pub(super) operation: Operation,
    /// Instant before the call.
    pub(super) invoked: u64,
    /// Instant after the call, and its answer; `None` if the process was killed in between.
    pub(super) returned: Option<(u64, Reply)>,
}

/// A line of a history: instant, number of the call, and its operation or its answer.
#[derive(Serialize, Deserialize)]
struct Line(u64, u64, Event);

#[derive(Serialize, Deserialize)]
enum Event {
    Invoke(Operation),
    Return(Reply),
}

/// Writes the history of one process. Each line is one write, so that a kill loses nothing that was written.
pub(super) struct Recorder {
    file: File,
    calls: AtomicU64,
}

impl Recorder {
    pub(super) fn create(directory: &Path, process: u32, incarnation: u32) -> Self {
        let path = directory.join(format!("{process}-{incarnation}"));
        let file = OpenOptions::new().create_new(true).append(true).open(path).unwrap();
        Self { file, calls: AtomicU64::new(0) }
    }

    /// Makes a call between two lines of the history. Returns `None` if the store answered with an error.
    pub(super) fn record<T>(
        &self,
        operation: Operation,
        call: impl FnOnce() -> Result<T, Error>,
        reply: impl FnOnce(&T) -> Reply,
    ) -> Option<T> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        self.write(number, Event::Invoke(operation));
        let result = call();
        let reply = match &result {
            Ok(value) => reply(value),
            Err(Error::Unavailable(_)) => Reply::Unavailable,
            Err(error) => Reply::Failed(error.to_string()),
        };
        self.write(number, Event::Return(reply));
        result.ok()
    }

    fn write(&self, number: u64, event: Event) {
        let mut line = serde_json::to_vec(&Line(now(), number, event)).unwrap();
        line.push(b'\n');
        // An appended write is whole, from any thread.
        (&self.file).write_all(&line).unwrap_or_else(|error| panic!("can't write a history: {error}"));
    }
}

/// Reads all histories in a directory, or those of one process.
pub(super) fn read(directory: &Path, only: Option<u32>) -> Vec<Call> {
    let mut calls = Vec::new();
    for file in fs::read_dir(directory).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().to_string_lossy().into_owned();
        let process = name.split_once('-').unwrap().0.parse().unwrap();
        if only.is_none_or(|only| only == process) {
            calls.extend(parse(process, &fs::read_to_string(file.path()).unwrap()));
        }
    }
    calls
}

fn parse(process: u32, text: &str) -> Vec<Call> {
    let (mut calls, mut open) = (Vec::<Call>::new(), HashMap::new());
    // The last line may have been cut off by a kill.
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        match serde_json::from_str(line).unwrap_or_else(|error| panic!("a history has {line:?}: {error}")) {
            Line(invoked, number, Event::Invoke(operation)) => {
                open.insert(number, calls.len());
                calls.push(Call { process, operation, invoked, returned: None });
            }
            Line(at, number, Event::Return(reply)) => {
                calls[open.remove(&number).unwrap()].returned = Some((at, reply));
            }
        }
    }
    calls
}

/// Returns the microseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemClock::default().now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_call_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let recorder = Recorder::create(directory.path(), 3, 0);
        let content = Content { number: 3, version: 1 };
        let grant = Grant { seq: 4, fence: 9, generation: 1, attempts: 2, max_attempts: 100 };
        for (operation, reply) in [
            (Operation::Accept { delivery: 7, content }, Reply::New(4)),
            (
                Operation::Begin { delivery: 7, content, claim: u64::MAX, lease: 300 },
                Reply::Leases(vec![grant]),
            ),
            (Operation::Claim { claim: 6, lease: 300 }, Reply::Leases(vec![])),
            (Operation::Step { step: Step::Renew { lease: 300 }, seq: 4, fence: 9 }, Reply::Done),
            (Operation::Step { step: Step::Park, seq: 4, fence: 9 }, Reply::Lost),
            (Operation::Requeue { seq: 4 }, Reply::Ok),
            (Operation::Purge, Reply::Purged(0)),
            (Operation::Read, Reply::Failed("damaged".to_owned())),
        ] {
            recorder.record(operation, || Ok(()), |()| reply.clone());
            let call = read(directory.path(), Some(3)).pop().unwrap();
            assert_eq!((call.process, call.operation), (3, operation));
            assert_eq!(call.returned.unwrap().1, reply);
        }
        assert!(read(directory.path(), Some(4)).is_empty());
    }

    #[test]
    fn a_line_that_was_cut_off_is_ignored() {
        let calls = parse(0, "[5,0,{\"Invoke\":\"Purge\"}]\n[6,0,{\"Return\":{\"Pur");
        assert_eq!(calls.len(), 1);
        assert!(calls[0].operation == Operation::Purge && calls[0].returned.is_none());
    }
}
