use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};
use std::fmt;
use std::time::Duration;
use thiserror::Error as ThisError;
use zeroize::Zeroizing;

/// Longer than a server waits for its store.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks the admin API of a running server, as [`EventLog`](crate::EventLog) answers it without one.
///
/// Neither redirects nor a proxy of the environment are followed. For `https` the machine's CA certificates count.
#[derive(Clone)]
pub struct AdminClient {
    client: Client,
    base: String,
    authorization: Option<HeaderValue>,
}

/// Why the admin API wasn't asked, or gave no answer. Holds no token.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum AdminError {
    /// The address isn't one.
    #[error("not an address of the admin API: give it like http://127.0.0.1:9090, without a path")]
    Address,
    /// The token can't be sent.
    #[error("an admin token is made of printable ASCII without blanks")]
    Token,
    /// Nobody answers, or the answer broke off.
    #[error("can't ask the admin API at {base}: {why}")]
    Answer {
        /// Where.
        base: String,
        /// Why.
        why: String,
    },
}

impl AdminClient {
    /// Creates a client of the server at this address, with its token if it has one. Nothing is asked yet.
    ///
    /// # Errors
    /// [`AdminError::Address`] and [`AdminError::Token`].
    pub fn new(address: &str, token: Option<&[u8]>) -> Result<Self, AdminError> {
        let url: Url = address.parse().map_err(|_| AdminError::Address)?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !plain {
            return Err(AdminError::Address);
        }
        let base = url.as_str().trim_end_matches('/').to_owned();
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .timeout(PATIENCE);
        if url.scheme() == "http" {
            // So that a machine without CA certificates can do without them.
            builder = builder.tls_certs_only([]);
        }
        let client = builder
            .build()
            .map_err(|error| AdminError::Answer { base: base.clone(), why: innermost(&error) })?;
        let authorization = token.map(bearer).transpose()?;
        Ok(Self { client, base, authorization })
    }

    /// The status and the body that a GET of this path, e.g. `/api/events?state=parked`, is answered with.
    ///
    /// # Errors
    /// [`AdminError::Answer`].
    pub async fn get(&self, path_and_query: &str) -> Result<(u16, String), AdminError> {
        self.send(self.client.get(format!("{}{path_and_query}", self.base))).await
    }

    /// The status and the body that a POST of JSON to this path, e.g. `/api/events/6/resend`, is answered with.
    ///
    /// # Errors
    /// [`AdminError::Answer`]; what was asked for may have been done.
    pub async fn post(&self, path: &str, body: String) -> Result<(u16, String), AdminError> {
        let request = self.client.post(format!("{}{path}", self.base));
        self.send(request.header(CONTENT_TYPE, "application/json").body(body)).await
    }

    async fn send(&self, mut request: RequestBuilder) -> Result<(u16, String), AdminError> {
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let failed = |error| AdminError::Answer { base: self.base.clone(), why: innermost(&error) };
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status().as_u16();
        Ok((status, answer.text().await.map_err(failed)?))
    }
}

fn bearer(token: &[u8]) -> Result<HeaderValue, AdminError> {
    if token.is_empty() || !token.iter().all(u8::is_ascii_graphic) {
        return Err(AdminError::Token);
    }
    let text = Zeroizing::new([b"Bearer ", token].concat());
    let mut value = HeaderValue::from_bytes(&text).map_err(|_| AdminError::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The innermost cause says it best, e.g. that the connection is refused.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

impl fmt::Debug for AdminClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminClient").field("base", &self.base).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_addresses_and_sendable_tokens() {
        for address in
            ["http://127.0.0.1:9090", "http://127.0.0.1:9090/", "https://admin.example", "http://[::1]:1"]
        {
            assert!(AdminClient::new(address, Some(b"t0ken")).is_ok(), "{address}");
        }
        for address in
            ["127.0.0.1:9090", "ftp://a", "http://a/api", "http://a?b", "http://a#b", "http://u:p@a", ""]
        {
            assert!(matches!(AdminClient::new(address, None), Err(AdminError::Address)), "{address}");
        }
        for token in [&b""[..], b"a b", b"a\n", b"\xff"] {
            assert!(matches!(AdminClient::new("http://a", Some(token)), Err(AdminError::Token)));
        }
    }

    #[test]
    fn debug_shows_no_token() {
        let client = AdminClient::new("http://a", Some(b"s3cret")).unwrap();
        assert!(!format!("{client:?} {:?}", client.authorization).contains("s3cret"));
    }
}
