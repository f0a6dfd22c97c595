//! Requests that the HTTP layer rejects are counted.

use crate::folder::SMALL;
use crate::http::{exchange, read_reply};
use crate::running::{Running, payment};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const TLS: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5";

fn server() -> Running {
    Running::with(&SMALL.replace("[store]", "[limits]\nheader_timeout = \"150ms\"\n[store]"), |builder| {
        builder
    })
}

/// Returns the number of rejected requests by reason; reasons without any are left out.
async fn rejected(server: &Running) -> Vec<String> {
    let metrics = server.get("/metrics").await.body;
    let lines = metrics.lines().filter_map(|line| line.strip_prefix("wxhook_http_rejected_total{reason=\""));
    let lines: Vec<_> = lines.map(|line| line.replacen("\"} ", " ", 1)).collect();
    assert!(lines.len() > 5, "each reason has a series from the start: {lines:?}");
    lines.into_iter().filter(|line| !line.ends_with(" 0")).collect()
}

#[tokio::test]
async fn each_rejection_is_counted_by_its_reason() {
    let body = payment(1).body;
    let post = |headers: &str| {
        [
            format!("POST /notify/shop HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n").as_bytes(),
            &body,
        ]
        .concat()
    };
    let length = format!("Content-Length: {}\r\n", body.len());
    let cases: Vec<(&str, &str, Vec<u8>)> = vec![
        ("head-too-large", "431", post(&format!("{length}X: {}\r\n", "x".repeat(33_000)))),
        ("head-too-large", "431", post(&format!("{length}{}", "X: x\r\n".repeat(101)))),
        ("conflicting-lengths", "400", post(&format!("{length}Content-Length: 1\r\n"))),
        ("conflicting-lengths", "400", post(&format!("{length}Transfer-Encoding: chunked\r\n"))),
        ("conflicting-lengths", "400", post(&format!("Transfer-Encoding: chunked\r\n{length}"))),
        ("bad-request", "400", post("Content-Length: x\r\n")),
        ("bad-request", "400", post("Transfer-Encoding: gzip\r\n")),
        (
            "bad-request",
            "400",
            post(&length).iter().map(|byte| if *byte == b':' { b';' } else { *byte }).collect(),
        ),
        ("bad-request", "400", b"POST /notify/shop HTTP/1.2\r\n\r\n".to_vec()),
        ("bad-request", "400", b"POST /notify/shop HTTP/2.0\r\n\r\n".to_vec()),
        ("bad-request", "400", b"\x00\x01\x02\x03 junk\r\n\r\n".to_vec()),
        ("tls", "400", TLS.to_vec()),
        ("http2", "", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00".to_vec()),
        (
            "proxy-protocol",
            "400",
            [b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n".as_slice(), &post(&length)].concat(),
        ),
        (
            "proxy-protocol",
            "400",
            [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c".as_slice(), &[1; 12], &post(&length)].concat(),
        ),
        ("timeout", "", b"POST /notify/shop HTTP/1.1\r\nHost: a\r\n".to_vec()),
    ];
    for (reason, status, sent) in cases {
        let server = server();
        let answer = exchange(server.addr, &sent).await;
        let name = String::from_utf8_lossy(&sent[..sent.len().min(120)]).into_owned();
        assert_eq!(answer.get(9..12).unwrap_or_default(), status, "{reason}: {name:?}: {answer:?}");
        assert_eq!(rejected(&server).await, [format!("{reason} 1")], "{name:?}");
        server.stop().await;
    }
}

#[tokio::test]
async fn half_a_head_is_counted_when_its_sender_is_gone() {
    let server = server();
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(b"POST /notify/shop HTTP/1.1\r\nHo").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(rejected(&server).await, ["incomplete 1"]);
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_request_or_a_good_one_is_not_counted() {
    let server = server();
    let whole = |version: &str, headers: &str, body: &[u8]| {
        [format!("POST /notify/shop {version}\r\nHost: a\r\n{headers}\r\n").as_bytes(), body].concat()
    };
    // Nothing at all: a load balancer's check; then the header timeout.
    drop(TcpStream::connect(server.addr).await.unwrap());
    assert_eq!(exchange(server.addr, b"").await, "");
    let body = payment(1).body;
    let length = format!("Content-Length: {}\r\n", body.len());
    let chunked = [format!("{:x}\r\n", body.len()).as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
    for good in [
        whole("HTTP/1.1", &length, &body),
        // Idle until its time is over.
        whole("HTTP/1.0", &length, &body),
        whole("HTTP/1.1", &format!("{length}{length}"), &body),
        whole("HTTP/1.1", "Transfer-Encoding: chunked\r\n", &chunked),
        // The names stand where no header begins.
        whole(
            "HTTP/1.1",
            &format!("X: Transfer-Encoding: chunked\r\nX-Transfer-Encoding: x\r\n{length}"),
            &body,
        ),
        whole("HTTP/1.1", &format!("{length}X: {}\r\n", "x".repeat(31_000)), &body),
    ] {
        let answer = exchange(server.addr, &good).await;
        assert!(answer.starts_with("HTTP/1.1 200 ") || answer.starts_with("HTTP/1.0 200 "), "{answer:?}");
    }
    assert_eq!(rejected(&server).await, Vec::<String>::new());
    server.stop().await;
}

#[tokio::test]
async fn lengths_in_conflict_smuggle_nothing() {
    let server = server();
    let hidden = payment(2).body;
    let inner = format!("POST /notify/shop HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", hidden.len());
    let inner = [inner.as_bytes(), &hidden].concat();
    let ended = [b"0\r\n\r\n".as_slice(), &inner].concat();
    for (first, second) in [
        (format!("Content-Length: {}", ended.len()), "Transfer-Encoding: chunked".to_owned()),
        ("Transfer-Encoding: chunked".to_owned(), format!("Content-Length: {}", ended.len())),
        ("Transfer-Encoding: chunked".to_owned(), "Content-Length: 5".to_owned()),
        (format!("Content-Length: {}", ended.len()), "Content-Length: 5".to_owned()),
    ] {
        let head = format!("POST /notify/shop HTTP/1.1\r\nHost: a\r\n{first}\r\n{second}\r\n\r\n");
        let answer = exchange(server.addr, &[head.as_bytes(), &ended].concat()).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{first}, {second}: {answer:?}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{first}, {second}: {answer:?}");
        // The same behind a good request on one connection.
        let body = payment(1).body;
        let good = format!("POST /notify/shop HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        stream.write_all(&[good.as_bytes(), &body].concat()).await.unwrap();
        assert_eq!(read_reply(&mut stream).await.status, 200);
        stream.write_all(&[head.as_bytes(), &ended].concat()).await.unwrap();
        assert_eq!(read_reply(&mut stream).await.status, 400);
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
    }
    let metrics = server.get("/metrics").await.body;
    assert!(metrics.contains("wxhook_http_rejected_total{reason=\"conflicting-lengths\"} 8\n"), "{metrics}");
    assert!(!server.get("/api/events").await.body.contains("\"seq\":2"), "nothing but the good one is kept");
    server.stop().await;
}
