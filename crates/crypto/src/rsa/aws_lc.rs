//! Verification by aws-lc-rs, which reads a key once; ring reads it for every signature.

use crate::Error;
use crate::pem::PrivateDer;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use std::sync::Arc;

/// A key that ring's rules let through.
#[derive(Clone)]
pub(super) struct Verifier(Arc<ParsedPublicKey>);

impl Verifier {
    /// Reads DER of PKCS#1's `RSAPublicKey`.
    pub(super) fn from_pkcs1(der: &[u8]) -> Result<Self, Error> {
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).map_err(|_| Error::MalformedKey)?;
        Ok(Self(Arc::new(key)))
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        self.0.verify_sig(message, signature).map_err(|_| Error::BadSignature)
    }
}

/// Checks all numbers of a private key against each other, also the private exponent, which ring doesn't use.
pub(super) fn check(der: &PrivateDer) -> Result<(), Error> {
    match der {
        PrivateDer::Pkcs8(der) => KeyPair::from_pkcs8(der),
        PrivateDer::Pkcs1(der) => KeyPair::from_der(der),
    }
    .map_err(super::rejection)
    .map(drop)
}
