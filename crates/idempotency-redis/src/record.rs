use crate::reply::Parts;
use bytes::Bytes;
use redis::Value;
use std::collections::HashMap;
use std::time::SystemTime;
use wxhook_idempotency::machine::Moment;
use wxhook_idempotency::{
    Change, ClaimId, Error, ExportedRecord, Fence, Fingerprint, Labels, Lease, Note, Seq, State, StoredRecord,
};

/// A record as `whole` of `record.lua` answers it; `None` for the answer that there is none.
pub(crate) fn optional(value: Value) -> Result<Option<StoredRecord>, Error> {
    if matches!(value, Value::Nil) { Ok(None) } else { record(value).map(Some) }
}

/// A record as `whole` of `record.lua` answers it.
pub(crate) fn record(value: Value) -> Result<StoredRecord, Error> {
    whole(value).map(|(record, _)| record)
}

/// A record and its aliases, as `export.lua` answers them.
pub(crate) fn exported(value: Value) -> Result<ExportedRecord, Error> {
    let mut parts = Parts::of(value)?;
    let (record, mut fields) = whole(parts.value()?)?;
    let aliases = parts.parts()?.map(crate::reply::word).collect::<Result<_, _>>()?;
    let claim = fields.optional_text("claim")?.map(|text| u128::from_str_radix(&text, 16));
    let claim = claim.transpose().map_err(|_| Error::Corrupt("a number of a record"))?;
    Ok(ExportedRecord::new(record, aliases, fields.0.contains_key("mark"), claim.map(ClaimId::new)))
}

/// A record, and the fields that aren't shown of it.
fn whole(value: Value) -> Result<(StoredRecord, Fields), Error> {
    let mut parts = Parts::of(value)?;
    let seq = parts.seq()?;
    let mut fields = Fields::of(parts.parts()?)?;
    let head = parts.bytes()?;
    let body = parts.bytes()?;
    Ok((fields.record(seq, &head, body)?, fields))
}

/// The lease that a claimed record stands for.
pub(crate) fn lease(record: StoredRecord, now: Moment) -> Result<Lease, Error> {
    let fence = record.fence.ok_or(Error::Corrupt("a lease without a fence"))?;
    let until = record.lease_until.map_or(Moment::FIRST, Moment::from_system);
    let age = now.since(Moment::from_system(record.accepted_at));
    Ok(Lease::new(record, fence, until.since(now), age))
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
        let mut labels = Labels::default();
        (labels.merchant, labels.event, labels.variant, labels.id) = (merchant, event, variant, id);
        labels.numbers = names.into_iter().zip(values).collect();
        let mut record = StoredRecord::new(seq, key, self.fingerprint()?, body, self.time("at")?);
        record.labels = labels;
        record.flags = self.list("flags")?;
        record.lane = self.text("lane")?;
        record.group = self.optional_text("group")?;
        record.sibling_of = self.optional("root")?.map(Seq::new);
        record.state = State::from_name(&self.text("state")?).ok_or(Error::Corrupt("a record's state"))?;
        record.generation = self.number("gen")?;
        record.attempts = self.number("tries")?;
        record.max_attempts = self.number("most")?;
        record.fence = self.optional("fence")?.map(Fence::new);
        record.due_at = self.time("due")?;
        record.lease_until = self.optional("lease")?.map(moment);
        record.seen_at = self.time("seen")?;
        record.done_at = self.optional("done")?.map(moment);
        record.outcome = self.0.remove("outcome");
        record.error = self.optional_text("error")?;
        record.notes = self.notes()?;
        Ok(record)
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

    fn time(&mut self, name: &str) -> Result<SystemTime, Error> {
        self.number(name).map(moment)
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
            Ok(Note::new(moment(at), change, actor, reason))
        };
        lines.into_iter().map(note).collect()
    }
}

fn moment(millis: i64) -> SystemTime {
    Moment::from_millis(millis).to_system()
}

fn json<T: serde::de::DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    // The parser's message could repeat the text.
    serde_json::from_slice(text).map_err(|_| Error::Corrupt("a list of a record"))
}
