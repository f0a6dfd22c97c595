//! What the platform really sends, whatever its documents say.
//!
//! Null and an empty string count as missing. A scalar is taken by its text, so that numbers keep their digits: a
//! number of 28 digits would lose some as `f64`. An object may stand in an array, alone, and a list may be its only
//! element. Another type than that is an error.

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use wxhook_wire::{Fen, Time};

/// What a member of a model can be.
pub(crate) trait Lenient: Sized {
    /// Reads it; `None` where it says nothing.
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error>;
}

/// An object, as opposed to a scalar.
pub(crate) trait Model: Lenient + DeserializeOwned {}

/// Takes members that no field is named after.
pub(crate) trait Rest {
    /// Where the member of that name belongs, if it does.
    fn slot(&mut self, name: &str) -> Option<&mut Option<String>>;
}

/// Reads a member into its slot. A second answer must be the same as the first: two answers are no answer.
pub(crate) struct Into<'s, T>(pub(crate) &'s mut Option<T>);

impl<'de, T: Lenient + PartialEq> DeserializeSeed<'de> for Into<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let value = T::lenient(deserializer)?;
        match (&self.0, &value) {
            (Some(known), Some(other)) if known != other => Err(D::Error::custom("two answers")),
            (Some(_), _) => Ok(()),
            (None, _) => {
                *self.0 = value;
                Ok(())
            }
        }
    }
}

/// The text of a string, number or boolean; `None` for null and an empty string.
///
/// Works with serde_json alone, reading from text; that is how resources are decoded.
pub(crate) fn scalar<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    let raw = <&RawValue as serde::Deserialize>::deserialize(deserializer)?.get();
    if let Some(quoted) = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return Ok(Some(unescape(raw, quoted)).filter(|text| !text.is_empty()));
    }
    match raw.as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'{' | b'[') | None => Err(D::Error::custom("not a scalar")),
        Some(_) => Ok(Some(Cow::Borrowed(raw))),
    }
}

/// A string whose escapes name no character (a lone surrogate) gives its raw content, as it does in keys.
fn unescape<'a>(raw: &str, quoted: &'a str) -> Cow<'a, str> {
    if !quoted.as_bytes().contains(&b'\\') {
        return Cow::Borrowed(quoted);
    }
    serde_json::from_str(raw).map_or(Cow::Borrowed(quoted), Cow::Owned)
}

/// An object, alone or as the only element of an array.
pub(crate) fn object<'de, T: Model, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    struct Alone<T>(PhantomData<T>);

    impl<'de, T: Model> Visitor<'de> for Alone<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(members)).map(Some)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut only = None;
            while let Some(item) = items.next_element_seed(Item(PhantomData))? {
                if item.is_some() && std::mem::replace(&mut only, item).is_some() {
                    return Err(A::Error::custom("several"));
                }
            }
            Ok(only)
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            nothing(text)
        }
    }

    deserializer.deserialize_any(Alone(PhantomData))
}

impl<T: Model> Lenient for Vec<T> {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        struct List<T>(PhantomData<T>);

        impl<'de, T: Model> Visitor<'de> for List<T> {
            type Value = Option<Vec<T>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of objects")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(|only| Some(vec![only]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element_seed(Item(PhantomData))? {
                    list.extend(item);
                }
                Ok(Some(list))
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                nothing(text)
            }
        }

        deserializer.deserialize_any(List(PhantomData))
    }
}

struct Item<T>(PhantomData<T>);

impl<'de, T: Lenient> DeserializeSeed<'de> for Item<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        T::lenient(deserializer)
    }
}

fn nothing<T, E: Error>(text: &str) -> Result<Option<T>, E> {
    if text.is_empty() { Ok(None) } else { Err(E::custom("text")) }
}

impl Lenient for String {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(scalar(deserializer)?.map(Cow::into_owned))
    }
}

impl Lenient for Time {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(scalar(deserializer)?.map(Self::new))
    }
}

impl Lenient for Fen {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        scalar(deserializer)?.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

impl Lenient for i64 {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(Fen::lenient(deserializer)?.map(Fen::get))
    }
}

impl Lenient for bool {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        scalar(deserializer)?.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}
