//! Delivery of records to a local address.

use super::Event;
use crate::usage::Usage;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::time::timeout;
use wxhook_delivery::{Delivery, Receipt, Sink, SinkError};
use wxhook_server::{Config, SinkConfig};
use wxhook_sinks::{HttpSink, HttpSinkOptions};

const MAX_ATTEMPTS: u32 = 3;
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Maximum time that a delivery waits until the lines of its request are printed.
const MAX_WAIT: Duration = Duration::from_secs(1);
/// Maximum length of a printed reply in characters.
const MAX_REPLY: usize = 300;

/// A sink that delivers to a URL, or nowhere, and reports each attempt.
#[derive(Debug)]
pub(super) struct Forward {
    http: Option<HttpSink>,
    /// The URL without secrets (user, query); empty for none.
    to: String,
    events: UnboundedSender<Event>,
    /// The greatest sequence number that was printed.
    printed: watch::Receiver<u64>,
}

/// An attempt to deliver a record.
#[derive(Debug)]
pub(super) struct Forwarded {
    pub(super) seq: u64,
    pub(super) attempt: u32,
    pub(super) error: Option<String>,
    pub(super) is_retried: bool,
    /// HTTP status of the reply, if there was one.
    pub(super) status: Option<u16>,
    /// Body of the reply on one line, truncated.
    pub(super) body: String,
    pub(super) elapsed: Duration,
}

impl Forward {
    /// Creates it for a URL. Deliveries are signed if the configured HTTP sink has a secret.
    pub(super) fn new(
        url: Option<&str>,
        config: &Config,
        events: UnboundedSender<Event>,
        printed: watch::Receiver<u64>,
    ) -> anyhow::Result<Self> {
        let Some(url) = url else { return Ok(Self { http: None, to: String::new(), events, printed }) };
        let mut options = url.parse().map(HttpSinkOptions::new).map_err(|error| {
            Usage::new(format!("--forward-to: {error}; write it like http://127.0.0.1:3000/wechat-pay"))
        })?;
        if let Some(SinkConfig::Http(own)) = &config.sink {
            (options.secret, options.success) = (own.secret.clone(), own.success);
        }
        let to = options.url.to_string();
        Ok(Self { http: Some(HttpSink::new("listen", options)?), to, events, printed })
    }

    pub(super) fn to(&self) -> String {
        self.to.clone()
    }
}

/// Returns whether deliveries are signed.
pub(super) fn is_signed(config: &Config) -> bool {
    matches!(&config.sink, Some(SinkConfig::Http(own)) if own.secret.is_some())
}

impl Sink for Forward {
    fn name(&self) -> &str {
        "listen"
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, SinkError> {
        let Some(http) = &self.http else { return Ok(Receipt::default()) };
        let (seq, attempt) = (delivery.record.seq, delivery.record.attempt);
        let mut printed = self.printed.clone();
        // Delivers in any case; waiting only keeps the lines in order.
        drop(timeout(MAX_WAIT, printed.wait_for(|last| *last >= seq)).await);

        let began = Instant::now();
        let (reply, delivered) = http.exchange(delivery).await;
        let elapsed = began.elapsed();
        let delivered = delivered.map_err(|error| match error {
            SinkError::Retry { why, .. } if attempt >= MAX_ATTEMPTS => SinkError::Park { why },
            SinkError::Retry { why, after } => SinkError::retry_after(why, after.unwrap_or(RETRY_AFTER)),
            other => other,
        });
        let (status, body) = reply.map(|(status, body)| (status, one_line(&body))).unzip();
        let forwarded = Forwarded {
            seq,
            attempt,
            error: delivered.as_ref().err().map(ToString::to_string),
            is_retried: matches!(delivered, Err(SinkError::Retry { .. })),
            status,
            body: body.unwrap_or_default(),
            elapsed,
        };
        // Fails when the program is about to end.
        drop(self.events.send(Event::Forwarded(forwarded)));
        delivered
    }
}

/// Returns a text on one line, truncated.
fn one_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut characters = text.trim().chars();
    let mut line: String = characters.by_ref().take(MAX_REPLY).collect();
    if characters.next().is_some() {
        line.push('…');
    }
    line.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_reply_is_one_line() {
        assert_eq!(one_line(b" {\"ok\":\n\x1b[31m\xff}\r\n"), "{\"ok\":  [31m\u{fffd}}");
        assert_eq!(one_line(&[b'x'; 301]).chars().count(), 301);
        assert_eq!(one_line(b""), "");
    }
}
