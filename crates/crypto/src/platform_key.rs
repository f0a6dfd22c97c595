//! Public keys of the platform.

use std::fmt;

use crate::certificate::{self, Facts};
use crate::pem::{self, Label};
use crate::{Error, SignatureType, rsa};

/// A public key with which the platform's signatures are verified: a "WeChat Pay public key" or the key of a platform
/// certificate.
///
/// The key is parsed once. Its id isn't part of it, since a bare public key has none: the caller chooses the key by
/// `Wechatpay-Serial`. `Debug` shows only the kind of key.
#[derive(Clone)]
pub struct PlatformKey {
    rsa: rsa::PublicKey,
    certificate: Option<Facts>,
}

impl PlatformKey {
    /// Reads a key from PEM text: `PUBLIC KEY` (X.509 SubjectPublicKeyInfo), `RSA PUBLIC KEY` (PKCS#1) or
    /// `CERTIFICATE` (X.509).
    ///
    /// Text around the section is ignored; more than one section is rejected. Neither the issuer of a certificate nor
    /// its validity is checked here (see [`not_after`](Self::not_after)).
    ///
    /// # Errors
    /// [`Error::Pem`] for unreadable text, for a private key, and for several sections; [`Error::Certificate`] for an
    /// unreadable certificate; [`Error::NotRsa`], [`Error::KeyTooSmall`] (under 2048 bits), [`Error::KeyTooLarge`]
    /// (over 8192) and [`Error::MalformedKey`] for the key itself.
    pub fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        let (label, der) = pem::section(pem)?;
        match label {
            Label::Certificate => {
                let (rsa, facts) = certificate::parse(&der)?;
                Ok(Self { rsa, certificate: Some(facts) })
            }
            Label::PublicKey => certificate::parse_spki(&der).map(Self::from_rsa),
            Label::RsaPublicKey => rsa::PublicKey::from_pkcs1(&der).map(Self::from_rsa),
            Label::PrivateKey | Label::RsaPrivateKey => {
                Err(Error::Pem("this is a private key where a public key or certificate is wanted"))
            }
        }
    }

    /// Returns a certificate's serial number in uppercase hex, as in `openssl x509 -serial` and `Wechatpay-Serial`, or
    /// `None` for a bare public key, which doesn't contain its `PUB_KEY_ID_…`.
    pub fn serial(&self) -> Option<&str> {
        self.certificate.as_ref().map(|facts| &*facts.serial)
    }

    /// Returns the common name of a certificate's subject, which isn't verified, or `None` for a bare public key.
    ///
    /// The platform's own certificates have `Tenpay.com sign`; a merchant's has the merchant's number.
    pub fn common_name(&self) -> Option<&str> {
        self.certificate.as_ref()?.common_name.as_deref()
    }

    /// Returns the start of a certificate's validity in seconds since the Unix epoch, or `None` for a bare public key.
    pub fn not_before(&self) -> Option<i64> {
        self.certificate.as_ref().map(|facts| facts.not_before)
    }

    /// Returns the end of a certificate's validity in seconds since the Unix epoch, or `None` for a bare public key.
    pub fn not_after(&self) -> Option<i64> {
        self.certificate.as_ref().map(|facts| facts.not_after)
    }

    /// Returns the suite of signatures made with this key.
    pub fn signature_type(&self) -> SignatureType {
        SignatureType::Rsa2048Sha256
    }

    pub(crate) fn from_rsa(rsa: rsa::PublicKey) -> Self {
        Self { rsa, certificate: None }
    }

    /// Checks a raw signature over `message`.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        self.rsa.verify(message, signature)
    }
}

impl fmt::Debug for PlatformKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlatformKey").field("signature_type", &self.signature_type()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use x509_cert::Certificate;
    use x509_cert::der::Decode;

    struct Vector {
        key: PlatformKey,
        pem: String,
        serial: String,
        message: Vec<u8>,
        signature: String,
    }

    /// The published RSA vectors; they sign a bare message, which only this crate's inside can verify.
    fn vectors() -> Vec<Vector> {
        let text = include_str!("../tests/data/vectors.json");
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        let vectors = json["rsa_sha256"].as_array().unwrap();
        assert!(!vectors.is_empty());
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let read = |vector: &serde_json::Value| Vector {
            key: PlatformKey::from_pem(text(&vector["certificate_pem"]).as_bytes()).unwrap(),
            pem: text(&vector["certificate_pem"]),
            serial: text(&vector["serial"]),
            message: text(&vector["message"]).into_bytes(),
            signature: text(&vector["signature"]),
        };
        vectors.iter().map(read).collect()
    }

    fn check(key: &PlatformKey, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let signature = BASE64_STANDARD.decode(signature).map_err(|_| Error::SignatureEncoding)?;
        key.verify(message, &signature)
    }

    /// Every one-bit change of `bytes`, one bit of each byte in turn.
    fn mutations(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
        (0..bytes.len()).map(|at| {
            let mut mutated = bytes.to_vec();
            mutated[at] ^= 1 << (at % 8);
            mutated
        })
    }

    #[test]
    fn published_signatures_pass_and_their_mutations_do_not() {
        for vector in vectors() {
            let signature = vector.signature.as_bytes();
            assert_eq!(check(&vector.key, &vector.message, signature), Ok(()));
            assert_eq!(vector.key.serial(), Some(&*vector.serial));
            for message in mutations(&vector.message) {
                assert_eq!(check(&vector.key, &message, signature), Err(Error::BadSignature));
            }
            for mutated in mutations(signature) {
                assert!(check(&vector.key, &vector.message, &mutated).is_err());
            }
            for mutated in mutations(&BASE64_STANDARD.decode(signature).unwrap()) {
                assert_eq!(vector.key.verify(&vector.message, &mutated), Err(Error::BadSignature));
            }
        }
    }

    #[test]
    fn a_mutated_key_verifies_nothing() {
        for vector in vectors() {
            let signature = BASE64_STANDARD.decode(&vector.signature).unwrap();
            let (_, der) = pem::section(vector.pem.as_bytes()).unwrap();
            let certificate = Certificate::from_der(&der).unwrap();
            let key = &certificate.tbs_certificate().subject_public_key_info().subject_public_key;
            let (modulus, exponent) = rsa::numbers(key.raw_bytes()).unwrap();
            let mut tried = 0;
            for part in [modulus, exponent] {
                let at = der.windows(part.len()).position(|window| window == part).unwrap();
                for mutated in mutations(part) {
                    let mut der = der.to_vec();
                    der[at..at + part.len()].copy_from_slice(&mutated);
                    let result =
                        certificate::parse(&der).and_then(|(rsa, _)| rsa.verify(&vector.message, &signature));
                    assert!(result.is_err());
                    tried += 1;
                }
            }
            assert_eq!(tried, 256 + 3);
        }
    }

    #[test]
    fn a_certificate_tells_its_time() {
        let vector = &vectors()[0];
        // 2022-05-10 01:57:10 UTC and 2025-05-09 01:57:10 UTC
        assert_eq!(vector.key.not_before(), Some(1_652_147_830));
        assert_eq!(vector.key.not_after(), Some(1_746_755_830));
        assert_eq!(vector.key.signature_type(), SignatureType::Rsa2048Sha256);
    }

    #[test]
    fn a_truncated_or_extended_certificate_is_refused() {
        let (_, der) = pem::section(vectors()[0].pem.as_bytes()).unwrap();
        assert!(certificate::parse(&der).is_ok());
        for length in 0..der.len() {
            assert!(certificate::parse(&der[..length]).is_err());
        }
        let extended = [der.as_slice(), &[0]].concat();
        assert!(certificate::parse(&extended).is_err());
    }
}
