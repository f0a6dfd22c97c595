use super::backend::Backend;
use super::cases::processes;
use super::place::Place;
use super::storm;
use super::world::World;
use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{self, Command, Stdio};
use std::str::FromStr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// What a child process is told: the part it plays, and where.
const PART: &str = "WXHOOK_TESTKIT_PART";
const NAME: &str = "WXHOOK_TESTKIT_PLACE";
const DIRECTORY: &str = "WXHOOK_TESTKIT_DIRECTORY";
const SHIFT: &str = "WXHOOK_TESTKIT_SHIFT";
/// A child's own lines begin with this; the harness prints others.
const SIGN: &str = "wxhook-testkit:";
/// A child that says nothing for so long has failed.
const SILENCE: Duration = Duration::from_secs(60);

/// A child process that plays a part. Killed when dropped.
pub(super) struct Child {
    process: process::Child,
    lines: Receiver<Vec<String>>,
}

impl Child {
    pub(super) fn start(test: &str, part: &str, place: &Place, environment: Vec<(String, String)>) -> Self {
        let program = env::current_exe();
        let program = program.unwrap_or_else(|error| panic!("the test program isn't known: {error}"));
        let mut process = Command::new(program)
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .envs(environment)
            .env(PART, part)
            .env(NAME, place.name())
            .env(DIRECTORY, place.directory())
            .env(SHIFT, place.clock().shift_millis().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("no child process: {error}"));
        let (send, lines) = channel();
        let output = process.stdout.take();
        thread::spawn(move || {
            let Some(output) = output else { return };
            let mut output = BufReader::new(output);
            let mut line = String::new();
            while output.read_line(&mut line).is_ok_and(|read| read > 0) {
                // A line that was cut off by a kill isn't one.
                if let Some(rest) = line.strip_prefix(SIGN).and_then(|rest| rest.strip_suffix('\n')) {
                    let words = rest.split_whitespace().map(str::to_owned).collect();
                    if send.send(words).is_err() {
                        return;
                    }
                }
                line.clear();
            }
        });
        Self { process, lines }
    }

    /// The next thing it says; `None` once it ended.
    pub(super) fn line(&self) -> Option<Vec<String>> {
        match self.lines.recv_timeout(SILENCE) {
            Ok(words) => Some(words),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("a child process says nothing"),
        }
    }

    /// The next thing it says, which there has to be.
    pub(super) fn said(&self) -> Vec<String> {
        match self.line() {
            Some(words) => words,
            None => panic!("a child process ended before it said what it should"),
        }
    }

    /// Everything it says until it ends.
    pub(super) fn rest(&self) -> Vec<Vec<String>> {
        std::iter::from_fn(|| self.line()).collect()
    }

    /// Lets it go on from [`wait_for_go`].
    pub(super) fn go(&mut self) {
        drop(self.process.stdin.take());
    }

    /// Kills it, with no chance to tidy up, and gives what it had said until then.
    pub(super) fn kill(mut self) -> Vec<Vec<String>> {
        self.end();
        self.rest()
    }

    /// Waits until it has ended by itself and well; gives what it said.
    pub(super) fn finish(mut self) -> Vec<Vec<String>> {
        self.go();
        let rest = self.rest();
        match self.process.wait() {
            Ok(status) if status.success() => rest,
            other => panic!("a child process failed: {other:?}"),
        }
    }

    fn end(&mut self) {
        let _gone_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

/// One word of what a child said.
#[track_caller]
pub(super) fn word<T: FromStr>(words: &[String], at: usize) -> T {
    match words.get(at).and_then(|word| word.parse().ok()) {
        Some(value) => value,
        None => panic!("a child process said {words:?}"),
    }
}

/// The child's side: says something to the parent.
pub(super) fn say(text: &str) {
    let mut output = std::io::stdout().lock();
    // On a line of its own, whatever the harness printed. Nobody may be listening any more.
    let _unheard = write!(output, "\n{SIGN} {text}\n").and_then(|()| output.flush());
}

/// The child's side: waits for [`Child::go`].
pub(super) fn wait_for_go() {
    let mut line = String::new();
    let _closed = std::io::stdin().read_line(&mut line);
}

/// Plays the part that the parent asks for; nothing in a process that isn't a suite's child.
///
/// [`store_suite!`](crate::store_suite) and [`store_storm!`](crate::store_storm) make a test that calls it.
pub fn childs_part<B: Backend>(backend: &B) {
    let (Ok(part), Ok(name), Some(directory)) = (env::var(PART), env::var(NAME), env::var_os(DIRECTORY))
    else {
        return;
    };
    let shift = env::var(SHIFT).ok().and_then(|shift| shift.parse().ok()).unwrap_or_default();
    let place = Place::of_parent(name, directory.into(), shift);
    let world = World::new(backend, place, None);
    if !storm::play(&world, &part) {
        processes::play(&world, &part);
    }
}
