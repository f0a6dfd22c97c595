use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::time::timeout;
use wxhook_delivery::{Delivery, Receipt, Sink, SinkError};
use wxhook_server::{Config, SinkConfig};
use wxhook_sinks::{HttpSink, HttpSinkOptions};

use super::event::{Event, Forwarded, answered};
use crate::usage::Usage;

/// Somebody looks on: a few tries are enough.
const MAX_ATTEMPTS: u32 = 3;
/// Before the next one.
const WAIT: Duration = Duration::from_secs(1);
/// So long a record's own lines may keep it back.
const LINES: Duration = Duration::from_secs(1);

/// Hands records on to a local address, or nowhere, and tells how it went.
#[derive(Debug)]
pub(super) struct Forward {
    http: Option<HttpSink>,
    events: UnboundedSender<Event>,
    /// The greatest number of a record that was printed.
    shown: watch::Receiver<u64>,
}

impl Forward {
    /// To this URL, signed with the secret of the configuration's sink, if that has one.
    pub(super) fn new(
        url: Option<&str>,
        config: &Config,
        events: UnboundedSender<Event>,
        shown: watch::Receiver<u64>,
    ) -> anyhow::Result<Self> {
        let http = url.map(|url| sink(url, config)).transpose()?;
        Ok(Self { http, events, shown })
    }
}

/// Whether what is forwarded is signed.
pub(super) fn is_signed(config: &Config) -> bool {
    matches!(&config.sink, Some(SinkConfig::Http(own)) if own.secret.is_some())
}

/// The address without what may be secret: a user, a query.
pub(super) fn shown(url: &str) -> Result<String, Usage> {
    Ok(parsed(url)?.url.to_string())
}

fn parsed(url: &str) -> Result<HttpSinkOptions, Usage> {
    url.parse().map(HttpSinkOptions::new).map_err(|error| {
        Usage::new(format!("--forward-to: {error}; write it like http://127.0.0.1:3000/wechat-pay"))
    })
}

fn sink(url: &str, config: &Config) -> anyhow::Result<HttpSink> {
    let mut to = parsed(url)?;
    if let Some(SinkConfig::Http(own)) = &config.sink {
        to.secret = own.secret.clone();
        to.success = own.success;
    }
    Ok(HttpSink::new("listen", to)?)
}

impl Sink for Forward {
    fn name(&self) -> &str {
        "listen"
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, SinkError> {
        let Some(http) = &self.http else { return Ok(Receipt::default()) };
        let (seq, attempt) = (delivery.record.seq, delivery.record.attempt);
        let mut shown = self.shown.clone();
        // For the reader's sake; however it ends, the record goes out.
        drop(timeout(LINES, shown.wait_for(|last| *last >= seq)).await);

        let began = Instant::now();
        let (answer, delivered) = http.exchange(delivery).await;
        let elapsed = began.elapsed();
        let delivered = delivered.map_err(|error| match error {
            SinkError::Retry { why, .. } if attempt >= MAX_ATTEMPTS => SinkError::Park { why },
            SinkError::Retry { why, after } => SinkError::retry_after(why, after.unwrap_or(WAIT)),
            other => other,
        });
        let (error, again) = match &delivered {
            Ok(_) => (None, false),
            Err(error) => (Some(error.to_string()), matches!(error, SinkError::Retry { .. })),
        };
        let status = answer.as_ref().map(|(status, _)| *status);
        let body = answer.map(|(_, body)| answered(&body)).unwrap_or_default();
        let told = Forwarded { seq, attempt, error, again, status, body, elapsed };
        // Nobody listens any more when the program is about to end.
        let _ended = self.events.send(Event::Forwarded(told));
        delivered
    }
}
