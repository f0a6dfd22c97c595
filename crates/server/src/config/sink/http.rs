use super::super::raw::RawSink;
use super::super::reader::Reader;
use crate::config::Fault;
use std::ops::RangeInclusive;
use std::time::Duration;
use wxhook_sinks::{SinkSecret, SinkUrl, Success};

const TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(300);
/// Where and how records are posted. `Debug` shows no secret.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpSinkConfig {
    /// Where.
    pub url: SinkUrl,
    /// What requests are signed with.
    pub secret: Option<SinkSecret>,
    /// A request and its answer take no longer.
    pub timeout: Duration,
    /// Answers that mean that a record is done.
    pub success: Success,
    /// A record of this age that fails once more is parked.
    pub give_up_after: Duration,
    /// How a message names the URL.
    place: String,
}

impl HttpSinkConfig {
    /// What is wrong with this configuration, when its client can't be built.
    pub(crate) fn fault(&self, error: &wxhook_sinks::Error) -> Fault {
        let fix = "for https this machine needs CA certificates, e.g. the package ca-certificates";
        Fault::new(&*self.place, error.to_string(), fix)
    }
}

pub(super) fn parse(reader: &mut Reader<'_>, raw: RawSink, path: &str) -> Option<HttpSinkConfig> {
    let at = |key: &str| format!("{path}.{key}");
    let url = url(reader, &at("url"), raw.url.as_deref());
    let has_secret = raw.secret.is_some() || raw.secret_file.is_some();
    let secret_at = Reader::source(&at("secret"), raw.secret_file.is_some());
    let secret = reader
        .secret(&at("secret"), raw.secret, raw.secret_file)
        .and_then(|text| secret(reader, &secret_at, &text));
    let timeout = reader.duration(&at("timeout"), raw.timeout, TIMEOUT, TIMEOUTS);
    let success = match raw.success.as_deref() {
        None | Some("2xx") => Some(Success::Any2xx),
        Some("wechat-pay") => Some(Success::WechatPay),
        Some(_) => None,
    };
    if success.is_none() {
        reader.fault(&at("success"), "unknown value", "write \"2xx\" or \"wechat-pay\"");
    }
    let give_up_after = super::give_up_after(reader, path, raw.give_up_after);
    // Without its secret it would send unsigned; the fault is noted already.
    if has_secret && secret.is_none() {
        return None;
    }
    let place = reader.place(&at("url"));
    Some(HttpSinkConfig { url: url?, secret, timeout, success: success?, give_up_after, place })
}

fn url(reader: &mut Reader<'_>, at: &str, text: Option<&str>) -> Option<SinkUrl> {
    const EXAMPLE: &str = "\"https://shop.example.com/wechat-pay\"";
    let Some(text) = text else {
        reader.fault(at, "missing", format!("add url = {EXAMPLE}"));
        return None;
    };
    let url = text.parse::<SinkUrl>().ok();
    match &url {
        Some(url) if url.has_secret() => reader.holds_secret(at),
        Some(_) => {}
        None => reader.fault(at, "not a usable URL", format!("write it like {EXAMPLE}")),
    }
    url
}

fn secret(reader: &mut Reader<'_>, at: &str, text: &[u8]) -> Option<SinkSecret> {
    let secret = std::str::from_utf8(text).unwrap_or("*").parse::<SinkSecret>();
    secret
        .map_err(|error| {
            reader.fault(at, error.to_string(), "make one: echo whsec_$(openssl rand -base64 32)")
        })
        .ok()
}
