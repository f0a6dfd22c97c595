//! Single fields that are encrypted to the merchant.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use crate::rsa::OaepKey;
use crate::{Error, pem};

/// A merchant's own RSA private key, which opens fields that the platform encrypted with its public half.
///
/// Only with the feature `aws-lc-rs`. Cleared from memory when dropped; `Debug` doesn't show it.
pub struct MerchantKey(OaepKey);

impl MerchantKey {
    /// Reads a key from PEM text: `PRIVATE KEY` (PKCS#8) or `RSA PRIVATE KEY` (PKCS#1), 2048 to 8192 bits.
    ///
    /// The bytes decoded from `pem` are cleared; the text itself is the caller's to clear.
    ///
    /// # Errors
    /// As [`SigningKey::from_pem`](crate::SigningKey::from_pem).
    pub fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        OaepKey::from_der(&pem::private_key(pem)?).map(Self)
    }

    /// Opens a field: base64 of RSAES-OAEP with SHA-1 and MGF1-SHA-1 and an empty label (RFC 8017, section 7.1).
    ///
    /// Anybody who has the merchant's certificate can encrypt a field: it proves nothing about where it came from.
    ///
    /// # Errors
    /// [`Error::Field`] for whatever is wrong: base64, length, key, padding and text that isn't UTF-8 give one and the same
    /// error.
    pub fn open(&self, ciphertext_base64: &str) -> Result<FieldText, Error> {
        let ciphertext = BASE64_STANDARD.decode(ciphertext_base64).map_err(|_| Error::Field)?;
        let plaintext = self.0.decrypt(&ciphertext).ok_or(Error::Field)?;
        let text = str::from_utf8(&plaintext).map_err(|_| Error::Field)?;
        Ok(FieldText(Zeroizing::new(text.to_owned())))
    }

    /// Seals a field with the public half, another ciphertext each time; what the platform does, for simulators and tests.
    ///
    /// # Errors
    /// [`Error::FieldTooLong`] beyond the key's length less 42 bytes.
    pub fn seal(&self, plaintext: &str) -> Result<String, Error> {
        let ciphertext = self.0.encrypt(plaintext.as_bytes()).ok_or(Error::FieldTooLong)?;
        Ok(BASE64_STANDARD.encode(ciphertext))
    }
}

impl fmt::Debug for MerchantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MerchantKey").finish_non_exhaustive()
    }
}

/// The content of an encrypted field: a name, a number of an identity card or an account.
///
/// Cleared from memory when dropped; `Debug` doesn't show it.
pub struct FieldText(Zeroizing<String>);

impl FieldText {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for FieldText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldText").finish_non_exhaustive()
    }
}
