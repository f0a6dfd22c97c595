use super::connection;
use super::phase::{Phase, Watch};
use crate::config::Limits;
use crate::error::Error;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use prometheus::IntGauge;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// After a failed accept (no file descriptors left) the first wait, and the longest.
const AGAIN: Duration = Duration::from_millis(20);
const AGAIN_AT_MOST: Duration = Duration::from_secs(1);

/// A listener and its real address.
#[derive(Debug)]
pub(super) struct Bound {
    listener: TcpListener,
    pub(super) addr: SocketAddr,
}

impl Bound {
    /// Binds an address, which stands at this place of the configuration.
    pub(super) fn bind(place: String, addr: SocketAddr) -> Result<Self, Error> {
        let bind = || {
            let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            // A restarted server takes its port again at once. (On Windows it would share it.)
            #[cfg(unix)]
            socket.set_reuseaddr(true)?;
            socket.bind(addr)?;
            let listener = socket.listen(BACKLOG)?;
            let addr = listener.local_addr()?;
            Ok(Self { listener, addr })
        };
        bind().map_err(|source: io::Error| Error::Listen { place, addr, source })
    }
}

/// What a listener lets in.
#[derive(Debug, Clone)]
pub(super) struct Door {
    room: Arc<Semaphore>,
    connections: u32,
    header_timeout: Duration,
    open: Option<IntGauge>,
}

impl Door {
    /// For notifications.
    pub(super) fn notify(limits: &Limits, open: IntGauge) -> Self {
        Self { open: Some(open), ..Self::new(limits.connections, limits.header_timeout) }
    }

    /// For so many people.
    pub(super) fn admin(connections: usize) -> Self {
        Self::new(connections, Limits::default().header_timeout)
    }

    fn new(connections: usize, header_timeout: Duration) -> Self {
        let connections = u32::try_from(connections.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        let room = Semaphore::new(usize::try_from(connections).unwrap_or(Semaphore::MAX_PERMITS));
        Self { room: Arc::new(room), connections, header_timeout, open: None }
    }

    /// Until no connection is open.
    pub(super) async fn empty(&self) {
        let _all = self.room.acquire_many(self.connections).await;
    }

    fn enter(&self, permit: OwnedSemaphorePermit) -> Inside {
        if let Some(open) = &self.open {
            open.inc();
        }
        Inside { _permit: permit, open: self.open.clone() }
    }
}

/// One connection's place.
struct Inside {
    _permit: OwnedSemaphorePermit,
    open: Option<IntGauge>,
}

impl Drop for Inside {
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            open.dec();
        }
    }
}

/// Accepts connections until the server drains, as many at a time as the door has room for; further ones wait. Whatever
/// accepting fails with, it goes on.
pub(super) async fn serve<H, F>(bound: Bound, door: Door, watch: Watch, handle: H)
where
    H: Fn(SocketAddr, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let mut stopping = watch.clone();
    let accepting = async {
        let mut wait = AGAIN;
        loop {
            // The semaphore is never closed.
            let Ok(permit) = Arc::clone(&door.room).acquire_owned().await else { return };
            match bound.listener.accept().await {
                Ok((stream, peer)) => {
                    wait = AGAIN;
                    // An answer is one small write: it shall not wait for more.
                    let _ = stream.set_nodelay(true);
                    let (inside, handle) = (door.enter(permit), handle.clone());
                    let (watch, header_timeout) = (watch.clone(), door.header_timeout);
                    tokio::spawn(async move {
                        let _inside = inside;
                        connection::serve(stream, header_timeout, watch, |request| handle(peer, request))
                            .await;
                    });
                }
                Err(error) if is_of_the_peer(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, ?wait, "accepting a connection failed");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(AGAIN_AT_MOST);
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = stopping.until(Phase::Draining) => {}
        () = accepting => {}
    }
}

/// The connection was gone before it was accepted.
fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
