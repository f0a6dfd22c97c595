//! The guides, done step by step: what stands there works as it stands.

use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use crate::support::{PATIENCE, own_variables};

/// The host of the guides' addresses.
const LOOPBACK: &str = "127.0.0.1";

#[tokio::test]
async fn the_guide_works_with_the_receiver_in_python() {
    follow(include_str!("../../../../docs/guide.md"), "127.77.1.1", "python3 receiver.py").await;
}

#[tokio::test]
async fn the_chinese_guide_works_with_the_receiver_in_node() {
    follow(include_str!("../../../../docs/guide.zh-CN.md"), "127.77.1.2", "node receiver.mjs").await;
}

/// A comment in the guide says what is done with the block below it.
#[derive(Debug)]
enum Step {
    /// Runs to its end, without failure.
    Run(String),
    /// Runs until it prints this.
    Start(String, String),
    /// One that was started prints this.
    Expect(String),
    /// Those that were started end.
    Stop,
    /// A file of this name.
    File(String, String),
    /// In the place of the configuration's sink.
    Sink(String),
}

async fn follow(guide: &str, own: &str, receiver: &str) {
    // Ports stay as they are; the address is this test's own.
    let guide = guide.replace(LOOPBACK, own).replace("python3 receiver.py", receiver);
    if cfg!(not(target_os = "linux")) || !is_there(receiver) {
        // Elsewhere loopback is one address only.
        return;
    }
    let steps = steps(&guide);
    assert!(steps.len() >= 12, "{steps:#?}");
    let mut desk = Desk::new(own);
    for step in steps {
        desk.take(step).await;
    }
    assert!(desk.started.is_empty(), "the guide stops what it starts");
}

fn is_there(receiver: &str) -> bool {
    let program = receiver.split(' ').next().unwrap();
    std::process::Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn steps(guide: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        let Some(mark) = line.trim().strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) else {
            continue;
        };
        let (what, argument) = mark.split_once(": ").unwrap_or((mark, ""));
        let argument = argument.trim_matches('"').to_owned();
        let mut block = || {
            assert!(lines.next().unwrap().starts_with("```"), "{mark}");
            lines.by_ref().take_while(|line| !line.starts_with("```")).collect::<Vec<_>>().join("\n") + "\n"
        };
        steps.push(match what {
            "run" => Step::Run(block()),
            "background" => Step::Start(block(), argument),
            "file" => Step::File(argument, block()),
            "sink" => Step::Sink(block()),
            "expect" => Step::Expect(argument),
            "stop" => Step::Stop,
            other => panic!("{other}"),
        });
    }
    steps
}

/// A folder to work in, and what runs in it.
struct Desk {
    folder: TempDir,
    own: String,
    started: Vec<Child>,
    tell: UnboundedSender<String>,
    told: UnboundedReceiver<String>,
}

impl Desk {
    fn new(own: &str) -> Self {
        let (tell, told) = unbounded_channel();
        Self { folder: tempfile::tempdir().unwrap(), own: own.to_owned(), started: Vec::new(), tell, told }
    }

    fn shell(&self, script: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_wxhook")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", script]).current_dir(self.folder.path()).env("PATH", path);
        own_variables().for_each(|name| {
            command.env_remove(name);
        });
        command.env("WXHOOK_LISTEN", format!("{}:8080", self.own));
        command.env("WXHOOK_ADMIN_LISTEN", format!("{}:9090", self.own));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Run(script) => {
                let output =
                    timeout(PATIENCE, self.shell(&script).output()).await.expect("it doesn't end").unwrap();
                let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{script}\n{said}");
            }
            Step::Start(script, until) => {
                let mut child = self.shell(&format!("exec {script}")).spawn().unwrap();
                self.listen_to(child.stdout.take().unwrap());
                self.listen_to(child.stderr.take().unwrap());
                self.started.push(child);
                self.expect(&until).await;
            }
            Step::Expect(text) => self.expect(&text).await,
            Step::Stop => {
                for mut child in self.started.drain(..) {
                    let id = child.id().expect("it runs").to_string();
                    assert!(Command::new("kill").arg(id).status().await.unwrap().success());
                    timeout(PATIENCE, child.wait()).await.expect("it doesn't end").unwrap();
                }
            }
            Step::File(name, content) => std::fs::write(self.folder.path().join(name), content).unwrap(),
            Step::Sink(content) => {
                let config = self.folder.path().join("keys/wxhook.toml");
                let text = std::fs::read_to_string(&config).unwrap();
                let old = "[sink]\nkind = \"stdout\"\n";
                assert!(text.contains(old), "{text}");
                std::fs::write(config, text.replace(old, &content)).unwrap();
            }
        }
    }

    fn listen_to(&self, stream: impl AsyncRead + Unpin + Send + 'static) {
        let tell = self.tell.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(stream).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let _nobody_waits = tell.send(line);
            }
        });
    }

    async fn expect(&mut self, text: &str) {
        let mut seen = Vec::new();
        let found = async {
            while let Some(line) = self.told.recv().await {
                let found = line.contains(text);
                seen.push(line);
                if found {
                    return;
                }
            }
        };
        assert!(timeout(PATIENCE, found).await.is_ok(), "{text} isn't said: {seen:#?}");
    }
}
