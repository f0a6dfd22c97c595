/// Defines a [`Model`](crate::model::Model): a struct whose fields are all optional.
///
/// A field has a type that is a [`Member`](crate::model::Member), its name on the wire, and aliases. Braces hold what else
/// is known of it: fields of [`FieldMeta`](crate::FieldMeta). With `as text` scalars are written as strings, as those of
/// XML are. A last line `.. name: Item` makes a list of the fields with a number behind their names (`coupon_id_0`); the
/// item names them without it. After `#![cfg(…)]` only the metadata exists where the condition doesn't hold.
///
/// Two models are equal if their fields are and they were read from the same text.
///
/// See [the module](mod@crate::model) for an example.
#[macro_export]
macro_rules! model {
    (
        $(#![cfg($($cfg:tt)+)])?
        $(#[$meta:meta])*
        $vis:vis struct $name:ident $(as $text:ident)? {
            $(
                $(#[doc = $doc:literal])*
                $field:ident: $ty:ty = $wire:literal $(| $alias:literal)* $({ $($fact:tt)* })?,
            )*
            $(.. $(#[doc = $list_doc:literal])* $list:ident: $item:ty $({ $($list_fact:tt)* })?,)?
        }
    ) => {
        $(#[cfg(not($($cfg)+))]
        #[allow(unreachable_pub, reason = "the type stands for its metadata")]
        $vis enum $name {})?

        $(#[cfg($($cfg)+)])?
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq)]
        #[non_exhaustive]
        $vis struct $name {
            $(
                $(#[doc = $doc])*
                $(#[doc = $crate::__facts!($($fact)*)])?
                pub $field: Option<$ty>,
            )*
            source: $crate::model::Source,
        }

        impl $crate::model::ModelMeta for $name {
            const TYPE_NAME: &'static str = stringify!($name);
            const FIELDS: &'static [$crate::FieldMeta] = &[
                $($crate::FieldMeta {
                    $($($fact)*,)?
                    aliases: &[$($alias),*],
                    doc: concat!($($doc),*).trim_ascii(),
                    ..$crate::FieldMeta::new($wire, <$ty as $crate::model::FieldType>::KIND)
                },)*
                $($crate::FieldMeta {
                    $($($list_fact)*,)?
                    doc: concat!($($list_doc),*).trim_ascii(),
                    ..$crate::FieldMeta::new(
                        stringify!($list),
                        $crate::FieldKind::Numbered(<$item as $crate::model::ModelMeta>::FIELDS),
                    )
                },)?
            ];
        }

        impl $crate::model::FieldType for $name {
            const KIND: $crate::FieldKind =
                $crate::FieldKind::Object(<Self as $crate::model::ModelMeta>::FIELDS);
        }

        $(#[cfg($($cfg)+)])?
        #[allow(clippy::as_conversions, reason = "the number of a field")]
        const _: () = {
            #[allow(non_camel_case_types, dead_code, clippy::upper_case_acronyms, reason = "named like the fields")]
            enum Index { $($field,)* COUNT }

            const _: () = assert!(Index::COUNT as usize <= 128, "a model has at most 128 fields");

            $(impl $name {
                $(#[doc = $list_doc])*
                ///
                /// In the order of their numbers.
                pub fn $list(&self) -> Vec<$item> {
                    let source = $crate::json::Doc::parse($crate::model::Slots::source(self));
                    source.ok().and_then(|doc| $crate::model::__numbered(doc.root()).ok()).unwrap_or_default()
                }
            })?

            impl $crate::model::Slots for $name {
                fn fields(&self) -> &'static [$crate::FieldMeta] {
                    <Self as $crate::model::ModelMeta>::FIELDS
                }

                fn as_text(&self) -> bool {
                    false $(|| stringify!($text) == "text")?
                }

                fn find(&self, name: &str) -> Option<(usize, bool)> {
                    match name {
                        $(
                            $wire => Some((Index::$field as usize, true)),
                            $($alias => Some((Index::$field as usize, false)),)*
                        )*
                        _ => None,
                    }
                }

                fn slot(&self, index: usize) -> Option<&dyn $crate::model::Slot> {
                    $(if index == Index::$field as usize {
                        return Some(&self.$field);
                    })*
                    None
                }

                fn slot_mut(&mut self, index: usize) -> Option<&mut dyn $crate::model::Slot> {
                    $(if index == Index::$field as usize {
                        return Some(&mut self.$field);
                    })*
                    None
                }

                fn source(&self) -> &str {
                    self.source.as_str()
                }

                fn set_source(&mut self, source: $crate::model::Source) {
                    self.source = source;
                }
            }

            impl $crate::model::Model for $name {
                fn equal_fields(&self, other: &Self) -> Vec<bool> {
                    vec![$(self.$field == other.$field),*]
                }

                fn check(_value: $crate::json::Value<'_>) -> Result<(), $crate::Misfit> {
                    $($crate::model::__numbered::<$item>(_value)?;)?
                    Ok(())
                }
            }

            impl $crate::model::Member for $name {
                fn read(value: $crate::json::Value<'_>) -> Result<Option<Self>, $crate::Misfit> {
                    $crate::model::__read(value)
                }

                fn write(&self, out: &mut String, _as_text: bool) {
                    $crate::model::__write(self, out);
                }
            }

            impl std::fmt::Debug for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    $crate::model::__debug(stringify!($name), self, f)
                }
            }

            impl $crate::__serde::Serialize for $name {
                fn serialize<S: $crate::__serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    $crate::model::__serialize(self, serializer)
                }
            }

            impl<'de> $crate::__serde::Deserialize<'de> for $name {
                fn deserialize<D: $crate::__serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> Result<Self, D::Error> {
                    $crate::model::__deserialize(deserializer)
                }
            }
        };
    };
}

/// Writes the facts about a field into its documentation.
#[doc(hidden)]
#[macro_export]
macro_rules! __facts {
    () => { "" };
    (required: true $(, $($rest:tt)*)?) => {
        concat!("\n\nDocumented as required.", $crate::__facts!($($($rest)*)?))
    };
    (values: &[$($value:literal),+] $(, $($rest:tt)*)?) => {
        concat!("\n\nDocumented here:", $(" `", $value, "`"),+, ".", $crate::__facts!($($($rest)*)?))
    };
    ($fact:ident: $value:expr $(, $($rest:tt)*)?) => { $crate::__facts!($($($rest)*)?) };
}

/// Makes a [`Model`](crate::model::Model) the [`Event`](crate::Event) of this name, or a variant of it:
/// `event!(Type = "NAME" # "VARIANT")`.
#[macro_export]
macro_rules! event {
    ($(#![cfg($($cfg:tt)+)])? $model:ident = $name:literal $(# $variant:literal)?) => {
        $(#[cfg($($cfg)+)])?
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

        impl $crate::model::EventModel for $model {
            $(#[cfg($($cfg)+)])?
            const MODEL: Option<$crate::AnyModel> = Some($crate::AnyModel::new::<Self>());
            $(#[cfg(not($($cfg)+))]
            const MODEL: Option<$crate::AnyModel> = None;)?
        }
    };
}

/// Defines an event by its variants: an open enum, whose last variant holds everything else.
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
///         /// Points for a user.
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
        $(#![cfg($($cfg:tt)+)])?
        $(#[$meta:meta])*
        pub enum $name:ident = $event:literal {
            $($(#[$doc:meta])* $variant:ident($model:ident),)*
        }
    ) => {
        $(#[cfg($($cfg)+)])?
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant(Box<$model>),)*
            /// A notification that fits no variant of this version.
            Unknown(Box<$crate::model::Unknown>),
        }

        $(#[cfg($($cfg)+)])?
        impl $crate::Event for $name {
            const NAME: &'static str = $event;

            fn decode(variant: Option<&str>, resource: &str) -> Result<Self, $crate::Misfit> {
                $(if variant == <$model as $crate::Event>::VARIANT {
                    return <$model as $crate::Event>::decode(variant, resource).map(Box::new).map(Self::$variant);
                })*
                $crate::model::Unknown::new($event, variant, resource).map(Box::new).map(Self::Unknown)
            }
        }

        $(#[cfg($($cfg)+)])?
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

/// Defines an inbound enum that stays open: an undocumented value becomes `Unknown` and keeps its text.
///
/// ```
/// wxhook_wire::open_enum! {
///     /// The state of a transaction.
///     pub enum TradeState {
///         /// Paid.
///         Success = "SUCCESS",
///         /// Refunded.
///         Refund = "REFUND",
///     }
/// }
/// assert_eq!(TradeState::from("SUCCESS"), TradeState::Success);
/// assert_eq!(TradeState::from("NEWER").as_str(), "NEWER");
/// ```
#[macro_export]
macro_rules! open_enum {
    (
        $(#![cfg($($cfg:tt)+)])?
        $(#[$meta:meta])*
        $vis:vis enum $name:ident $(as $kind:ident)? { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }
    ) => {
        $(#[cfg(not($($cfg)+))]
        #[allow(unreachable_pub, reason = "the type stands for its metadata")]
        $vis enum $name {})?

        $(#[cfg($($cfg)+)])?
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        $vis enum $name {
            $($(#[$doc])* $variant,)*
            /// An undocumented value, as received.
            Unknown(String),
        }

        impl $crate::model::FieldType for $name {
            const KIND: $crate::FieldKind =
                [$($crate::FieldKind::$kind,)? $crate::FieldKind::Enum(&[$($text),*])][0];
        }

        $(#[cfg($($cfg)+)])?
        const _: () = {
            impl $name {
                /// Returns the value on the wire.
                pub fn as_str(&self) -> &str {
                    match self {
                        $(Self::$variant => $text,)*
                        Self::Unknown(text) => text,
                    }
                }
            }

            impl From<&str> for $name {
                fn from(text: &str) -> Self {
                    match text {
                        $($text => Self::$variant,)*
                        other => Self::Unknown(other.to_owned()),
                    }
                }
            }

            impl $crate::model::Member for $name {
                fn read(value: $crate::json::Value<'_>) -> Result<Option<Self>, $crate::Misfit> {
                    $crate::model::__scalar(value).map(|text| Some(Self::from(&*text)))
                }

                fn write(&self, out: &mut String, _as_text: bool) {
                    $crate::model::__quote(self.as_str(), out);
                }
            }

            impl $crate::__serde::Serialize for $name {
                fn serialize<S: $crate::__serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.serialize_str(self.as_str())
                }
            }

            impl<'de> $crate::__serde::Deserialize<'de> for $name {
                fn deserialize<D: $crate::__serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> Result<Self, D::Error> {
                    <std::borrow::Cow<'de, str> as $crate::__serde::Deserialize>::deserialize(deserializer)
                        .map(|text| Self::from(text.as_ref()))
                }
            }
        };
    };
}
