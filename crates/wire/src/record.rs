use crate::Error;
use crate::names::{Flag, ProofKind, Protocol};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The part of a notification that a store keeps in a record's body, without the store's own facts (number, key, attempts,
/// flags).
///
/// Only data: a record is no proof of its origin.
// Its members stand in this order in the event record, too.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Content<'a> {
    /// The merchant's configured name.
    #[serde(borrow)]
    pub merchant: Cow<'a, str>,
    /// The protocol.
    pub protocol: Protocol,
    /// The proof of its origin.
    pub proof: ProofKind,
    /// The notification's id; v2 has none.
    #[serde(borrow)]
    pub id: Option<Cow<'a, str>>,
    /// The event's name.
    #[serde(borrow)]
    pub event_type: Cow<'a, str>,
    /// The event's variant.
    #[serde(borrow)]
    pub variant: Option<Cow<'a, str>>,
    /// The envelope's `original_type`.
    #[serde(borrow)]
    pub original_type: Option<Cow<'a, str>>,
    /// The envelope's `create_time`, as received.
    #[serde(borrow)]
    pub create_time: Option<Cow<'a, str>>,
    /// The time of the first receipt: RFC 3339, milliseconds, UTC.
    #[serde(borrow)]
    pub received_at: Cow<'a, str>,
    /// The envelope's `summary`, as received.
    #[serde(borrow)]
    pub summary: Option<Cow<'a, str>>,
    /// Set if the resource fits its model.
    pub typed: bool,
}

/// The stored form. Written by hand in [`Content::to_body`], so that a resource isn't parsed once more.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    content: Content<'a>,
    #[serde(borrow)]
    resource: &'a RawValue,
}

impl<'a> Content<'a> {
    /// Creates content of the necessary parts; the others are `None`, `typed` is false.
    pub fn new(
        merchant: impl Into<Cow<'a, str>>,
        protocol: Protocol,
        proof: ProofKind,
        event_type: impl Into<Cow<'a, str>>,
        received_at: impl Into<Cow<'a, str>>,
    ) -> Self {
        Self {
            merchant: merchant.into(),
            protocol,
            proof,
            id: None,
            event_type: event_type.into(),
            variant: None,
            original_type: None,
            create_time: None,
            received_at: received_at.into(),
            summary: None,
            typed: false,
        }
    }

    /// Returns the stored form. `resource` must be JSON: it is copied verbatim.
    ///
    /// # Errors
    /// [`Error::Json`] if it can't be written, which doesn't happen in memory.
    pub fn to_body(&self, resource: &str) -> Result<Vec<u8>, Error> {
        let mut body = Vec::with_capacity(resource.len() + 512);
        body.extend_from_slice(b"{\"content\":");
        serde_json::to_writer(&mut body, self).map_err(|_| Error::Json)?;
        body.extend_from_slice(b",\"resource\":");
        body.extend_from_slice(resource.as_bytes());
        body.push(b'}');
        Ok(body)
    }
}

impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("merchant", &self.merchant)
            .field("protocol", &self.protocol)
            .field("event_type", &self.event_type)
            .field("variant", &self.variant)
            .finish_non_exhaustive()
    }
}

/// The event record that sinks, handlers and the admin API get, one JSON object.
///
/// `Debug` leaves out its key and its resource.
#[derive(Clone)]
#[non_exhaustive]
pub struct Record {
    /// The number in the store.
    pub seq: u64,
    /// The business key.
    pub key: String,
    /// The generation, from 1; it grows when a record that was done is requeued.
    pub generation: u32,
    /// The number of the delivery attempt, from 1.
    pub attempt: u32,
    /// Flags, e.g. `key-fallback`.
    pub flags: Vec<String>,
    /// The received content.
    pub content: Content<'static>,
    resource: Box<RawValue>,
}

impl Record {
    /// Creates a record of the stored form and the store's own facts.
    ///
    /// # Errors
    /// [`Error::Json`] where `body` isn't one that [`Content::to_body`] made.
    pub fn from_body(
        body: &[u8],
        seq: u64,
        key: impl Into<String>,
        generation: u32,
        attempt: u32,
        flags: Vec<String>,
    ) -> Result<Self, Error> {
        let Body { content, resource } = serde_json::from_slice(body).map_err(|_| Error::Json)?;
        Ok(Self {
            seq,
            key: key.into(),
            generation,
            attempt,
            flags,
            content: content.into_owned(),
            resource: resource.to_owned(),
        })
    }

    /// Returns the decrypted resource, JSON.
    pub fn resource(&self) -> &str {
        self.resource.get()
    }

    /// Returns whether the record has this flag.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.iter().any(|known| known == flag.as_str())
    }

    /// Returns the event record as one line of JSON, without a line end.
    pub fn to_json(&self) -> String {
        let [before_seq, before_key, before_flags, end] = self.json_frame();
        let (key, flags) = (to_text(&self.key), to_text(&self.flags));
        [before_seq, self.seq.to_string(), before_key, key, before_flags, flags, end].concat()
    }

    /// Returns the four parts of [`to_json`](Self::to_json) between which number, key and flags belong, for a store that
    /// fills them in. The key is a JSON string and the flags an array of strings, as serde_json writes them.
    pub fn json_frame(&self) -> [String; 4] {
        let content = to_text(&self.content);
        // Its members stand among the record's, in the order that readers know.
        let members = content.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default();
        let (generation, attempt, resource) = (self.generation, self.attempt, self.resource.get());
        [
            "{\"seq\":".to_owned(),
            ",\"key\":".to_owned(),
            format!(",{members},\"generation\":{generation},\"attempt\":{attempt},\"flags\":"),
            format!(",\"resource\":{resource}}}"),
        ]
    }
}

/// Strings, numbers and lists of them: writing them to memory can't fail.
fn to_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl Content<'_> {
    fn into_owned(self) -> Content<'static> {
        let own = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        Content {
            merchant: Cow::Owned(self.merchant.into_owned()),
            protocol: self.protocol,
            proof: self.proof,
            id: own(self.id),
            event_type: Cow::Owned(self.event_type.into_owned()),
            variant: own(self.variant),
            original_type: own(self.original_type),
            create_time: own(self.create_time),
            received_at: Cow::Owned(self.received_at.into_owned()),
            summary: own(self.summary),
            typed: self.typed,
        }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("seq", &self.seq)
            .field("content", &self.content)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_the_documented_object() {
        let mut content =
            Content::new("shop", Protocol::V3, ProofKind::Rsa, "PAID", "2026-01-01T00:00:00.000Z");
        content.id = Some("EV-1".into());
        let body = content.to_body(r#"{"n":1.50,"t":"\u4e2d"}"#).unwrap();
        let record = Record::from_body(&body, 42, "shop/PAID/n=1", 1, 2, vec!["changed".into()]).unwrap();
        assert_eq!(
            record.to_json(),
            r#"{"seq":42,"key":"shop/PAID/n=1","merchant":"shop","protocol":"v3","proof":"rsa","id":"EV-1","event_type":"PAID","variant":null,"original_type":null,"create_time":null,"received_at":"2026-01-01T00:00:00.000Z","summary":null,"typed":false,"generation":1,"attempt":2,"flags":["changed"],"resource":{"n":1.50,"t":"\u4e2d"}}"#
        );
        assert!(record.has(Flag::Changed) && !record.has(Flag::Unsigned));
        let [before_seq, before_key, before_flags, end] = record.json_frame();
        let filled = format!(r#"{before_seq}42{before_key}"shop/PAID/n=1"{before_flags}["changed"]{end}"#);
        assert_eq!(filled, record.to_json());
    }

    #[test]
    fn other_bytes_are_no_record() {
        for body in ["", "{}", r#"{"resource":{}}"#, "\u{0}"] {
            assert!(Record::from_body(body.as_bytes(), 1, "k", 1, 1, Vec::new()).is_err());
        }
    }

    #[test]
    fn debug_shows_no_content() {
        let content = Content::new("shop", Protocol::V3, ProofKind::Rsa, "PAID", "now");
        let body = content.to_body(r#"{"secret":"s3cret"}"#).unwrap();
        let record = Record::from_body(&body, 1, "shop/PAID/no=s3cret", 1, 1, Vec::new()).unwrap();
        assert!(!format!("{record:?}").contains("s3cret"));
    }
}
