//! HTTP by hand, so that a test says every header itself.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no reply: {text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }
}

/// Writes these bytes and reads until the server closes.
pub(crate) async fn exchange(addr: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut text = Vec::new();
    // A server that cuts off may do so rudely.
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8(text).unwrap()
}

/// One request on a connection of its own; headers are `name: value`.
pub(crate) async fn send(addr: SocketAddr, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Reply {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n").into_bytes();
    for header in headers {
        bytes.extend_from_slice(format!("{header}\r\n").as_bytes());
    }
    if !body.is_empty() || method == "POST" {
        bytes.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    Reply::parse(&exchange(addr, &bytes).await)
}

/// A GET as a program on this machine sends it.
pub(crate) async fn get(addr: SocketAddr, path: &str) -> Reply {
    send(addr, "GET", path, &[&format!("host: {addr}")], b"").await
}

/// A POST of JSON as a program on this machine sends it.
pub(crate) async fn post(addr: SocketAddr, path: &str, body: &str) -> Reply {
    let host = format!("host: {addr}");
    send(addr, "POST", path, &[&host, "content-type: application/json"], body.as_bytes()).await
}

/// Reads one whole reply with a `content-length` from a connection that stays open.
pub(crate) async fn read_reply(stream: &mut TcpStream) -> Reply {
    let mut text = Vec::new();
    loop {
        let seen = String::from_utf8(text.clone()).unwrap();
        if let Some((head, body)) = seen.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
            if body.len() >= length.parse().unwrap() {
                return Reply::parse(&seen);
            }
        }
        let mut piece = [0; 1024];
        let read = stream.read(&mut piece).await.unwrap();
        assert!(read > 0, "closed within a reply: {seen:?}");
        text.extend_from_slice(&piece[..read]);
    }
}
