use super::connection::{self, ConnectionOptions};
use super::connections::Connections;
use crate::config::{Config, Fault};
use crate::error::{Error, describe_bind};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};

/// Maximum number of connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// First and maximum pause after a failed accept (no file descriptors left).
const RETRY: Duration = Duration::from_millis(20);
const MAX_RETRY: Duration = Duration::from_secs(1);
/// Descriptors for everything but senders' connections: the admin listener's 64, the store's, the sinks', the log.
#[cfg(unix)]
const RESERVED_FILES: u64 = 160;

/// A bound listener and its actual address.
#[derive(Debug)]
pub(super) struct Listener {
    socket: TcpListener,
    pub(super) addr: SocketAddr,
}

impl Listener {
    /// Binds an address, which is at this place of the configuration.
    pub(super) fn bind(place: String, addr: SocketAddr) -> Result<Self, Error> {
        let bind = || {
            let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            // A restarted server gets its port again at once. (On Windows it would share it.)
            #[cfg(unix)]
            socket.set_reuseaddr(true)?;
            socket.bind(addr)?;
            let socket = socket.listen(BACKLOG)?;
            let addr = socket.local_addr()?;
            Ok(Self { socket, addr })
        };
        bind().map_err(|source: io::Error| Error::Listen { place, addr, source })
    }

    /// Accepts connections until the server drains. No error of accepting ends it.
    pub(super) async fn serve<H, F>(self, connections: Connections, options: ConnectionOptions, handle: H)
    where
        H: Fn(SocketAddr, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
        let drain = options.shutdown.drain.clone();
        let accepting = async {
            let mut pause = RETRY;
            loop {
                match self.socket.accept().await {
                    Ok((stream, peer)) => {
                        pause = RETRY;
                        // A reply is one small write, which must not wait for more.
                        let _ = stream.set_nodelay(true);
                        let (connection, options) = (connections.open().await, options.clone());
                        let handle = handle.clone();
                        let handle = move |request| handle(peer, request);
                        tokio::spawn(connection::serve(stream, peer, connection, options, handle));
                    }
                    // The peer was gone before its connection was accepted.
                    Err(error)
                        if matches!(
                            error.kind(),
                            ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
                        ) => {}
                    Err(error) => {
                        // Most likely there are no file descriptors left: a connection that sends nothing frees one.
                        connections.close_oldest();
                        options.rejections.accept_failed(&error);
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(MAX_RETRY);
                    }
                }
            }
        };
        drain.run_until_cancelled(accepting).await;
    }
}

impl Config {
    /// Tries to listen as a server would, and stops at once. Returns the faults of addresses that can't be listened on.
    /// Must be called within a tokio runtime.
    pub fn try_listen(&self) -> Vec<(ErrorKind, Fault)> {
        let tried = [("listen", self.listen), ("admin_listen", self.admin_listen)]
            .map(|(key, addr)| Listener::bind(self.place(key), addr).err());
        let fault = |error| match error {
            Error::Listen { place, addr, source } => {
                let (what, fix) = describe_bind(addr, &source);
                Some((source.kind(), Fault::new(place, what, fix)))
            }
            _ => None,
        };
        tried.into_iter().flatten().filter_map(fault).collect()
    }
}

/// Raises the process's soft limit of open files if `connections` need it. Returns the possible number of connections, and
/// warns if it is smaller.
#[cfg(unix)]
pub(super) fn ensure_open_files(connections: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let needed = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(RESERVED_FILES);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // `None` is no limit.
    let Some(soft) = current.filter(|soft| *soft < needed) else { return connections };
    let raised = maximum.map_or(needed, |hard| hard.min(needed));
    let set = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum });
    let soft = set.map_or(soft, |()| raised);
    if soft >= needed {
        return connections;
    }
    let possible = soft.saturating_sub(RESERVED_FILES).max(soft / 4).max(1);
    let possible = usize::try_from(possible).unwrap_or(usize::MAX).min(connections);
    tracing::warn!(
        open_files = soft,
        needed,
        connections = possible,
        "fewer files can be open than limits.connections needs, so fewer connections are allowed; raise the limit of \
         open files (ulimit -n, LimitNOFILE=, --ulimit nofile=), or lower limits.connections"
    );
    possible
}

#[cfg(not(unix))]
pub(super) fn ensure_open_files(connections: usize) -> usize {
    connections
}
