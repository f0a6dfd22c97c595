use super::backend::{Backend, Place};
use super::cases::processes;
use super::context::Context;
use super::stress;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{self, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Environment variables of a child process: its part, its place, and the shift of its clock in milliseconds.
const PART: &str = "WXHOOK_TESTKIT_PART";
const DIRECTORY: &str = "WXHOOK_TESTKIT_DIRECTORY";
const SHIFT: &str = "WXHOOK_TESTKIT_SHIFT";
/// The beginning of a child's own lines; the harness prints others.
const MARKER: &str = "wxhook-testkit:";
/// Maximum time between two messages of a child.
const SILENCE: Duration = Duration::from_secs(60);

/// A child process that plays a part and sends messages; it is killed when dropped.
pub(super) struct Child {
    process: process::Child,
    messages: Receiver<String>,
}

impl Child {
    pub(super) fn start(test: &str, part: &str, place: &Place, environment: Vec<(String, String)>) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .envs(environment)
            .env(PART, part)
            .env(DIRECTORY, place.directory())
            .env(SHIFT, place.clock().shift_millis().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("can't start a child process: {error}"));
        let (sender, messages) = channel();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        thread::spawn(move || {
            let mut line = String::new();
            while output.read_line(&mut line).is_ok_and(|read| read > 0) {
                // A line that was cut off by a kill isn't one.
                if let Some(message) = line.strip_prefix(MARKER).and_then(|rest| rest.strip_suffix('\n'))
                    && sender.send(message.to_owned()).is_err()
                {
                    return;
                }
                line.clear();
            }
        });
        Self { process, messages }
    }

    /// Returns the next message; `None` once the child has ended.
    pub(super) fn next<T: DeserializeOwned>(&self) -> Option<T> {
        match self.messages.recv_timeout(SILENCE) {
            Ok(message) => Some(serde_json::from_str(&message).unwrap()),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("a child process sends nothing"),
        }
    }

    /// Returns the next message.
    pub(super) fn expect<T: DeserializeOwned>(&self) -> T {
        self.next().unwrap_or_else(|| panic!("a child process ended too early"))
    }

    /// Lets the child go on from [`wait_for_go`].
    pub(super) fn go(&mut self) {
        drop(self.process.stdin.take());
    }

    /// Kills the child. Returns the messages that it had sent.
    pub(super) fn kill<T: DeserializeOwned>(mut self) -> Vec<T> {
        self.end();
        std::iter::from_fn(|| self.next()).collect()
    }

    /// Waits until the child has succeeded. Returns its remaining messages.
    pub(super) fn finish<T: DeserializeOwned>(mut self) -> Vec<T> {
        self.go();
        let rest = std::iter::from_fn(|| self.next()).collect();
        let status = self.process.wait().unwrap();
        assert!(status.success(), "a child process failed: {status}");
        rest
    }

    fn end(&mut self) {
        let _already_gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

/// Sends a message from the child to its parent.
pub(super) fn send(message: &(impl Serialize + ?Sized)) {
    let message = serde_json::to_string(message).unwrap();
    let mut output = std::io::stdout().lock();
    // On a line of its own, whatever the harness printed. The parent may be gone.
    let _ignored = write!(output, "\n{MARKER}{message}\n").and_then(|()| output.flush());
}

/// Waits in the child for [`Child::go`].
pub(super) fn wait_for_go() {
    let mut line = String::new();
    let _closed = std::io::stdin().read_line(&mut line);
}

/// Plays the part that the parent process asks for; does nothing in a process that a suite didn't start.
///
/// [`store_suite!`](crate::store_suite) and [`store_stress!`](crate::store_stress) generate a test that calls it.
pub fn run_child<B: Backend>(backend: &B) {
    let (Ok(part), Some(directory)) = (env::var(PART), env::var_os(DIRECTORY)) else { return };
    let shift = env::var(SHIFT).unwrap().parse().unwrap();
    let context = Context::of_child(backend, Place::existing(directory.into(), shift));
    if !stress::run_child(&context, &part) {
        processes::play(&context, &part);
    }
}
