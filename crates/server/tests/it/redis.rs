//! Two servers on one Redis.

use crate::folder::{Folder, SMALL};
use crate::running::{Running, payment};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use wxhook_delivery::{Delivery, Receipt, SharedSink, Sink, SinkError};
use wxhook_server::Server;

/// A redis-server of the test's own. It ends with it.
pub(crate) struct Redis {
    child: Child,
    pub(crate) port: u16,
    directory: TempDir,
}

impl Redis {
    pub(crate) fn start() -> Self {
        let directory = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { child: spawn(port, directory.path()), port, directory }
    }

    /// Loads this dump instead of starting empty, and keeps no append-only file.
    pub(crate) fn with_dump(dump: &Path) -> Self {
        let directory = TempDir::new().unwrap();
        std::fs::copy(dump, directory.path().join("dump.rdb")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--port", &port.to_string(), "--dir"])
            .arg(directory.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("`cargo xtask test` gets redis-server");
        let redis = Self { child, port, directory };
        let _loaded: String = redis.ask(&["PING"]);
        redis
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.port, self.directory.path());
    }

    /// Returns a server on it.
    pub(crate) async fn server(&self) -> Running {
        server(self, &Seen::default()).await
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Asks the server itself, as soon as it is ready.
    pub(crate) fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let client = redis::Client::open(self.url()).unwrap();
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(*word);
        }
        loop {
            match client.get_connection().and_then(|mut connection| command.query(&mut connection)) {
                Ok(answer) => return answer,
                Err(error) if error.is_connection_refusal() || error.code() == Some("LOADING") => {
                    std::thread::yield_now();
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16, directory: &Path) -> Child {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", "always"])
        .args(["--port", &port.to_string(), "--dir"])
        .arg(directory)
        .stdout(Stdio::null())
        .spawn()
        .expect("`cargo xtask test` gets redis-server")
}

#[derive(Debug, Clone, Default)]
struct Seen(Arc<Mutex<Vec<u64>>>);

impl Sink for Seen {
    fn name(&self) -> &str {
        "seen"
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, SinkError> {
        self.0.lock().unwrap().push(delivery.record.seq);
        Ok(Receipt::default())
    }
}

async fn server(redis: &Redis, seen: &Seen) -> Running {
    let folder = Folder::new();
    let text = SMALL.replacen("memory://", &format!("redis://127.0.0.1:{}/0", redis.port), 1);
    assert!(text.contains("redis://"), "{text}");
    loop {
        let builder = Server::builder(folder.load(&text).unwrap(), wxhook_events::catalog());
        match builder.with_sink(SharedSink::new(seen.clone())).bind().await {
            Ok(server) => return Running::run(server, Some(folder)),
            // Redis has only just been started.
            Err(error) if error.to_string().contains("unavailable") => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_share_a_redis() {
    let mut redis = Redis::start();
    let seen = Seen::default();
    let (one, other) = (server(&redis, &seen).await, server(&redis, &seen).await);
    let requests: Vec<_> = (0..10).map(payment).collect();
    for request in &requests {
        let (first, second) =
            tokio::join!(one.send("/notify/shop", request), other.send("/notify/shop", request));
        assert_eq!((first.status, second.status), (200, 200));
    }
    let all =
        |reply: &crate::http::Reply| reply.json()["events"].as_array().is_some_and(|all| all.len() == 10);
    other.get_until("/api/events?state=done", all).await;
    let mut numbers = seen.0.lock().unwrap().clone();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!((numbers.len(), seen.0.lock().unwrap().len()), (10, 10), "each was handed on once");

    redis.kill();
    let refused = one.send("/notify/shop", &payment(11)).await;
    assert_eq!(refused.status, 503);
    assert!(refused.head.to_lowercase().contains("retry-after: 5"), "{}", refused.head);
    redis.restart();
    let again = loop {
        let reply = one.send("/notify/shop", &payment(11)).await;
        if reply.status != 503 {
            break reply;
        }
    };
    assert_eq!(again.status, 200);
    let all =
        |reply: &crate::http::Reply| reply.json()["events"].as_array().is_some_and(|all| all.len() == 11);
    one.get_until("/api/events?state=done", all).await;
    one.stop().await;
    other.stop().await;
}
