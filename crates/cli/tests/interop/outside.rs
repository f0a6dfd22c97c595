//! Programs on implementations that aren't ours.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use wxhook_simulator::Client;

use crate::{PATIENCE, Shop, text};

/// Where they are installed.
pub(crate) struct Outside {
    python: PathBuf,
    node_modules: PathBuf,
}

impl Outside {
    /// `None` without the variables of `cargo xtask test`; with them, everything has to be there.
    pub(crate) fn installed(test: &str) -> Option<Self> {
        let path = |variable: &str| {
            let path = PathBuf::from(env::var_os(variable)?);
            assert!(path.exists(), "{variable}: there is no {}", path.display());
            Some(path)
        };
        match (path("INTEROP_PYTHON"), path("INTEROP_NODE_MODULES")) {
            (Some(python), Some(node_modules)) => Some(Self { python, node_modules }),
            (None, None) => {
                skipped(test);
                None
            }
            _ => panic!("only one of INTEROP_PYTHON and INTEROP_NODE_MODULES is set"),
        }
    }

    /// A script of `fixtures/interop`, by its ending.
    fn command(&self, script: &str) -> Command {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/interop").join(script);
        let mut command = if script.ends_with(".py") {
            Command::new(&self.python)
        } else {
            let mut node = Command::new("node");
            node.env("NODE_PATH", &self.node_modules);
            node
        };
        command.arg(file).kill_on_drop(true).stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    /// A merchant's server.
    pub(crate) async fn receiver(&self, script: &str, arguments: &[&str]) -> Receiver {
        let mut process = self.command(script).args(arguments).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = timeout(PATIENCE, lines.next_line()).await.expect("it doesn't start").unwrap();
        let url = url.unwrap_or_else(|| panic!("{script} ended"));
        Receiver { _process: process, client: Client::new(PATIENCE), url }
    }

    /// Has notifications sent to a URL: status and body of each answer.
    pub(crate) async fn send(
        &self,
        script: &str,
        shop: &Shop,
        url: &str,
        notifications: &Value,
    ) -> Vec<(u16, String)> {
        let arguments = [text(shop.folder.path()), shop.merchant.key_id(), url];
        let mut process = self.command(script).args(arguments).spawn().unwrap();
        let mut stdin = process.stdin.take().unwrap();
        stdin.write_all(notifications.to_string().as_bytes()).await.unwrap();
        drop(stdin);
        let output = timeout(PATIENCE, process.wait_with_output()).await.expect("it doesn't end").unwrap();
        assert!(output.status.success(), "{script}: {}", output.status);
        let answers: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(answer).collect();
        assert_eq!(answers.len(), notifications.as_array().unwrap().len(), "{script}");
        answers
    }
}

#[expect(clippy::explicit_write, reason = "what a passing test prints with `eprintln!` isn't shown")]
fn skipped(test: &str) {
    let why = "without INTEROP_PYTHON and INTEROP_NODE_MODULES; `cargo xtask test` has them";
    writeln!(std::io::stderr(), "{test}: SKIPPED, {why}").unwrap();
}

/// A merchant's server that isn't ours. It is killed when dropped.
pub(crate) struct Receiver {
    _process: Child,
    pub(crate) client: Client,
    pub(crate) url: String,
}

fn answer(line: &str) -> (u16, String) {
    let answer: Value = serde_json::from_str(line).unwrap();
    let status = answer["status"].as_u64().unwrap();
    (u16::try_from(status).unwrap(), answer["body"].as_str().unwrap().to_owned())
}
