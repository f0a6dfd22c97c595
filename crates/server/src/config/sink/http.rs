use super::super::raw::RawSink;
use super::super::reader::Reader;
use crate::config::Fault;
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use reqwest::Url;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;
use zeroize::Zeroizing;

const TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(300);
/// Bytes of a key, by the Standard Webhooks specification.
const KEY_BYTES: RangeInclusive<usize> = 24..=64;
/// What secrets of Standard Webhooks begin with.
const SECRET_PREFIX: &[u8] = b"whsec_";
/// The usual alphabet; what fills up the end may be left out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

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
    /// What is wrong with this configuration, when nothing can be sent because of `why`.
    pub(crate) fn fault(&self, why: &str) -> Fault {
        let fix = "for https this machine needs CA certificates, e.g. the package ca-certificates";
        Fault::new(&*self.place, format!("requests can't be made: {why}"), fix)
    }
}

/// The answers that mean a record is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Success {
    /// Any 2xx, whatever its body says: `"2xx"`.
    #[default]
    Any2xx,
    /// A success by WeChat Pay's own rule, `"wechat-pay"`: a 2xx, unless its body is JSON with another `code` than
    /// `SUCCESS`, or XML with another `return_code`. For handlers that were written for the platform.
    WechatPay,
}

impl Success {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "2xx" => Some(Self::Any2xx),
            "wechat-pay" => Some(Self::WechatPay),
            _ => None,
        }
    }
}

/// An `http` or `https` URL. Prints scheme, host, port and path: user and query may be secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SinkUrl(Url);

impl SinkUrl {
    fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let usable = matches!(url.scheme(), "http" | "https") && url.has_host() && url.fragment().is_none();
        usable.then_some(Self(url))
    }

    /// All of it.
    pub(crate) fn whole(&self) -> &Url {
        &self.0
    }

    /// Whether it holds what only the receiver may know.
    fn is_secret(&self) -> bool {
        self.0.password().is_some() || !self.0.username().is_empty() || self.0.query().is_some()
    }
}

impl fmt::Display for SinkUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or_default())?;
        if let Some(port) = self.0.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(self.0.path())
    }
}

impl fmt::Debug for SinkUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SinkUrl").field(&self.to_string()).finish()
    }
}

/// The key of a sink's signatures. `Debug` doesn't show it.
#[derive(Clone)]
pub struct SinkSecret(Zeroizing<Vec<u8>>);

impl SinkSecret {
    /// The key's 24 to 64 bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SinkSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinkSecret").finish_non_exhaustive()
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
    let success = raw.success.as_deref().map_or(Some(Success::default()), Success::from_name);
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
    let url = SinkUrl::parse(text);
    match &url {
        Some(url) if url.is_secret() => reader.holds_secret(at),
        Some(_) => {}
        None => reader.fault(at, "not a usable URL", format!("write it like {EXAMPLE}")),
    }
    url
}

fn secret(reader: &mut Reader<'_>, at: &str, text: &[u8]) -> Option<SinkSecret> {
    const FIX: &str = "make one: echo whsec_$(openssl rand -base64 32)";
    let encoded = text.strip_prefix(SECRET_PREFIX).unwrap_or(text);
    let mut key = Zeroizing::new(vec![0; encoded.len()]);
    let Ok(length) = BASE64.decode_slice(encoded, &mut key) else {
        reader.fault(at, "not a Standard Webhooks secret: whsec_ and base64", FIX);
        return None;
    };
    if !KEY_BYTES.contains(&length) {
        reader.fault(at, format!("{length} bytes in base64, where a secret has 24 to 64"), FIX);
        return None;
    }
    key.truncate(length);
    Some(SinkSecret(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_shows_nothing_secret() {
        for (text, shown) in [
            ("https://shop.example.com", "https://shop.example.com/"),
            ("http://u:s3cret@[::1]:8080/a/b?token=s3cret", "http://[::1]:8080/a/b"),
            ("HTTPS://Shop.example.com:443/a", "https://shop.example.com/a"),
        ] {
            let url = SinkUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("s3cret"));
            assert_eq!(url.is_secret(), text.contains("s3cret"));
        }
        for text in ["", "shop", "//shop/a", "ftp://shop/a", "http://", "http://a/#b", "http://a b/"] {
            assert!(SinkUrl::parse(text).is_none(), "{text}");
        }
    }
}
