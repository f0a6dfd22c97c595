use super::act::{Act, Answer};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;
use wxhook_idempotency::{Clock as _, SystemClock};

/// What one process writes down. Each line is one write, so that a kill costs no more than what wasn't written yet.
pub(super) struct Journal {
    file: File,
    acts: AtomicU64,
}

/// One call of the store, as somebody's journal has it. Instants are microseconds of the machine's clock, which all
/// processes share.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// Of which process, through all its incarnations.
    pub(super) process: u32,
    pub(super) act: Act,
    /// Before the call.
    pub(super) from: u64,
    /// After it, and what it gave; nothing if the process was killed in between.
    pub(super) answer: Option<(u64, Answer)>,
}

impl Journal {
    pub(super) fn create(directory: &Path, process: u32, incarnation: u32) -> io::Result<Self> {
        let path = directory.join(format!("{process}-{incarnation}"));
        let file = OpenOptions::new().create_new(true).append(true).open(path)?;
        Ok(Self { file, acts: AtomicU64::new(0) })
    }

    /// Writes down that this is going to be done.
    pub(super) fn begins(&self, act: &Act) -> u64 {
        let number = self.acts.fetch_add(1, Ordering::Relaxed);
        self.write(&format!("{} > {number} {act}\n", now()));
        number
    }

    /// Writes down what came of it.
    pub(super) fn ends(&self, number: u64, answer: &Answer) {
        self.write(&format!("{} < {number} {answer}\n", now()));
    }

    fn write(&self, line: &str) {
        // A file that is appended to takes each write whole, from any thread.
        if let Err(error) = (&self.file).write_all(line.as_bytes()) {
            panic!("a journal can't be written: {error}");
        }
    }
}

/// All journals in a directory, or those of one process.
pub(super) fn read(directory: &Path, only: Option<u32>) -> io::Result<Vec<Event>> {
    let mut events = Vec::new();
    for file in fs::read_dir(directory)? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        let Some(process) = name.split_once('-').and_then(|(process, _)| process.parse().ok()) else {
            continue;
        };
        if only.is_some_and(|only| only != process) {
            continue;
        }
        events.extend(parse(process, &fs::read_to_string(file.path())?));
    }
    Ok(events)
}

/// The events of one journal.
pub(super) fn parse(process: u32, text: &str) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    let mut open = HashMap::new();
    // What has no end of line was cut off by a kill.
    for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (at, sign, number, rest) = (word(), word(), word().to_owned(), word());
        match (at.parse(), sign, rest.parse(), rest.parse()) {
            (Ok(from), ">", Ok(act), _) => {
                open.insert(number, events.len());
                events.push(Event { process, act, from, answer: None });
            }
            (Ok(to), "<", _, Ok(answer)) => {
                let event = open.remove(&number).and_then(|at| events.get_mut(at));
                event.unwrap_or_else(|| panic!("an answer to nothing: {line}")).answer = Some((to, answer));
            }
            _ => panic!("a journal says {line:?}"),
        }
    }
    events
}

/// Microseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemClock::default().now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::act::Step;
    use super::*;
    use wxhook_idempotency::{Fence, Seq};

    #[test]
    fn what_is_written_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::create(directory.path(), 3, 0).unwrap();
        for (act, answer) in [
            ("accept 7 3 1", Some("new 4")),
            ("begin 7 3 1 340282366920938463463374607431768211455 300", Some("leases 4 9 1 2 100 299")),
            ("claim 5 300", Some("leases 4 9 1 1 2 300 5 10 2 1 2 300")),
            ("claim 6 300", Some("leases")),
            ("renew 4 9 300", Some("done")),
            ("park 4 9", Some("lost")),
            ("requeue 4", Some("fine")),
            ("purge", Some("purged 0")),
            ("look", Some("error corrupt")),
            ("complete 4 9", None),
        ] {
            let number = journal.begins(&act.parse().unwrap());
            if let Some(answer) = answer {
                journal.ends(number, &answer.parse().unwrap());
            }
            let event = read(directory.path(), None).unwrap().pop().unwrap();
            let said = event.answer.as_ref().map(|(_, answer)| answer.to_string());
            assert_eq!((event.process, &*event.act.to_string(), said.as_deref()), (3, act, answer));
        }
    }

    #[test]
    fn a_line_that_was_cut_off_is_none() {
        let events = parse(0, "5 > 0 complete 4 9\n6 < 0 do");
        assert_eq!(events.len(), 1);
        let act = Act::Step { step: Step::Complete, seq: Seq::new(4), fence: Fence::new(9) };
        assert!(events[0].act == act && events[0].answer.is_none());
    }
}
