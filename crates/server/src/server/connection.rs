use super::connections::Connection;
use super::head::{Head, Scanned};
use super::phase::{Phase, Watch};
use super::rejections::{Reason, Rejections};
use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;

/// Bytes of a request's head: what nginx lets through by default. A connection's buffer isn't much larger.
const MAX_HEAD: usize = 32 << 10;

/// The parts of a listener that each of its connections needs.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    pub(super) header_timeout: Duration,
    pub(super) watch: Watch,
    pub(super) rejections: Rejections,
}

/// Serves one connection until its sender is done or too slow, the server stops, or another connection needs its place.
///
/// A sender that closes its half of the connection is answered. One that is gone altogether isn't noticed before the
/// answer is written: what it sent is handled to the end, within the time that an answer has.
pub(super) async fn serve<H, F>(
    stream: TcpStream,
    peer: SocketAddr,
    connection: Connection,
    surroundings: Surroundings,
    handle: H,
) where
    H: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<Full<Bytes>>>,
{
    let Surroundings { header_timeout, mut watch, rejections } = surroundings;
    let head = Head::default();
    let service = service_fn(|request| {
        connection.begin_request();
        // hyper goes by the encoding then, and closes the connection. What stands in front of wxhook may have gone by
        // the length.
        let is_ambiguous = head.end().has_length_and_encoding();
        let answer = if is_ambiguous { None } else { Some(handle(request)) };
        let (head, connection, rejections) = (&head, &connection, &rejections);
        async move {
            let response = match answer {
                Some(answer) => answer.await,
                None => {
                    rejections.record(Reason::ConflictingLengths, peer);
                    bad_request()
                }
            };
            if response.headers().get(CONNECTION).is_none_or(|value| value != "close") {
                head.begin();
            }
            connection.end_request();
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = http1::Builder::new();
    // The time for a head runs from the moment that one could come: it also ends idle connections.
    builder.timer(TokioTimer::new()).header_read_timeout(header_timeout);
    // The buffer alone isn't a limit: hyper may read more at a time.
    builder.max_header_size(MAX_HEAD).max_buf_size(MAX_HEAD).half_close(true);
    let mut stream = TimeoutStream::new(Scanned { stream, head: head.clone() });
    // A peer that takes nothing of its answers for so long only wants the connection to be taken.
    stream.set_write_timeout(Some(header_timeout));
    let mut serving = pin!(builder.serve_connection(TokioIo::new(Box::pin(stream)), service));
    let ended = tokio::select! {
        biased;
        ended = serving.as_mut() => ended,
        // After serving was polled: a head that has arrived comes first.
        () = connection.must_close() => return rejections.record(Reason::ConnectionLimit, peer),
        () = watch.until(Phase::Draining) => {
            serving.as_mut().graceful_shutdown();
            tokio::select! {
                biased;
                ended = serving => ended,
                () = watch.until(Phase::Over) => return,
            }
        }
    };
    if let Err(error) = ended {
        match reason(&error, &head) {
            Some(reason) => rejections.record(reason, peer),
            None => tracing::debug!(%error, "a connection ended early"),
        }
    }
}

/// Returns why a request was rejected, if the connection ended within a request's head.
fn reason(error: &hyper::Error, head: &Head) -> Option<Reason> {
    let scan = head.scan();
    if !scan.is_begun() {
        return None;
    }
    if !error.is_parse() {
        let is_io = || std::error::Error::source(error).is_some_and(|cause| cause.is::<io::Error>());
        return if error.is_timeout() {
            Some(Reason::Timeout)
        } else {
            (error.is_incomplete_message() || is_io()).then_some(Reason::Incomplete)
        };
    }
    Some(if error.is_parse_version_h2() {
        Reason::Http2
    } else if scan.is_tls() {
        Reason::Tls
    } else if scan.is_proxy_protocol() {
        Reason::ProxyProtocol
    } else if error.is_parse_too_large() {
        Reason::HeadTooLarge
    } else if scan.has_conflicting_lengths() {
        Reason::ConflictingLengths
    } else {
        Reason::BadRequest
    })
}

/// Returns hyper's own answer to requests that it can't read.
fn bad_request() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
