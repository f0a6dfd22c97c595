//! A redis-server of the tests' own, as a child process on a free port.

use redis::{Cmd, FromRedisValue};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use tempfile::TempDir;

/// Ends the server when this process ends, however that happens: then the pipe that the shell reads is closed.
const KEEPER: &str = "exec 3<&0; redis-server \"$@\" & server=$!; \
                      (read -r _ <&3; kill -9 $server) >/dev/null 2>&1 & \
                      wait $server";

/// Appends to a file, flushed before each answer.
pub const DURABLE: &[&str] = &["--appendonly", "yes", "--appendfsync", "always"];

pub struct Server {
    child: Child,
    pub port: u16,
    directory: TempDir,
    options: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Server {
    /// Ready to be asked, with these options. `PORT` in one of them is the port; it is an ordinary one unless an
    /// option says something else.
    pub fn start(options: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), options, &[])
    }

    /// The same in a folder that has files already, with these variables in the server's environment.
    pub fn start_in(directory: TempDir, options: &[&str], environment: &[(&str, &str)]) -> Self {
        let environment: Vec<_> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let options: Vec<_> = options.iter().map(|option| (*option).to_owned()).collect();
        for _ in 0..20 {
            // Somebody else may take the port before the server does.
            let port = free_port();
            if let Some(child) = spawn(port, directory.path(), &options, &environment) {
                return Self { child, port, directory, options, environment };
            }
        }
        panic!("redis-server doesn't start");
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// The server's process is gone when this returns.
    pub fn kill(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }

    /// Once more, on the same port and files.
    pub fn restart(&mut self) {
        self.kill();
        self.child = spawn(self.port, self.directory.path(), &self.options, &self.environment)
            .expect("the port is free again");
    }

    /// The folder that it keeps its files in.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Asks the server itself.
    pub fn ask<T: FromRedisValue>(&self, words: &[&str]) -> T {
        ask(&self.url(), words)
    }

    /// Sends the server's process a signal.
    pub fn signal(&self, signal: &str) {
        let info: String = self.ask(&["INFO", "server"]);
        let process = info.lines().find_map(|line| line.strip_prefix("process_id:")).unwrap();
        let done = Command::new("kill").args([signal, process.trim()]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Asks a server.
pub fn ask<T: FromRedisValue>(url: &str, words: &[&str]) -> T {
    let client = redis::Client::open(url).unwrap();
    command(words).query(&mut client.get_connection().unwrap()).unwrap()
}

pub fn command(words: &[&str]) -> Cmd {
    let mut command = Cmd::new();
    for word in words {
        command.arg(*word);
    }
    command
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Starts it and reads what it logs until it says that it is ready.
fn spawn(port: u16, directory: &Path, options: &[String], environment: &[(String, String)]) -> Option<Child> {
    let installed =
        Command::new("redis-server").arg("--version").output().is_ok_and(|out| out.status.success());
    assert!(
        installed,
        "these tests need redis-server: apt-get install redis-server (no running service is needed)"
    );
    let port = port.to_string();
    let mut command = Command::new("sh");
    command.args(["-c", KEEPER, "sh"]).args(options.iter().map(|option| option.replace("PORT", &port)));
    if !options.iter().any(|option| option == "--port") {
        command.args(["--port", &port]);
    }
    if !options.iter().any(|option| option == "--sentinel") {
        command.args(["--save", ""]);
    }
    let mut child = command
        .envs(environment.iter().cloned())
        .args(["--bind", "127.0.0.1", "--dir"])
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_ready =
        |line: &str| line.contains("eady to accept connections") || line.contains("+monitor master");
    let ready = lines.any(|line| line.is_ok_and(|line| is_ready(&line)));
    // It would stop if nobody read on.
    thread::spawn(move || lines.for_each(drop));
    if !ready {
        drop(child.stdin.take());
        child.wait().unwrap();
    }
    ready.then_some(child)
}
