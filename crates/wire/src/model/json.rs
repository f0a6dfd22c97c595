use super::member::{Member, Read, quote};
use crate::catalog::FieldKind;
use crate::event::Misfit;
use crate::json::{Doc, Kind, Value};
use std::fmt;

/// A member that is documented as JSON in a string.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Json<T> {
    /// It was in a string, and is written there.
    InString(T),
    /// It stood there opened, and is written so.
    Inline(T),
    /// Text that isn't JSON.
    Text(String),
}

impl<T> Json<T> {
    /// What the JSON says; `None` where it is none.
    pub const fn get(&self) -> Option<&T> {
        match self {
            Self::InString(value) | Self::Inline(value) => Some(value),
            Self::Text(_) => None,
        }
    }
}

impl<T: Member> Member for Json<T> {
    const KIND: FieldKind = FieldKind::Json(&T::KIND);

    fn read(value: Value<'_>, _as_text: bool) -> Result<Read<Self>, Misfit> {
        let text = match value.kind() {
            Kind::Object | Kind::Array => return Ok(T::read(value, false)?.map(Self::Inline)),
            Kind::String | Kind::EscapedString => value.text().unwrap_or_default(),
            _ => value.raw().into(),
        };
        let Ok(doc) = Doc::parse(&text) else {
            return Ok(Read::new(Self::Text(text.into_owned()), value.kind() == Kind::String));
        };
        match doc.root().kind() {
            Kind::Object | Kind::Array => {
                let inside = T::read(doc.root(), false)?;
                Ok(Read { value: inside.value.map(Self::InString), exact: false })
            }
            _ => Ok(Read::new(Self::Text(text.clone().into_owned()), value.kind() == Kind::String)),
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
