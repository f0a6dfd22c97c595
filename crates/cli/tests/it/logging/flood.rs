//! Four connections at full speed: nine requests of rubbish, then a valid notification.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use wxhook_crypto::v2::SignAlgorithm;
use wxhook_simulator::samples::{self, Case};
use wxhook_simulator::{Nonces, SignedRequest};

use crate::support::Shop;

const CONNECTIONS: usize = 4;
const RUBBISH: usize = 9;

#[derive(Clone)]
pub(super) struct Flood {
    shop: Arc<Shop>,
    addr: String,
    number: Arc<AtomicU32>,
}

/// The numbers of requests that were sent, and the slowest answer.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) rubbish: u64,
    pub(super) valid: u64,
    /// Valid ones that weren't answered with success.
    pub(super) not_accepted: u64,
    /// The longest that a valid one waited for its answer.
    pub(super) slowest: Duration,
}

impl Flood {
    pub(super) fn start(shop: &Arc<Shop>, addr: &str) -> Self {
        Self { shop: Arc::clone(shop), addr: addr.to_owned(), number: Arc::default() }
    }

    /// Sends for so long.
    pub(super) async fn run(self, span: Duration) -> Sent {
        let end = Instant::now() + span;
        let mut senders = JoinSet::new();
        for _ in 0..CONNECTIONS {
            senders.spawn(self.clone().send_until(end));
        }
        let mut all = Sent::default();
        while let Some(sent) = senders.join_next().await {
            let sent = sent.unwrap();
            all.rubbish += sent.rubbish;
            all.valid += sent.valid;
            all.not_accepted += sent.not_accepted;
            all.slowest = all.slowest.max(sent.slowest);
        }
        all
    }

    async fn send_until(self, end: Instant) -> Sent {
        let (mut sent, mut stream) = (Sent::default(), None);
        let rubbish = rubbish();
        while Instant::now() < end {
            for nth in 0..RUBBISH {
                let request = &rubbish[nth % rubbish.len()];
                let status = exchange(&mut stream, &self.addr, request).await;
                assert!((400..500).contains(&status), "{status}");
                sent.rubbish += 1;
            }
            let number = self.number.fetch_add(1, Ordering::Relaxed);
            let fields = samples::v2::payment(&Case::new("1900000109", number));
            let nonces = Nonces::fresh().unwrap();
            let request = self.shop.platform.v2(fields, SignAlgorithm::HmacSha256, &nonces).unwrap();
            let (request, began) = (text(&request), Instant::now());
            let status = exchange(&mut stream, &self.addr, &request).await;
            sent.slowest = sent.slowest.max(began.elapsed());
            sent.valid += 1;
            sent.not_accepted += u64::from(status != 200);
        }
        sent
    }
}

fn text(request: &SignedRequest) -> Vec<u8> {
    let headers: Vec<_> =
        request.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    post("/notify/shop", &headers.concat(), &request.body)
}

fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: shop\r\n{headers}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn rubbish() -> Vec<Vec<u8>> {
    let signed = |serial: &str, time: &str| {
        format!(
            "wechatpay-serial: {serial}\r\nwechatpay-timestamp: {time}\r\nwechatpay-nonce: abc\r\n\
             wechatpay-signature: AAAA\r\nrequest-id: {}\r\n",
            "x".repeat(200)
        )
    };
    let long = format!("/notify/{}", "x".repeat(500));
    vec![
        post("/notify/shop", "", b"rubbish"),
        post("/notify/shop", "", b"<xml><a>"),
        post("/notify/shop", "", b"<xml><return_code>SUCCESS</return_code><sign>A</sign></xml>"),
        post("/notify/shop", &signed(&"y".repeat(200), "1700000000"), b"{}"),
        post("/notify/shop", &signed("5F1C", "soon"), b"{}"),
        post(&long, "", b"rubbish"),
        post("/notify/shop/", &signed("5F1C", "1700000000"), b"{}"),
        post("/notify/shop", "", b""),
        b"GET /notify/shop HTTP/1.1\r\nhost: shop\r\n\r\n".to_vec(),
    ]
}

/// Sends a request and returns the status of its answer, on the connection that there is, or a new one.
async fn exchange(stream: &mut Option<TcpStream>, addr: &str, request: &[u8]) -> u16 {
    loop {
        let mut connection = match stream.take() {
            Some(connection) => connection,
            None => TcpStream::connect(addr).await.unwrap(),
        };
        if connection.write_all(request).await.is_err() {
            continue;
        }
        let mut text = Vec::new();
        while let Ok(1..) = connection.read_buf(&mut text).await {
            let seen = String::from_utf8_lossy(&text).to_ascii_lowercase();
            let Some((head, body)) = seen.split_once("\r\n\r\n") else { continue };
            let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
            if body.len() < length.parse().unwrap() {
                continue;
            }
            if !head.contains("connection: close") {
                *stream = Some(connection);
            }
            return head.split(' ').nth(1).unwrap().parse().unwrap();
        }
        // Closed before it was answered: an idle connection that was reused too late.
    }
}
