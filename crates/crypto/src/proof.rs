//! Verified and decrypted values.

use std::fmt;
use std::sync::Arc;

/// A verified value and its proof.
///
/// It has no public constructor and its value can't be changed: this crate has verified these very bytes or fields.
/// `Debug` shows the proof only.
#[derive(Clone)]
pub struct Verified<T> {
    value: T,
    proof: Proof,
}

impl<T> Verified<T> {
    pub(crate) fn new(value: T, proof: Proof) -> Self {
        Self { value, proof }
    }

    /// Returns the verified value.
    pub fn get(&self) -> &T {
        &self.value
    }

    /// Returns what the value was verified with.
    pub fn proof(&self) -> &Proof {
        &self.proof
    }

    /// Returns the value without its proof.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Returns the value and its proof.
    pub fn into_parts(self) -> (T, Proof) {
        (self.value, self.proof)
    }
}

impl<T> fmt::Debug for Verified<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("proof", &self.proof).finish_non_exhaustive()
    }
}

/// A decrypted value that nothing vouches for: the content of a v2 refund.
///
/// Its cipher mode (ECB) is malleable: blocks can be altered, swapped or dropped and it still decrypts. Compare the refund
/// number and the amounts with your own records. `Debug` doesn't show the value.
#[derive(Clone)]
pub struct Decrypted<T>(T);

impl<T> Decrypted<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the unverified value.
    pub fn get(&self) -> &T {
        &self.0
    }

    /// Returns the unverified value alone.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Decrypted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decrypted").finish_non_exhaustive()
    }
}

/// The proof of a [`Verified`] value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Proof {
    /// A v3 signature, RSA PKCS#1 v1.5 with SHA-256.
    Rsa {
        /// Serial number or public key id of the platform key, as the caller chose it.
        serial: Arc<str>,
    },
    /// A v3 signature of the national suite, SM2 with SM3.
    Sm2 {
        /// Serial number or public key id of the platform key, as the caller chose it.
        serial: Arc<str>,
    },
    /// A v2 `sign`, HMAC-SHA256 with the API v2 key.
    Hmac,
    /// A v2 `sign`, MD5 over the fields and the API v2 key.
    Md5,
}

impl Proof {
    /// Returns the serial of the signing key, for a v3 signature.
    pub fn serial(&self) -> Option<&str> {
        match self {
            Self::Rsa { serial } | Self::Sm2 { serial } => Some(serial),
            Self::Hmac | Self::Md5 => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_proof_and_not_the_value() {
        let shown = format!("{:?}", Verified::new("the body", Proof::Rsa { serial: "5F1C".into() }));
        assert!(shown.contains("5F1C"), "{shown}");
        assert!(!shown.contains("body"), "{shown}");
    }

    #[test]
    fn parts_come_out_as_they_went_in() {
        let verified = Verified::new(7, Proof::Hmac);
        assert_eq!((verified.get(), verified.proof()), (&7, &Proof::Hmac));
        assert_eq!(verified.clone().into_inner(), 7);
        assert_eq!(verified.into_parts(), (7, Proof::Hmac));
    }

    #[test]
    fn only_v3_proofs_have_a_serial() {
        let proofs = [
            (Proof::Rsa { serial: "a".into() }, Some("a")),
            (Proof::Sm2 { serial: "b".into() }, Some("b")),
            (Proof::Hmac, None),
            (Proof::Md5, None),
        ];
        for (proof, serial) in proofs {
            assert_eq!(proof.serial(), serial);
        }
    }
}
