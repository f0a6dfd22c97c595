/// The kind of a resource's field. Readers are lenient all the same: documents and senders disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldKind {
    /// Text, also a number that is a name (an id).
    String,
    /// A number to count with.
    Integer,
    /// An amount of money in the smallest unit of its currency, 分 unless [`FieldMeta::unit`] names another.
    Fen,
    /// `true` or `false`.
    Boolean,
    /// A decimal number, kept as its text.
    Number,
    /// A time; RFC 3339 unless [`FieldMeta::format`] says otherwise.
    Time,
    /// `Y` or `N`.
    YesNo,
    /// A text encrypted with the merchant's own RSA key (OAEP), in base64.
    Encrypted,
    /// One of the documented values, or a newer one.
    Enum(&'static [&'static str]),
    /// An object.
    Object(&'static [FieldMeta]),
    /// An array.
    List(&'static FieldKind),
    /// JSON in a string.
    Json(&'static FieldKind),
    /// v2: fields with a number behind their names (`coupon_id_0`), listed without it.
    Numbered(&'static [FieldMeta]),
}

impl FieldKind {
    /// Returns the fields inside, through lists and strings.
    pub const fn fields(&self) -> &'static [FieldMeta] {
        match self {
            Self::Object(fields) | Self::Numbered(fields) => fields,
            Self::List(kind) | Self::Json(kind) => kind.fields(),
            _ => &[],
        }
    }
}

/// Facts about one field of a resource. Data, made in `const` context from [`FieldMeta::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made by struct update in const context")]
pub struct FieldMeta {
    /// The name on the wire.
    pub name: &'static str,
    /// The kind.
    pub kind: FieldKind,
    /// Documented as always present; don't rely on it.
    pub required: bool,
    /// Other names that the field comes under.
    pub aliases: &'static [&'static str],
    /// The documented values where they are fewer than the enum has; empty otherwise.
    pub values: &'static [&'static str],
    /// The format of a time that isn't RFC 3339.
    pub format: Option<&'static str>,
    /// The sibling that names an amount's currency; `order` for the order's, wherever that stands.
    pub unit: Option<&'static str>,
    /// The meaning, one line.
    pub doc: &'static str,
}

impl FieldMeta {
    /// Creates a field that may be missing.
    pub const fn new(name: &'static str, kind: FieldKind) -> Self {
        Self { name, kind, required: false, aliases: &[], values: &[], format: None, unit: None, doc: "" }
    }

    /// Returns whether the field comes under this name; numbered fields come with or without a number.
    pub fn is_called(&self, name: &str) -> bool {
        if let FieldKind::Numbered(fields) = self.kind {
            let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
            let bare = if bare.len() < name.len() { bare.trim_end_matches('_') } else { name };
            return fields.iter().any(|field| field.is_called(bare));
        }
        self.name == name || self.aliases.contains(&name)
    }
}
