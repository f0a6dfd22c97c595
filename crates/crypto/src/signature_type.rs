//! The names of signature suites.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// A v3 signature suite, as the header `Wechatpay-Signature-Type` names it (absent means RSA).
///
/// The suite is a property of the key ([`PlatformKey::signature_type`](crate::PlatformKey::signature_type)); the header
/// must agree with it, or it is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureType {
    /// `WECHATPAY2-SHA256-RSA2048`: RSA PKCS#1 v1.5 with SHA-256.
    Rsa2048Sha256,
}

impl SignatureType {
    /// Returns the suite's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rsa2048Sha256 => "WECHATPAY2-SHA256-RSA2048",
        }
    }
}

impl fmt::Display for SignatureType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SignatureType {
    type Err = Error;

    /// Parses the exact name; anything else is [`Error::UnknownSignatureType`].
    fn from_str(name: &str) -> Result<Self, Error> {
        match name {
            "WECHATPAY2-SHA256-RSA2048" => Ok(Self::Rsa2048Sha256),
            _ => Err(Error::UnknownSignatureType),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_name_is_known() {
        assert_eq!(SignatureType::Rsa2048Sha256.as_str().parse(), Ok(SignatureType::Rsa2048Sha256));
        assert_eq!(SignatureType::Rsa2048Sha256.to_string(), "WECHATPAY2-SHA256-RSA2048");
        for name in [
            "",
            "wechatpay2-sha256-rsa2048",
            " WECHATPAY2-SHA256-RSA2048",
            "WECHATPAY2-SHA256-RSA204",
            "WECHATPAY2-SM2-WITH-SM3",
        ] {
            assert_eq!(name.parse::<SignatureType>(), Err(Error::UnknownSignatureType), "{name:?}");
        }
    }
}
