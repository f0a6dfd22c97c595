use crate::event::Misfit;
use crate::model::integer;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// An amount in 分, a hundredth of a yuan (or in the smallest unit of the currency beside it).
///
/// Read from an integer or a string of digits, as documents and senders disagree (`"total_amount": "40000"`). Fractions,
/// exponents and anything else are rejected: an amount is never rounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Token<'_>", into = "i64")]
pub struct Fen(i64);

#[derive(Deserialize)]
#[serde(untagged)]
enum Token<'a> {
    Integer(i64),
    #[serde(borrow)]
    Text(Cow<'a, str>),
}

impl Fen {
    /// Creates an amount in 分.
    pub const fn new(fen: i64) -> Self {
        Self(fen)
    }

    /// Returns the amount in 分.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Returns the sum, or `None` on overflow.
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

impl From<Fen> for i64 {
    fn from(amount: Fen) -> Self {
        amount.0
    }
}

impl FromStr for Fen {
    type Err = Misfit;

    fn from_str(text: &str) -> Result<Self, Misfit> {
        let amount = integer(text).and_then(|integer| integer.try_into().ok());
        amount.map(Self).ok_or(Misfit::custom("not an integer amount"))
    }
}

impl TryFrom<Token<'_>> for Fen {
    type Error = Misfit;

    fn try_from(token: Token<'_>) -> Result<Self, Misfit> {
        match token {
            Token::Integer(fen) => Ok(Self(fen)),
            Token::Text(text) => text.parse(),
        }
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
