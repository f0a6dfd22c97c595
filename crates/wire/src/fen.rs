use serde::de::{Deserialize, Deserializer, Unexpected, Visitor};
use serde::{Serialize, Serializer};
use std::fmt;

/// An amount in 分, a hundredth of a yuan (or the smallest unit of the currency that stands beside it).
///
/// Read from an integer or a string of digits, as documents and senders disagree (`"total_amount": "40000"`).
/// Fractions, exponents and anything else are refused: an amount is never rounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fen(i64);

impl Fen {
    /// An amount of so many 分.
    pub const fn new(fen: i64) -> Self {
        Self(fen)
    }

    /// How many 分.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum, or `None` where it doesn't fit.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }
}

impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Fen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Fen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Amount;

        impl Visitor<'_> for Amount {
            type Value = Fen;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer amount, or one in a string of digits")
            }

            fn visit_i64<E: serde::de::Error>(self, fen: i64) -> Result<Fen, E> {
                Ok(Fen(fen))
            }

            fn visit_u64<E: serde::de::Error>(self, fen: u64) -> Result<Fen, E> {
                i64::try_from(fen)
                    .map(Fen)
                    .map_err(|_| E::invalid_value(Unexpected::Other("a huge number"), &self))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Fen, E> {
                let digits = text.strip_prefix('-').unwrap_or(text);
                let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
                plain
                    .then(|| text.parse().ok().map(Fen))
                    .flatten()
                    .ok_or_else(|| E::invalid_value(Unexpected::Other("other text"), &self))
            }
        }

        deserializer.deserialize_any(Amount)
    }
}

impl std::str::FromStr for Fen {
    type Err = crate::Misfit;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let amount: Result<Self, serde::de::value::Error> =
            Self::deserialize(serde::de::value::StrDeserializer::new(text));
        amount.map_err(|_| crate::Misfit::custom("not an integer amount"))
    }
}

#[cfg(test)]
mod tests {
    use super::Fen;

    #[test]
    fn integers_and_digits_are_read() {
        for (json, fen) in [("40000", 40000), ("\"40000\"", 40000), ("0", 0), ("-1", -1), ("\"-1\"", -1)] {
            assert_eq!(serde_json::from_str::<Fen>(json).unwrap(), Fen::new(fen), "{json}");
        }
    }

    #[test]
    fn nothing_is_ever_rounded() {
        for json in [
            "1.0",
            "1.5",
            "1e3",
            "\"1.5\"",
            "\"\"",
            "\" 1\"",
            "\"+1\"",
            "null",
            "true",
            "9223372036854775808",
            "\"１\"",
        ] {
            assert!(serde_json::from_str::<Fen>(json).is_err(), "{json}");
        }
    }
}
