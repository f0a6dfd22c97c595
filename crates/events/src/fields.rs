/// A table of fields: `/// meaning`, `"name" => kind, option(…)…;`.
macro_rules! fields {
    ($(#[doc = $doc:literal] $name:literal => $kind:expr $(, $option:ident($($value:expr)?))*;)*) => {
        &[$(FieldMeta::new($name, $kind)$(.$option($($value)?))*.doc($doc.trim_ascii()),)*]
    };
}

pub(crate) use fields;
