use std::fmt;
use std::str::FromStr;

use crate::Error;

/// The single fault of a request; see [`Platform::tamper`](crate::Platform::tamper).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tamper {
    /// The content, after it was signed: a byte of v3's ciphertext, a field's value of v2, a byte of a v2 refund's
    /// `req_info`.
    Body,
    /// A byte of the signature.
    Signature,
    /// The timestamp, after it was signed; it stays fresh (v3).
    Timestamp,
    /// The nonce, after it was signed.
    Nonce,
    /// The id of the key that signed (v3).
    Serial,
    /// The associated data: not what the content was encrypted with, but signed (v3, v2 of deposit-free rent and stay).
    Aad,
}

impl Tamper {
    /// All values.
    pub const ALL: [Self; 6] =
        [Self::Body, Self::Signature, Self::Timestamp, Self::Nonce, Self::Serial, Self::Aad];

    /// Returns the name: `body`, `signature`, `timestamp`, `nonce`, `serial` or `aad`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Signature => "signature",
            Self::Timestamp => "timestamp",
            Self::Nonce => "nonce",
            Self::Serial => "serial",
            Self::Aad => "aad",
        }
    }
}

impl fmt::Display for Tamper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Tamper {
    type Err = Error;

    /// Parses the exact name; anything else is [`Error::UnknownTamper`].
    fn from_str(word: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|tamper| tamper.as_str() == word).ok_or(Error::UnknownTamper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for tamper in Tamper::ALL {
            assert_eq!(tamper.to_string().parse::<Tamper>().unwrap(), tamper);
        }
        for word in ["", "Body", "body ", "key"] {
            assert!(matches!(word.parse::<Tamper>(), Err(Error::UnknownTamper)), "{word}");
        }
    }
}
