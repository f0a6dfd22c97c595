//! The two symmetric keys of a merchant.

use std::fmt;

use zeroize::Zeroizing;

use crate::{AeadAlgorithm, Error, aead};

/// Bytes of either API key.
const LEN: usize = 32;

/// A merchant's APIv3 key: 32 bytes, the key of the AEAD that encrypts v3 resources and platform certificates.
///
/// Cleared from memory when dropped; `Debug` doesn't show it.
#[derive(Clone)]
pub struct ApiV3Key(Zeroizing<[u8; LEN]>);

impl ApiV3Key {
    /// The key from its text, byte for byte.
    ///
    /// # Errors
    /// [`Error::KeyLength`] unless there are exactly 32 bytes (a line break at the end counts as one).
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        exact(bytes).map(Self)
    }

    /// Opens `ciphertext ‖ 16-byte tag` in place and returns the plaintext.
    ///
    /// `nonce` and `associated_data` are the bytes of the fields as text, `ciphertext_and_tag` is the field decoded from
    /// base64. Associated data may be empty and of any length.
    ///
    /// # Errors
    /// [`Error::NonceLength`] unless the nonce has 12 bytes, [`Error::CiphertextTooShort`] below 16 bytes,
    /// [`Error::TagMismatch`] when key, nonce, associated data and ciphertext don't belong together.
    pub fn open(
        &self,
        algorithm: AeadAlgorithm,
        nonce: &[u8],
        associated_data: &[u8],
        ciphertext_and_tag: Vec<u8>,
    ) -> Result<Vec<u8>, Error> {
        aead::open(algorithm, &self.0, nonce, associated_data, ciphertext_and_tag)
    }

    /// Seals `plaintext` into `ciphertext ‖ 16-byte tag`; what the platform does, for simulators and tests.
    ///
    /// A nonce must never be used twice with one key.
    ///
    /// # Errors
    /// [`Error::PlaintextTooLong`] beyond what the cipher can take (about 64 GiB).
    pub fn seal(
        &self,
        algorithm: AeadAlgorithm,
        nonce: &[u8; 12],
        associated_data: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        aead::seal(algorithm, &self.0, *nonce, associated_data, plaintext)
    }

    /// The same bytes taken for the other key: to find out whether the two were mixed up.
    pub fn as_v2(&self) -> ApiV2Key {
        ApiV2Key(self.0.clone())
    }

    /// Returns whether it is letters and digits, as the merchant platform asks for.
    pub fn is_alphanumeric(&self) -> bool {
        self.0.iter().all(u8::is_ascii_alphanumeric)
    }
}

impl fmt::Debug for ApiV3Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiV3Key").finish_non_exhaustive()
    }
}

/// A merchant's API v2 key: 32 bytes, the key of the v2 `sign` and, by its MD5, of v2 refunds.
///
/// Cleared from memory when dropped; `Debug` doesn't show it.
#[derive(Clone)]
pub struct ApiV2Key(Zeroizing<[u8; LEN]>);

impl ApiV2Key {
    /// The key from its text, byte for byte.
    ///
    /// # Errors
    /// [`Error::KeyLength`] unless there are exactly 32 bytes (a line break at the end counts as one).
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        exact(bytes).map(Self)
    }

    /// The same bytes taken for the other key: to find out whether the two were mixed up.
    pub fn as_v3(&self) -> ApiV3Key {
        ApiV3Key(self.0.clone())
    }

    /// Returns whether it is letters and digits, as the merchant platform asks for.
    pub fn is_alphanumeric(&self) -> bool {
        self.0.iter().all(u8::is_ascii_alphanumeric)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl fmt::Debug for ApiV2Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiV2Key").finish_non_exhaustive()
    }
}

fn exact(bytes: &[u8]) -> Result<Zeroizing<[u8; LEN]>, Error> {
    if bytes.len() != LEN {
        return Err(Error::KeyLength { expected: LEN, found: bytes.len() });
    }
    let mut key = Zeroizing::new([0; LEN]);
    key.copy_from_slice(bytes);
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_can_be_taken_for_the_other() {
        let (v3, v2) = (ApiV3Key::new(&[b'k'; 32]).unwrap(), ApiV2Key::new(&[b'k'; 32]).unwrap());
        assert_eq!((v3.as_v2().as_bytes(), v2.as_v3().0.as_slice()), (&[b'k'; 32][..], &[b'k'; 32][..]));
        assert!(v3.is_alphanumeric() && v2.is_alphanumeric());
        let blank = *b"0123456789abcdef 123456789abcdef";
        assert!(!ApiV3Key::new(&blank).unwrap().is_alphanumeric());
        assert!(!ApiV2Key::new(&blank).unwrap().is_alphanumeric());
    }

    #[test]
    fn a_key_has_exactly_32_bytes() {
        assert!(ApiV3Key::new(&[b'k'; 32]).is_ok());
        assert!(ApiV2Key::new(&[b'k'; 32]).is_ok());
        for found in [0, 16, 24, 31, 33, 64] {
            let bytes = vec![b'k'; found];
            let expected = Error::KeyLength { expected: 32, found };
            assert_eq!(ApiV3Key::new(&bytes).unwrap_err(), expected);
            assert_eq!(ApiV2Key::new(&bytes).unwrap_err(), expected);
            assert_eq!(expected.to_string(), format!("the key has {found} bytes, not 32"));
        }
    }
}
