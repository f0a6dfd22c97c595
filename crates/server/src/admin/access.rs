use super::reply::ApiError;
use crate::config::AdminToken;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Method, StatusCode};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The rule for who may use the admin API.
///
/// If a token is set, it is required. Otherwise every program on this machine may, but no web page in a browser on it: a
/// page has an `Origin` or a `Host` that is a name (other than `localhost`), and can't send JSON without a preflight.
#[derive(Debug)]
pub(crate) struct Access {
    token: Option<AdminToken>,
    /// True if the listener is on loopback.
    is_local: bool,
}

impl Access {
    /// Returns the rule for a listener of this address.
    pub(crate) fn new(token: Option<AdminToken>, listener: IpAddr) -> Self {
        Self { token, is_local: is_loopback(listener) }
    }

    /// Checks that `peer` may send this request.
    pub(super) fn check(&self, peer: IpAddr, request: &Parts) -> Result<(), ApiError> {
        match &self.token {
            None => self.check_local(peer, request),
            Some(token) => match bearer(&request.headers) {
                Some(given) if token.is(given) => Ok(()),
                Some(given) if !given.is_empty() => Err(ApiError::unauthorized("wrong admin token")),
                _ => Err(ApiError::unauthorized("missing admin token; send Authorization: Bearer …")),
            },
        }
    }

    fn check_local(&self, peer: IpAddr, request: &Parts) -> Result<(), ApiError> {
        let forbidden = |message| Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", message));
        if !self.is_local || !is_loopback(peer) {
            return forbidden("without an admin token this is for this machine only");
        }
        if !hosts_are_local(request) {
            return forbidden("without an admin token the Host must be an IP address or localhost");
        }
        if request.headers.contains_key(ORIGIN) {
            return forbidden("without an admin token no web page may ask this");
        }
        if request.method == Method::POST && !is_json(&request.headers) {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not-json",
                "send Content-Type: application/json",
            ));
        }
        Ok(())
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Returns the token of the only `Authorization` header.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, token) = only(headers, &AUTHORIZATION)?.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none()).map(http::HeaderValue::as_bytes)
}

/// Returns whether the only `Host`, and the authority of the request line if there is one, are an IP address or
/// `localhost`.
fn hosts_are_local(request: &Parts) -> bool {
    let host = only(&request.headers, &HOST).and_then(|host| Authority::try_from(host).ok());
    host.is_some_and(|host| is_local(&host)) && request.uri.authority().is_none_or(is_local)
}

fn is_local(authority: &Authority) -> bool {
    let host = authority.host();
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_address =
        bracketed.map_or_else(|| host.parse::<Ipv4Addr>().is_ok(), |host| host.parse::<Ipv6Addr>().is_ok());
    !authority.as_str().contains('@') && (is_address || host.eq_ignore_ascii_case("localhost"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = only(headers, &CONTENT_TYPE) else { return false };
    let essence = value.split(|byte| *byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    const HERE: &str = "127.0.0.1";

    fn ask(listener: &str, peer: &str, method: &str, headers: &[(&str, &str)]) -> u16 {
        ask_uri("/api/events", listener, peer, method, headers)
    }

    fn ask_uri(uri: &str, listener: &str, peer: &str, method: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::builder().uri(uri).method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let access = Access::new(None, listener.parse().unwrap());
        access.check(peer.parse().unwrap(), &parts).map_or_else(|error| error.status.as_u16(), |()| 200)
    }

    #[test]
    fn only_this_machine_is_allowed_without_a_token() {
        let host = [("host", "127.0.0.1:9090")];
        assert_eq!(ask(HERE, HERE, "GET", &host), 200);
        assert_eq!(ask("::1", "::1", "GET", &host), 200);
        assert_eq!(ask("127.0.0.1", "::ffff:127.0.0.1", "GET", &host), 200);
        assert_eq!(ask(HERE, "192.0.2.1", "GET", &host), 403, "peer");
        assert_eq!(ask("0.0.0.0", HERE, "GET", &host), 403, "listener");
    }

    #[test]
    fn the_host_must_be_an_address_or_localhost_without_a_token() {
        for host in ["127.0.0.1", "localhost", "LOCALHOST:9090", "[::1]:9090", "[::1]", "192.0.2.7:80"] {
            assert_eq!(ask(HERE, HERE, "GET", &[("host", host)]), 200, "{host}");
        }
        let named = [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "",
            "a@127.0.0.1",
            "localhost.",
            "127.1",
        ];
        for host in named {
            assert_eq!(ask(HERE, HERE, "GET", &[("host", host)]), 403, "{host}");
        }
        assert_eq!(ask(HERE, HERE, "GET", &[]), 403, "no host");
        assert_eq!(ask(HERE, HERE, "GET", &[("host", HERE), ("host", HERE)]), 403, "two hosts");
        let host = [("host", HERE)];
        assert_eq!(ask_uri("http://127.0.0.1/api/events", HERE, HERE, "GET", &host), 200);
        assert_eq!(ask_uri("http://evil.example/api/events", HERE, HERE, "GET", &host), 403);
    }

    #[test]
    fn web_pages_are_rejected_without_a_token() {
        for origin in ["http://127.0.0.1:9090", "null", "https://evil.example"] {
            assert_eq!(ask(HERE, HERE, "GET", &[("host", HERE), ("origin", origin)]), 403, "{origin}");
        }
    }

    #[test]
    fn posts_must_be_json_without_a_token() {
        for (kind, status) in [
            ("application/json", 200),
            ("Application/JSON; charset=utf-8", 200),
            ("text/plain", 415),
            ("application/x-www-form-urlencoded", 415),
            ("application/jsonp", 415),
        ] {
            assert_eq!(ask(HERE, HERE, "POST", &[("host", HERE), ("content-type", kind)]), status, "{kind}");
        }
        assert_eq!(ask(HERE, HERE, "POST", &[("host", HERE)]), 415);
    }
}
