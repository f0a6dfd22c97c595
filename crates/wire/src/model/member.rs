use crate::catalog::FieldKind;
use crate::event::Misfit;
use crate::fen::Fen;
use crate::json::{Doc, Kind, Value};
use crate::time::Time;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A type of a field, as data.
pub trait FieldType {
    /// The kind that the catalog lists.
    const KIND: FieldKind;
}

/// A type of a model's field.
pub trait Member: FieldType + Clone + PartialEq + Send + Sync + Sized + 'static {
    /// Reads a value that is neither null nor an empty string. `None` means that it holds nothing.
    ///
    /// # Errors
    /// [`Misfit`] where the value is ambiguous or of another type.
    fn read(value: Value<'_>) -> Result<Option<Self>, Misfit>;

    /// Writes the value as JSON, a scalar as a string if `as_text`.
    fn write(&self, out: &mut String, as_text: bool);
}

/// Returns the text of a scalar.
#[doc(hidden)]
pub fn scalar(value: Value<'_>) -> Result<Cow<'_, str>, Misfit> {
    value.text().ok_or(Misfit::custom("neither text nor a number"))
}

/// Appends a JSON string.
#[doc(hidden)]
pub fn quote(text: &str, out: &mut String) {
    // Writing a string can't fail.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// Implements a member that keeps its text.
macro_rules! text_member {
    ($($ty:ty: $kind:ident,)*) => {
        $(impl FieldType for $ty {
            const KIND: FieldKind = FieldKind::$kind;
        }

        impl Member for $ty {
            fn read(value: Value<'_>) -> Result<Option<Self>, Misfit> {
                scalar(value).map(|text| Some(Self::from(text.into_owned())))
            }

            fn write(&self, out: &mut String, _as_text: bool) {
                quote(AsRef::<str>::as_ref(self), out);
            }
        })*
    };
}

text_member! {
    String: String,
    Time: Time,
    Ciphertext: Encrypted,
}

/// Implements a member that is written as a bare token.
macro_rules! token_member {
    ($($ty:ty: $kind:ident, $parse:expr;)*) => {
        $(impl FieldType for $ty {
            const KIND: FieldKind = FieldKind::$kind;
        }

        impl Member for $ty {
            fn read(value: Value<'_>) -> Result<Option<Self>, Misfit> {
                let parse: fn(&str) -> Result<Self, &'static str> = $parse;
                parse(&scalar(value)?).map(Some).map_err(Misfit::custom)
            }

            fn write(&self, out: &mut String, as_text: bool) {
                let token = self.to_string();
                if as_text { quote(&token, out) } else { out.push_str(&token) }
            }
        })*
    };
}

token_member! {
    // An amount that is taken away is documented as a field of its own.
    Fen: Fen, |text| match text.parse() {
        Ok(amount) if amount < Fen::new(0) => Err("a negative amount"),
        amount => amount.map_err(|_| "not an integer amount"),
    };
    i64: Integer, |text| integer(text).and_then(|integer| integer.try_into().ok()).ok_or("not an integer");
    // Any integer of 64 bits: some counts come as unsigned ones.
    i128: Integer, |text| {
        let range = i64::MIN.into()..=u64::MAX.into();
        integer(text).filter(|integer| range.contains(integer)).ok_or("not an integer")
    };
    bool: Boolean, |text| match text {
        _ if text == "1" || text.eq_ignore_ascii_case("true") => Ok(true),
        _ if text == "0" || text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err("neither true nor false"),
    };
}

/// Parses an integer as amounts are: a minus sign and digits.
pub(crate) fn integer(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl<T: FieldType> FieldType for Vec<T> {
    const KIND: FieldKind = FieldKind::List(&T::KIND);
}

impl<T: Member> Member for Vec<T> {
    /// Reads an array, or its only element alone. Blank elements are left out.
    fn read(value: Value<'_>) -> Result<Option<Self>, Misfit> {
        if value.kind() != Kind::Array {
            return Ok(Some(T::read(value)?.into_iter().collect()));
        }
        let items = value.items().enumerate().filter(|(_, item)| !item.is_blank());
        let read = items.map(|(index, item)| T::read(item).map_err(|misfit| misfit.in_item(index)));
        read.filter_map(Result::transpose).collect::<Result<_, _>>().map(Some)
    }

    fn write(&self, out: &mut String, as_text: bool) {
        out.push('[');
        for (index, item) in self.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            item.write(out, as_text);
        }
        out.push(']');
    }
}

crate::open_enum! {
    /// Yes or no, as the platform writes it.
    pub enum YesNo as YesNo {
        /// Yes.
        Yes = "Y",
        /// No.
        No = "N",
    }
}

/// A field that only the merchant can read: RSAES-OAEP with the merchant's own public key, in base64.
///
/// `wxhook-crypto` decrypts it (feature `aws-lc-rs`). `Debug` doesn't show it.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Ciphertext(String);

impl Ciphertext {
    /// Creates a field of its base64 text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the base64 text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Ciphertext {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl AsRef<str> for Ciphertext {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Ciphertext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ciphertext")
    }
}

/// A decimal number, kept as its text so that a rate isn't rounded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Number(String);

impl Number {
    /// Creates a number of its text; any text is kept.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text as received.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FieldType for Number {
    const KIND: FieldKind = FieldKind::Number;
}

impl Member for Number {
    fn read(value: Value<'_>) -> Result<Option<Self>, Misfit> {
        scalar(value).map(|text| Some(Self::new(text)))
    }

    fn write(&self, out: &mut String, as_text: bool) {
        let is_number = Doc::parse(&self.0).is_ok_and(|doc| doc.root().kind() == Kind::Number);
        if is_number && !as_text { out.push_str(self.0.trim()) } else { quote(&self.0, out) }
    }
}

/// A member that is documented as JSON in a string.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Json<T> {
    /// JSON in a string; written as one.
    InString(T),
    /// JSON without a string around it; written so.
    Inline(T),
    /// Text that isn't JSON.
    Text(String),
}

impl<T> Json<T> {
    /// Returns the JSON's value, or `None` for other text.
    pub const fn get(&self) -> Option<&T> {
        match self {
            Self::InString(value) | Self::Inline(value) => Some(value),
            Self::Text(_) => None,
        }
    }
}

impl<T: FieldType> FieldType for Json<T> {
    const KIND: FieldKind = FieldKind::Json(&T::KIND);
}

impl<T: Member> Member for Json<T> {
    fn read(value: Value<'_>) -> Result<Option<Self>, Misfit> {
        let Some(text) = value.text() else { return Ok(T::read(value)?.map(Self::Inline)) };
        match Doc::parse(&text) {
            Ok(doc) if matches!(doc.root().kind(), Kind::Object | Kind::Array) => {
                Ok(T::read(doc.root())?.map(Self::InString))
            }
            _ => Ok(Some(Self::Text(text.into_owned()))),
        }
    }

    fn write(&self, out: &mut String, _as_text: bool) {
        match self {
            Self::Inline(value) => value.write(out, false),
            Self::Text(text) => quote(text, out),
            Self::InString(value) => {
                let mut json = String::new();
                value.write(&mut json, false);
                quote(&json, out);
            }
        }
    }
}

impl<T> fmt::Debug for Json<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Json")
    }
}

/// A notification without a model: a new event, or one that fits no variant of its event.
///
/// `Debug` doesn't show its content.
#[derive(Clone)]
#[non_exhaustive]
pub struct Unknown {
    /// The event's name.
    pub event: String,
    /// The variant, if the event has any.
    pub variant: Option<String>,
    /// The resource as received, JSON.
    pub resource: Box<RawValue>,
}

impl Unknown {
    /// Creates an event from the parts of a record.
    ///
    /// # Errors
    /// [`Misfit`] where the resource isn't JSON.
    pub fn new(event: &str, variant: Option<&str>, resource: &str) -> Result<Self, Misfit> {
        let resource =
            RawValue::from_string(resource.to_owned()).map_err(|_| Misfit::custom("not valid JSON"))?;
        Ok(Self { event: event.to_owned(), variant: variant.map(str::to_owned), resource })
    }

    fn parts(&self) -> (&String, &Option<String>, &str) {
        (&self.event, &self.variant, self.resource.get())
    }
}

impl PartialEq for Unknown {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Serialize for Unknown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.resource.serialize(serializer)
    }
}

impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unknown")
            .field("event", &self.event)
            .field("variant", &self.variant)
            .finish_non_exhaustive()
    }
}
