//! A captured request, the merchant that it was sent to, and what the receiver says of it.

use super::capture::{Captured, Headers};
use super::printed;
use crate::out::escaped;
use bytes::Bytes;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use wxhook_crypto::{ApiV2Key, ApiV3Key, PlatformKey};
use wxhook_receiver::{Checks, Limits, Merchant, NotificationHeaders, Rejection, Verification, Verifier};
use wxhook_server::{Config, Fault, MerchantConfig, UnusableKey};
use wxhook_wire::json::Doc;
use wxhook_wire::v2::Fields;
use wxhook_wire::v3::{Envelope, header};
use wxhook_wire::{Catalog, Protocol};

/// The headers of a v3 signature, in the case that people write.
pub(crate) const SIGNED: [(&str, &str); 5] = [
    (header::SERIAL, "Wechatpay-Serial"),
    (header::TIMESTAMP, "Wechatpay-Timestamp"),
    (header::NONCE, "Wechatpay-Nonce"),
    (header::SIGNATURE, "Wechatpay-Signature"),
    (header::SIGNATURE_TYPE, "Wechatpay-Signature-Type"),
];

/// A captured request to a merchant.
#[derive(Clone)]
pub(super) struct Case<'a> {
    config: &'a Config,
    unusable_keys: &'a [UnusableKey],
    pub(super) merchant: &'a MerchantConfig,
    verifier: Arc<(Verifier, Merchant)>,
    headers: Headers,
    pub(super) body: Bytes,
    /// Seconds since the epoch.
    pub(super) now: u64,
    /// True if `now` is from the command line.
    pub(super) is_now_given: bool,
    pub(super) verification: Verification,
    /// The printed form that the captured body was in.
    pub(super) printed_form: Option<&'static str>,
    /// The path of the request, if it was captured.
    pub(super) path: Option<String>,
}

impl<'a> Case<'a> {
    /// Verifies a request. A body in a printed form is restored if the result is verified, or is at least a notification
    /// where the captured body isn't.
    pub(super) fn new(
        config: &'a Config,
        merchant: &'a MerchantConfig,
        catalog: Arc<dyn Catalog>,
        captured: Captured,
        (now, is_now_given): (u64, bool),
    ) -> Self {
        let mut limits = Limits::default();
        limits.body = config.limits.body;
        let verifier = Arc::new((Verifier::new(catalog, &limits), Merchant::from(merchant)));
        let body = Bytes::from(captured.body.unwrap_or_default());
        let verification = verification(&verifier, &captured.headers, &body, now);
        let case = Self {
            config,
            unusable_keys: &[],
            merchant,
            verifier,
            headers: captured.headers,
            body,
            now,
            is_now_given,
            verification,
            printed_form: None,
            path: captured.path,
        };
        if case.verification.result.is_ok() {
            return case;
        }
        let forms = printed::originals(&case.body).into_iter();
        let forms: Vec<_> =
            forms.map(|(body, form)| Self { printed_form: Some(form), ..case.with_body(body) }).collect();
        let verified = forms.iter().find(|form| form.is_authentic());
        let readable = || forms.iter().find(|form| form.is_readable()).filter(|_| !case.is_readable());
        verified.or_else(readable).unwrap_or(&case).clone()
    }

    /// Returns the same request with another body.
    pub(super) fn with_body(&self, body: Vec<u8>) -> Self {
        let body = Bytes::from(body);
        let verification = verification(&self.verifier, &self.headers, &body, self.now);
        Self { body, verification, ..self.clone() }
    }

    /// Returns the same request with these API keys of the configuration unusable.
    pub(super) fn with_unusable_keys(self, unusable_keys: &'a [UnusableKey]) -> Self {
        Self { unusable_keys, ..self }
    }

    pub(super) fn checks(&self) -> Option<&Checks> {
        self.verification.checks.as_ref()
    }

    fn is_authentic(&self) -> bool {
        self.checks().is_some_and(|checks| match checks.signature {
            Some(result) => result.is_ok(),
            None => checks.content.is_ok(),
        })
    }

    /// Returns whether the signature is right.
    pub(super) fn is_signed(&self) -> bool {
        self.checks().is_some_and(|checks| checks.signature == Some(Ok(())))
    }

    /// Returns whether the content can be decrypted.
    pub(super) fn is_open(&self) -> bool {
        self.checks().is_some_and(|checks| checks.content.is_ok())
    }

    /// Returns whether the body is a notification, whoever sent it.
    pub(super) fn is_readable(&self) -> bool {
        if self.is_v2() {
            return Fields::parse(&self.body).is_ok();
        }
        let text = str::from_utf8(&self.body).unwrap_or_default();
        Doc::parse(text).is_ok_and(|doc| Envelope::read(&doc).is_ok())
    }

    /// Returns why the merchant's `api_v3_key` or `api_v2_key` can't be used although it is configured.
    pub(super) fn key_fault(&self, key: &str) -> Option<&Fault> {
        let is_it = |known: &&UnusableKey| known.merchant == self.merchant.name && known.key == key;
        self.unusable_keys.iter().find(is_it).map(|known| &known.fault)
    }

    pub(super) fn is_v2(&self) -> bool {
        self.verification.protocol == Some(Protocol::V2)
    }

    /// Returns whether the request has any header of v3.
    pub(super) fn has_v3_headers(&self) -> bool {
        SIGNED.iter().any(|(name, _)| self.captured(name).is_some())
    }

    pub(super) fn max_bytes(&self) -> usize {
        let max = self.config.limits.body;
        if self.is_v2() { max.min(wxhook_wire::v2::MAX_BYTES) } else { max }
    }

    /// Returns the first value of a header as it was captured, even if no header can have it.
    pub(super) fn captured(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns a header's value, or what is wrong with it.
    pub(super) fn header(&self, name: &'static str) -> Result<&str, String> {
        let title = SIGNED.iter().find(|(known, _)| *known == name).map_or(name, |(_, title)| title);
        match (header_map(&self.headers).get(name), self.captured(name)) {
            (Ok(Some("")), _) => Err(format!("{title} is empty")),
            (Ok(Some(value)), _) => Ok(value),
            (Err(Rejection::DuplicateHeader), Some(value)) if value.contains(',') => Err(format!(
                "{title} has two values, joined with a comma: a proxy in between has added the header again or joined \
                 duplicates. The receiver rejects that; the proxy must pass the header through once, unchanged"
            )),
            (Err(Rejection::DuplicateHeader), _) => Err(format!(
                "duplicate {title} header, which the receiver rejects: something in between adds it again, or two captures \
                 were mixed"
            )),
            (_, Some(_)) => Err(format!(
                "{title} has a line break or another character that no header can have: it was wrapped or changed when it \
                 was written down"
            )),
            (_, None) => Err(format!(
                "{title} is missing: a proxy or framework in between drops it, or it was not written down"
            )),
        }
    }

    /// Returns why the body can't be what was sent, by the other headers.
    pub(super) fn framing_fault(&self) -> Option<String> {
        let length = self.captured("content-length").and_then(|text| text.parse::<usize>().ok());
        if let Some(length) = length.filter(|length| *length != self.body.len()) {
            return Some(format!(
                "Content-Length is {length}, but the body has {} bytes: it is another body, or a part of it",
                self.body.len()
            ));
        }
        let encoding =
            self.captured("content-encoding").filter(|name| !name.eq_ignore_ascii_case("identity"));
        let encoding = encoding.or_else(|| self.body.starts_with(&[0x1f, 0x8b]).then_some("gzip"))?;
        Some(format!(
            "the body is compressed ({}): the platform doesn't do that, something in between does; turn it off there, or \
             decompress before verifying",
            escaped(encoding.as_bytes())
        ))
    }

    /// Returns the paths of all merchants.
    pub(super) fn paths(&self) -> Vec<String> {
        let merchants = self.config.merchants.iter();
        merchants
            .flat_map(|merchant| {
                std::iter::once(format!("/notify/{}", merchant.name)).chain(merchant.paths.clone())
            })
            .collect()
    }

    pub(super) fn other_merchants(&self) -> impl Iterator<Item = &'a MerchantConfig> {
        let name = &self.merchant.name;
        self.config.merchants.iter().filter(move |other| other.name != *name)
    }

    /// Returns the merchant's platform key with this id.
    pub(super) fn platform_key(&self, serial: &str) -> Option<&'a PlatformKey> {
        self.merchant.platform_keys.iter().find(|(id, _)| id == serial).map(|(_, key)| key)
    }

    /// Returns every other platform key of the configuration and a phrase that names it.
    pub(super) fn other_platform_keys(
        &self,
        serial: &str,
    ) -> impl Iterator<Item = (String, &'a PlatformKey)> {
        let own = self.merchant.platform_keys.iter().filter(move |(id, _)| id != serial);
        let own = own.map(|(id, key)| (format!("the key that is configured as {id}"), key));
        own.chain(self.other_merchants().flat_map(|other| {
            let keys = other.platform_keys.iter();
            keys.map(|(id, key)| (format!("the key {id} of the merchant {}", other.name), key))
        }))
    }

    /// Returns every other API key of the configuration that may have been used as `wanted`, and a phrase that names it.
    fn other_keys<K>(
        &self,
        wanted: &str,
        keys: impl Fn(&MerchantConfig) -> [(&'static str, Option<K>); 2],
    ) -> Vec<(String, K)> {
        let own = keys(self.merchant).into_iter().filter(|(name, _)| *name != wanted);
        let mut found: Vec<_> = own.filter_map(|(name, key)| Some((name.to_owned(), key?))).collect();
        for other in self.other_merchants() {
            let named = |name| format!("{name} of the merchant {}", other.name);
            found.extend(keys(other).into_iter().filter_map(|(name, key)| Some((named(name), key?))));
        }
        found
    }

    pub(super) fn other_v3_keys(&self) -> Vec<(String, ApiV3Key)> {
        self.other_keys("api_v3_key", |merchant| {
            let v2 = merchant.api_v2_key.as_ref().map(ApiV2Key::as_v3);
            [("api_v3_key", merchant.api_v3_key.clone()), ("api_v2_key", v2)]
        })
    }

    pub(super) fn other_v2_keys(&self) -> Vec<(String, ApiV2Key)> {
        self.other_keys("api_v2_key", |merchant| {
            let v3 = merchant.api_v3_key.as_ref().map(ApiV3Key::as_v2);
            [("api_v2_key", merchant.api_v2_key.clone()), ("api_v3_key", v3)]
        })
    }
}

fn verification(verifier: &(Verifier, Merchant), headers: &Headers, body: &Bytes, now: u64) -> Verification {
    let (verifier, merchant) = verifier;
    verifier.verify(merchant, UNIX_EPOCH + Duration::from_secs(now), header_map(headers), body)
}

fn header_map(headers: &Headers) -> NotificationHeaders<'_> {
    NotificationHeaders::from_pairs(headers.iter().map(|(name, value)| (name, value)))
}
