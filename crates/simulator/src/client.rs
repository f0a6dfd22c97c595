use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::HOST;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Builder, Client as Pool, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::{Answer, Error, SignedRequest};

/// Maximum size of an answer in bytes.
pub(crate) const MAX_ANSWER: usize = 1024 * 1024;

/// An HTTP/1.1 client that behaves like the platform's: it keeps connections and follows neither redirects nor proxies.
///
/// Clones share their connections. Requires a tokio runtime with I/O and time.
#[derive(Clone)]
pub struct Client {
    pool: Connections,
    timeout: Duration,
}

#[derive(Clone)]
enum Connections {
    Http(Pool<HttpConnector, Full<Bytes>>),
    #[cfg(feature = "https")]
    Https(Pool<hyper_rustls::HttpsConnector<HttpConnector>, Full<Bytes>>),
}

impl Connections {
    fn request(&self, request: Request<Full<Bytes>>) -> ResponseFuture {
        match self {
            Self::Http(pool) => pool.request(request),
            #[cfg(feature = "https")]
            Self::Https(pool) => pool.request(request),
        }
    }
}

fn pool() -> Builder {
    let mut builder = Pool::builder(TokioExecutor::new());
    builder.pool_timer(TokioTimer::new()).http1_title_case_headers(true);
    builder
}

/// A prepared request, cheap to send repeatedly.
#[derive(Clone)]
pub struct Prepared(Request<Full<Bytes>>);

impl Client {
    /// Creates a client that waits this long for a complete answer; the platform waits 2 to 5 s.
    pub fn new(timeout: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { pool: Connections::Http(pool().build(connector)), timeout }
    }

    /// Creates a client that also sends to `https` URLs.
    ///
    /// # Errors
    /// [`Error::Trust`].
    #[cfg(feature = "https")]
    pub fn trusting(timeout: Duration, trust: &crate::Trust) -> Result<Self, Error> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.enforce_http(false);
        let connector = crate::tls::connector(connector, trust.config()?);
        Ok(Self { pool: Connections::Https(pool().build(connector)), timeout })
    }

    /// Returns the same client, with the same connections and this timeout.
    #[must_use]
    pub fn within(&self, timeout: Duration) -> Self {
        Self { pool: self.pool.clone(), timeout }
    }

    /// Sends a request to a URL.
    ///
    /// # Errors
    /// The errors of [`Prepared::new`] and [`send`](Self::send).
    pub async fn post(&self, url: &str, request: &SignedRequest) -> Result<Answer, Error> {
        self.send(&Prepared::new(url, request)?).await
    }

    /// Sends a prepared request.
    ///
    /// # Errors
    /// [`Error::Send`] when there is no connection or no usable answer (one over 1 MiB isn't), [`Error::Timeout`];
    /// [`Error::Url`] for an `https` URL where nothing is trusted.
    pub async fn send(&self, request: &Prepared) -> Result<Answer, Error> {
        let is_https = request.0.uri().scheme() == Some(&Scheme::HTTPS);
        if is_https && matches!(self.pool, Connections::Http(_)) {
            return Err(Error::Url);
        }
        let start = Instant::now();
        tokio::time::timeout(self.timeout, self.exchange(request, start))
            .await
            .map_err(|_| Error::Timeout(self.timeout))?
    }

    async fn exchange(&self, request: &Prepared, start: Instant) -> Result<Answer, Error> {
        let response =
            self.pool.request(request.0.clone()).await.map_err(|error| Error::Send(error.into()))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(Error::Send)?.to_bytes();
        let elapsed = start.elapsed();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body, elapsed })
    }
}

impl Prepared {
    /// Prepares a POST of the request to an absolute `http` URL, or with the feature `https` an `https` one. Repeated
    /// headers are all sent.
    ///
    /// # Errors
    /// [`Error::Url`] or [`Error::Header`] if the URL or a header is invalid.
    pub fn new(url: &str, request: &SignedRequest) -> Result<Self, Error> {
        let uri = parsed(url)?;
        let is_https = cfg!(feature = "https") && uri.scheme() == Some(&Scheme::HTTPS);
        if uri.scheme() != Some(&Scheme::HTTP) && !is_https {
            return Err(Error::Url);
        }
        let mut prepared = Request::new(Full::new(Bytes::copy_from_slice(&request.body)));
        *prepared.method_mut() = Method::POST;
        *prepared.uri_mut() = uri;
        for (name, value) in &request.headers {
            let name: HeaderName = name.parse().map_err(|_| Error::Header)?;
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| Error::Header)?;
            prepared.headers_mut().append(name, value);
        }
        Ok(Self(prepared))
    }

    /// Returns the request in the form for a connection to its host.
    pub(crate) fn in_origin_form(self) -> Result<Request<Full<Bytes>>, Error> {
        let mut request = self.0;
        let authority = request.uri().authority().ok_or(Error::Url)?;
        let host = authority.as_str().rsplit('@').next().unwrap_or_default();
        let host = HeaderValue::from_str(host).map_err(|_| Error::Url)?;
        let path = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        request.headers_mut().entry(HOST).or_insert(host);
        *request.uri_mut() = Uri::from(path);
        Ok(request)
    }

    /// Returns the `host:port` that requests to a URL are sent to.
    pub(crate) fn address(url: &str) -> Result<String, Error> {
        let uri = parsed(url)?;
        let host = uri.host().ok_or(Error::Url)?;
        let usual = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        Ok(format!("{host}:{}", uri.port_u16().unwrap_or(usual)))
    }

    /// Returns the host of an `https` URL; `None` for `http`.
    #[cfg(feature = "https")]
    pub(crate) fn https_host(url: &str) -> Result<Option<String>, Error> {
        let uri = parsed(url)?;
        let host = uri.host().filter(|_| uri.scheme() == Some(&Scheme::HTTPS));
        Ok(host.map(|host| host.trim_matches(['[', ']']).to_owned()))
    }
}

/// Checks that a URL's port, if any, is valid: a port above 65535 would be replaced by the scheme's default.
fn parsed(url: &str) -> Result<Uri, Error> {
    let uri: Uri = url.parse().map_err(|_| Error::Url)?;
    let host_and_port = uri.authority().and_then(|authority| authority.as_str().rsplit('@').next());
    let port = host_and_port.and_then(|text| text.strip_prefix(uri.host()?)?.strip_prefix(':'));
    let is_wrong = port.is_some_and(|port| !port.is_empty() && port.parse::<u16>().is_err());
    if is_wrong { Err(Error::Url) } else { Ok(uri) }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("url", self.0.uri()).finish_non_exhaustive()
    }
}
