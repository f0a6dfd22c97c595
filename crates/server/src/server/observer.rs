use http::{HeaderMap, Method, Request, Uri};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use wxhook_receiver::RequestReport;

/// A request to the notify listener and what it was answered.
///
/// Method, path and headers are the sender's word; whether that was verified, the outcome says. `Debug` leaves them out.
#[non_exhaustive]
pub struct Exchange<'a> {
    /// Who sent it: the proxy in front, where there is one.
    pub peer: SocketAddr,
    /// Its method.
    pub method: &'a Method,
    /// Its path, without a query.
    pub path: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The status that it was answered with.
    pub status: u16,
    /// The receiver's report.
    pub report: &'a RequestReport,
    /// From its head to the answer.
    pub elapsed: Duration,
}

impl fmt::Debug for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("status", &self.status)
            .field("report", &self.report)
            .field("elapsed", &self.elapsed)
            .finish_non_exhaustive()
    }
}

/// Who is told of each exchange.
pub(super) type Observe = Arc<dyn Fn(&Exchange<'_>) + Send + Sync>;

/// What of a request is left when it has been answered.
pub(super) struct Sent {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl Sent {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
        }
    }

    pub(super) fn answered<'a>(
        &'a self,
        peer: SocketAddr,
        status: u16,
        report: &'a RequestReport,
        elapsed: Duration,
    ) -> Exchange<'a> {
        let Self { method, uri, headers } = self;
        Exchange { peer, method, path: uri.path(), headers, status, report, elapsed }
    }
}
