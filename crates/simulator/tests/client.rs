//! The client against a small server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use wxhook_simulator::{Client, Error, Prepared, SignedRequest};

const PATIENT: Duration = Duration::from_secs(60);

/// Answers by the path: `/echo` with the body, `/redirect`, `/never`, `/large`, else 200. Counts connections and requests.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let server = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::clone(&connections),
            requests: Arc::clone(&requests),
        };
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.fetch_add(1, Ordering::SeqCst);
                let requests = Arc::clone(&requests);
                let service = service_fn(move |request| {
                    requests.fetch_add(1, Ordering::SeqCst);
                    answer(request)
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        server
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    assert_eq!((request.method(), request.version()), (&Method::POST, Version::HTTP_11));
    let response = Response::builder();
    let (parts, body) = request.into_parts();
    Ok(match parts.uri.path() {
        "/echo" => {
            let twice: Vec<_> =
                parts.headers.get_all("x-twice").iter().map(|v| v.to_str().unwrap()).collect();
            let response = response.header("x-twice", twice.join("+"));
            response.body(Full::new(body.collect().await.unwrap().to_bytes())).unwrap()
        }
        "/redirect" => response.status(302).header("location", "/echo").body(Full::default()).unwrap(),
        "/large" => response.body(Full::new(vec![b' '; 1024 * 1024 + 1].into())).unwrap(),
        "/never" => std::future::pending().await,
        _ => response.body(Full::new(Bytes::from_static(br#"{"code":"SUCCESS"}"#))).unwrap(),
    })
}

fn request(body: &str) -> SignedRequest {
    let headers = [("Content-Type", "application/json"), ("X-Twice", "1"), ("X-Twice", "2")];
    SignedRequest::new(headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(), body)
}

#[tokio::test]
async fn body_and_headers_arrive_as_they_are() {
    let server = Server::start().await;
    let answer = Client::new(PATIENT).post(&server.url("/echo"), &request("{ }\r\n支付")).await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, "{ }\r\n支付".as_bytes()));
    assert_eq!(answer.headers["x-twice"], "1+2");
    assert!(answer.accepted() && answer.elapsed > Duration::ZERO);
    let answer =
        Client::new(PATIENT).post(&server.url("/echo"), &request(r#"{"code":"FAIL"}"#)).await.unwrap();
    assert!(!answer.accepted());
}

#[tokio::test]
async fn connections_are_kept() {
    let server = Server::start().await;
    let client = Client::new(PATIENT);
    let prepared = Prepared::new(&server.url("/"), &request("{}")).unwrap();
    for _ in 0..20 {
        assert!(client.send(&prepared).await.unwrap().accepted());
    }
    assert_eq!(server.requests.load(Ordering::SeqCst), 20);
    assert!(server.connections.load(Ordering::SeqCst) < 20);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = Server::start().await;
    let answer = Client::new(PATIENT).post(&server.url("/redirect"), &request("{}")).await.unwrap();
    assert_eq!(answer.status, 302);
    assert!(!answer.accepted());
    assert_eq!(server.requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn it_does_not_wait_for_ever() {
    let server = Server::start().await;
    let short = Duration::from_millis(50);
    let error = Client::new(short).post(&server.url("/never"), &request("{}")).await.unwrap_err();
    assert!(matches!(error, Error::Timeout(waited) if waited == short), "{error}");
}

#[tokio::test]
async fn what_cannot_be_sent_or_read_is_an_error() {
    let server = Server::start().await;
    let client = Client::new(PATIENT);
    for url in [
        "",
        "/notify",
        "example.com",
        "https://example.com/",
        "ftp://example.com/",
        "http://a b/",
        "http://127.0.0.1:99999/x",
        "http://u:p@[::1]:65536/x",
    ] {
        assert!(matches!(client.post(url, &request("{}")).await, Err(Error::Url)), "{url}");
    }
    for (name, value) in [("a b", "1"), ("", "1"), ("a", "1\r\nb: 2"), ("a", "\0")] {
        let request = SignedRequest::new(vec![(name.to_owned(), value.to_owned())], "");
        assert!(
            matches!(client.post(&server.url("/"), &request).await, Err(Error::Header)),
            "{name:?} {value:?}"
        );
    }
    assert!(matches!(client.post(&server.url("/large"), &request("{}")).await, Err(Error::Send(_))));
    let hangs_up = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", hangs_up.local_addr().unwrap());
    tokio::spawn(async move { while hangs_up.accept().await.is_ok() {} });
    let answer = client.post(&url, &request("{}")).await;
    assert!(matches!(answer, Err(Error::Send(_))));
}
