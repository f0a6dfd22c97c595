mod answer;
mod failure;

use crate::config::{HttpSinkConfig, SinkSecret, Success};
use crate::error::Error;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use ring::hmac;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wxhook_delivery::{Delivery, Receipt, Sink, SinkError};
use wxhook_idempotency::Clock;

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const WXHOOK_FENCE: HeaderName = HeaderName::from_static("wxhook-fence");

/// Connecting takes no longer, whatever the time-out is.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Many servers close connections that are idle for 5 seconds; one that is closed just then costs an attempt.
const IDLE: Duration = Duration::from_secs(4);
const USER_AGENT: &str = concat!("wxhook/", env!("CARGO_PKG_VERSION"));

/// A sink that posts each record to a URL, as one JSON object with the headers of Standard Webhooks.
///
/// A whole answer of 2xx means done; 410 parks the record; everything else is tried again, after `Retry-After` if the
/// answer has one (an hour at most). Redirects aren't followed, and no proxy is taken from the environment. What the
/// answer's body says is ignored, unless [`Success::WechatPay`](crate::Success::WechatPay) is configured.
pub struct HttpSink {
    name: String,
    client: Client,
    url: Url,
    key: Option<hmac::Key>,
    timeout: Duration,
    success: Success,
    clock: Arc<dyn Clock>,
}

/// An answer to a delivery. `Debug` doesn't show its body.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpAnswer {
    /// HTTP status.
    pub status: u16,
    /// The body, of a long one the first 64 KiB or a little more.
    pub body: Vec<u8>,
}

impl HttpSink {
    /// Posts to what the configuration names; `name` is its name in logs and metrics, and signatures carry the time of
    /// `clock`.
    ///
    /// # Errors
    /// [`Error::Sink`] where requests can't be made, e.g. because the machine has no CA certificates for `https`.
    pub fn new(
        name: impl Into<String>,
        config: &HttpSinkConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let url = config.url.whole().clone();
        let mut builder = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .timeout(config.timeout)
            .connect_timeout(config.timeout.min(CONNECT_TIMEOUT))
            .pool_idle_timeout(IDLE);
        if url.scheme() == "http" {
            // So that a machine without CA certificates can do without them.
            builder = builder.tls_certs_only([]);
        }
        let client =
            builder.build().map_err(|error| Error::Sink(config.fault(&failure::innermost(&error))))?;
        let new_key = |secret: &SinkSecret| hmac::Key::new(hmac::HMAC_SHA256, secret.bytes());
        let key = config.secret.as_ref().map(new_key);
        Ok(Self {
            name: name.into(),
            client,
            url,
            key,
            timeout: config.timeout,
            success: config.success,
            clock,
        })
    }

    /// Delivers a record as [`deliver`](Sink::deliver) does, and also returns what was answered, if anything was.
    pub async fn exchange(&self, delivery: &Delivery) -> (Option<HttpAnswer>, Result<Receipt, SinkError>) {
        let mut answered = None;
        let result = self.post(delivery, &mut answered).await;
        (answered, result)
    }

    async fn post(
        &self,
        delivery: &Delivery,
        answered: &mut Option<HttpAnswer>,
    ) -> Result<Receipt, SinkError> {
        let (body, now) = (delivery.record.to_json(), self.clock.now());
        let headers = self.headers(delivery, &body, now)?;
        let request = self.client.post(self.url.clone()).headers(headers).body(body);
        let failed = |error| SinkError::retry(failure::why(&error, self.timeout));
        let mut answer = request.send().await.map_err(failed)?;
        let body = answer::read(&mut answer).await.map_err(failed)?;
        let status = answer.status();
        let HttpAnswer { body, .. } = answered.insert(HttpAnswer { status: status.as_u16(), body });
        answer::conclude(status, answer.headers(), body, self.success, self.clock.now())
    }

    fn headers(&self, delivery: &Delivery, body: &str, now: SystemTime) -> Result<HeaderMap, SinkError> {
        let record = &delivery.record;
        let id = format!("{}-{}", record.seq, record.generation);
        let timestamp = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut headers = HeaderMap::new();
        if let Some(key) = &self.key {
            headers.insert(WEBHOOK_SIGNATURE, value(&signature(key, &id, timestamp, body))?);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(WEBHOOK_ID, value(&id)?);
        headers.insert(WEBHOOK_TIMESTAMP, timestamp.into());
        headers.insert(IDEMPOTENCY_KEY, value(&record.key)?);
        headers.insert(WXHOOK_FENCE, delivery.fence.into());
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

/// Of the form that Standard Webhooks gives it.
fn signature(key: &hmac::Key, id: &str, timestamp: u64, body: &str) -> String {
    let tag = hmac::sign(key, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", BASE64_STANDARD.encode(tag))
}

/// Keys are ASCII by encoding; a record that has another one wasn't made by a receiver.
fn value(text: &str) -> Result<HeaderValue, SinkError> {
    let value = HeaderValue::from_str(text).ok().filter(|_| text.is_ascii());
    value.ok_or_else(|| SinkError::park("the key can't stand in a header"))
}

impl fmt::Debug for HttpAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSink").field("name", &self.name).finish_non_exhaustive()
    }
}
