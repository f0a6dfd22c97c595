//! Sends prepared requests over kept connections and reads what comes back, with as little work as possible.

use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) rate: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) peak_mib: f64,
}

/// Each request once, split over the connections.
pub(crate) fn run(address: SocketAddr, requests: &[Vec<u8>], connections: usize) -> Measured {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // Everybody connects before the clock starts.
        let mut streams = Vec::new();
        for _ in 0..connections {
            let stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            streams.push(stream);
        }
        let began = Instant::now();
        let senders = streams.into_iter().zip(requests.chunks(requests.len().div_ceil(connections)));
        let tasks: Vec<_> = senders
            .map(|(stream, chunk)| {
                let chunk: Vec<Vec<u8>> = chunk.to_vec();
                tokio::spawn(connection(stream, chunk))
            })
            .collect();
        let mut took = Vec::with_capacity(requests.len());
        for task in tasks {
            took.extend(task.await.unwrap());
        }
        let elapsed = began.elapsed();
        took.sort();
        let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        Measured {
            rate: requests.len() as f64 / elapsed.as_secs_f64(),
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            peak_mib: 0.0,
        }
    })
}

async fn connection(mut stream: TcpStream, requests: Vec<Vec<u8>>) -> Vec<Duration> {
    let mut took = Vec::with_capacity(requests.len());
    let mut buffer = vec![0; 4096];
    for request in requests {
        let began = Instant::now();
        stream.write_all(&request).await.unwrap();
        read_response(&mut stream, &mut buffer).await;
        took.push(began.elapsed());
    }
    took
}

/// Reads one response and insists on 200.
async fn read_response(stream: &mut TcpStream, buffer: &mut [u8]) {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await.unwrap();
        assert!(read > 0, "the server closed the connection");
        filled += read;
        let text = std::str::from_utf8(&buffer[..filled]).unwrap();
        if let Some(head) = text.find("\r\n\r\n") {
            assert!(text.starts_with("HTTP/1.1 200"), "{}", &text[..head]);
            let length = text[..head]
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.trim().parse::<usize>().unwrap());
            if filled == head + 4 + length {
                return;
            }
        }
    }
}
