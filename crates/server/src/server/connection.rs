use super::Shutdown;
use super::connections::Connection;
use super::rejections::{Reason, Rejections};
use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING};
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
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;
use tokio_util::io::InspectReader;

/// Maximum size of a request head in bytes, nginx's default. A connection's buffer isn't much larger.
const MAX_HEAD: usize = 32 << 10;

/// The settings that the connections of a listener share.
#[derive(Debug, Clone)]
pub(super) struct ConnectionOptions {
    pub(super) header_timeout: Duration,
    pub(super) shutdown: Shutdown,
    pub(super) rejections: Rejections,
}

/// Serves a connection until its sender is done or too slow, the server stops, or another connection needs its place.
///
/// A sender that half-closes its connection gets its reply. One that is gone isn't noticed before the reply is written:
/// its request is handled to the end, within the time limit of a reply.
pub(super) async fn serve<H, F>(
    stream: TcpStream,
    peer: SocketAddr,
    connection: Connection,
    options: ConnectionOptions,
    handle: H,
) where
    H: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<Full<Bytes>>>,
{
    let ConnectionOptions { header_timeout, shutdown, rejections } = options;
    let head = Head::default();
    let service = service_fn(|request| {
        connection.begin_request();
        let received = head.end();
        // hyper goes by the encoding, drops the length, and closes the connection. A proxy in front of wxhook may have
        // gone by the length.
        let is_ambiguous =
            request.headers().contains_key(TRANSFER_ENCODING) && matches!(framing(&received), (1.., true));
        let reply = if is_ambiguous { None } else { Some(handle(request)) };
        let (head, connection, rejections) = (&head, &connection, &rejections);
        async move {
            let response = match reply {
                Some(reply) => reply.await,
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
    // The time for a head starts when the connection is ready for one, so it also ends idle connections.
    builder.timer(TokioTimer::new()).header_read_timeout(header_timeout);
    // The buffer alone isn't a limit: hyper may read more at a time.
    builder.max_header_size(MAX_HEAD).max_buf_size(MAX_HEAD).half_close(true);
    let inspected = head.clone();
    let mut stream = TimeoutStream::new(InspectReader::new(stream, move |bytes| inspected.extend(bytes)));
    // A peer that reads nothing of its replies only wants to occupy the connection.
    stream.set_write_timeout(Some(header_timeout));
    let mut serving = pin!(builder.serve_connection(TokioIo::new(Box::pin(stream)), service));
    let ended = tokio::select! {
        biased;
        ended = serving.as_mut() => ended,
        // After serving was polled: a head that has arrived comes first.
        () = connection.must_close() => return rejections.record(Reason::ConnectionLimit, peer),
        () = shutdown.drain.cancelled() => {
            serving.as_mut().graceful_shutdown();
            let Some(ended) = shutdown.abort.run_until_cancelled(serving).await else { return };
            ended
        }
    };
    if let Err(error) = ended {
        match reason(&error, &head) {
            Some(reason) => rejections.record(reason, peer),
            None => tracing::debug!(%error, "a connection ended early"),
        }
    }
}

/// Returns why a request was rejected, if the connection ended within a request head.
fn reason(error: &hyper::Error, head: &Head) -> Option<Reason> {
    let received = head.lock();
    let received = received.as_deref().filter(|received| !received.is_empty())?;
    let is_io = || std::error::Error::source(error).is_some_and(|cause| cause.is::<io::Error>());
    if error.is_timeout() {
        Some(Reason::Timeout)
    } else if !error.is_parse() {
        (error.is_incomplete_message() || is_io()).then_some(Reason::Incomplete)
    } else if error.is_parse_version_h2() {
        Some(Reason::Http2)
    } else if received.starts_with(b"\x16\x03") {
        Some(Reason::Tls)
    } else if received.starts_with(b"PROXY ") || received.starts_with(b"\r\n\r\n\0\r\nQUIT\n") {
        Some(Reason::ProxyProtocol)
    } else if error.is_parse_too_large() {
        Some(Reason::HeadTooLarge)
    } else {
        let (lengths, is_encoded) = framing(received);
        let is_ambiguous = lengths > 1 || (lengths > 0 && is_encoded);
        Some(if is_ambiguous { Reason::ConflictingLengths } else { Reason::BadRequest })
    }
}

/// Returns the number of `Content-Length` headers in a request head, and whether it has a `Transfer-Encoding`.
fn framing(head: &[u8]) -> (usize, bool) {
    let is_blank = |line: &&[u8]| matches!(*line, b"\n" | b"\r\n");
    let lines = head.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let headers = lines.skip_while(is_blank).skip(1).take_while(|line| !is_blank(line));
    let is_named = |line: &[u8], name: &[u8]| {
        line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    headers.fold((0, false), |(lengths, is_encoded), line| {
        let is_length = is_named(line, b"content-length:");
        (lengths + usize::from(is_length), is_encoded || is_named(line, b"transfer-encoding:"))
    })
}

/// Returns hyper's own reply to requests that it can't parse.
fn bad_request() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The bytes received of the current request head, which hyper doesn't tell about a request that it rejects. `None` while
/// bytes belong to a body.
#[derive(Debug, Clone)]
struct Head(Arc<Mutex<Option<Vec<u8>>>>);

impl Default for Head {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(Vec::new()))))
    }
}

impl Head {
    fn lock(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the next head.
    fn begin(&self) {
        *self.lock() = Some(Vec::new());
    }

    fn extend(&self, bytes: &[u8]) {
        if let Some(head) = self.lock().as_mut() {
            let free = MAX_HEAD.saturating_sub(head.len()).min(bytes.len());
            head.extend_from_slice(bytes.get(..free).unwrap_or_default());
        }
    }

    /// Ends the head, which is parsed, and returns its bytes; more may follow them.
    fn end(&self) -> Vec<u8> {
        self.lock().take().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_counted_among_the_headers() {
        for (head, expected) in [
            ("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n", (1, false)),
            ("POST / HTTP/1.1\ncontent-length:1\n\n", (1, false)),
            ("POST / HTTP/1.1\r\nCONTENT-LENGTH: 1\r\nContent-Length: 2\r\n\r\n", (2, false)),
            ("\r\nPOST / HTTP/1.1\r\nTransfer-Encoding: x\r\nContent-Length: 2\r\nX", (1, true)),
            // Not header names: in the request line, within a value, at the end of a name, in a body.
            ("content-length: 1\r\n\r\n", (0, false)),
            ("POST / HTTP/1.1\r\nX: Content-Length: 1\r\nX-Content-Length: 1\r\n\r\n", (0, false)),
            ("POST / HTTP/1.1\r\nContent-Lengths: 1\r\n\r\nContent-Length: 1\r\n", (0, false)),
        ] {
            assert_eq!(framing(head.as_bytes()), expected, "{head:?}");
        }
    }

    #[test]
    fn bodies_are_not_recorded() {
        let head = Head::default();
        for piece in "POST / HTTP/1.1\r\nContent-Length: 40\r\n\r\n".as_bytes().chunks(7) {
            head.extend(piece);
        }
        assert_eq!(framing(&head.end()), (1, false));
        head.extend(b"\r\nTransfer-Encoding: chunked\r\n");
        assert!(head.lock().is_none());
        head.begin();
        head.extend(&vec![b'x'; MAX_HEAD + 1]);
        assert_eq!(head.end().len(), MAX_HEAD);
    }
}
