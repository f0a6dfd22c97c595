use super::phase::{Phase, Watch};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;

/// Bytes of a request's head, and of what is read of its body at a time.
const MOST_BUFFER: usize = 64 << 10;

/// Serves one connection until its sender is done, is too slow, or the server stops.
pub(super) async fn serve<H, F>(stream: TcpStream, header_timeout: Duration, mut watch: Watch, handle: H)
where
    H: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<Full<Bytes>>>,
{
    let service = service_fn(|request| {
        let answer = handle(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut builder = http1::Builder::new();
    // The time for a head runs from the moment that one could come: it also ends idle connections.
    builder.timer(TokioTimer::new()).header_read_timeout(header_timeout).max_buf_size(MOST_BUFFER);
    let mut stream = TimeoutStream::new(stream);
    // A peer that takes nothing of its answers for so long only wants the connection to be taken.
    stream.set_write_timeout(Some(header_timeout));
    let mut connection = pin!(builder.serve_connection(TokioIo::new(Box::pin(stream)), service));
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = watch.until(Phase::Draining) => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                biased;
                ended = connection => ended,
                () = watch.until(Phase::Over) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
