use super::MAX_ASSOCIATED_DATA;
use crate::Error;
use crate::json::{Doc, Kind, Value};
use std::borrow::Cow;

/// The envelope around a v3 resource. Parse it from verified bytes only.
///
/// Unknown members are ignored; `create_time`, `resource_type` and `summary` may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope<'a> {
    /// The notification's id.
    pub id: Cow<'a, str>,
    /// RFC 3339.
    pub create_time: Option<Cow<'a, str>>,
    /// E.g. `TRANSACTION.SUCCESS`.
    pub event_type: Cow<'a, str>,
    /// `encrypt-resource`.
    pub resource_type: Option<Cow<'a, str>>,
    /// Text for people.
    pub summary: Option<Cow<'a, str>>,
    /// The encrypted part.
    pub resource: Resource<'a>,
}

/// The encrypted part of an [`Envelope`].
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resource<'a> {
    /// E.g. `AEAD_AES_256_GCM`.
    pub algorithm: Cow<'a, str>,
    /// Base64 of ciphertext and tag.
    pub ciphertext: Cow<'a, str>,
    /// The AEAD nonce, 12 bytes of text.
    pub nonce: Cow<'a, str>,
    /// Missing, null and empty are the same.
    pub associated_data: Cow<'a, str>,
    /// Tells variants apart, e.g. `transaction`.
    pub original_type: Option<Cow<'a, str>>,
}

impl std::fmt::Debug for Resource<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resource").field("original_type", &self.original_type).finish_non_exhaustive()
    }
}

impl<'a> Envelope<'a> {
    /// Reads the envelope from a body.
    ///
    /// # Errors
    /// [`Error::Envelope`] names the part that is missing, empty or of another type.
    pub fn read(body: &'a Doc<'_>) -> Result<Self, Error> {
        let root = body.root();
        if root.kind() != Kind::Object {
            return Err(Error::Envelope("object"));
        }
        let resource = root.get("resource").filter(|value| value.kind() == Kind::Object);
        let resource = resource.ok_or(Error::Envelope("resource"))?;
        let associated_data = optional(resource, "associated_data").unwrap_or_default();
        if associated_data.len() > MAX_ASSOCIATED_DATA {
            return Err(Error::Envelope("resource.associated_data"));
        }
        Ok(Self {
            id: optional(root, "id").ok_or(Error::Envelope("id"))?,
            create_time: optional(root, "create_time"),
            event_type: optional(root, "event_type").ok_or(Error::Envelope("event_type"))?,
            resource_type: optional(root, "resource_type"),
            summary: optional(root, "summary"),
            resource: Resource {
                algorithm: optional(resource, "algorithm").ok_or(Error::Envelope("resource.algorithm"))?,
                ciphertext: optional(resource, "ciphertext").ok_or(Error::Envelope("resource.ciphertext"))?,
                nonce: optional(resource, "nonce").ok_or(Error::Envelope("resource.nonce"))?,
                associated_data,
                original_type: optional(resource, "original_type"),
            },
        })
    }

    /// Returns a part by its dotted path, for conditions and keys.
    pub fn text(&self, path: &str) -> Option<&str> {
        match path {
            "id" => Some(&self.id),
            "create_time" => self.create_time.as_deref(),
            "event_type" => Some(&self.event_type),
            "resource_type" => self.resource_type.as_deref(),
            "summary" => self.summary.as_deref(),
            "resource.original_type" => self.resource.original_type.as_deref(),
            "resource.associated_data" => Some(&self.resource.associated_data),
            "resource.algorithm" => Some(&self.resource.algorithm),
            _ => None,
        }
    }
}

/// Returns a string member that isn't empty.
fn optional<'a>(object: Value<'a>, name: &str) -> Option<Cow<'a, str>> {
    object.get(name)?.string().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"id":"EV-1","create_time":"2018-06-08T10:34:56+08:00","event_type":"TRANSACTION.SUCCESS",
        "resource_type":"encrypt-resource","summary":"paid","resource":{"algorithm":"AEAD_AES_256_GCM",
        "ciphertext":"AAAA","nonce":"0123456789ab","associated_data":"transaction","original_type":"transaction"}}"#;

    fn read(text: &str) -> Result<(), Error> {
        Envelope::read(&Doc::parse(text)?).map(|_| ())
    }

    #[test]
    fn what_may_be_missing_may_be_missing() {
        for part in [
            "\"summary\":\"paid\",",
            "\"create_time\":\"2018-06-08T10:34:56+08:00\",",
            ",\"original_type\":\"transaction\"",
            ",\"associated_data\":\"transaction\"",
        ] {
            assert!(GOOD.contains(part));
            assert_eq!(read(&GOOD.replace(part, "")), Ok(()), "{part}");
        }
        assert_eq!(read(&GOOD.replace("\"transaction\",\"orig", "null,\"orig")), Ok(()));
        assert_eq!(read(&GOOD.replace("{\"id\"", "{\"newer\":[1],\"id\"")), Ok(()));
    }

    #[test]
    fn what_is_needed_is_needed() {
        for (old, new, part) in [
            ("\"id\":\"EV-1\",", "", "id"),
            ("EV-1", "", "id"),
            ("\"EV-1\"", "1", "id"),
            ("\"event_type\"", "\"type\"", "event_type"),
            ("\"resource\":{", "\"source\":{", "resource"),
            ("\"nonce\"", "\"n\"", "resource.nonce"),
            ("\"ciphertext\"", "\"c\"", "resource.ciphertext"),
            ("\"algorithm\"", "\"a\"", "resource.algorithm"),
        ] {
            assert_eq!(read(&GOOD.replace(old, new)), Err(Error::Envelope(part)), "{part}");
        }
        for text in ["[]", "1", "\"x\"", "null"] {
            assert_eq!(read(text), Err(Error::Envelope("object")));
        }
    }
}
