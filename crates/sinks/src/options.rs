use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use url::Url;
use wxhook_idempotency::{Clock, SystemClock};
use zeroize::Zeroizing;

/// Length of a key in bytes, by the Standard Webhooks specification.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// The standard alphabet, with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The reason why a sink can't be opened or an option can't be parsed. Holds no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Text is not a usable [`SinkUrl`].
    #[error("not a usable URL")]
    Url,
    /// Text is not a [`SinkSecret`].
    #[error("not a Standard Webhooks secret: whsec_ and base64")]
    Secret,
    /// A [`SinkSecret`] decodes to this many bytes.
    #[error("{0} bytes in base64, where a secret has 24 to 64")]
    SecretLength(usize),
    /// The HTTP client can't be built, for example because `https` needs CA certificates.
    #[error("requests can't be made: {0}")]
    Client(String),
    /// The file can't be written.
    #[error("{} can't be written: {source}", path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// The Redis URL or the key of the stream can't be used.
    #[error("{0}")]
    Stream(String),
}

/// Options of the HTTP sink.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpSinkOptions {
    /// URL that records are posted to.
    pub url: SinkUrl,
    /// Key that requests are signed with. Default: none, requests aren't signed.
    pub secret: Option<SinkSecret>,
    /// Maximum time for a request and its reply. Default: 10 s.
    pub timeout: Duration,
    /// Replies that complete a record. Default: any 2xx.
    pub success: Success,
    /// Clock for the timestamps of signatures and for dates in `Retry-After`. Default: the system's.
    pub clock: Arc<dyn Clock>,
}

impl HttpSinkOptions {
    /// Returns the default options for a URL.
    pub fn new(url: SinkUrl) -> Self {
        let (timeout, clock) = (Duration::from_secs(10), Arc::new(SystemClock::default()));
        Self { url, secret: None, timeout, success: Success::Any2xx, clock }
    }
}

/// Options of the file sink.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FileSinkOptions {
    /// Path of the file. It is created if it doesn't exist, readable by its owner only.
    pub path: PathBuf,
    /// Maximum file size in bytes. A line that would exceed it starts a new file. Default: 100 MiB.
    pub rotate_size: u64,
    /// Number of rotated files that are kept. Default: all.
    pub rotate_keep: Option<usize>,
    /// Clock that numbers rotated files. Default: the system's.
    pub clock: Arc<dyn Clock>,
}

impl FileSinkOptions {
    /// Returns the default options for a path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let clock = Arc::new(SystemClock::default());
        Self { path: path.into(), rotate_size: 100 << 20, rotate_keep: None, clock }
    }
}

/// Options of the Redis stream sink.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RedisStreamSinkOptions {
    /// Key of the stream.
    pub stream: String,
    /// Approximate number of entries that are kept. Default: all.
    pub max_len: Option<u64>,
}

impl RedisStreamSinkOptions {
    /// Returns the default options for the key of a stream.
    pub fn new(stream: impl Into<String>) -> Self {
        Self { stream: stream.into(), max_len: None }
    }
}

/// The replies that complete a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Success {
    /// Any 2xx, regardless of its body.
    #[default]
    Any2xx,
    /// A success by WeChat Pay's own rule: a 2xx, unless its body is JSON with a `code` or XML with a `return_code` other
    /// than `SUCCESS`. For handlers that were written for the platform.
    WechatPay,
}

/// An `http` or `https` URL. `Display` and `Debug` omit its user and its query, which may be secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SinkUrl(Url);

impl SinkUrl {
    /// Returns the whole URL.
    pub fn reveal(&self) -> &Url {
        &self.0
    }

    /// Returns whether the URL has a user, a password or a query.
    pub fn has_secret(&self) -> bool {
        self.0.password().is_some() || !self.0.username().is_empty() || self.0.query().is_some()
    }
}

impl FromStr for SinkUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let is_usable = |url: &Url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && url.fragment().is_none()
        };
        Url::parse(text).ok().filter(is_usable).map(Self).ok_or(Error::Url)
    }
}

impl fmt::Display for SinkUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0.origin().ascii_serialization(), self.0.path())
    }
}

impl fmt::Debug for SinkUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SinkUrl({self})")
    }
}

/// A secret of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes. `Debug` omits it.
#[derive(Clone)]
pub struct SinkSecret(Zeroizing<Vec<u8>>);

impl SinkSecret {
    /// Returns the bytes of the key.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for SinkSecret {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let encoded = text.strip_prefix("whsec_").unwrap_or(text);
        let mut key = Zeroizing::new(vec![0; encoded.len()]);
        let length = BASE64.decode_slice(encoded, &mut key).map_err(|_| Error::Secret)?;
        key.truncate(length);
        if KEY_BYTES.contains(&length) { Ok(Self(key)) } else { Err(Error::SecretLength(length)) }
    }
}

impl fmt::Debug for SinkSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SinkSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_print_without_their_secrets() {
        for (text, printed) in [
            ("https://shop.example.com", "https://shop.example.com/"),
            ("http://u:s3cret@[::1]:8080/a/b?token=s3cret", "http://[::1]:8080/a/b"),
            ("HTTPS://Shop.example.com:443/a", "https://shop.example.com/a"),
        ] {
            let url: SinkUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), printed);
            assert!(!format!("{url:?}").contains("s3cret"));
            assert_eq!(url.has_secret(), text.contains("s3cret"));
        }
        for text in ["", "shop", "//shop/a", "ftp://shop/a", "http://", "http://a/#b", "http://a b/"] {
            assert!(text.parse::<SinkUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn secrets_have_24_to_64_bytes_and_are_not_printed() {
        let secret: SinkSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz".parse().unwrap();
        assert_eq!(format!("{secret:?}"), "SinkSecret");
        assert!(matches!("whsec_AAAA".parse::<SinkSecret>(), Err(Error::SecretLength(3))));
        assert!(matches!("whsec_*".parse::<SinkSecret>(), Err(Error::Secret)));
    }
}
