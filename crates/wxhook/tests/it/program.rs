//! An example as a child process, with keys of its own.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::OnceCell;
use tokio::time::timeout;
use wxhook::crypto::{ApiV3Key, PlatformKey, SigningKey};
use wxhook::receiver::Merchant;
use wxhook::simulator::Platform;

const API_V3_KEY: &str = "0123456789abcdef0123456789abcdef";
const KEY_ID: &str = "PUB_KEY_ID_0119000001092024";
const BUILD_TIME: Duration = Duration::from_secs(900);
/// Longer than anything else here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A merchant's keys in a folder of their own, and the platform that signs with their other half.
pub(crate) struct Shop {
    pub(crate) platform: Platform,
    folder: TempDir,
}

/// A running example.
pub(crate) struct Program {
    /// The notify URL that it printed; empty if it isn't a server.
    pub(crate) url: String,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        std::fs::write(folder.path().join("key.pem"), key.public_key_pem()).unwrap();
        let platform = Platform::builder()
            .mchid("1900000109")
            .signing_key(KEY_ID, SigningKey::from_pem(key.serialize_pem().as_bytes()).unwrap())
            .api_v3_key(ApiV3Key::new(API_V3_KEY.as_bytes()).unwrap())
            .build()
            .unwrap();
        Self { platform, folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn merchant(&self) -> Merchant {
        let key = PlatformKey::from_pem(&std::fs::read(self.path("key.pem")).unwrap()).unwrap();
        Merchant::new("shop", "1900000109")
            .api_v3_key(ApiV3Key::new(API_V3_KEY.as_bytes()).unwrap())
            .platform_key(KEY_ID, key)
    }

    /// Starts an example that serves, and waits for its notify URL.
    pub(crate) async fn serve(&self, example: &str) -> Program {
        let mut program = self.start(example, &[]).await;
        let line = program.line().await;
        program.url = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();
        program
    }

    /// Starts an example in the folder.
    pub(crate) async fn start(&self, example: &str, arguments: &[&str]) -> Program {
        let mut child = Command::new(executable(example).await)
            .args(arguments)
            .current_dir(self.folder.path())
            .env("API_V3_KEY", API_V3_KEY)
            .env("PLATFORM_KEY_ID", KEY_ID)
            .env("PLATFORM_KEY", "key.pem")
            .env("LISTEN", "127.0.0.1:0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Program { url: String::new(), child, lines }
    }
}

impl Program {
    /// Returns the next line of its output.
    pub(crate) async fn line(&mut self) -> String {
        timeout(PATIENCE, self.lines.next_line()).await.expect("no line").unwrap().expect("it has ended")
    }

    /// Returns all of its output, and expects success.
    pub(crate) async fn output(mut self) -> String {
        let mut output = String::new();
        while let Some(line) = timeout(PATIENCE, self.lines.next_line()).await.expect("no line").unwrap() {
            output.push_str(&line);
        }
        self.end().await;
        output
    }

    /// Stops it as an operator does, and expects success.
    pub(crate) async fn stop(self) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-s", "INT", &id]).status().await.unwrap().success());
        self.end().await;
    }

    /// Writes all of its input.
    pub(crate) async fn write(&mut self, input: &[u8]) {
        self.child.stdin.take().unwrap().write_all(input).await.unwrap();
    }

    /// Waits for its end, and expects success.
    pub(crate) async fn end(mut self) {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it doesn't end").unwrap();
        assert!(status.success(), "{status}");
    }
}

/// Builds the examples, and returns the path of one. Cargo builds them with the tests only if it isn't told what to build.
async fn executable(example: &str) -> PathBuf {
    static EXECUTABLES: OnceCell<Vec<PathBuf>> = OnceCell::const_new();
    let build = || async {
        let mut cargo = Command::new(env!("CARGO"));
        for (name, _) in std::env::vars_os() {
            // Build scripts look at the variables of this test's package, and would run again.
            if ["CARGO_PKG_", "CARGO_MANIFEST_"]
                .iter()
                .any(|prefix| name.to_string_lossy().starts_with(prefix))
            {
                cargo.env_remove(name);
            }
        }
        cargo.args(["build", "--quiet", "--examples", "--message-format", "json-render-diagnostics"]);
        let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).kill_on_drop(true).output();
        let built = timeout(BUILD_TIME, built).await.expect("the build doesn't end").unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let messages = String::from_utf8(built.stdout).unwrap();
        let messages = messages.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).collect()
    };
    let found = EXECUTABLES.get_or_init(build).await;
    found
        .iter()
        .find(|path| path.ends_with(example))
        .unwrap_or_else(|| panic!("{example}: {found:?}"))
        .clone()
}

/// Returns the time now, in Unix seconds.
#[expect(clippy::disallowed_methods, reason = "signatures are of now")]
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}
