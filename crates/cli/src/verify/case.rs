//! A captured request, the merchant that it came to, and what the receiver's own code says of it.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use wxhook_crypto::{ApiV2Key, ApiV3Key, PlatformKey};
use wxhook_receiver::{Limits, Merchant, NotificationHeaders, Rejection, Verification, Verifier};
use wxhook_server::{Config, Fault, MerchantConfig, UnusableKey};
use wxhook_wire::json::Doc;
use wxhook_wire::v2::Fields;
use wxhook_wire::v3::{Envelope, header};
use wxhook_wire::{Catalog, Protocol};

use super::capture::{Captured, Headers};
use super::printed;
use super::shown::shown;

/// What is looked at.
pub(super) struct Case<'a> {
    config: &'a Config,
    unusable: &'a [UnusableKey],
    pub(super) merchant: &'a MerchantConfig,
    headers: Headers,
    map: HeaderMap,
    pub(super) body: Bytes,
    /// Seconds since the epoch.
    pub(super) now: u64,
    /// Whether `--now` gave it.
    pub(super) now_given: bool,
    catalog: Arc<dyn Catalog>,
    pub(super) examined: Verification,
    /// The printed form that the body was in, before it was undone.
    pub(super) undone: Option<&'static str>,
    /// The path that it was sent to, if that was written down.
    pub(super) path: Option<String>,
}

/// The headers that a v3 signature is about, as people write them.
pub(super) const SIGNED: [(&str, &str); 5] = [
    (header::SERIAL, "Wechatpay-Serial"),
    (header::TIMESTAMP, "Wechatpay-Timestamp"),
    (header::NONCE, "Wechatpay-Nonce"),
    (header::SIGNATURE, "Wechatpay-Signature"),
    (header::SIGNATURE_TYPE, "Wechatpay-Signature-Type"),
];

/// Returns a header's name as people write it.
pub(super) fn titled(name: &'static str) -> &'static str {
    SIGNED.iter().find(|(known, _)| *known == name).map_or(name, |(_, display)| display)
}

impl<'a> Case<'a> {
    pub(super) fn new(
        config: &'a Config,
        merchant: &'a MerchantConfig,
        catalog: Arc<dyn Catalog>,
        Captured { headers, body, path }: Captured,
        (now, now_given): (u64, bool),
    ) -> Self {
        let map = map(&headers);
        let body = Bytes::from(body.unwrap_or_default());
        let examined = examine(config, merchant, &catalog, now, &map, &body);
        let case = Self {
            config,
            unusable: &[],
            merchant,
            headers,
            map,
            body,
            now,
            now_given,
            catalog,
            examined,
            undone: None,
            path,
        };
        if case.examined.result.is_ok() { case } else { case.unprinted() }
    }

    /// Undoes the form in which a log or a program printed the body: where what comes out is vouched for, or is a
    /// notification at all while the body as it stands is none.
    fn unprinted(self) -> Self {
        let cases: Vec<_> = printed::forms(&self.body)
            .into_iter()
            .map(|(body, what)| Self { undone: Some(what), ..self.of_body(body) })
            .collect();
        let vouched = cases.iter().position(Self::is_vouched);
        let read = || cases.iter().position(|case| case.is_read()).filter(|_| !self.is_read());
        let found = vouched.or_else(read);
        found.and_then(|at| cases.into_iter().nth(at)).unwrap_or(self)
    }

    /// Returns the same request with another body.
    pub(super) fn of_body(&self, body: Vec<u8>) -> Self {
        let body = Bytes::from(body);
        let examined = examine(self.config, self.merchant, &self.catalog, self.now, &self.map, &body);
        Self {
            headers: self.headers.clone(),
            map: self.map.clone(),
            catalog: Arc::clone(&self.catalog),
            path: self.path.clone(),
            body,
            examined,
            ..*self
        }
    }

    /// Returns whether somebody vouches for the body.
    fn is_vouched(&self) -> bool {
        self.examined.checks.as_ref().is_some_and(|steps| match steps.signature {
            Some(result) => result.is_ok(),
            None => steps.content.is_ok(),
        })
    }

    /// Returns whether the body is a notification's, whoever sent it.
    fn is_read(&self) -> bool {
        if self.is_v2() {
            return Fields::parse(&self.body).is_ok();
        }
        let text = str::from_utf8(&self.body).unwrap_or_default();
        Doc::parse(text).is_ok_and(|doc| Envelope::read(&doc).is_ok())
    }

    /// With these API keys of the configuration being unusable, which aren't in it.
    pub(super) fn without_keys(self, unusable: &'a [UnusableKey]) -> Self {
        Self { unusable, ..self }
    }

    /// Why the merchant's `api_v3_key` or `api_v2_key` can't be used although it is configured.
    pub(super) fn unusable(&self, key: &str) -> Option<&Fault> {
        let own = |known: &&UnusableKey| known.merchant == self.merchant.name && known.key == key;
        self.unusable.iter().find(own).map(|known| &known.fault)
    }

    /// What the receiver would say of another body.
    pub(super) fn with_body(&self, body: Vec<u8>) -> Verification {
        let body = Bytes::from(body);
        examine(self.config, self.merchant, &self.catalog, self.now, &self.map, &body)
    }

    pub(super) fn is_v2(&self) -> bool {
        self.examined.protocol == Some(Protocol::V2)
    }

    /// Whether any header says that it is v3.
    pub(super) fn has_signed_headers(&self) -> bool {
        SIGNED.iter().any(|(name, _)| self.written(name).is_some())
    }

    pub(super) fn headers(&self) -> usize {
        self.headers.len()
    }

    pub(super) fn most_bytes(&self) -> usize {
        self.config.limits.body
    }

    /// The first value of a header as it was written down, which no header may be able to hold.
    pub(super) fn written(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A header's value if it can be used, else what is wrong with it.
    pub(super) fn header(&self, name: &'static str) -> Result<&str, String> {
        let display = titled(name);
        match (NotificationHeaders::from(&self.map).get(name), self.written(name)) {
            (Ok(Some("")), _) => Err(format!("{display} is empty")),
            (Ok(Some(value)), _) => Ok(value),
            (Err(Rejection::DuplicateHeader), Some(written)) if written.contains(',') => Err(format!(
                "{display} holds two values, joined with a comma: the header came twice, and a proxy in between joined \
                 them (or adds it again). The receiver rejects that; it must pass through once, as it came"
            )),
            (Err(Rejection::DuplicateHeader), _) => Err(format!(
                "{display} stands there twice, which the receiver refuses: something in between adds it again, or two \
                 captures were mixed"
            )),
            (_, Some(_)) => Err(format!(
                "{display} has a line break or another character that no header can have: it was wrapped or changed \
                 when it was written down"
            )),
            (_, None) => Err(format!(
                "{display} is missing: a proxy or framework in between drops it, or it was not written down"
            )),
        }
    }

    /// What the other headers say that doesn't go with the body.
    pub(super) fn misframed(&self) -> Option<String> {
        let length = self.written("content-length").and_then(|text| text.parse::<usize>().ok());
        if let Some(length) = length.filter(|length| *length != self.body.len()) {
            return Some(format!(
                "Content-Length says {length} bytes and the body has {}: it is not the one that came, or a part of it",
                self.body.len()
            ));
        }
        let encoding = self.written("content-encoding").filter(|name| !name.eq_ignore_ascii_case("identity"));
        let encoding =
            encoding.map(shown).or_else(|| self.body.starts_with(&[0x1f, 0x8b]).then(|| "gzip".to_owned()));
        encoding.map(|name| {
            format!("the body is compressed ({name}): the platform doesn't do that, something in between does; turn it off there, or decompress before verifying")
        })
    }

    /// Returns the path of every merchant.
    pub(super) fn paths(&self) -> Vec<String> {
        let own = |merchant: &MerchantConfig| {
            let named = format!("/notify/{}", merchant.name);
            std::iter::once(named).chain(merchant.paths.clone()).collect::<Vec<_>>()
        };
        self.config.merchants.iter().flat_map(own).collect()
    }

    pub(super) fn others(&self) -> impl Iterator<Item = &'a MerchantConfig> {
        let own = &self.merchant.name;
        self.config.merchants.iter().filter(move |other| other.name != *own)
    }

    /// Every other platform key of the configuration, with words that name it.
    pub(super) fn other_platform_keys(
        &self,
        serial: &str,
    ) -> impl Iterator<Item = (String, &'a PlatformKey)> {
        let own = self.merchant.platform_keys.iter().filter(move |(id, _)| id != serial);
        let own = own.map(|(id, key)| (format!("the key that is configured as {id}"), key));
        own.chain(self.others().flat_map(|other| {
            other
                .platform_keys
                .iter()
                .map(|(id, key)| (format!("the key {id} of the merchant {}", other.name), key))
        }))
    }

    /// Every other key that may have been taken for the APIv3 key.
    pub(super) fn other_v3_keys(&self) -> Vec<(String, ApiV3Key)> {
        let v2 = |merchant: &MerchantConfig| merchant.api_v2_key.as_ref().map(ApiV2Key::as_v3);
        let mut keys: Vec<_> =
            v2(self.merchant).map(|key| ("api_v2_key".to_owned(), key)).into_iter().collect();
        for other in self.others() {
            let name = &other.name;
            keys.extend(
                other.api_v3_key.clone().map(|key| (format!("api_v3_key of the merchant {name}"), key)),
            );
            keys.extend(v2(other).map(|key| (format!("api_v2_key of the merchant {name}"), key)));
        }
        keys
    }

    /// Every other key that may have been taken for the APIv2 key.
    pub(super) fn other_v2_keys(&self) -> Vec<(String, ApiV2Key)> {
        let v3 = |merchant: &MerchantConfig| merchant.api_v3_key.as_ref().map(ApiV3Key::as_v2);
        let mut keys: Vec<_> =
            v3(self.merchant).map(|key| ("api_v3_key".to_owned(), key)).into_iter().collect();
        for other in self.others() {
            let name = &other.name;
            keys.extend(
                other.api_v2_key.clone().map(|key| (format!("api_v2_key of the merchant {name}"), key)),
            );
            keys.extend(v3(other).map(|key| (format!("api_v3_key of the merchant {name}"), key)));
        }
        keys
    }
}

fn examine(
    config: &Config,
    merchant: &MerchantConfig,
    catalog: &Arc<dyn Catalog>,
    now: u64,
    map: &HeaderMap,
    body: &Bytes,
) -> Verification {
    let mut limits = Limits::default();
    limits.body = config.limits.body;
    let now = UNIX_EPOCH + Duration::from_secs(now);
    let verifier = Verifier::new(Arc::clone(catalog), &limits);
    verifier.verify(&Merchant::from(merchant), now, NotificationHeaders::from(map), body)
}

/// Instead of a value that no HTTP carries stands one that is no text: both are no header.
fn map(headers: &[(String, String)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value.as_bytes()).or_else(|_| HeaderValue::from_bytes(b"\xff"));
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), value) {
            // More than 32,768 names are not looked at.
            let _full = map.try_append(name, value);
        }
    }
    map
}
