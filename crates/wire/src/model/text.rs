use super::member::{Member, Read, quote, read_text, scalar};
use crate::catalog::FieldKind;
use crate::event::Misfit;
use crate::json::{Doc, Kind, Value};
use std::fmt;

crate::open_enum! {
    /// Yes or no, as the platform writes it.
    pub enum YesNo {
        /// Yes.
        Yes = "Y",
        /// No.
        No = "N",
    }
}

/// A field that only the merchant can read: RSAES-OAEP with the merchant's own public key, base64.
///
/// `wxhook-crypto` opens it (feature `aws-lc-rs`). `Debug` doesn't show it.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Ciphertext(String);

impl Ciphertext {
    /// From its base64 text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The base64 text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Ciphertext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ciphertext")
    }
}

impl Member for Ciphertext {
    const KIND: FieldKind = FieldKind::Encrypted;

    fn read(value: Value<'_>, _as_text: bool) -> Result<Read<Self>, Misfit> {
        read_text(value, |text| Self::new(text))
    }

    fn write(&self, out: &mut String, _as_text: bool) {
        quote(&self.0, out);
    }
}

/// A decimal number, kept as its text: a rate isn't rounded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Number(String);

impl Number {
    /// From its text; any text is kept.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Member for Number {
    const KIND: FieldKind = FieldKind::Number;

    fn read(value: Value<'_>, as_text: bool) -> Result<Read<Self>, Misfit> {
        let exact = value.kind() == if as_text { Kind::String } else { Kind::Number };
        Ok(Read::new(Self::new(scalar(value)?), exact))
    }

    fn write(&self, out: &mut String, as_text: bool) {
        let is_number = Doc::parse(&self.0).is_ok_and(|doc| doc.root().kind() == Kind::Number);
        if is_number && !as_text { out.push_str(self.0.trim()) } else { quote(&self.0, out) }
    }
}
