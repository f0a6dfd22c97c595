use super::connection::{self, Surroundings};
use super::connections::Connections;
use super::phase::Phase;
use crate::error::Error;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// After a failed accept (no file descriptors left) the first wait, and the longest.
const RETRY: Duration = Duration::from_millis(20);
const MAX_RETRY: Duration = Duration::from_secs(1);

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

/// Accepts connections until the server drains. Whatever accepting fails with, it goes on.
pub(super) async fn serve<H, F>(bound: Bound, connections: Connections, surroundings: Surroundings, handle: H)
where
    H: Fn(SocketAddr, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let mut stopping = surroundings.watch.clone();
    let accepting = async {
        let mut wait = RETRY;
        loop {
            match bound.listener.accept().await {
                Ok((stream, peer)) => {
                    wait = RETRY;
                    // An answer is one small write: it shall not wait for more.
                    let _ = stream.set_nodelay(true);
                    connections.make_room().await;
                    let (connection, handle) = (connections.add(), handle.clone());
                    let surroundings = surroundings.clone();
                    tokio::spawn(connection::serve(stream, peer, connection, surroundings, move |request| {
                        handle(peer, request)
                    }));
                }
                Err(error) if is_of_the_peer(&error) => {}
                Err(error) => {
                    // Most likely there are no file descriptors left: one that sends nothing gives its own back.
                    connections.close_oldest();
                    surroundings.rejections.accept_failed(&error);
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(MAX_RETRY);
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
