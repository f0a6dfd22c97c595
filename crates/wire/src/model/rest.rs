use std::fmt;

/// What a model keeps of the object it was read from, beside its fields: the members' order, those that no field is
/// for, and the form of those that are written differently.
#[derive(Clone, Default, PartialEq)]
pub struct Rest {
    pub(super) members: Vec<Kept>,
}

#[derive(Clone, PartialEq)]
pub(super) enum Kept {
    /// A field, under this name.
    Field(&'static str),
    /// A field, under this name, that was written like this.
    Form(&'static str, Box<str>),
    /// The same as a field says, once more: under this name, written like this. It goes when the field changes.
    Twin(&'static str, Box<str>),
    /// No field's: the name as a JSON string, and the value.
    Other(Box<str>, Box<str>),
}

impl Rest {
    /// The members that no field is for: name and value, both as JSON.
    pub fn unknown(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members.iter().filter_map(|member| match member {
            Kept::Other(name, value) => Some((&**name, &**value)),
            Kept::Field(_) | Kept::Form(..) | Kept::Twin(..) => None,
        })
    }
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rest({} members)", self.members.len())
    }
}
