use crate::classify::{Classification, Content, Context, json_string};
use crate::headers::NotificationHeaders;
use crate::merchant::Merchant;
use crate::rejection::Rejection;
use crate::verify::Checks;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use wxhook_crypto::v3::{MAX_SKEW, Signed, is_probe, skew};
use wxhook_crypto::{AeadAlgorithm, Error as CryptoError, PlatformKey, Proof, SignatureType};
use wxhook_idempotency::Fingerprint;
use wxhook_wire::json::{Doc, canonical};
use wxhook_wire::v3::{Envelope, header};
use wxhook_wire::{Flag, Opened, ProofKind};

/// Version of the canonical form that fingerprints are made of.
const CANONICAL: u8 = 1;

/// A v3 request. Each method is one check, whatever the others say.
pub(super) struct Request<'a> {
    pub(super) context: Context<'a>,
    pub(super) headers: NotificationHeaders<'a>,
    pub(super) body: &'a Bytes,
}

impl<'a> Request<'a> {
    /// Runs the checks in their order, the cheap ones first. A stale signature is verified before it is rejected: an
    /// authentic one means that a clock is wrong.
    pub(super) fn open(&self) -> Result<Classification, Rejection> {
        self.headers.check()?;
        let skew = self.skew()?;
        self.reject_probe()?;
        self.check_key()?;
        let proof = self.verify_signature()?;
        check_fresh(skew)?;
        self.read(proof)
    }

    pub(super) fn checks(&self) -> Checks {
        Checks {
            timestamp: Some(self.skew().and_then(check_fresh)),
            key: self.check_key(),
            signature: Some(self.verify_signature().map(drop)),
            content: self.read(ProofKind::Rsa),
        }
    }

    fn skew(&self) -> Result<i64, Rejection> {
        let timestamp = self.headers.required(header::TIMESTAMP)?;
        skew(timestamp, self.context.now).map_err(|_| Rejection::Timestamp)
    }

    fn reject_probe(&self) -> Result<(), Rejection> {
        let signature = self.headers.required(header::SIGNATURE)?;
        if is_probe(signature) { Err(Rejection::Probe) } else { Ok(()) }
    }

    fn key(&self) -> Result<&'a PlatformKey, Rejection> {
        let serial = self.headers.required(header::SERIAL)?;
        self.context.merchant.find_platform_key(serial).ok_or(Rejection::UnknownKey)
    }

    /// Checks that the merchant has the key, and that it makes signatures of the type that the request names.
    fn check_key(&self) -> Result<(), Rejection> {
        let key = self.key()?;
        let Some(name) = self.headers.first(header::SIGNATURE_TYPE)? else { return Ok(()) };
        let named: SignatureType = name.parse().map_err(|_| Rejection::SignatureType)?;
        if named == key.signature_type() { Ok(()) } else { Err(Rejection::SignatureType) }
    }

    fn verify_signature(&self) -> Result<ProofKind, Rejection> {
        self.reject_probe()?;
        let signed = Signed {
            timestamp: self.headers.required(header::TIMESTAMP)?,
            nonce: self.headers.required(header::NONCE)?,
            serial: self.headers.required(header::SERIAL)?,
            signature: self.headers.required(header::SIGNATURE)?,
            body: self.body,
        };
        let verified = signed.verify(self.key()?).map_err(|_| Rejection::Signature)?;
        Ok(match verified.proof() {
            Proof::Sm2 { .. } => ProofKind::Sm2,
            _ => ProofKind::Rsa,
        })
    }

    /// Decrypts and classifies the content; `proof` is the request's.
    fn read(&self, proof: ProofKind) -> Result<Classification, Rejection> {
        let text =
            std::str::from_utf8(self.body).map_err(|_| Rejection::Envelope("the body is not UTF-8"))?;
        let doc = Doc::parse(text).map_err(|_| Rejection::Envelope("the body is not JSON"))?;
        let envelope =
            Envelope::read(&doc).map_err(|_| Rejection::Envelope("a part of the envelope is missing"))?;
        let sealed = &envelope.resource;
        let plaintext = decrypt(
            self.context.merchant,
            &sealed.algorithm,
            &sealed.nonce,
            &sealed.associated_data,
            &sealed.ciphertext,
        )?;
        let (plaintext, is_text) = match String::from_utf8(plaintext) {
            Ok(text) => (text, true),
            Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), false),
        };
        let resource = if is_text { Doc::parse(&plaintext).ok() } else { None };
        let (json, canonical_text) = match &resource {
            Some(doc) => (doc.compact(), canonical(doc.root())),
            None => (json_string(&plaintext).into(), json_string(&plaintext)),
        };
        let value = resource.as_ref().map(Doc::root);
        let fingerprint = Fingerprint::new(CANONICAL, wxhook_crypto::sha256(canonical_text.as_bytes()));
        self.context.classify(
            &Opened::v3(&envelope, value),
            Content {
                proof,
                id: Some(&envelope.id),
                aliases: &[("id", &envelope.id)],
                create_time: envelope.create_time.as_deref(),
                summary: envelope.summary.as_deref(),
                resource: &json,
                value,
                fingerprints: &[fingerprint],
                flags: if value.is_none() { vec![Flag::NotJson] } else { Vec::new() },
                hides_a_field: false,
            },
        )
    }
}

fn check_fresh(skew: i64) -> Result<i64, Rejection> {
    if skew.unsigned_abs() > MAX_SKEW { Err(Rejection::Stale(skew)) } else { Ok(skew) }
}

/// Decrypts what the platform encrypted with the API v3 key. Distinguishes the sender's faults from a wrong key.
pub(super) fn decrypt(
    merchant: &Merchant,
    algorithm: &str,
    nonce: &str,
    associated_data: &str,
    ciphertext: &str,
) -> Result<Vec<u8>, Rejection> {
    let sealed = BASE64_STANDARD
        .decode(ciphertext)
        .map_err(|_| Rejection::Envelope("the ciphertext is not base64"))?;
    if nonce.len() != 12 {
        return Err(Rejection::Envelope("the nonce is not 12 bytes"));
    }
    if sealed.len() < 16 {
        return Err(Rejection::Envelope("the ciphertext is truncated"));
    }
    let algorithm: AeadAlgorithm =
        algorithm.parse().map_err(|_| Rejection::Sealed("its algorithm is unknown"))?;
    let key = merchant.api_v3_key.as_ref().ok_or(Rejection::Sealed("this merchant has no api_v3_key"))?;
    key.open(algorithm, nonce.as_bytes(), associated_data.as_bytes(), sealed).map_err(|error| match error {
        CryptoError::TagMismatch => Rejection::Sealed("the api_v3_key does not decrypt it"),
        _ => Rejection::Envelope("it can't be decrypted"),
    })
}
