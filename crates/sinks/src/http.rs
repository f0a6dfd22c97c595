use crate::options::{Error, HttpSinkOptions, Success};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{HeaderName, StatusCode};
use reqwest::{Client, Response, redirect, retry};
use ring::hmac;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wxhook_delivery::{Delivery, Receipt, Sink, SinkError};
use wxhook_wire::v2::Fields;

/// Maximum time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Many servers close connections that are idle for 5 seconds, and losing that race costs an attempt.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// Maximum number of bytes read of a reply's body, so that its connection can be reused; the rest isn't waited for.
const MAX_BODY: usize = 64 << 10;
/// Maximum `Retry-After` that is honored.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);
const SUCCESS: &str = "SUCCESS";

/// A sink that posts each record to a URL, as one JSON object with the headers of Standard Webhooks.
///
/// A complete 2xx reply completes the record; 410 parks it; everything else is retried, after `Retry-After` if the reply
/// has one (one hour at most). Redirects aren't followed, and proxies of the environment aren't used. The body of a reply
/// is ignored unless [`Success::WechatPay`] is set.
pub struct HttpSink {
    name: String,
    client: Client,
    key: Option<hmac::Key>,
    options: HttpSinkOptions,
}

/// The status of a reply, and its body or the first 64 KiB of it.
pub type HttpReply = (u16, Vec<u8>);

impl HttpSink {
    /// Creates a sink. `name` is its name in logs and metrics.
    ///
    /// # Errors
    /// [`Error::Client`] if requests can't be made, e.g. because the machine has no CA certificates for `https`.
    pub fn new(name: impl Into<String>, options: HttpSinkOptions) -> Result<Self, Error> {
        let mut builder = Client::builder()
            .user_agent(concat!("wxhook/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .referer(false)
            .timeout(options.timeout)
            .connect_timeout(options.timeout.min(CONNECT_TIMEOUT))
            .pool_idle_timeout(IDLE_TIMEOUT);
        if options.url.reveal().scheme() == "http" {
            // A machine without CA certificates can still use plain HTTP.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| Error::Client(root_cause(&error)))?;
        let key = options.secret.as_ref().map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.bytes()));
        Ok(Self { name: name.into(), client, key, options })
    }

    /// Delivers a record as [`deliver`](Sink::deliver) does, and also returns the reply, if there was one.
    pub async fn exchange(&self, delivery: &Delivery) -> (Option<HttpReply>, Result<Receipt, SinkError>) {
        let mut reply = None;
        let result = self.post(delivery, &mut reply).await;
        (reply, result)
    }

    async fn post(&self, delivery: &Delivery, reply: &mut Option<HttpReply>) -> Result<Receipt, SinkError> {
        let HttpSinkOptions { url, timeout, success, clock, .. } = &self.options;
        let body = delivery.record.to_json();
        let headers = self.headers(delivery, &body, clock.now())?;
        let request = self.client.post(url.reveal().clone()).headers(headers).body(body);
        let failed = |error| SinkError::retry(describe(&error, *timeout));
        let mut response = request.send().await.map_err(failed)?;
        let body = read(&mut response).await.map_err(failed)?;
        let status = response.status();
        let (_, body) = reply.insert((status.as_u16(), body));
        conclude(status, response.headers(), body, *success, clock.now())
    }

    fn headers(&self, delivery: &Delivery, body: &str, now: SystemTime) -> Result<HeaderMap, SinkError> {
        let record = &delivery.record;
        let id = format!("{}-{}", record.seq, record.generation);
        let timestamp = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(HeaderName::from_static("webhook-timestamp"), timestamp.into());
        headers.insert(HeaderName::from_static("wxhook-fence"), delivery.fence.into());
        headers.insert(HeaderName::from_static("idempotency-key"), header_value(&record.key)?);
        if let Some(key) = &self.key {
            let tag = hmac::sign(key, format!("{id}.{timestamp}.{body}").as_bytes());
            let signature = format!("v1,{}", BASE64_STANDARD.encode(tag));
            headers.insert(HeaderName::from_static("webhook-signature"), header_value(&signature)?);
        }
        headers.insert(HeaderName::from_static("webhook-id"), header_value(&id)?);
        Ok(headers)
    }
}

impl Sink for HttpSink {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, SinkError> {
        self.exchange(delivery).await.1
    }
}

impl fmt::Debug for HttpSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSink").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Parses a header's value. Keys are ASCII by encoding; a receiver makes no others.
fn header_value(text: &str) -> Result<HeaderValue, SinkError> {
    let value = HeaderValue::from_str(text).ok().filter(|_| text.is_ascii());
    value.ok_or_else(|| SinkError::park("the key is not usable as a header value"))
}

/// Reads at most [`MAX_BODY`] bytes of the body. An error means that the reply broke off, and doesn't count.
async fn read(response: &mut Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while body.len() < MAX_BODY
        && let Some(chunk) = response.chunk().await?
    {
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Decides what a reply means for the record.
fn conclude(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    success: Success,
    now: SystemTime,
) -> Result<Receipt, SinkError> {
    let code = status.as_u16();
    let why = match (status.is_success(), success) {
        (true, Success::WechatPay) if is_platform_failure(body) => {
            format!("answered {code} with a code other than SUCCESS")
        }
        (true, _) => return Ok(Receipt::default()),
        _ if status == StatusCode::GONE => {
            return Err(SinkError::park(format!("answered {code}: the receiver is gone")));
        }
        _ if status.is_redirection() => format!("answered {code}: redirects are not followed"),
        _ => format!("answered {code}"),
    };
    Err(match retry_after(headers, now) {
        Some(after) => SinkError::retry_after(why, after),
        None => SinkError::retry(why),
    })
}

/// Returns whether a body reports a failure in one of the platform's two formats.
fn is_platform_failure(body: &[u8]) -> bool {
    const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) {
        return json.get("code").is_some_and(|code| code != SUCCESS);
    }
    Fields::parse(body).is_ok_and(|fields| fields.get("return_code").is_some_and(|code| code != SUCCESS))
}

/// Parses `Retry-After`, seconds or an HTTP date, limited to [`MAX_RETRY_AFTER`].
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let after = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only a number that is too large fails to parse.
        text.parse().map_or(MAX_RETRY_AFTER, Duration::from_secs)
    } else {
        httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default()
    };
    Some(after.min(MAX_RETRY_AFTER))
}

/// Describes a failed request without anything that was sent, and nothing of the URL but its host.
fn describe(error: &reqwest::Error, timeout: Duration) -> String {
    if error.is_timeout() && error.is_connect() {
        "can't connect in time".to_owned()
    } else if error.is_timeout() {
        format!("took longer than {timeout:?}")
    } else if error.is_connect() {
        format!("can't connect: {}", root_cause(error))
    } else if error.is_body() || error.is_decode() {
        "the answer broke off".to_owned()
    } else {
        "no usable answer: the connection was closed, or it isn't HTTP".to_owned()
    }
}

/// Returns the root cause of an error, on one line.
fn root_cause(error: &reqwest::Error) -> String {
    let first = std::error::Error::source(error);
    let last = std::iter::successors(first, |cause| cause.source()).last();
    last.map_or_else(|| "unknown".to_owned(), ToString::to_string).replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_count_only_under_the_platforms_rule() {
        let done = |status: u16, body: &str, success| {
            let status = StatusCode::from_u16(status).unwrap();
            conclude(status, &HeaderMap::new(), body.as_bytes(), success, UNIX_EPOCH).is_ok()
        };
        for body in [
            "",
            "ok",
            "{}",
            "[\"FAIL\"]",
            r#"{"code":"SUCCESS","message":"OK"}"#,
            "\u{feff}{\"code\":\"SUCCESS\"}",
            r#"{"return_code":"FAIL"}"#,
            "<html><p>FAIL</p></html>",
            "<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>",
        ] {
            assert!(done(200, body, Success::WechatPay) && done(204, body, Success::Any2xx), "{body}");
            assert!(!done(302, body, Success::WechatPay) && !done(500, body, Success::WechatPay), "{body}");
        }
        for body in [
            r#"{"code":"FAIL","message":"no"}"#,
            r#"{"code":0}"#,
            r#"{"code":"success"}"#,
            "\u{feff}{\"code\":\"FAIL\"}",
            "<xml><return_code><![CDATA[FAIL]]></return_code></xml>",
        ] {
            assert!(!done(200, body, Success::WechatPay) && done(200, body, Success::Any2xx), "{body}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_up_to_an_hour() {
        let now = UNIX_EPOCH + Duration::from_secs(1_528_425_296);
        for (text, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("3601", Some(3600)),
            ("99999999999999999999", Some(3600)),
            ("Fri, 08 Jun 2018 02:36:56 GMT", Some(120)),
            ("Fri, 08 Jun 2018 02:34:55 GMT", Some(0)),
            ("Fri, 08 Jun 2029 02:34:55 GMT", Some(3600)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
            assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{text:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
