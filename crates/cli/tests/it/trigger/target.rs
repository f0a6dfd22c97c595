//! A receiver that answers what a test says, and keeps what it gets.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::support::PATIENCE;

pub(super) const SUCCESS: (u16, &str) = (200, "");

/// A request that was received: its headers' lines, and its body.
#[derive(Debug, Clone)]
pub(super) struct Got {
    head: Vec<String>,
    pub(super) body: Vec<u8>,
}

pub(super) struct Target {
    pub(super) url: String,
    got: Arc<Mutex<Vec<Got>>>,
    gate: Arc<Semaphore>,
    /// A permit for each request that came.
    came: Arc<Semaphore>,
}

impl Target {
    /// Answers the nth request (from 0) with this status and body.
    pub(super) async fn start(answer: fn(usize) -> (u16, &'static str)) -> Self {
        let target = Self::closed(answer).await;
        target.open(Semaphore::MAX_PERMITS);
        target
    }

    /// Answers only as many as are let through.
    pub(super) async fn closed(answer: fn(usize) -> (u16, &'static str)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/notify/shop", listener.local_addr().unwrap());
        let (got, gate) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Semaphore::new(0)));
        let came = Arc::new(Semaphore::new(0));
        let (kept, permits, arrivals) = (Arc::clone(&got), Arc::clone(&gate), Arc::clone(&came));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, permits, arrivals) =
                    (Arc::clone(&kept), Arc::clone(&permits), Arc::clone(&arrivals));
                tokio::spawn(connection(stream, kept, permits, arrivals, answer));
            }
        });
        Self { url, got, gate, came }
    }

    pub(super) fn open(&self, requests: usize) {
        self.gate.add_permits(requests);
    }

    /// Waits for the next request.
    pub(super) async fn came(&self) {
        timeout(PATIENCE, self.came.acquire()).await.expect("no request comes").unwrap().forget();
    }

    pub(super) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

impl Got {
    pub(super) fn header(&self, name: &str) -> &str {
        let found = self.head.iter().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        });
        found.unwrap_or_else(|| panic!("no {name}: {:?}", self.head))
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

async fn connection(
    stream: TcpStream,
    kept: Arc<Mutex<Vec<Got>>>,
    gate: Arc<Semaphore>,
    came: Arc<Semaphore>,
    answer: fn(usize) -> (u16, &'static str),
) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let mut got = Got { head, body: Vec::new() };
        got.body.resize(got.header("Content-Length").parse().unwrap(), 0);
        if stream.read_exact(&mut got.body).await.is_err() {
            return;
        }
        let nth = {
            let mut kept = kept.lock().unwrap();
            kept.push(got);
            kept.len() - 1
        };
        came.add_permits(1);
        gate.acquire().await.unwrap().forget();
        let (status, body) = answer(nth);
        let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
