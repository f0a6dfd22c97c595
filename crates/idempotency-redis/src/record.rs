use crate::reply::Parts;
use bytes::Bytes;
use redis::Value;
use std::collections::HashMap;
use wxhook_idempotency::machine::{Moment, Progress};
use wxhook_idempotency::{
    Change, ClaimId, Entry, Error, Fence, Fingerprint, FullRecord, Lease, Note, Seq, Start, State,
    StoredRecord,
};

/// Parses a record as `whole` in `record.lua` returns it; `None` if there is no record.
pub(crate) fn optional(value: Value) -> Result<Option<StoredRecord>, Error> {
    if matches!(value, Value::Nil) { Ok(None) } else { record(value).map(Some) }
}

/// Parses a record as `whole` in `record.lua` returns it.
pub(crate) fn record(value: Value) -> Result<StoredRecord, Error> {
    full(value, Vec::new()).map(|full| full.record)
}

/// Parses a record and its aliases as `export.lua` returns them.
pub(crate) fn exported(value: Value) -> Result<FullRecord, Error> {
    let mut parts = Parts::of(value)?;
    let record = parts.value()?;
    full(record, parts.parts()?.map(crate::reply::word).collect::<Result<_, _>>()?)
}

fn full(value: Value, aliases: Vec<String>) -> Result<FullRecord, Error> {
    let mut parts = Parts::of(value)?;
    let seq = parts.seq()?;
    let mut fields = Fields::of(parts.parts()?)?;
    let head = parts.bytes()?;
    let record = fields.record(seq, &head, parts.bytes()?)?;
    Ok(FullRecord::new(record, aliases, fields.0.contains_key("mark")))
}

/// Creates the lease of a claimed record.
pub(crate) fn lease(record: StoredRecord, now: Moment) -> Result<Lease, Error> {
    let fence = record.fence.ok_or(Error::Corrupt("a lease without a fence"))?;
    let (remaining, age) = (record.remaining(now), now.since(record.accepted_at));
    Ok(Lease::new(record, fence, remaining, age))
}

/// The fields of a record's hash.
struct Fields(HashMap<String, Bytes>);

impl Fields {
    fn of(mut flat: Parts) -> Result<Self, Error> {
        let mut fields = HashMap::new();
        while let Some(name) = flat.next() {
            fields.insert(crate::reply::word(name)?, flat.bytes()?);
        }
        Ok(Self(fields))
    }

    fn record(&mut self, seq: Seq, head: &[u8], body: Bytes) -> Result<StoredRecord, Error> {
        let (key, id, values, _aliases, names): (
            String,
            Option<String>,
            Vec<String>,
            Vec<String>,
            Vec<String>,
        ) = json(head)?;
        let (merchant, event, variant) = json(&self.bytes("kind")?)?;
        let mut entry = Entry::new(key, self.fingerprint()?, body, self.text("lane")?);
        let labels = &mut entry.labels;
        (labels.merchant, labels.event, labels.variant, labels.id) = (merchant, event, variant, id);
        labels.numbers = names.into_iter().zip(values).collect();
        entry.group = self.optional_text("group")?;
        let flags = self.list("flags")?;
        let mut progress = Progress::new(Start::Ready, self.number("most")?, flags, self.time("due")?);
        progress.state = State::from_name(&self.text("state")?).ok_or(Error::Corrupt("a record's state"))?;
        progress.generation = self.number("gen")?;
        progress.attempts = self.number("tries")?;
        progress.fence = self.optional("fence")?.map(Fence::new);
        let claim = self.optional_text("claim")?.map(|text| u128::from_str_radix(&text, 16)).transpose();
        progress.claim = claim.map_err(|_| Error::Corrupt("a number of a record"))?.map(ClaimId::new);
        progress.lease_until = self.optional("lease")?.map(Moment::from_millis);
        progress.seen_at = self.time("seen")?;
        progress.done_at = self.optional("done")?.map(Moment::from_millis);
        progress.outcome = self.0.remove("outcome");
        progress.error = self.optional_text("error")?;
        progress.notes = self.notes()?;
        let (sibling_of, at) = (self.optional("root")?.map(Seq::new), self.time("at")?);
        Ok(StoredRecord::new(seq, entry, sibling_of, at, progress))
    }

    fn bytes(&mut self, name: &str) -> Result<Bytes, Error> {
        self.0.remove(name).ok_or(Error::Corrupt("a field of a record"))
    }

    fn optional_text(&mut self, name: &str) -> Result<Option<String>, Error> {
        let text = self.0.remove(name).map(|bytes| String::from_utf8(bytes.into()));
        text.transpose().map_err(|_| Error::Corrupt("a text of a record"))
    }

    fn text(&mut self, name: &str) -> Result<String, Error> {
        self.optional_text(name)?.ok_or(Error::Corrupt("a field of a record"))
    }

    fn optional<T: std::str::FromStr>(&mut self, name: &str) -> Result<Option<T>, Error> {
        let number = self.optional_text(name)?.map(|text| text.parse());
        number.transpose().map_err(|_| Error::Corrupt("a number of a record"))
    }

    fn number<T: std::str::FromStr>(&mut self, name: &str) -> Result<T, Error> {
        self.optional(name)?.ok_or(Error::Corrupt("a field of a record"))
    }

    fn time(&mut self, name: &str) -> Result<Moment, Error> {
        self.number(name).map(Moment::from_millis)
    }

    fn fingerprint(&mut self) -> Result<Fingerprint, Error> {
        let bytes = self.bytes("fp")?;
        let (version, digest) = bytes.split_first().ok_or(Error::Corrupt("a fingerprint"))?;
        let digest = digest.try_into().map_err(|_| Error::Corrupt("a fingerprint"))?;
        Ok(Fingerprint::new(*version, digest))
    }

    fn list(&mut self, name: &str) -> Result<Vec<String>, Error> {
        self.0.remove(name).map(|text| json(&text)).transpose().map(Option::unwrap_or_default)
    }

    fn notes(&mut self) -> Result<Vec<Note>, Error> {
        let Some(text) = self.0.remove("notes") else { return Ok(Vec::new()) };
        let lines: Vec<(String, String, String, String)> = json(&text)?;
        let note = |(at, change, actor, reason): (String, String, String, String)| {
            let change = Change::from_name(&change).ok_or(Error::Corrupt("a record's history"))?;
            let at = at.parse().map_err(|_| Error::Corrupt("a record's history"))?;
            Ok(Note::new(Moment::from_millis(at), change, actor, reason))
        };
        lines.into_iter().map(note).collect()
    }
}

fn json<T: serde::de::DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    // The parser's message could repeat the text.
    serde_json::from_slice(text).map_err(|_| Error::Corrupt("a list of a record"))
}
