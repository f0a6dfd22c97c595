use crate::json::Value;
use crate::names::Protocol;
use crate::v2::{Fields, Shape};
use crate::v3::Envelope;
use std::borrow::Cow;

/// A verified notification, opened: what classification and key rules look at.
#[derive(Debug, Clone, Copy)]
pub struct Opened<'a> {
    outer: Outer<'a>,
    subject: Option<Value<'a>>,
}

#[derive(Debug, Clone, Copy)]
enum Outer<'a> {
    V3(&'a Envelope<'a>),
    V2(&'a Fields, Shape),
}

impl<'a> Opened<'a> {
    /// A v3 notification; `resource` is `None` where the plaintext isn't JSON.
    pub const fn v3(envelope: &'a Envelope<'a>, resource: Option<Value<'a>>) -> Self {
        Self { outer: Outer::V3(envelope), subject: resource }
    }

    /// A v2 notification; `resource` is its fields as JSON with the content opened in place.
    ///
    /// The subject of decisions and keys is the opened content where the shape hides it, else the fields.
    pub fn v2(fields: &'a Fields, resource: Value<'a>) -> Self {
        let shape = Shape::detect(fields);
        let subject = match shape.opened() {
            Some((_, name)) => resource.get(name),
            None => Some(resource),
        };
        Self { outer: Outer::V2(fields, shape), subject }
    }

    /// Returns the protocol.
    pub const fn protocol(&self) -> Protocol {
        match self.outer {
            Outer::V3(_) => Protocol::V3,
            Outer::V2(..) => Protocol::V2,
        }
    }

    /// Returns the way a v2 notification hides its content; `None` for v3.
    pub const fn shape(&self) -> Option<Shape> {
        match self.outer {
            Outer::V3(_) => None,
            Outer::V2(_, shape) => Some(shape),
        }
    }

    /// The `event_type` of a v3 envelope; v2 has none.
    pub fn event_type(&self) -> Option<&'a str> {
        match self.outer {
            Outer::V3(envelope) => Some(&envelope.event_type),
            Outer::V2(..) => None,
        }
    }

    /// The value that decisions and keys are about.
    pub const fn subject(&self) -> Option<Value<'a>> {
        self.subject
    }

    /// The text of a scalar of the subject.
    pub fn text(&self, path: &str) -> Option<Cow<'a, str>> {
        self.subject?.at(path)?.text()
    }

    /// The text of a part of the envelope (v2: of a field as received).
    pub fn envelope_text(&self, path: &str) -> Option<&'a str> {
        match self.outer {
            Outer::V3(envelope) => envelope.text(path),
            Outer::V2(fields, _) => fields.get(path),
        }
    }

    /// Returns whether the subject has a value at this path that is neither null nor empty.
    pub fn has(&self, path: &str) -> bool {
        self.subject.is_some_and(|subject| subject.has(path))
    }
}
