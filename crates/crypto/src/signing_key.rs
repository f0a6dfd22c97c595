//! Private keys for signing.

use std::fmt;

use crate::{Error, PlatformKey, pem, rsa};

/// An RSA private key for signing: a merchant's, for requests, or the platform's, for simulations.
///
/// `Debug` doesn't show it.
pub struct SigningKey(rsa::PrivateKey);

impl SigningKey {
    /// Reads a key from PEM text: `PRIVATE KEY` (PKCS#8) or `RSA PRIVATE KEY` (PKCS#1), 2048 to 4096 bits.
    ///
    /// The bytes decoded from `pem` are cleared; the text itself is the caller's to clear.
    ///
    /// # Errors
    /// [`Error::Pem`] for unreadable text, an encrypted key, a public key or certificate, and for several sections;
    /// [`Error::NotRsa`], [`Error::KeyTooSmall`], [`Error::KeyTooLarge`] and [`Error::MalformedKey`] for the key
    /// itself.
    pub fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        rsa::PrivateKey::from_der(&pem::private_key(pem)?).map(Self)
    }

    /// Returns the raw signature over `message`, RSA PKCS#1 v1.5 with SHA-256 (RFC 8017, section 8.2). It is as long as
    /// the modulus.
    ///
    /// # Errors
    /// Returns [`Error::Signing`] if the system provides no randomness. It blinds the computation; the signature is
    /// deterministic.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.0.sign(message)
    }

    /// Returns the public half, which verifies signatures of this key.
    pub fn public_key(&self) -> PlatformKey {
        PlatformKey::from_rsa(self.0.public_key())
    }

    #[cfg(all(test, feature = "aws-lc-rs", feature = "ring"))]
    pub(crate) fn rsa(&self) -> &rsa::PrivateKey {
        &self.0
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").finish_non_exhaustive()
    }
}
