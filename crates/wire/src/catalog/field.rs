/// What a field of a resource is. Readers are lenient all the same: documents and senders disagree.
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
    /// Encrypted with the merchant's own RSA key (OAEP), base64.
    Encrypted,
    /// One of the documented values, or a newer one.
    Enum(&'static [&'static str]),
    /// An object.
    Object(&'static [FieldMeta]),
    /// An array.
    List(&'static FieldKind),
    /// JSON in a string.
    Json(&'static FieldKind),
    /// v2: fields with a number behind their names (`coupon_id_0`), here without it.
    Numbered(&'static [FieldMeta]),
}

impl FieldKind {
    /// The fields inside, through lists and strings.
    pub const fn fields(&self) -> &'static [FieldMeta] {
        match self {
            Self::Object(fields) | Self::Numbered(fields) => fields,
            Self::List(kind) | Self::Json(kind) => kind.fields(),
            _ => &[],
        }
    }
}

/// What is known of one field of a resource. Data, made in `const` context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldMeta {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it is.
    pub kind: FieldKind,
    /// Whether the documents say that it is always there; trust it little.
    pub required: bool,
    /// Other names that it comes under.
    pub aliases: &'static [&'static str],
    /// The documented values where they are fewer than the enum has; empty otherwise.
    pub values: &'static [&'static str],
    /// How a time is written that isn't RFC 3339.
    pub format: Option<&'static str>,
    /// The field beside it that names an amount's currency; `order` for the order's, wherever that stands.
    pub unit: Option<&'static str>,
    /// What it means, one line.
    pub doc: &'static str,
}

impl FieldMeta {
    /// A field that may be missing.
    pub const fn new(name: &'static str, kind: FieldKind) -> Self {
        Self { name, kind, required: false, aliases: &[], values: &[], format: None, unit: None, doc: "" }
    }

    /// Returns whether it comes under this name; numbered fields come with a number behind theirs, or without one.
    pub fn is_called(&self, name: &str) -> bool {
        if let FieldKind::Numbered(fields) = self.kind {
            let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
            let bare = if bare.len() < name.len() { bare.trim_end_matches('_') } else { name };
            return fields.iter().any(|field| field.is_called(bare));
        }
        self.name == name || self.aliases.contains(&name)
    }

    /// The documents say that it is always there.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// With other names that it comes under.
    #[must_use]
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// With the values documented here.
    #[must_use]
    pub const fn values(mut self, values: &'static [&'static str]) -> Self {
        self.values = values;
        self
    }

    /// With the way its time is written.
    #[must_use]
    pub const fn format(mut self, format: &'static str) -> Self {
        self.format = Some(format);
        self
    }

    /// With the field that names its currency.
    #[must_use]
    pub const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = Some(unit);
        self
    }

    /// With its meaning.
    #[must_use]
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }
}
