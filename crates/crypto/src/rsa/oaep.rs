//! RSAES-OAEP with SHA-1 and MGF1-SHA-1 (RFC 8017, section 7.1) by aws-lc-rs.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{
    KeyPair, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
};
use zeroize::Zeroizing;

use super::rejection;
use crate::Error;
use crate::pem::PrivateDer;

/// Both halves of a key of 2048 to 8192 bits. The library clears its numbers when it frees them.
pub(crate) struct OaepKey {
    private: OaepPrivateDecryptingKey,
    public: OaepPublicEncryptingKey,
}

impl OaepKey {
    pub(crate) fn from_der(der: &PrivateDer) -> Result<Self, Error> {
        let private = match der {
            PrivateDer::Pkcs8(der) => PrivateDecryptingKey::from_pkcs8(der),
            // The library reads PKCS#1 only for keys that sign.
            PrivateDer::Pkcs1(der) => {
                let pair = KeyPair::from_der(der).map_err(rejection)?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| Error::MalformedKey)?;
                PrivateDecryptingKey::from_pkcs8(der.as_ref())
            }
        }
        .map_err(rejection)?;
        Ok(Self {
            public: OaepPublicEncryptingKey::new(private.public_key()).map_err(|_| Error::MalformedKey)?,
            private: OaepPrivateDecryptingKey::new(private).map_err(|_| Error::MalformedKey)?,
        })
    }

    /// Decrypts a ciphertext. Returns `None` for every problem.
    pub(crate) fn decrypt(&self, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut buffer = Zeroizing::new(vec![0; self.private.min_output_size()]);
        let length = self.private.decrypt(&OAEP_SHA1_MGF1SHA1, ciphertext, &mut buffer, None).ok()?.len();
        buffer.truncate(length);
        Some(buffer)
    }

    /// Encrypts a plaintext. Returns `None` if it is too long.
    pub(crate) fn encrypt(&self, plaintext: &[u8]) -> Option<Vec<u8>> {
        let mut buffer = vec![0; self.public.ciphertext_size()];
        let length = self.public.encrypt(&OAEP_SHA1_MGF1SHA1, plaintext, &mut buffer, None).ok()?.len();
        buffer.truncate(length);
        Some(buffer)
    }
}
