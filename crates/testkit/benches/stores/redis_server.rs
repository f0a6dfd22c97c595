//! A redis-server of the bench's own.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Ends the server when the bench ends, however that happens: then the pipe that the shell reads is closed.
const KEEPER: &str = "exec 3<&0; redis-server \"$@\" & server=$!; \
                      (read -r _ <&3; kill -9 $server) >/dev/null 2>&1 & \
                      wait $server";

pub(crate) struct Redis {
    child: Child,
    port: u16,
    _directory: TempDir,
}

impl Redis {
    /// Starts a server with an append-only file that is flushed `always` or `everysec`; `None` if there is no redis-server.
    pub(crate) fn start(flush: &str) -> Option<Self> {
        Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().ok()?;
        let directory = tempfile::tempdir_in(".").unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new("sh")
            .args(["-c", KEEPER, "sh", "--appendonly", "yes", "--save", "", "--bind", "127.0.0.1"])
            .args(["--appendfsync", flush, "--port", &port.to_string(), "--dir"])
            .arg(std::path::absolute(directory.path()).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.is_ok_and(|line| line.contains("eady to accept connections"))));
        // It would stop if nobody read on.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { child, port, _directory: directory })
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}
