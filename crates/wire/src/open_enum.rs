/// Defines an inbound enum that stays open: a value nobody documented becomes `Unknown` and keeps its text.
///
/// ```
/// wxhook_wire::open_enum! {
///     /// How a transaction stands.
///     pub enum TradeState {
///         /// Paid.
///         Success = "SUCCESS",
///         /// Given back.
///         Refund = "REFUND",
///     }
/// }
/// assert_eq!(TradeState::from("SUCCESS"), TradeState::Success);
/// assert_eq!(TradeState::from("NEWER").as_str(), "NEWER");
/// ```
#[macro_export]
macro_rules! open_enum {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        $vis enum $name {
            $($(#[$doc])* $variant,)*
            /// A value that isn't documented, as it came.
            Unknown(String),
        }

        impl $name {
            /// The value on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(text) => text,
                }
            }
        }

        impl $crate::model::Member for $name {
            const KIND: $crate::FieldKind = $crate::FieldKind::Enum(&[$($text),*]);

            fn read(
                value: $crate::json::Value<'_>,
                _as_text: bool,
            ) -> Result<$crate::model::Read<Self>, $crate::Misfit> {
                $crate::model::__read_enum(value, |text| Self::from(text))
            }

            fn write(&self, out: &mut String, _as_text: bool) {
                $crate::model::__quote(self.as_str(), out);
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

        impl $crate::__serde::Serialize for $name {
            fn serialize<S: $crate::__serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::__serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <std::borrow::Cow<'de, str> as $crate::__serde::Deserialize>::deserialize(deserializer)
                    .map(|text| Self::from(text.as_ref()))
            }
        }
    };
}
