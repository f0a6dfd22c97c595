use super::Answer;
use super::health::cause;
use super::query::Listing;
use super::reply::{Refused, json};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::time::SystemTime;
use wxhook_idempotency::{Error, Lookup, Note, Seq, SharedStore, State, Store as _, StoredRecord};
use wxhook_receiver::QUARANTINE;
use wxhook_wire::{Record, Time};

/// A record in a list: all but its content.
#[derive(Serialize)]
pub(super) struct Item<'a> {
    seq: u64,
    key: &'a str,
    merchant: &'a str,
    event_type: &'a str,
    variant: Option<&'a str>,
    id: Option<&'a str>,
    state: &'static str,
    flags: &'a [String],
    generation: u32,
    attempts: u32,
    accepted_at: String,
    seen_at: String,
    /// When it may be handed on; only while it waits for that.
    due_at: Option<String>,
    error: Option<&'a str>,
}

/// A page of records; members are written in the order of these fields.
#[derive(Serialize)]
struct List<'a> {
    events: Vec<Item<'a>>,
    /// What is passed on as `before`; null on the last page.
    next: Option<u64>,
}

/// A record with everything that is known about it.
#[derive(Serialize)]
struct Detail<'a> {
    #[serde(flatten)]
    item: Item<'a>,
    lane: &'a str,
    group: Option<&'a str>,
    sibling_of: Option<u64>,
    max_attempts: u32,
    lease_until: Option<String>,
    done_at: Option<String>,
    history: Vec<Line<'a>>,
    /// Why it couldn't be opened.
    quarantine: Option<Quarantined>,
    /// The event record; null for what couldn't be opened.
    record: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct Line<'a> {
    at: String,
    change: &'static str,
    actor: &'a str,
    reason: &'a str,
}

/// What is shown of a request that couldn't be opened: our own words only.
#[derive(Debug, Serialize, Deserialize)]
struct Quarantined {
    refused: String,
    why: String,
}

/// A page of records.
pub(super) async fn list(store: &SharedStore, query: &str) -> Result<Answer, Refused> {
    let listing = Listing::parse(query)?;
    let page =
        store.list(listing.filter, listing.before, listing.limit).await.map_err(|error| failed(&error))?;
    let events = page.records.iter().map(Item::of).collect();
    Ok(json(StatusCode::OK, &List { events, next: page.next.map(Seq::get) }))
}

/// One record.
pub(super) async fn show(store: &SharedStore, seq: Seq) -> Result<Answer, Refused> {
    let record = find(store, seq).await?;
    Ok(json(StatusCode::OK, &Detail::of(&record)))
}

pub(super) async fn find(store: &SharedStore, seq: Seq) -> Result<StoredRecord, Refused> {
    let found = store.get(Lookup::Seq(seq)).await.map_err(|error| failed(&error))?;
    found.ok_or(Refused::NO_RECORD)
}

/// The log says why; who asked is only told that it failed.
pub(super) fn failed(error: &Error) -> Refused {
    tracing::error!(%error, cause = cause(error), "admin API");
    match error {
        Error::Corrupt(_) => Refused::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "corrupt",
            "a stored record is corrupt; see the log",
        ),
        _ => Refused::STORE,
    }
}

impl<'a> Item<'a> {
    pub(super) fn of(record: &'a StoredRecord) -> Self {
        Self {
            seq: record.seq.get(),
            key: &record.key,
            merchant: &record.labels.merchant,
            event_type: &record.labels.event,
            variant: record.labels.variant.as_deref(),
            id: record.labels.id.as_deref(),
            state: record.state.as_str(),
            flags: &record.flags,
            generation: record.generation,
            attempts: record.attempts,
            accepted_at: rfc3339(record.accepted_at),
            seen_at: rfc3339(record.seen_at),
            due_at: (record.state == State::Ready).then(|| rfc3339(record.due_at)),
            error: record.error.as_deref(),
        }
    }
}

impl<'a> Detail<'a> {
    fn of(stored: &'a StoredRecord) -> Self {
        let attempt = stored.attempts.max(1);
        let record = Record::from_body(
            &stored.body,
            stored.seq.get(),
            stored.key.as_str(),
            stored.generation,
            attempt,
            stored.flags.clone(),
        )
        .ok();
        let quarantined = is_quarantined(stored);
        let quarantine = record.as_ref().filter(|_| quarantined);
        Self {
            item: Item::of(stored),
            lane: &stored.lane,
            group: stored.group.as_deref(),
            sibling_of: stored.sibling_of.map(Seq::get),
            max_attempts: stored.max_attempts,
            lease_until: stored.lease_until.filter(|_| stored.state == State::Leased).map(rfc3339),
            done_at: stored.done_at.map(rfc3339),
            history: stored.notes.iter().map(Line::of).collect(),
            quarantine: quarantine.and_then(|record| serde_json::from_str(record.resource()).ok()),
            record: record
                .filter(|_| !quarantined)
                .and_then(|record| RawValue::from_string(record.to_json()).ok()),
        }
    }
}

impl<'a> Line<'a> {
    fn of(note: &'a Note) -> Self {
        Self { at: rfc3339(note.at), change: note.change.as_str(), actor: &note.actor, reason: &note.reason }
    }
}

/// Whether the record is a request that was verified but couldn't be opened: `<merchant>/quarantine/…`.
pub(super) fn is_quarantined(record: &StoredRecord) -> bool {
    record.labels.event == QUARANTINE || record.key.split('/').nth(1) == Some(QUARANTINE)
}

fn rfc3339(time: SystemTime) -> String {
    Time::of(time).as_str().to_owned()
}
