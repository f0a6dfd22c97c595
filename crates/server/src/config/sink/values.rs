use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use reqwest::Url;
use std::fmt;
use zeroize::Zeroizing;

/// The usual alphabet, with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

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

/// An `http` or `https` URL. Prints scheme, host, port and path: user and query may be secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SinkUrl(Url);

impl SinkUrl {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let usable = matches!(url.scheme(), "http" | "https") && url.has_host() && url.fragment().is_none();
        usable.then_some(Self(url))
    }

    /// All of it.
    pub(crate) fn whole(&self) -> &Url {
        &self.0
    }

    /// Whether it holds what only the receiver may know.
    pub(super) fn is_secret(&self) -> bool {
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
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let encoded = text.strip_prefix(b"whsec_").unwrap_or(text);
        let mut key = Zeroizing::new(vec![0; encoded.len()]);
        let length = BASE64.decode_slice(encoded, &mut key);
        let length = length.map_err(|_| "not a Standard Webhooks secret: whsec_ and base64")?;
        if !(24..=64).contains(&length) {
            return Err(format!("{length} bytes in base64, where a secret has 24 to 64"));
        }
        key.truncate(length);
        Ok(Self(key))
    }

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
