use crate::catalog::FieldKind;
use crate::event::Misfit;
use crate::fen::Fen;
use crate::json::{Kind, Value};
use crate::time::Time;
use std::borrow::Cow;

/// What a member was read as.
#[derive(Debug)]
#[non_exhaustive]
pub struct Read<T> {
    /// What it says; `None` where it says nothing.
    pub value: Option<T>,
    /// Whether writing the value gives the very text that was read.
    pub exact: bool,
}

impl<T> Read<T> {
    /// A value, and whether it is written as it was read.
    pub const fn new(value: T, exact: bool) -> Self {
        Self { value: Some(value), exact }
    }

    /// Nothing.
    pub const fn nothing() -> Self {
        Self { value: None, exact: false }
    }

    /// The same value, changed.
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Read<U> {
        Read { value: self.value.map(change), exact: self.exact }
    }
}

/// What a model's field can be.
pub trait Member: Clone + PartialEq + Send + Sync + Sized + 'static {
    /// What the catalog says that it is.
    const KIND: FieldKind;

    /// Reads a value that is neither null nor an empty string. `as_text`: scalars are written as strings here.
    ///
    /// # Errors
    /// [`Misfit`] where it can't be told what the value says.
    fn read(value: Value<'_>, as_text: bool) -> Result<Read<Self>, Misfit>;

    /// Writes it as JSON.
    fn write(&self, out: &mut String, as_text: bool);
}

/// The text of a scalar.
pub(crate) fn scalar(value: Value<'_>) -> Result<Cow<'_, str>, Misfit> {
    value.text().ok_or(Misfit::custom("neither text nor a number"))
}

/// A JSON string.
#[doc(hidden)]
pub fn quote(text: &str, out: &mut String) {
    // A string is always written.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// Reads what is kept as its text.
#[doc(hidden)]
pub fn read_text<T>(value: Value<'_>, of: impl FnOnce(&str) -> T) -> Result<Read<T>, Misfit> {
    Ok(Read::new(of(&scalar(value)?), value.kind() == Kind::String))
}

/// Reads what is written by its `Display`, as a token or a string.
fn read_token<T: std::str::FromStr + ToString>(
    value: Value<'_>,
    as_text: bool,
    what: &'static str,
) -> Result<Read<T>, Misfit> {
    let text = scalar(value)?;
    let token: T = text.parse().map_err(|_| Misfit::custom(what))?;
    let is_text = matches!(value.kind(), Kind::String | Kind::EscapedString);
    let exact = is_text == as_text && value.kind() != Kind::EscapedString && token.to_string() == text;
    Ok(Read::new(token, exact))
}

fn write_token(token: &str, out: &mut String, as_text: bool) {
    let quote = if as_text { "\"" } else { "" };
    for part in [quote, token, quote] {
        out.push_str(part);
    }
}

impl Member for String {
    const KIND: FieldKind = FieldKind::String;

    fn read(value: Value<'_>, _as_text: bool) -> Result<Read<Self>, Misfit> {
        read_text(value, str::to_owned)
    }

    fn write(&self, out: &mut String, _as_text: bool) {
        quote(self, out);
    }
}

impl Member for Time {
    const KIND: FieldKind = FieldKind::Time;

    fn read(value: Value<'_>, _as_text: bool) -> Result<Read<Self>, Misfit> {
        read_text(value, |text| Self::new(text))
    }

    fn write(&self, out: &mut String, _as_text: bool) {
        quote(self.as_str(), out);
    }
}

impl Member for Fen {
    const KIND: FieldKind = FieldKind::Fen;

    /// Never negative: an amount that takes away is documented as a field of its own.
    fn read(value: Value<'_>, as_text: bool) -> Result<Read<Self>, Misfit> {
        let read: Read<Self> = read_token(value, as_text, "not an integer amount")?;
        match read.value {
            Some(amount) if amount < Self::new(0) => Err(Misfit::custom("a negative amount")),
            _ => Ok(read),
        }
    }

    fn write(&self, out: &mut String, as_text: bool) {
        write_token(&self.to_string(), out, as_text);
    }
}

impl Member for i128 {
    const KIND: FieldKind = FieldKind::Integer;

    /// Any integer that 64 bits hold, with a sign or without: some counts come as unsigned ones.
    fn read(value: Value<'_>, as_text: bool) -> Result<Read<Self>, Misfit> {
        let read: Read<Wide> = read_token(value, as_text, "not an integer")?;
        Ok(read.map(|Wide(integer)| integer))
    }

    fn write(&self, out: &mut String, as_text: bool) {
        write_token(&self.to_string(), out, as_text);
    }
}

/// An integer as [`Fen`] reads them, with the range of both 64-bit types.
struct Wide(i128);

impl std::str::FromStr for Wide {
    type Err = Misfit;

    fn from_str(text: &str) -> Result<Self, Misfit> {
        match text.parse::<Fen>() {
            Ok(integer) => Ok(Self(integer.get().into())),
            Err(misfit) if !text.bytes().all(|byte| byte.is_ascii_digit()) => Err(misfit),
            Err(misfit) => text.parse::<u64>().map(|integer| Self(integer.into())).map_err(|_| misfit),
        }
    }
}

impl std::fmt::Display for Wide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Member for i64 {
    const KIND: FieldKind = FieldKind::Integer;

    fn read(value: Value<'_>, as_text: bool) -> Result<Read<Self>, Misfit> {
        let read: Read<Fen> = read_token(value, as_text, "not an integer")?;
        Ok(read.map(Fen::get))
    }

    fn write(&self, out: &mut String, as_text: bool) {
        write_token(&self.to_string(), out, as_text);
    }
}

impl Member for bool {
    const KIND: FieldKind = FieldKind::Boolean;

    /// Also from text in any case, 1 and 0.
    fn read(value: Value<'_>, as_text: bool) -> Result<Read<Self>, Misfit> {
        let text = scalar(value)?;
        let truth = match text.to_ascii_lowercase().as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => return Err(Misfit::custom("neither true nor false")),
        };
        let kind = if as_text {
            value.kind() == Kind::String
        } else {
            matches!(value.kind(), Kind::True | Kind::False)
        };
        Ok(Read::new(truth, kind && text == truth.to_string()))
    }

    fn write(&self, out: &mut String, as_text: bool) {
        write_token(if *self { "true" } else { "false" }, out, as_text);
    }
}

impl<T: Member> Member for Vec<T> {
    const KIND: FieldKind = FieldKind::List(&T::KIND);

    /// An array, or its only element alone. Elements that say nothing are left out.
    fn read(value: Value<'_>, as_text: bool) -> Result<Read<Self>, Misfit> {
        if value.kind() != Kind::Array {
            let only = T::read(value, as_text)?;
            return Ok(Read::new(only.value.into_iter().collect(), false));
        }
        let mut list = Self::new();
        let mut exact = true;
        for (index, item) in value.items().enumerate() {
            if item.is_blank() {
                exact = false;
                continue;
            }
            let read = T::read(item, as_text).map_err(|misfit| misfit.in_item(index))?;
            exact &= read.exact;
            list.extend(read.value);
        }
        Ok(Read::new(list, exact))
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
