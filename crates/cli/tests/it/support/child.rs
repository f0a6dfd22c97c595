use std::ffi::OsString;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{self, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::{PATIENCE, text};

/// A program that runs. It is killed when dropped.
pub(crate) struct Child {
    process: process::Child,
    stdout: Lines,
    stderr: Lines,
    /// Where notifications go.
    pub(crate) addr: String,
    /// Where health and metrics are.
    pub(crate) admin_addr: String,
}

/// A stream's lines: read as they come, so that the program never waits for its reader.
struct Lines {
    receiver: UnboundedReceiver<String>,
    seen: Vec<String>,
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<String>,
    pub(crate) stderr: Vec<String>,
}

/// Runs the program to its end.
pub(crate) async fn finished(arguments: &[&str]) -> Finished {
    finished_with(arguments, &[]).await
}

/// Runs the program to its end, with these variables.
pub(crate) async fn finished_with(arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
    Child::start(arguments, variables).finish().await
}

/// The program, which gets none of the test's own `WXHOOK_` variables.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wxhook"));
    own_variables().for_each(|name| {
        command.env_remove(name);
    });
    command
}

/// The `WXHOOK_` variables that the tests themselves were started with.
pub(crate) fn own_variables() -> impl Iterator<Item = OsString> {
    std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("WXHOOK_"))
}

impl Child {
    /// Starts the program with none but these `WXHOOK_` variables.
    pub(crate) fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_wxhook")), arguments, variables)
    }

    /// Starts a server under these `ulimit` options and waits until it says where it listens.
    pub(crate) async fn serve_limited(config: &Path, ulimit: &str, variables: &[(&str, &str)]) -> Self {
        let mut shell = Command::new("sh");
        let script = format!("ulimit {ulimit} && exec \"$0\" \"$@\"");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_wxhook")]);
        let arguments = ["serve", "--config", text(config), "--log-format", "json"];
        Self::listening(Self::spawn(shell, &arguments, variables)).await
    }

    fn spawn(mut command: Command, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        own_variables().for_each(|name| {
            command.env_remove(name);
        });
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command.args(arguments).envs(variables.iter().copied()).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let stdout = Lines::of(process.stdout.take().unwrap());
        let stderr = Lines::of(process.stderr.take().unwrap());
        Self { process, stdout, stderr, addr: String::new(), admin_addr: String::new() }
    }

    /// Starts a server and waits until it says where it listens.
    pub(crate) async fn serve(config: &Path, options: &[&str]) -> Self {
        Self::serve_with(config, options, &[]).await
    }

    /// The same with these variables.
    pub(crate) async fn serve_with(config: &Path, options: &[&str], variables: &[(&str, &str)]) -> Self {
        let arguments = [&["serve", "--config", text(config), "--log-format", "json"], options].concat();
        Self::listening(Self::start(&arguments, variables)).await
    }

    async fn listening(mut child: Self) -> Self {
        let line = child.log(|line| line.contains(r#""message":"receiving""#)).await;
        let line: Value = serde_json::from_str(&line).unwrap();
        child.addr = line["listen"].as_str().unwrap().to_owned();
        child.admin_addr = line["admin_listen"].as_str().unwrap().to_owned();
        child
    }

    /// The URL of the merchant's notifications.
    pub(crate) fn notify(&self) -> String {
        format!("http://{}/notify/shop", self.addr)
    }

    /// The lines of stderr up to the one that was found last.
    pub(crate) fn logged(&self) -> &[String] {
        &self.stderr.seen
    }

    /// The next line of stderr that is wanted.
    pub(crate) async fn log(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        self.stderr.find(wanted).await.unwrap_or_else(|| panic!("stderr ended: {:#?}", self.stderr.seen))
    }

    /// The next line of stdout that is wanted.
    pub(crate) async fn line(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        self.stdout
            .find(wanted)
            .await
            .unwrap_or_else(|| panic!("stdout ended; stderr: {:#?}", self.stderr.seen))
    }

    /// Sends a signal, e.g. `TERM`.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.process.id().unwrap().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().await.unwrap().success());
    }

    /// Sends SIGKILL. Doesn't wait.
    pub(crate) fn kill(&mut self) {
        self.process.start_kill().unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn finish(mut self) -> Finished {
        let status = timeout(PATIENCE, self.process.wait()).await.expect("it doesn't end").unwrap();
        let (stdout, stderr) = (self.stdout.rest().await, self.stderr.rest().await);
        Finished { status, stdout, stderr }
    }

    /// Ends a server as it should be ended.
    pub(crate) async fn terminate(self) -> Finished {
        self.signal("TERM").await;
        let finished = self.finish().await;
        assert_eq!(finished.status.code(), Some(0), "{:#?}", finished.stderr);
        finished
    }
}

impl Lines {
    fn of(stream: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let (sender, receiver) = unbounded_channel();
        tokio::spawn(async move {
            let mut reader = BufReader::new(stream);
            loop {
                // Not `lines`, which ends at what isn't UTF-8.
                let mut line = Vec::new();
                if reader.read_until(b'\n', &mut line).await.unwrap_or(0) == 0 {
                    break;
                }
                let line = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { receiver, seen: Vec::new() }
    }

    async fn find(&mut self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let next = async {
            while let Some(line) = self.receiver.recv().await {
                self.seen.push(line.clone());
                if wanted(&line) {
                    return Some(line);
                }
            }
            None
        };
        timeout(PATIENCE, next).await.expect("the wanted line doesn't come")
    }

    /// All lines, once the stream has ended.
    async fn rest(mut self) -> Vec<String> {
        let _none = self.find(|_| false).await;
        self.seen
    }
}
