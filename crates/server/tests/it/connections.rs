//! Connections at their limit, and senders that close their half.

use crate::folder::{Folder, SMALL, WHOLE};
use crate::http::{Reply, exchange, get, read_reply};
use crate::running::{Running, payment};
use crate::stores::Faults;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wxhook_idempotency::MemoryStore;
use wxhook_server::Server;

const HALF: &[u8] = b"POST /notify/shop HTTP/1.1\r\nHost: a\r\n";

/// A whole request with the payment of this number.
fn bytes(number: u32) -> Vec<u8> {
    let body = payment(number).body;
    let head = format!("POST /notify/shop HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), &body].concat()
}

fn limited(connections: usize) -> String {
    SMALL.replace(
        "[store]",
        &format!("[limits]\nconnections = {connections}\nheader_timeout = \"10s\"\n[store]"),
    )
}

async fn open(addr: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// Reads until the server closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn who_closes_its_half_is_answered() {
    let folder = Folder::new();
    let config = folder.load(WHOLE).unwrap();
    let server = Running::run(Server::bind(config, wxhook_events::catalog()).await.unwrap(), Some(folder));
    for number in 1..=20 {
        let mut stream = open(server.addr, &bytes(number)).await;
        stream.shutdown().await.unwrap();
        let answer = rest(stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{number}: {answer:?}");
    }
    // The same where the half is closed in the middle of the body.
    let whole = bytes(21);
    let mut stream = open(server.addr, &whole[..whole.len() - 1]).await;
    stream.shutdown().await.unwrap();
    let answer = rest(stream).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer:?}");
    server.stop().await;
}

#[tokio::test]
async fn who_closes_its_half_may_have_to_wait() {
    let store = Faults::closed();
    let (gate, entered) = (store.layer.gate.clone(), store.layer.entered.clone());
    let server = Running::small(store);
    let mut stream = open(server.addr, &bytes(1)).await;
    stream.shutdown().await.unwrap();
    entered.acquire().await.unwrap().forget();
    gate.add_permits(1);
    assert!(rest(stream).await.starts_with("HTTP/1.1 200 "));
    server.stop().await;
}

#[tokio::test]
async fn at_the_limit_the_oldest_without_a_head_is_closed() {
    let server = Running::with(&limited(3), |builder| builder);
    let first = open(server.addr, HALF).await;
    server.get_until("/metrics", |reply| reply.body.contains("wxhook_connections 1\n")).await;
    let mut second = open(server.addr, HALF).await;
    server.get_until("/metrics", |reply| reply.body.contains("wxhook_connections 2\n")).await;
    let mut third = open(server.addr, &bytes(1)).await;
    assert_eq!(read_reply(&mut third).await.status, 200);
    let mut fourth = open(server.addr, &bytes(2)).await;
    assert_eq!(read_reply(&mut fourth).await.status, 200);
    assert_eq!(rest(first).await, "", "closed without an answer");
    let rest_of_head = [b"Content-Length: 2\r\n\r\n".as_slice(), b"{}"].concat();
    second.write_all(&rest_of_head).await.unwrap();
    assert_eq!(read_reply(&mut second).await.status, 401, "the second goes on");
    let metrics = server.get("/metrics").await.body;
    assert!(metrics.contains("wxhook_connections 3\n"), "{metrics}");
    assert!(metrics.contains("wxhook_http_rejected_total{reason=\"connection-limit\"} 1\n"), "{metrics}");
    server.stop().await;
}

#[tokio::test]
async fn an_idle_connection_gives_way() {
    let server = Running::with(&limited(1), |builder| builder);
    let mut first = open(server.addr, &bytes(1)).await;
    assert_eq!(read_reply(&mut first).await.status, 200);
    let began = Instant::now();
    let mut second = open(server.addr, &bytes(2)).await;
    assert_eq!(read_reply(&mut second).await.status, 200);
    assert_eq!(rest(first).await, "");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    server.stop().await;
}

#[tokio::test]
async fn a_request_in_progress_is_never_cut_off_for_another() {
    let store = Faults::closed();
    let (gate, entered) = (store.layer.gate.clone(), store.layer.entered.clone());
    let server =
        Running::with(&limited(2), |builder| builder.with_store(wxhook_idempotency::SharedStore::new(store)));
    let whole = bytes(1);
    let (begun, end) = whole.split_at(whole.len() - 1);
    // One waits for the store, one for the rest of its body.
    let mut first = open(server.addr, &bytes(2)).await;
    entered.acquire().await.unwrap().forget();
    let expecting =
        String::from_utf8(begun.to_vec()).unwrap().replace("Host: a", "Host: a\r\nExpect: 100-continue");
    let mut second = open(server.addr, expecting.as_bytes()).await;
    let mut told = [0; 25];
    second.read_exact(&mut told).await.unwrap();
    let mut third = open(server.addr, &bytes(3)).await;
    let metrics = server.get("/metrics").await.body;
    assert!(metrics.contains("wxhook_connections 2\n"), "the third waits: {metrics}");
    gate.add_permits(3);
    assert_eq!(read_reply(&mut first).await.status, 200);
    second.write_all(end).await.unwrap();
    assert_eq!(read_reply(&mut second).await.status, 200);
    assert_eq!(read_reply(&mut third).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn half_heads_delay_nobody() {
    // The limit of 512 and all timeouts as they are by default.
    let server = Running::small(MemoryStore::default());
    let mut held = Vec::new();
    for _ in 0..750 {
        held.push(open(server.addr, HALF).await);
    }
    for number in 1..=20 {
        let began = Instant::now();
        let answer = exchange(server.addr, &closing(number)).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer:?}");
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
    drop(held);
    server.stop().await;
}

fn closing(number: u32) -> Vec<u8> {
    let whole = bytes(number);
    let head = b"POST /notify/shop HTTP/1.1\r\n";
    [head.as_slice(), b"Connection: close\r\n", &whole[head.len()..]].concat()
}

#[tokio::test]
async fn half_requests_do_not_starve_health() {
    let server = Running::small(MemoryStore::default());
    let mut held = Vec::new();
    for half in [b"".as_slice(), b"GET /healthz HTTP/1.1\r\n"].into_iter().cycle().take(150) {
        held.push(open(server.admin, half).await);
    }
    let half_body = format!(
        "POST /api/purge HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{{",
        server.admin
    );
    for _ in 0..70 {
        held.push(open(server.admin, half_body.as_bytes()).await);
    }
    for path in ["/healthz", "/metrics", "/readyz"] {
        let began = Instant::now();
        let reply: Reply = get(server.admin, path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(began.elapsed() < Duration::from_secs(2), "{path}: {:?}", began.elapsed());
    }
    drop(held);
    server.stop().await;
}
