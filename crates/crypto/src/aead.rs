//! The cipher of v3 resources.

use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::backend::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, Nonce, UnboundKey};
use crate::backend::error::Unspecified;

/// A cipher of v3 resources, as `resource.algorithm` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AeadAlgorithm {
    /// `AEAD_AES_256_GCM` (RFC 5116, section 5.2): 12-byte nonce, 16-byte tag.
    Aes256Gcm,
}

impl AeadAlgorithm {
    /// Returns the cipher's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "AEAD_AES_256_GCM",
        }
    }
}

impl fmt::Display for AeadAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AeadAlgorithm {
    type Err = Error;

    /// Parses the exact name; anything else is [`Error::UnknownAlgorithm`].
    fn from_str(name: &str) -> Result<Self, Error> {
        match name {
            "AEAD_AES_256_GCM" => Ok(Self::Aes256Gcm),
            _ => Err(Error::UnknownAlgorithm),
        }
    }
}

pub(crate) fn open(
    algorithm: AeadAlgorithm,
    key: &[u8; 32],
    nonce: &[u8],
    associated_data: &[u8],
    mut buffer: Vec<u8>,
) -> Result<Vec<u8>, Error> {
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::NonceLength)?;
    if buffer.len() < MAX_TAG_LEN {
        return Err(Error::CiphertextTooShort);
    }
    let length = cipher(algorithm, key)
        .and_then(|cipher| cipher.open_in_place(nonce, Aad::from(associated_data), &mut buffer))
        .map_err(|_| Error::TagMismatch)?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}

pub(crate) fn seal(
    algorithm: AeadAlgorithm,
    key: &[u8; 32],
    nonce: [u8; 12],
    associated_data: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, Error> {
    let mut buffer = Vec::with_capacity(plaintext.len().saturating_add(MAX_TAG_LEN));
    buffer.extend_from_slice(plaintext);
    let nonce = Nonce::assume_unique_for_key(nonce);
    cipher(algorithm, key)
        .and_then(|cipher| cipher.seal_in_place_append_tag(nonce, Aad::from(associated_data), &mut buffer))
        .map_err(|_| Error::PlaintextTooLong)?;
    Ok(buffer)
}

fn cipher(algorithm: AeadAlgorithm, key: &[u8; 32]) -> Result<LessSafeKey, Unspecified> {
    let algorithm = match algorithm {
        AeadAlgorithm::Aes256Gcm => &AES_256_GCM,
    };
    UnboundKey::new(algorithm, key).map(LessSafeKey::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

    #[test]
    fn only_the_exact_name_is_known() {
        assert_eq!(AeadAlgorithm::Aes256Gcm.as_str().parse(), Ok(AeadAlgorithm::Aes256Gcm));
        assert_eq!(AeadAlgorithm::Aes256Gcm.to_string(), "AEAD_AES_256_GCM");
        for name in ["", "aead_aes_256_gcm", "AEAD_AES_256_GCM ", "AEAD_SM4_128_GCM", "AES_256_GCM"] {
            assert_eq!(name.parse::<AeadAlgorithm>(), Err(Error::UnknownAlgorithm), "{name:?}");
        }
    }

    #[test]
    fn lengths_are_refused_by_name() {
        let sealed = seal(AeadAlgorithm::Aes256Gcm, KEY, *b"twelve bytes", b"", b"").unwrap();
        assert_eq!(sealed.len(), 16);
        let open =
            |nonce: &[u8], sealed: &[u8]| open(AeadAlgorithm::Aes256Gcm, KEY, nonce, b"", sealed.to_vec());
        assert_eq!(open(b"twelve bytes", &sealed), Ok(vec![]));
        for nonce in [&b""[..], b"eleven byte", b"thirteen byte", b"sixteen bytes ok"] {
            assert_eq!(open(nonce, &sealed), Err(Error::NonceLength));
        }
        for length in 0..16 {
            assert_eq!(open(b"twelve bytes", &sealed[..length]), Err(Error::CiphertextTooShort));
        }
    }
}
