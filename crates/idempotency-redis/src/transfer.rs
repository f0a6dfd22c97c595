use crate::call::{Call, fingerprint, hash};
use crate::fault::Fault;
use crate::record::exported;
use crate::reply::{Parts, word};
use crate::script::{EXPORT, IMPORT};
use crate::store::RedisStore;
use bytes::Bytes;
use redis::Value;
use wxhook_idempotency::machine::{Moment, TimeState};
use wxhook_idempotency::{
    Counters, Cursor, Error, ExportPage, ExportedTombstone, Fingerprint, FullRecord, Note, Seq, Store as _,
    StoredRecord, Tombstone, TombstoneKey, Transfer,
};

impl Transfer for RedisStore {
    async fn export(&self, from: Cursor, max: usize) -> Result<ExportPage, Error> {
        let mut page = ExportPage::new(self.capabilities().id);
        let max = max.max(1);
        let call = |what: &'static str| Call::new(EXPORT).arg(what);
        match from {
            Cursor::Records(after) => {
                let mut answer = self.parts(call("records").seq(after).number(max)).await?;
                page.next = Some(match &*answer.text()? {
                    "" => Cursor::Tombstones(Bytes::new()),
                    last => Cursor::Records(Seq::new(last.parse().map_err(|_| Fault::Answer)?)),
                });
                for seq in answer.parts()? {
                    tracing::warn!(seq = word(seq)?, "a record can't be read and isn't copied");
                }
                page.records = answer.parts()?.map(exported).collect::<Result<_, _>>()?;
            }
            Cursor::Tombstones(place) => {
                let place = if place.is_empty() { Bytes::from_static(b"0") } else { place };
                let mut answer = self.parts(call("marks").arg(place).number(max)).await?;
                let next = answer.bytes()?;
                page.next = Some(if next.is_empty() { Cursor::Counters } else { Cursor::Tombstones(next) });
                page.tombstones = answer.parts()?.map(mark).collect::<Result<_, _>>()?;
            }
            Cursor::Counters => {
                let mut answer = self.parts(call("counters").arg("").number(max)).await?;
                let (seq, fence) = (answer.number()?, answer.number()?);
                let time = TimeState::new(time(answer.value()?)?, time(answer.value()?)?);
                page.counters = Some(Counters::new(seq, fence, time));
            }
            _ => return Err(Error::Unsupported("this place of an export".to_owned())),
        }
        Ok(page)
    }

    async fn import(&self, page: ExportPage) -> Result<(), Error> {
        let source = page.source.map(|id| id.to_string()).unwrap_or_else(|| "memory".to_owned());
        let call = Call::new(IMPORT).arg(source).number(page.records.len()).number(page.tombstones.len());
        let call = page.records.into_iter().fold(call, put_record);
        let call = page.tombstones.into_iter().fold(call, |call, mark| {
            let hash = match mark.key {
                TombstoneKey::Hash(hash) => Bytes::copy_from_slice(&hash),
                TombstoneKey::Plain(key) => hash(&key),
                _ => Bytes::new(),
            };
            call.seq(mark.tombstone.seq)
                .arg(hash)
                .arg(fingerprint(&mark.tombstone.fingerprint))
                .number(mark.put_at.millis())
        });
        let counters = page.counters.map(|counters| {
            let time = |time: Option<Moment>| time.map(Moment::millis).unwrap_or_default().to_string();
            [
                counters.seq.to_string(),
                counters.fence.to_string(),
                time(counters.time.last),
                time(counters.time.purge_after),
            ]
        });
        match &*word(self.run(call.list(counters.into_iter().flatten())).await?)? {
            "done" => Ok(()),
            _ => Err(Error::Unsupported(
                "copying into a store that isn't empty; take another database or prefix".to_owned(),
            )),
        }
    }
}

fn mark(value: Value) -> Result<ExportedTombstone, Error> {
    let wrong = |_| Error::Corrupt("a mark");
    let mut parts = Parts::of(value)?;
    let seq = parts.seq()?;
    let hash = parts.bytes()?.as_ref().try_into().map_err(wrong)?;
    let bytes = parts.bytes()?;
    let (version, digest) = bytes.split_first().ok_or(Error::Corrupt("a mark"))?;
    let fingerprint = Fingerprint::new(*version, digest.try_into().map_err(wrong)?);
    Ok(ExportedTombstone::new(TombstoneKey::Hash(hash), Tombstone::new(seq, fingerprint), parts.moment()?))
}

fn time(value: Value) -> Result<Option<Moment>, Error> {
    if matches!(value, Value::Nil) {
        return Ok(None);
    }
    let millis = i64::try_from(crate::reply::number(value)?).unwrap_or(i64::MAX);
    Ok(Some(Moment::from_millis(millis)))
}

/// Adds everything about a record; `import.lua` reads it.
fn put_record(call: Call, exported: FullRecord) -> Call {
    let fields = fields(&exported);
    let StoredRecord { seq, key, body, labels, .. } = exported.record;
    call.seq(seq)
        .list(fields)
        .arg(key)
        .arg(crate::call::rest_of_head(&labels, &exported.aliases))
        .arg(body)
        .list(exported.aliases)
        .optional(labels.id)
        .list(labels.numbers.into_iter().map(|(_, value)| value))
}

/// Returns the fields of a record's hash, names and values in turn.
fn fields(exported: &FullRecord) -> Vec<Bytes> {
    let record = &exported.record;
    let mut fields = Vec::new();
    let mut put =
        |name: &'static str, value: Bytes| fields.extend([Bytes::from_static(name.as_bytes()), value]);
    let root_key = match record.sibling_of {
        Some(_) => record.key.rsplit_once('~').map_or(&*record.key, |(root, _)| root),
        None => &record.key,
    };
    put("fp", fingerprint(&record.fingerprint));
    put("hash", hash(root_key));
    put("state", record.state.as_str().into());
    put("lane", record.lane.clone().into());
    put("kind", crate::call::kind(&record.labels).into());
    for (name, number) in [
        ("gen", i64::from(record.generation)),
        ("tries", record.attempts.into()),
        ("most", record.max_attempts.into()),
        ("size", i64::try_from(record.body.len()).unwrap_or(i64::MAX)),
        ("at", record.accepted_at.millis()),
        ("seen", record.seen_at.millis()),
        ("due", record.due_at.millis()),
    ] {
        put(name, number.to_string().into());
    }
    let optional = [
        ("fence", record.fence.map(|fence| fence.to_string())),
        ("claim", record.claim.map(|claim| format!("{:032x}", claim.get()))),
        ("lease", record.lease_until.map(|until| until.millis().to_string())),
        ("done", record.done_at.map(|done| done.millis().to_string())),
        ("root", record.sibling_of.map(|root| format!("{:016}", root.get()))),
        ("group", record.group.clone()),
        ("mark", exported.keeps_tombstone.then(|| "1".to_owned())),
        ("flags", json(&record.flags)),
        ("notes", json(&record.notes.iter().map(note).collect::<Vec<_>>())),
        ("error", record.error.clone()),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            put(name, value.into());
        }
    }
    if let Some(outcome) = &record.outcome {
        put("outcome", outcome.clone());
    }
    fields
}

fn note(note: &Note) -> (String, &'static str, &str, &str) {
    (note.at.millis().to_string(), note.change.as_str(), &note.actor, &note.reason)
}

/// Converts a list to JSON; `None` if it is empty.
fn json<T: serde::Serialize>(list: &[T]) -> Option<String> {
    if list.is_empty() { None } else { serde_json::to_string(list).ok() }
}
