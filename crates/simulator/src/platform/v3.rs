use std::fmt::Display;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use wxhook_crypto::{AeadAlgorithm, SignatureType, v3};

use super::Platform;
use crate::{Error, Nonces, Notification, SignedRequest};

const ALGORITHM: AeadAlgorithm = AeadAlgorithm::Aes256Gcm;
/// Length of an RSA-2048 signature.
const PROBE_BYTES: usize = 256;

#[derive(Serialize)]
struct Envelope<'a> {
    id: &'a str,
    create_time: &'a str,
    resource_type: &'a str,
    event_type: &'a str,
    summary: &'a str,
    resource: Resource<'a>,
}

#[derive(Serialize)]
struct Resource<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    original_type: Option<&'a str>,
    algorithm: &'static str,
    ciphertext: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    associated_data: Option<&'a str>,
    nonce: &'a str,
}

impl Platform {
    /// Makes a v3 notification, encrypted and signed.
    ///
    /// `timestamp` is in seconds since the epoch; any text is signed verbatim.
    ///
    /// # Errors
    /// The errors of [`envelope`](Self::envelope) and [`sign`](Self::sign).
    pub fn v3(
        &self,
        notification: &Notification,
        timestamp: impl Display,
        nonces: &Nonces,
    ) -> Result<SignedRequest, Error> {
        self.sign(self.envelope(notification, nonces)?, timestamp, nonces)
    }

    /// Makes the unsigned body of a v3 notification, with its resource encrypted.
    ///
    /// # Errors
    /// [`Error::Missing`] without an APIv3 key, [`Error::Nonce`] for one that isn't 12 bytes long, [`Error::Crypto`].
    pub fn envelope(&self, notification: &Notification, nonces: &Nonces) -> Result<Vec<u8>, Error> {
        let associated_data = notification.associated_data.as_deref();
        let aad = associated_data.unwrap_or_default();
        let envelope = Envelope {
            id: &notification.id,
            create_time: &notification.create_time,
            resource_type: &notification.resource_type,
            event_type: &notification.event_type,
            summary: &notification.summary,
            resource: Resource {
                original_type: notification.original_type.as_deref(),
                algorithm: ALGORITHM.as_str(),
                ciphertext: self.sealed(&notification.resource, aad, nonces)?,
                associated_data,
                nonce: &nonces.seal,
            },
        };
        serde_json::to_vec(&envelope).map_err(|_| Error::Envelope)
    }

    /// Signs any body as v3: also one that was altered, is old or isn't JSON.
    ///
    /// # Errors
    /// [`Error::Missing`] without a signing key, [`Error::Crypto`], also for a line feed in timestamp or nonce.
    pub fn sign(
        &self,
        body: impl Into<Vec<u8>>,
        timestamp: impl Display,
        nonces: &Nonces,
    ) -> Result<SignedRequest, Error> {
        let (body, timestamp) = (body.into(), timestamp.to_string());
        let signature = v3::sign(self.signing_key()?, &timestamp, &nonces.signature, &body)?;
        Ok(self.request(body, timestamp, nonces, signature))
    }

    /// Gives any body a deliberately wrong signature with a telling prefix, as the platform sends now and then.
    pub fn probe(&self, body: impl Into<Vec<u8>>, timestamp: impl Display, nonces: &Nonces) -> SignedRequest {
        let wrong: Vec<_> = nonces.signature.bytes().cycle().take(PROBE_BYTES).collect();
        let signature = format!("{}{}", v3::PROBE_PREFIX, BASE64_STANDARD.encode(wrong));
        self.request(body.into(), timestamp.to_string(), nonces, signature)
    }

    /// Base64 of ciphertext and tag.
    pub(super) fn sealed(
        &self,
        plaintext: &str,
        associated_data: &str,
        nonces: &Nonces,
    ) -> Result<String, Error> {
        let nonce = nonces.seal.as_bytes().try_into().map_err(|_| Error::Nonce)?;
        let sealed =
            self.v3_key()?.seal(ALGORITHM, nonce, associated_data.as_bytes(), plaintext.as_bytes())?;
        Ok(BASE64_STANDARD.encode(sealed))
    }

    fn request(&self, body: Vec<u8>, timestamp: String, nonces: &Nonces, signature: String) -> SignedRequest {
        let headers = [
            ("Content-Type", "application/json".to_owned()),
            ("User-Agent", super::v2::USER_AGENT.to_owned()),
            ("Request-ID", nonces.request_id.clone()),
            ("Wechatpay-Nonce", nonces.signature.clone()),
            ("Wechatpay-Serial", self.serial.clone()),
            ("Wechatpay-Signature", signature),
            ("Wechatpay-Signature-Type", SignatureType::Rsa2048Sha256.as_str().to_owned()),
            ("Wechatpay-Timestamp", timestamp),
        ];
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        SignedRequest::new(headers, body)
    }
}
