//! Requests that never reach the receiver: counted, and told with their remedy.

use prometheus::IntCounterVec;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use wxhook_receiver::RejectionLog;

/// The reason why the HTTP layer rejected a request or closed a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    BadRequest,
    ConflictingLengths,
    ConnectionLimit,
    HeadTooLarge,
    Http2,
    Incomplete,
    ProxyProtocol,
    Timeout,
    Tls,
}

impl Reason {
    const ALL: [Self; 9] = [
        Self::BadRequest,
        Self::ConflictingLengths,
        Self::ConnectionLimit,
        Self::HeadTooLarge,
        Self::Http2,
        Self::Incomplete,
        Self::ProxyProtocol,
        Self::Timeout,
        Self::Tls,
    ];

    /// Returns its name, a metric's label.
    const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad-request",
            Self::ConflictingLengths => "conflicting-lengths",
            Self::ConnectionLimit => "connection-limit",
            Self::HeadTooLarge => "head-too-large",
            Self::Http2 => "http2",
            Self::Incomplete => "incomplete",
            Self::ProxyProtocol => "proxy-protocol",
            Self::Timeout => "timeout",
            Self::Tls => "tls",
        }
    }
}

impl fmt::Display for Reason {
    /// Writes what happened and how to fix it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadRequest => {
                "not an HTTP/1.1 request; check that only an HTTP proxy or the platform sends to this port"
            }
            Self::ConflictingLengths => {
                "a request with conflicting Content-Length or Transfer-Encoding headers; if a proxy sends it, \
                 let the proxy send one Content-Length"
            }
            Self::ConnectionLimit => {
                "the connection limit is reached: the connection that waited longest for a request was closed; \
                 look for clients that open connections and send nothing, or raise limits.connections"
            }
            Self::HeadTooLarge => {
                "a request head over 32 KiB or 100 headers; check which headers the proxy adds"
            }
            Self::Http2 => {
                "HTTP/2 without TLS on a port that speaks HTTP/1.1; let the proxy use HTTP/1.1 towards wxhook"
            }
            Self::Incomplete => "a connection ended within a request head",
            Self::ProxyProtocol => {
                "the PROXY protocol, which isn't supported; turn it off at the load balancer or proxy"
            }
            Self::Timeout => {
                "a request head didn't arrive within the limit; if senders are slow, raise limits.header_timeout"
            }
            Self::Tls => {
                "a TLS client hello on a plain HTTP port; use http:// between the proxy and wxhook, and let the proxy \
                 terminate TLS"
            }
        })
    }
}

/// Counts and logs the rejections of one listener.
#[derive(Debug, Clone)]
pub(super) struct Rejections {
    /// The listener's configuration key.
    listener: &'static str,
    counter: IntCounterVec,
    log: RejectionLog,
}

impl Rejections {
    /// Starts every reason's series at 0, so that `increase()` sees the first of each.
    pub(super) fn new(listener: &'static str, counter: IntCounterVec, log: RejectionLog) -> Self {
        for reason in Reason::ALL {
            counter.with_label_values(&[reason.as_str()]);
        }
        Self { listener, counter, log }
    }

    pub(super) fn record(&self, reason: Reason, peer: SocketAddr) {
        self.counter.with_label_values(&[reason.as_str()]).inc();
        let (listener, name) = (self.listener, reason.as_str());
        if self.log.admits(name) {
            tracing::warn!(reason = name, listener, %peer, "{reason}");
        } else {
            tracing::debug!(reason = name, listener, %peer, "{reason}");
        }
    }

    /// Logs that accepting a connection failed.
    pub(super) fn accept_failed(&self, error: &io::Error) {
        if self.log.admits("accept-failed") {
            tracing::warn!(
                %error,
                listener = self.listener,
                "accepting a connection failed; if files are the problem, raise the limit of open files"
            );
        }
    }
}
