//! What was verified, and by what.

use std::fmt;
use std::sync::Arc;

/// A value that has passed verification, with its proof.
///
/// There is no public constructor and no way to change the value inside: holding one means that this crate has checked
/// these very bytes (or fields). `Debug` shows the proof and not the value.
#[derive(Clone)]
pub struct Verified<T> {
    value: T,
    proof: Proof,
}

impl<T> Verified<T> {
    pub(crate) fn new(value: T, proof: Proof) -> Self {
        Self { value, proof }
    }

    /// The verified value.
    pub fn get(&self) -> &T {
        &self.value
    }

    /// What vouches for the value.
    pub fn proof(&self) -> &Proof {
        &self.proof
    }

    /// The value alone; from here on nothing says that it was verified.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The value and what vouched for it.
    pub fn into_parts(self) -> (T, Proof) {
        (self.value, self.proof)
    }
}

impl<T> fmt::Debug for Verified<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("proof", &self.proof).finish_non_exhaustive()
    }
}

/// What vouches for a [`Verified`] value, from strongest to none.
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
    /// Nothing was verified: a v2 refund that could be decrypted with the API v2 key. The cipher (ECB) is malleable, so
    /// its numbers have to be compared with one's own records.
    Decrypted,
}

impl Proof {
    /// The kind of proof in one lower-case word: `rsa`, `sm2`, `hmac`, `md5` or `decrypted`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "rsa",
            Self::Sm2 { .. } => "sm2",
            Self::Hmac => "hmac",
            Self::Md5 => "md5",
            Self::Decrypted => "decrypted",
        }
    }

    /// Serial of the key that signed; `None` where the proof is no v3 signature.
    pub fn serial(&self) -> Option<&str> {
        match self {
            Self::Rsa { serial } | Self::Sm2 { serial } => Some(serial),
            Self::Hmac | Self::Md5 | Self::Decrypted => None,
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
            (Proof::Rsa { serial: "a".into() }, "rsa", Some("a")),
            (Proof::Sm2 { serial: "b".into() }, "sm2", Some("b")),
            (Proof::Hmac, "hmac", None),
            (Proof::Md5, "md5", None),
            (Proof::Decrypted, "decrypted", None),
        ];
        for (proof, name, serial) in proofs {
            assert_eq!((proof.as_str(), proof.serial()), (name, serial));
        }
    }
}
