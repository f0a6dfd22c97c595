//! Macros that the generated files call.

/// Defines the types of an area, which exist if its feature is on. Their metadata always exist.
macro_rules! area {
    ($feature:tt; $($macro:ident! { $($body:tt)* })*) => {
        $(wxhook_wire::$macro! { #![cfg(feature = $feature)] $($body)* })*
    };
}

/// Defines [`EventType`](crate::EventType) and [`AnyEvent`](crate::AnyEvent).
macro_rules! any_event {
    ($(#[doc = $doc:literal] $feature:literal $variant:ident($ty:ty) = $name:literal,)*) => {
        wxhook_wire::open_enum! {
            /// The name of an event: the bare `event_type` for JSON, `v2/<name>` for XML. Unknown names keep their text, and
            /// old names of renamed events stay.
            pub enum EventType {
                $(#[doc = $doc] $variant = $name,)*
            }
        }

        /// Any event, for one `match` instead of a handler for each.
        ///
        /// Events of an area whose feature is off are [`Unknown`](Self::Unknown).
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub enum AnyEvent {
            $(#[doc = $doc] #[cfg(feature = $feature)] $variant($ty),)*
            /// An event without a model. (A notification that fits no variant of a known event is that event's `Unknown`.)
            Unknown(Box<wxhook_wire::model::Unknown>),
        }

        impl AnyEvent {
            /// Decodes a record's `resource` by its `event_type` and `variant`.
            ///
            /// # Errors
            /// [`Misfit`](wxhook_wire::Misfit) names the place that doesn't fit the model.
            pub fn decode(
                event_type: &str,
                variant: Option<&str>,
                resource: &str,
            ) -> Result<Self, wxhook_wire::Misfit> {
                match EventType::from(event_type) {
                    $(#[cfg(feature = $feature)]
                    EventType::$variant => <$ty as wxhook_wire::Event>::decode(variant, resource).map(Self::$variant),)*
                    _ => wxhook_wire::model::Unknown::new(event_type, variant, resource)
                        .map(|unknown| Self::Unknown(Box::new(unknown))),
                }
            }

            /// Returns the event's name.
            pub fn event_type(&self) -> &str {
                match self {
                    $(#[cfg(feature = $feature)] Self::$variant(_) => $name,)*
                    Self::Unknown(event) => &event.event,
                }
            }
        }

        impl serde::Serialize for AnyEvent {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(#[cfg(feature = $feature)] Self::$variant(event) => event.serialize(serializer),)*
                    Self::Unknown(event) => event.serialize(serializer),
                }
            }
        }
    };
}

pub(crate) use {any_event, area};
