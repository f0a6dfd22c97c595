//! As fast as it goes: connections of its own, each with one request after the other.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::Batch;
use crate::client::MAX_ANSWER;
use crate::pace::Ticker;
use crate::sender::broken;
use crate::{Answer, Error, Pace, Summary};

/// The number of answers between two reports of progress.
const TOLD_EVERY: u64 = 256;

type Connection = SendRequest<Full<Bytes>>;

/// The state that the connections share.
struct Run<W> {
    batch: Batch,
    next: AtomicUsize,
    ticker: Mutex<Ticker>,
    summary: Mutex<Summary>,
    watch: W,
}

impl Batch {
    /// Sends each request once, in order, over as many connections as the pace allows in flight; `watch`
    /// is called from time to time with the number of finished ones. Dropping the future stops the batch.
    ///
    /// Each request counts as a notification, and memory doesn't grow. An answer that takes longer than the sender's
    /// deadline, else the longest of the campaign's events, is a timeout.
    ///
    /// # Errors
    /// [`Error::Send`] when the runtime is shutting down; a request without an answer is counted and is none.
    pub async fn send(
        &self,
        pace: Pace,
        watch: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Summary, Error> {
        let began = Instant::now();
        let run = Arc::new(Run {
            batch: self.clone(),
            next: AtomicUsize::new(0),
            ticker: Mutex::new(pace.ticker()),
            summary: Mutex::new(Summary::new()),
            watch,
        });
        let mut connections = JoinSet::new();
        let most = usize::try_from(pace.most().get()).unwrap_or(usize::MAX);
        for _ in 0..most.min(self.len()) {
            let run = Arc::clone(&run);
            connections.spawn(async move { run.requests().await });
        }
        while let Some(ended) = connections.join_next().await {
            ended.map_err(broken)?;
        }
        let mut summary = lock(&run.summary).clone();
        summary.elapsed = began.elapsed();
        Ok(summary)
    }
}

impl<W: Fn(u64)> Run<W> {
    /// One after the other, until none is left.
    async fn requests(&self) {
        let (mut connection, deadline) = (None, self.batch.deadline);
        while let Some(request) = self.batch.requests.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let due = lock(&self.ticker).next();
            if let Some(due) = due {
                sleep_until(due).await;
            }
            let exchange = self.exchange(&mut connection, request.clone());
            let result = timeout(deadline, exchange).await.unwrap_or(Err(Error::Timeout(deadline)));
            if result.is_err() {
                connection = None;
            }
            let over = self.count(&result);
            if over.is_multiple_of(TOLD_EVERY) {
                (self.watch)(over);
            }
        }
    }

    fn count(&self, result: &Result<Answer, Error>) -> u64 {
        let mut summary = lock(&self.summary);
        summary.answered(result);
        summary.ended(result.as_ref().is_ok_and(Answer::accepted));
        summary.attempts
    }

    async fn exchange(
        &self,
        kept: &mut Option<Connection>,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Answer, Error> {
        let start = Instant::now();
        let response = loop {
            let (connection, is_new) = match kept {
                Some(connection) => (connection, false),
                None => (kept.insert(self.connect().await?), true),
            };
            let sent = match connection.ready().await {
                Ok(()) => connection.try_send_request(request).await,
                Err(error) if is_new => return Err(Error::Send(error.into())),
                // closed by the other side since the last answer
                Err(_) => {
                    *kept = None;
                    continue;
                }
            };
            match sent {
                Ok(response) => break response,
                Err(mut error) => match error.take_message() {
                    // closed before it could be sent
                    Some(unsent) if !is_new => {
                        request = unsent;
                        *kept = None;
                    }
                    _ => return Err(Error::Send(error.into_error().into())),
                },
            }
        };
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(Error::Send)?.to_bytes();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body, elapsed: start.elapsed() })
    }

    async fn connect(&self) -> Result<Connection, Error> {
        let stream =
            TcpStream::connect(&*self.batch.address).await.map_err(|error| Error::Send(error.into()))?;
        stream.set_nodelay(true).map_err(|error| Error::Send(error.into()))?;
        #[cfg(feature = "https")]
        if let Some((connector, name)) = &self.batch.tls {
            let stream = connector.connect(name.clone(), stream).await;
            return over(stream.map_err(|error| Error::Send(error.into()))?).await;
        }
        over(stream).await
    }
}

/// HTTP over a connection.
async fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Connection, Error> {
    let handshake = http1::Builder::new().title_case_headers(true).handshake(TokioIo::new(stream)).await;
    let (connection, driver) = handshake.map_err(|error| Error::Send(error.into()))?;
    // ends when the connection is dropped; what fails in it fails the request, too
    tokio::spawn(driver);
    Ok(connection)
}

/// Nothing panics while it holds one of these.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
