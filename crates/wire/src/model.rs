//! Models: resources as Rust structs, read leniently and written back without loss.
//!
//! The platform's documents and what it sends disagree, so a model takes what is unambiguous: every member may be
//! missing, null or empty (all three are `None`); a scalar is taken by its text, whether number or string; an object
//! may stand in an array, alone, and a list may be its only element; values that nobody documented stay as they are.
//! What could be misunderstood is a [`Misfit`](crate::Misfit): a fraction for an amount, two answers under one name.
//!
//! Written as JSON, a model gives back the members that it was read from, in their order and to the letter: unknown
//! ones, nulls, digits in strings. A member that was changed meanwhile is written anew.
//!
//! ```
//! wxhook_wire::model! {
//!     /// Points for a card.
//!     pub struct PointsGranted {
//!         /// The grant.
//!         grant_id: String = "grant_id",
//!         /// How many.
//!         points: i64 = "points" | "point",
//!     }
//! }
//! wxhook_wire::event!(PointsGranted = "LOYALTY.POINTS_GRANTED");
//!
//! let resource = r#"{"point":"7","grant_id":null,"newer":[1.0]}"#;
//! let mut granted: PointsGranted = wxhook_wire::model::decode(resource)?;
//! assert_eq!((granted.points, granted.grant_id.as_deref()), (Some(7), None));
//! assert_eq!(wxhook_wire::encode(&granted)?, resource);
//! granted.points = Some(8);
//! assert_eq!(wxhook_wire::encode(&granted)?, r#"{"point":8,"grant_id":null,"newer":[1.0]}"#);
//! # Ok::<(), wxhook_wire::Misfit>(())
//! ```

mod json;
mod member;
mod numbered;
mod object;
mod rest;
mod text;
mod unknown;

pub use json::Json;
pub use member::{Member, Read};
pub use object::{Model, Slot, Slots, decode, decode_value};
pub use rest::Rest;
pub use text::{Ciphertext, Number, YesNo};
pub use unknown::Unknown;

#[doc(hidden)]
pub use member::{quote as __quote, read_text as __read_enum};
#[doc(hidden)]
pub use numbered::{check as __check, numbered as __numbered};
#[doc(hidden)]
pub use object::{__deserialize, __read, __serialize, __write};

/// Defines a [`Model`]: a struct whose fields are all optional.
///
/// Each field has a type that is a [`Member`], its name on the wire, and other names that it comes under. With
/// `as text` its scalars are written as strings, as those of XML are. A last line `.. name: Item` makes a list of the
/// fields that have a number behind their names (`coupon_id_0`); the item names them without it.
///
/// Two models are equal if they would be written alike: what they keep beside their fields counts.
///
/// See [the module](mod@crate::model) for an example.
#[macro_export]
macro_rules! model {
    (
        $(#[$meta:meta])*
        pub struct $name:ident $(as $text:ident)? {
            $($(#[doc = $doc:literal])* $field:ident: $ty:ty = $wire:literal $(| $alias:literal)*,)*
            $(.. $(#[doc = $list_doc:literal])* $list:ident: $item:ty,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[doc = $doc])* pub $field: Option<$ty>,)*
            rest: $crate::model::Rest,
        }

        $(impl $name {
            $(#[doc = $list_doc])*
            ///
            /// By their numbers; without those that don't fit (a resource that has any isn't decoded).
            pub fn $list(&self) -> Vec<$item> {
                $crate::model::__numbered(&self.rest)
            }
        })?

        impl $crate::model::Slots for $name {
            fn names(&self) -> &'static [&'static str] {
                &[$($wire),*]
            }

            fn as_text(&self) -> bool {
                false $(|| stringify!($text) == "text")?
            }

            fn slot(&self, name: &str) -> Option<(&'static str, &'static str, &dyn $crate::model::Slot)> {
                match name {
                    $(
                        $wire => Some(($wire, $wire, &self.$field)),
                        $($alias => Some(($wire, $alias, &self.$field)),)*
                    )*
                    _ => None,
                }
            }

            fn slot_mut(
                &mut self,
                name: &str,
            ) -> Option<(&'static str, &'static str, &mut dyn $crate::model::Slot)> {
                match name {
                    $(
                        $wire => Some(($wire, $wire, &mut self.$field)),
                        $($alias => Some(($wire, $alias, &mut self.$field)),)*
                    )*
                    _ => None,
                }
            }

            fn rest(&self) -> &$crate::model::Rest {
                &self.rest
            }

            fn rest_mut(&mut self) -> &mut $crate::model::Rest {
                &mut self.rest
            }

            fn check(&self) -> Result<(), $crate::Misfit> {
                $($crate::model::__check::<$item>(&self.rest)?;)?
                Ok(())
            }
        }

        impl $crate::model::Model for $name {
            const TYPE_NAME: &'static str = stringify!($name);
            const FIELDS: &'static [$crate::FieldMeta] = &[
                $(
                    $crate::FieldMeta::new($wire, <$ty as $crate::model::Member>::KIND)
                        .aliases(&[$($alias),*])
                        .doc(concat!($($doc),*).trim_ascii()),
                )*
                $(
                    $crate::FieldMeta::new(
                        stringify!($list),
                        $crate::FieldKind::Numbered(<$item as $crate::model::Model>::FIELDS),
                    )
                    .doc(concat!($($list_doc),*).trim_ascii()),
                )?
            ];
        }

        impl $crate::model::Member for $name {
            const KIND: $crate::FieldKind = $crate::FieldKind::Object(<Self as $crate::model::Model>::FIELDS);

            fn read(
                value: $crate::json::Value<'_>,
                _as_text: bool,
            ) -> Result<$crate::model::Read<Self>, $crate::Misfit> {
                $crate::model::__read(value)
            }

            fn write(&self, out: &mut String, _as_text: bool) {
                $crate::model::__write(self, out);
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl $crate::__serde::Serialize for $name {
            fn serialize<S: $crate::__serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::model::__serialize(self, serializer)
            }
        }

        impl<'de> $crate::__serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::model::__deserialize(deserializer)
            }
        }
    };
}

/// Makes a [`Model`] the [`Event`](crate::Event) of this name, or a variant of it: `event!(Type = "NAME" # "VARIANT")`.
#[macro_export]
macro_rules! event {
    ($model:ident = $name:literal $(# $variant:literal)?) => {
        impl $crate::Event for $model {
            const NAME: &'static str = $name;
            $(const VARIANT: Option<&'static str> = Some($variant);)?

            fn decode(_variant: Option<&str>, resource: &str) -> Result<Self, $crate::Misfit> {
                $crate::model::decode(resource)
            }

            fn decode_value(
                _variant: Option<&str>,
                resource: $crate::json::Value<'_>,
            ) -> Result<Self, $crate::Misfit> {
                $crate::model::decode_value(resource)
            }
        }
    };
}

/// Makes an event of its variants: an open enum, whose last one is for what is none of them.
///
/// ```
/// wxhook_wire::model! {
///     /// A user's points.
///     pub struct PointsGrantedUser { /// The user.
///         openid: String = "openid", }
/// }
/// wxhook_wire::event!(PointsGrantedUser = "LOYALTY.POINTS_GRANTED" # "USER");
/// wxhook_wire::variants! {
///     /// Points were granted.
///     pub enum PointsGranted = "LOYALTY.POINTS_GRANTED" {
///         /// To a user.
///         User(PointsGrantedUser),
///     }
/// }
/// # use wxhook_wire::Event;
/// assert!(matches!(PointsGranted::decode(Some("USER"), "{}"), Ok(PointsGranted::User(_))));
/// assert!(matches!(PointsGranted::decode(Some("NEWER"), "{}"), Ok(PointsGranted::Unknown(_))));
/// ```
#[macro_export]
macro_rules! variants {
    (
        $(#[$meta:meta])*
        pub enum $name:ident = $event:literal {
            $($(#[$doc:meta])* $variant:ident($model:ident),)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant(Box<$model>),)*
            /// What fits no variant, or one that this version doesn't know.
            Unknown(Box<$crate::model::Unknown>),
        }

        impl $crate::Event for $name {
            const NAME: &'static str = $event;

            fn decode(variant: Option<&str>, resource: &str) -> Result<Self, $crate::Misfit> {
                $(if variant == <$model as $crate::Event>::VARIANT {
                    return <$model as $crate::Event>::decode(variant, resource).map(Box::new).map(Self::$variant);
                })*
                $crate::model::Unknown::new($event, variant, resource).map(Box::new).map(Self::Unknown)
            }
        }

        impl $crate::__serde::Serialize for $name {
            fn serialize<S: $crate::__serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(model) => model.serialize(serializer),)*
                    Self::Unknown(unknown) => unknown.serialize(serializer),
                }
            }
        }
    };
}
