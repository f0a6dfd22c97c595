//! The macro that models are written with.

/// Defines a model: an object whose members are all optional, read leniently.
///
/// - `name: Option<T> | other` reads the member `other` where `name` says nothing.
/// - `.. name: T` gives members of no field to a [`Rest`](crate::lenient::Rest).
/// - `Debug` shows no content.
macro_rules! model {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$doc:meta])* pub $field:ident: Option<$ty:ty> $(| $alias:ident)*,)*
            $(.. $(#[$rest_doc:meta])* pub $rest:ident: $rest_ty:ty,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, serde::Serialize)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $field: Option<$ty>,
            )*
            $(
                $(#[$rest_doc])*
                #[serde(flatten)]
                pub $rest: $rest_ty,
            )?
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                #[serde(field_identifier)]
                #[expect(non_camel_case_types, reason = "these are the names on the wire")]
                enum Key {
                    $($field, $($alias,)*)*
                    __Other(String),
                }

                struct Members;

                impl<'de> serde::de::Visitor<'de> for Members {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut members: A) -> Result<$name, A::Error> {
                        let mut model = $name::default();
                        $($(let mut $alias: Option<$ty> = None;)*)*
                        while let Some(key) = members.next_key()? {
                            match key {
                                $(
                                    Key::$field => {
                                        members.next_value_seed($crate::lenient::Into(&mut model.$field))?;
                                    }
                                    $(Key::$alias => {
                                        members.next_value_seed($crate::lenient::Into(&mut $alias))?;
                                    })*
                                )*
                                Key::__Other(_name) => {
                                    $(
                                        if let Some(slot) = $crate::lenient::Rest::slot(&mut model.$rest, &_name) {
                                            members.next_value_seed($crate::lenient::Into(slot))?;
                                            continue;
                                        }
                                    )?
                                    members.next_value::<serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        $($(model.$field = model.$field.take().or($alias);)*)*
                        Ok(model)
                    }
                }

                deserializer.deserialize_map(Members)
            }
        }

        impl $crate::lenient::Model for $name {}

        impl $crate::lenient::Lenient for $name {
            fn lenient<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                $crate::lenient::object(deserializer)
            }
        }
    };
}

/// Makes a model the event `name`, or its variant.
macro_rules! event {
    ($model:ident, $name:literal $(, $variant:literal)?) => {
        impl wxhook_wire::Event for $model {
            const NAME: &'static str = $name;
            $(const VARIANT: Option<&'static str> = Some($variant);)?

            fn decode(_variant: Option<&str>, resource: &str) -> Result<Self, wxhook_wire::Misfit> {
                wxhook_wire::decode(resource)
            }
        }
    };
}

/// Defines an open enum that models can have as a member.
macro_rules! values {
    ($(#[$meta:meta])* pub enum $name:ident { $($body:tt)* }) => {
        wxhook_wire::open_enum! {
            $(#[$meta])*
            pub enum $name { $($body)* }
        }

        impl $crate::lenient::Lenient for $name {
            fn lenient<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                Ok($crate::lenient::scalar(deserializer)?.map(|text| Self::from(&*text)))
            }
        }
    };
}
