//! RSA (RFC 8017): PKCS#1 v1.5 signatures with SHA-256 and, with the feature `aws-lc-rs`, OAEP.

#[cfg(feature = "aws-lc-rs")]
mod oaep;

#[cfg(feature = "aws-lc-rs")]
pub(crate) use oaep::OaepKey;

use std::fmt::Display;
use std::sync::Arc;

use x509_cert::der::asn1::UintRef;
use x509_cert::der::{self, Decode, Reader, SliceReader};

use crate::Error;
use crate::backend::rand::{SecureRandom as _, SystemRandom};
#[cfg(feature = "aws-lc-rs")]
use crate::backend::signature::ParsedPublicKey;
#[cfg(not(feature = "aws-lc-rs"))]
use crate::backend::signature::RsaPublicKeyComponents;
use crate::backend::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair};
use crate::pem::PrivateDer;

/// Length in bytes of the largest modulus, and therefore of the longest signature.
pub(crate) const MAX_SIGNATURE_LEN: usize = 1024;

const MIN_MODULUS_BITS: usize = 2048;

/// A public key of 2048 to 8192 bits whose numbers are in range.
///
/// aws-lc-rs reads a key once; ring reads it for every signature.
#[derive(Clone)]
pub(crate) struct PublicKey(
    #[cfg(feature = "aws-lc-rs")] Arc<ParsedPublicKey>,
    #[cfg(not(feature = "aws-lc-rs"))] Arc<RsaPublicKeyComponents<Box<[u8]>>>,
);

impl PublicKey {
    /// Parses DER of PKCS#1's `RSAPublicKey`.
    pub(crate) fn from_pkcs1(der: &[u8]) -> Result<Self, Error> {
        let (modulus, exponent) = numbers(der).map_err(|_| Error::MalformedKey)?;
        check(modulus, exponent)?;
        #[cfg(feature = "aws-lc-rs")]
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).map_err(|_| Error::MalformedKey)?;
        #[cfg(not(feature = "aws-lc-rs"))]
        let key = RsaPublicKeyComponents { n: modulus.into(), e: exponent.into() };
        Ok(Self(Arc::new(key)))
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        #[cfg(feature = "aws-lc-rs")]
        let verified = self.0.verify_sig(message, signature);
        #[cfg(not(feature = "aws-lc-rs"))]
        let verified = self.0.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature);
        verified.map_err(|_| Error::BadSignature)
    }
}

/// Parses `RSAPublicKey`: modulus and exponent, big-endian without leading zeros.
pub(crate) fn numbers(der: &[u8]) -> der::Result<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(der)?;
    let (modulus, exponent) = reader
        .sequence(|reader| Ok::<_, der::Error>((UintRef::decode(reader)?, UintRef::decode(reader)?)))?;
    reader.finish()?;
    Ok((modulus.as_bytes(), exponent.as_bytes()))
}

/// Checks big-endian numbers without leading zeros, so that a key that could verify nothing is rejected here.
fn check(modulus: &[u8], exponent: &[u8]) -> Result<(), Error> {
    if bits(modulus) < MIN_MODULUS_BITS {
        return Err(Error::KeyTooSmall);
    }
    if modulus.len() > MAX_SIGNATURE_LEN {
        return Err(Error::KeyTooLarge);
    }
    let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    if !is_odd(modulus) || !is_odd(exponent) || !(2..=33).contains(&bits(exponent)) {
        return Err(Error::MalformedKey);
    }
    Ok(())
}

/// A private key of 2048 to 4096 bits. The library holds the numbers and doesn't clear them.
pub(crate) struct PrivateKey {
    pair: RsaKeyPair,
    public: PublicKey,
    signature_len: usize,
}

impl PrivateKey {
    pub(crate) fn from_der(der: &PrivateDer) -> Result<Self, Error> {
        let pair = match der {
            PrivateDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der),
            PrivateDer::Pkcs1(der) => RsaKeyPair::from_der(der),
        }
        .map_err(rejection)?;
        let public = PublicKey::from_pkcs1(pair.public_key().as_ref())?;
        let (modulus, _) = numbers(pair.public_key().as_ref()).map_err(|_| Error::MalformedKey)?;
        let key = Self { signature_len: modulus.len(), pair, public };
        key.try_out()?;
        Ok(key)
    }

    /// Signs a message and verifies it, since ring doesn't check that the exponents match the rest of the key.
    fn try_out(&self) -> Result<(), Error> {
        const MESSAGE: &[u8] = b"wxhook";
        // Without randomness no key can sign.
        SystemRandom::new().fill(&mut [0]).map_err(|_| Error::Signing)?;
        let signature = self.sign(MESSAGE).map_err(|_| Error::MalformedKey)?;
        self.public.verify(MESSAGE, &signature).map_err(|_| Error::MalformedKey)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.signature_len];
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
        check(&modulus, exponent)
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

    #[cfg(all(feature = "aws-lc-rs", feature = "ring"))]
    #[test]
    fn both_libraries_agree() {
        let pem = std::process::Command::new("openssl").args(["genrsa", "2048"]).output().unwrap().stdout;
        let private = crate::SigningKey::from_pem(&pem).unwrap();
        let signature = private.sign(b"message").unwrap();
        let public = private.rsa().public_key();
        let der = private.rsa().pair.public_key().as_ref();
        let (n, e) = numbers(der).unwrap();
        let components = ring::signature::RsaPublicKeyComponents { n, e };
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
            assert_eq!(
                components.verify(&ring::signature::RSA_PKCS1_2048_8192_SHA256, message, &signature).is_ok(),
                good
            );
        }
    }

    #[test]
    fn a_modulus_just_under_2048_bits_is_too_small() {
        let mut modulus = [0xff; 256];
        modulus[0] = 0x7f;
        assert_eq!(bits(&modulus), 2047);
        assert_eq!(check(&modulus, &[1, 0, 1]), Err(Error::KeyTooSmall));
    }

    #[test]
    fn integers_are_positive_and_minimal() {
        let read = |integer: &[u8]| UintRef::from_der(integer).map(|number| number.as_bytes().to_vec());
        assert_eq!(read(&[2, 2, 0, 0x80]), Ok(vec![0x80]));
        assert_eq!(read(&[2, 2, 0x7f, 0]), Ok(vec![0x7f, 0]));
        for integer in [&[2, 0][..], &[2, 2, 0, 1], &[2, 3, 0, 0, 0x80], &[2, 1, 0x80]] {
            assert!(read(integer).is_err(), "{integer:?}");
        }
    }
}
