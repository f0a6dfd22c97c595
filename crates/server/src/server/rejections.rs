//! Requests that never reach the receiver: counted, and logged with their remedy.

use prometheus::IntCounterVec;
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

    /// Returns its name, which is the label of the metric, and what happened with the remedy.
    const fn describe(self) -> (&'static str, &'static str) {
        match self {
            Self::BadRequest => (
                "bad-request",
                "not an HTTP/1.1 request; check that only an HTTP proxy or the platform sends to this port",
            ),
            Self::ConflictingLengths => (
                "conflicting-lengths",
                "a request with conflicting Content-Length or Transfer-Encoding headers; if a proxy sends it, \
                 let the proxy send one Content-Length",
            ),
            Self::ConnectionLimit => (
                "connection-limit",
                "the connection limit is reached: the connection that waited longest for a request was closed; \
                 look for clients that open connections and send nothing, or raise limits.connections",
            ),
            Self::HeadTooLarge => (
                "head-too-large",
                "a request head over 32 KiB or 100 headers; check which headers the proxy adds",
            ),
            Self::Http2 => (
                "http2",
                "HTTP/2 without TLS on a port that speaks HTTP/1.1; let the proxy use HTTP/1.1 towards wxhook",
            ),
            Self::Incomplete => ("incomplete", "a connection ended within a request head"),
            Self::ProxyProtocol => (
                "proxy-protocol",
                "the PROXY protocol, which isn't supported; turn it off at the load balancer or proxy",
            ),
            Self::Timeout => (
                "timeout",
                "a request head didn't arrive within the limit; if senders are slow, raise limits.header_timeout",
            ),
            Self::Tls => (
                "tls",
                "a TLS client hello on a plain HTTP port; use http:// between the proxy and wxhook, and let the proxy \
                 terminate TLS",
            ),
        }
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
    /// Starts every reason's series at 0, because `increase()` doesn't see the first event of a new one.
    pub(super) fn new(listener: &'static str, counter: IntCounterVec, log: RejectionLog) -> Self {
        for reason in Reason::ALL {
            counter.with_label_values(&[reason.describe().0]);
        }
        Self { listener, counter, log }
    }

    pub(super) fn record(&self, reason: Reason, peer: SocketAddr) {
        let (listener, (reason, text)) = (self.listener, reason.describe());
        self.counter.with_label_values(&[reason]).inc();
        if self.log.admits(reason) {
            tracing::warn!(reason, listener, %peer, "{text}");
        } else {
            tracing::debug!(reason, listener, %peer, "{text}");
        }
    }

    /// Logs that accepting a connection failed.
    pub(super) fn accept_failed(&self, error: &io::Error) {
        if self.log.admits("accept-failed") {
            let listener = self.listener;
            tracing::warn!(%error, listener, "accepting a connection failed; if files are the problem, raise the limit of open files");
        }
    }
}
