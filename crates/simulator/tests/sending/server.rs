use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Barrier, Notify};

pub(crate) const OK: Reply = Reply::Bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
pub(crate) const FAIL: Reply =
    Reply::Bytes("HTTP/1.1 500 Oops\r\nContent-Length: 15\r\n\r\n{\"code\":\"FAIL\"}");

/// The server's reaction to a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Writes this and keeps the connection.
    Bytes(&'static str),
    /// Writes this and closes the connection.
    Last(&'static str),
    /// Writes an OK when the next request is there.
    AfterTheNext,
    /// Writes an OK when as many requests are there as the barrier waits for.
    Together(Arc<Barrier>),
    /// Waits until the other side closes the connection, and says so.
    UntilClosed(Arc<Notify>),
}

type Log = Vec<(SocketAddr, Vec<u8>)>;

/// Every request, as it came, and by which connection.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Log>>,
    came: Arc<Notify>,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Server {
    /// Answers the request of each number, from 1.
    pub(crate) async fn start(reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server =
            Self { address: listener.local_addr().unwrap(), seen: Arc::default(), came: Arc::default() };
        let (running, reply) = (server.clone(), Arc::new(reply));
        tokio::spawn(async move {
            loop {
                let (stream, peer) = listener.accept().await.unwrap();
                let (server, reply) = (running.clone(), Arc::clone(&reply));
                tokio::spawn(async move { server.serve(stream, peer, &*reply).await });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/notify/shop", self.address)
    }

    /// The bytes of each request.
    pub(crate) fn bytes(&self) -> Vec<Vec<u8>> {
        self.seen.lock().unwrap().iter().map(|(_, bytes)| bytes.clone()).collect()
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.bytes().iter().map(|bytes| Seen::read(bytes)).collect()
    }

    pub(crate) fn peers(&self) -> Vec<SocketAddr> {
        self.seen.lock().unwrap().iter().map(|(peer, _)| *peer).collect()
    }

    async fn serve(&self, mut stream: TcpStream, peer: SocketAddr, reply: &(impl Fn(usize) -> Reply + Sync)) {
        while let Some(request) = read(&mut stream).await {
            let number = {
                let mut seen = self.seen.lock().unwrap();
                seen.push((peer, request));
                seen.len()
            };
            self.came.notify_waiters();
            let (bytes, last) = match reply(number) {
                Reply::Bytes(bytes) => (bytes, false),
                Reply::Last(bytes) => (bytes, true),
                Reply::AfterTheNext => {
                    self.wait_for(number + 1).await;
                    ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false)
                }
                Reply::Together(barrier) => {
                    barrier.wait().await;
                    ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false)
                }
                Reply::UntilClosed(closed) => {
                    let _ = stream.read(&mut [0]).await;
                    closed.notify_one();
                    return;
                }
            };
            if stream.write_all(bytes.as_bytes()).await.is_err() || last {
                return;
            }
        }
    }

    /// Waits until this many requests came.
    pub(crate) async fn wait_for(&self, count: usize) {
        loop {
            let came = self.came.notified();
            if self.seen.lock().unwrap().len() >= count {
                return;
            }
            came.await;
        }
    }
}

impl Seen {
    fn read(bytes: &[u8]) -> Self {
        let end = head(bytes).unwrap();
        let text = std::str::from_utf8(&bytes[..end]).unwrap();
        let headers = text.trim_end().lines().skip(1).map(|line| line.split_once(": ").unwrap());
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { headers, body: bytes[end..].to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Returns the start of the body.
fn head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|end| end + 4)
}

async fn read(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = head(&bytes) {
            let text = std::str::from_utf8(&bytes[..end]).unwrap().to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
            if bytes.len() >= end + length.unwrap().parse::<usize>().unwrap() {
                return Some(bytes);
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}
