use std::fs::File;
use std::net::TcpListener;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::support::{PATIENCE, Shop, get, program, text};

/// A server whose stderr can't be asked where it listens. It is killed when dropped.
pub(super) struct Serving {
    process: Child,
    pub(super) addr: String,
    admin_addr: String,
}

impl Serving {
    /// Starts a server with this stderr and waits until it listens; its stdout is the file `stdout` in the shop's folder.
    pub(super) async fn start(shop: &Shop, stderr: Stdio, options: &[&str]) -> Self {
        let (addr, admin_addr) = (free(), free());
        let stdout = File::create(shop.folder.path().join("stdout")).unwrap();
        let mut process = program()
            .args(["serve", "--config", text(&shop.config)])
            .args(options)
            .envs([("WXHOOK_LISTEN", &addr), ("WXHOOK_ADMIN_LISTEN", &admin_addr)])
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let listening = async {
            while TcpStream::connect(&admin_addr).await.is_err() {
                assert!(process.try_wait().unwrap().is_none(), "it ended: {:?}", process.try_wait());
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, listening).await.expect("it doesn't listen");
        Self { process, addr, admin_addr }
    }

    /// The value of a metric without labels.
    pub(super) async fn metric(&self, name: &str) -> u64 {
        let metrics = get(&self.admin_addr, "/metrics").await.1;
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name}: {metrics}")).parse().unwrap()
    }

    pub(super) async fn is_ready(&self) {
        let asked = timeout(Duration::from_secs(5), get(&self.admin_addr, "/readyz")).await;
        assert_eq!(asked.expect("it hangs").0, 200);
    }

    /// Its resident memory.
    pub(super) fn memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id().unwrap())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    pub(super) async fn terminate(mut self) -> ExitStatus {
        let id = self.process.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        timeout(PATIENCE, self.process.wait()).await.expect("it doesn't end").unwrap()
    }
}

/// An address that was free a moment ago.
fn free() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
