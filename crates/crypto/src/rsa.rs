//! RSA (RFC 8017), and the only place that names the libraries which compute it.
//!
//! Signatures are PKCS#1 v1.5 with SHA-256: ring reads keys and signs; verification is ring's, or with the feature
//! `aws-lc-rs` that library's. Encryption is OAEP, which only that library has.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
#[cfg(feature = "aws-lc-rs")]
mod oaep;

#[cfg(feature = "aws-lc-rs")]
pub(crate) use oaep::OaepKey;

use std::fmt::Display;

use ring::rand::{SecureRandom as _, SystemRandom};
#[cfg(any(test, not(feature = "aws-lc-rs")))]
use ring::signature::RSA_PKCS1_2048_8192_SHA256;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::RSAPublicKey;

use crate::Error;
use crate::pem::PrivateDer;

/// Bytes of the largest modulus, and so of the longest signature.
pub(crate) const MAX_SIGNATURE_LEN: usize = 1024;

const MIN_MODULUS_BITS: usize = 2048;

/// A public key of 2048 to 8192 bits whose numbers are in range.
#[derive(Clone)]
pub(crate) struct PublicKey {
    #[cfg_attr(all(feature = "aws-lc-rs", not(test)), expect(dead_code, reason = "ring's half rests"))]
    components: RsaPublicKeyComponents<Box<[u8]>>,
    #[cfg(feature = "aws-lc-rs")]
    verifier: aws_lc::Verifier,
}

impl PublicKey {
    /// Reads DER of PKCS#1's `RSAPublicKey`.
    pub(crate) fn from_pkcs1(der: &[u8]) -> Result<Self, Error> {
        let Ok(([], key)) = RSAPublicKey::from_der(der) else { return Err(Error::MalformedKey) };
        Ok(Self {
            components: components(magnitude(key.modulus)?, magnitude(key.exponent)?)?,
            #[cfg(feature = "aws-lc-rs")]
            verifier: aws_lc::Verifier::from_pkcs1(der)?,
        })
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        #[cfg(feature = "aws-lc-rs")]
        return self.verifier.verify(message, signature);
        #[cfg(not(feature = "aws-lc-rs"))]
        self.verify_with_ring(message, signature)
    }

    #[cfg(any(test, not(feature = "aws-lc-rs")))]
    fn verify_with_ring(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let verified = self.components.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature);
        verified.map_err(|_| Error::BadSignature)
    }

    #[cfg(test)]
    pub(crate) fn components(&self) -> (&[u8], &[u8]) {
        (&self.components.n, &self.components.e)
    }
}

/// Takes big-endian numbers without leading zeros. What would fail in every verification fails here.
fn components(modulus: &[u8], exponent: &[u8]) -> Result<RsaPublicKeyComponents<Box<[u8]>>, Error> {
    if bits(modulus) < MIN_MODULUS_BITS {
        return Err(Error::KeyTooSmall);
    }
    if modulus.len() > MAX_SIGNATURE_LEN {
        return Err(Error::KeyTooLarge);
    }
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    if !odd(modulus) || !odd(exponent) || !(2..=33).contains(&bits(exponent)) {
        return Err(Error::MalformedKey);
    }
    Ok(RsaPublicKeyComponents { n: modulus.into(), e: exponent.into() })
}

/// A private key of 2048 to 4096 bits. The library holds the numbers and doesn't clear them.
pub(crate) struct PrivateKey {
    pair: RsaKeyPair,
    public: PublicKey,
}

impl PrivateKey {
    pub(crate) fn from_der(der: &PrivateDer) -> Result<Self, Error> {
        let pair = match der {
            PrivateDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der),
            PrivateDer::Pkcs1(der) => RsaKeyPair::from_der(der),
        }
        .map_err(rejection)?;
        let public = PublicKey::from_pkcs1(pair.public().as_ref())?;
        #[cfg(feature = "aws-lc-rs")]
        aws_lc::check(der)?;
        let key = Self { pair, public };
        key.try_out()?;
        Ok(key)
    }

    /// Signs something and verifies it: ring doesn't look whether the exponents belong to the rest of the key.
    fn try_out(&self) -> Result<(), Error> {
        const MESSAGE: &[u8] = b"wxhook";
        // Without randomness no key could sign.
        SystemRandom::new().fill(&mut [0]).map_err(|_| Error::Signing)?;
        let signature = self.sign(MESSAGE).map_err(|_| Error::MalformedKey)?;
        self.public.verify(MESSAGE, &signature).map_err(|_| Error::MalformedKey)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| Error::Signing)?;
        Ok(signature)
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        self.public.clone()
    }
}

/// Both libraries name the reason in their text only, with the same words.
fn rejection(rejected: impl Display) -> Error {
    match rejected.to_string().as_str() {
        "WrongAlgorithm" => Error::NotRsa,
        "TooSmall" => Error::KeyTooSmall,
        "TooLarge" => Error::KeyTooLarge,
        _ => Error::MalformedKey,
    }
}

/// The bytes of a non-negative DER integer without its sign byte.
fn magnitude(integer: &[u8]) -> Result<&[u8], Error> {
    match integer {
        [0, digits @ ..] if digits.first().is_some_and(|byte| *byte >= 0x80) => Ok(digits),
        [1..=0x7f, ..] => Ok(integer),
        _ => Err(Error::MalformedKey),
    }
}

fn bits(magnitude: &[u8]) -> usize {
    magnitude
        .split_first()
        .and_then(|(first, rest)| {
            (8 * rest.len()).checked_add(usize::try_from(8 - first.leading_zeros()).ok()?)
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(modulus_len: usize, last: u8, exponent: &[u8]) -> Result<(), Error> {
        let mut modulus = vec![0xff; modulus_len];
        if let Some(byte) = modulus.last_mut() {
            *byte = last;
        }
        components(&modulus, exponent).map(|_| ())
    }

    #[test]
    fn sizes_and_exponents_have_bounds() {
        assert_eq!(key(256, 0xff, &[1, 0, 1]), Ok(()));
        assert_eq!(key(256, 0xff, &[3]), Ok(()));
        assert_eq!(key(1024, 0xff, &[1, 0, 1]), Ok(()));
        assert_eq!(key(0, 0xff, &[1, 0, 1]), Err(Error::KeyTooSmall));
        assert_eq!(key(255, 0xff, &[1, 0, 1]), Err(Error::KeyTooSmall));
        assert_eq!(key(1025, 0xff, &[1, 0, 1]), Err(Error::KeyTooLarge));
        assert_eq!(key(256, 0xfe, &[1, 0, 1]), Err(Error::MalformedKey));
        for exponent in [&[][..], &[1], &[2], &[1, 0, 0], &[2, 0, 0, 0, 1]] {
            assert_eq!(key(256, 0xff, exponent), Err(Error::MalformedKey), "{exponent:?}");
        }
    }

    #[cfg(feature = "aws-lc-rs")]
    #[test]
    fn both_libraries_agree() {
        let pem = std::process::Command::new("openssl").args(["genrsa", "2048"]).output().unwrap().stdout;
        let private = crate::SigningKey::from_pem(&pem).unwrap();
        let signature = private.sign(b"message").unwrap();
        let public = private.rsa().public_key();
        for (message, place) in (0..signature.len()).map(|place| (&b"message"[..], Some(place))).chain([
            (&b"message"[..], None),
            (&b"massage"[..], None),
            (&b""[..], None),
        ]) {
            let mut signature = signature.clone();
            if let Some(place) = place {
                signature[place] ^= 1;
            }
            let good = place.is_none() && message == b"message";
            assert_eq!(public.verify(message, &signature).is_ok(), good);
            assert_eq!(public.verify_with_ring(message, &signature).is_ok(), good);
        }
    }

    #[test]
    fn a_modulus_just_under_2048_bits_is_too_small() {
        let mut modulus = [0xff; 256];
        modulus[0] = 0x7f;
        assert_eq!(bits(&modulus), 2047);
        assert_eq!(components(&modulus, &[1, 0, 1]).map(|_| ()), Err(Error::KeyTooSmall));
    }

    #[test]
    fn integers_are_positive_and_minimal() {
        assert_eq!(magnitude(&[0, 0x80]), Ok(&[0x80][..]));
        assert_eq!(magnitude(&[0x7f, 0]), Ok(&[0x7f, 0][..]));
        for integer in [&[][..], &[0], &[0, 1], &[0, 0, 0x80], &[0x80]] {
            assert_eq!(magnitude(integer), Err(Error::MalformedKey), "{integer:?}");
        }
    }
}
