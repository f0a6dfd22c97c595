use super::Answer;
use super::amount::Amount;
use super::api::Api;
use super::health::cause;
use super::query::Listing;
use super::reply::{Refused, json};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::time::SystemTime;
use wxhook_idempotency::{
    Error, Filter, Lookup, Note, Page, Seq, SharedStore, State, Store as _, StoredRecord,
};
use wxhook_receiver::is_quarantined;
use wxhook_wire::{Record, Time};

/// Records of a page, unless the query says.
const USUAL: usize = 50;
/// Records that are counted at a time.
const PAGE: usize = 500;
/// Counting ends here: it reads what it counts.
const MOST_COUNTED: u64 = 100_000;

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
    #[serde(flatten)]
    extension: Option<Extension<'a>>,
}

/// Members that an extended list adds to each record.
#[derive(Serialize)]
struct Extension<'a> {
    numbers: Vec<Number<'a>>,
    amount: Option<Amount>,
}

/// A page of records; members are written in the order of these fields.
#[derive(Serialize)]
struct List<'a> {
    events: Vec<Item<'a>>,
    /// What is passed on as `before`; null on the last page.
    next: Option<u64>,
    /// The filter names a merchant that isn't configured, and of which there is no record.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unknown_merchant: bool,
}

/// How many records pass a filter; states are written by name.
#[derive(Serialize)]
struct Count {
    count: u64,
    states: BTreeMap<&'static str, u64>,
    /// There are more than were counted.
    more: bool,
}

/// A record with everything that is known about it.
#[derive(Serialize)]
struct Detail<'a> {
    #[serde(flatten)]
    item: Item<'a>,
    lane: &'a str,
    group: Option<&'a str>,
    sibling_of: Option<u64>,
    numbers: Vec<Number<'a>>,
    /// Null where the content has none that is known.
    amount: Option<Amount>,
    max_attempts: u32,
    lease_until: Option<String>,
    done_at: Option<String>,
    history: Vec<Line<'a>>,
    /// Why it couldn't be opened.
    quarantine: Option<Quarantined>,
    /// The event record; null for what couldn't be opened.
    record: Option<Box<RawValue>>,
}

/// A business number, which a listing can be asked for.
#[derive(Serialize)]
struct Number<'a> {
    name: &'a str,
    value: &'a str,
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
pub(super) async fn list(api: &Api, query: &str) -> Result<Answer, Refused> {
    let mut listing = Listing::parse(query)?;
    let page = page(&api.store, &mut listing).await?;
    let item = |record| {
        let extension = listing.extended.then(|| Extension::of(record));
        Item { extension, ..Item::of(record) }
    };
    let events: Vec<_> = page.records.iter().map(item).collect();
    let unknown_merchant = listing.extended && events.is_empty() && is_unknown(api, &listing).await?;
    Ok(json(StatusCode::OK, &List { events, next: page.next.map(Seq::get), unknown_merchant }))
}

/// Returns whether a listing names a merchant that is neither configured nor has a record.
async fn is_unknown(api: &Api, listing: &Listing) -> Result<bool, Refused> {
    let Some(name) = &listing.filter.merchant else { return Ok(false) };
    if api.merchants.contains(name) {
        return Ok(false);
    }
    let mut filter = Filter::default();
    filter.merchant = Some(name.clone());
    let page = api.store.list(filter, None, 1).await.map_err(|error| failed(&error))?;
    Ok(page.records.is_empty())
}

/// How many records there are, by their states; stops counting at [`MOST_COUNTED`].
pub(super) async fn count(store: &SharedStore, query: &str) -> Result<Answer, Refused> {
    let mut listing = Listing::parse(query)?;
    if listing.limit.replace(PAGE).is_some() {
        return Err(Refused::bad_request("a count has no limit"));
    }
    let mut count =
        Count { count: 0, states: State::ALL.map(|state| (state.as_str(), 0)).into(), more: false };
    loop {
        let page = page(store, &mut listing).await?;
        for record in &page.records {
            count.count += 1;
            *count.states.entry(record.state.as_str()).or_default() += 1;
        }
        count.more = page.next.is_some();
        listing.before = page.next;
        if !count.more || count.count >= MOST_COUNTED {
            return Ok(json(StatusCode::OK, &count));
        }
    }
}

/// The records of a listing. What the store has no index for is left out here, and made up for.
async fn page(store: &SharedStore, listing: &mut Listing) -> Result<Page, Refused> {
    let limit = listing.limit.unwrap_or(USUAL);
    let mut records = Vec::new();
    let mut before = listing.before;
    loop {
        let left = limit - records.len();
        let page = store.list(listing.filter.clone(), before, left).await.map_err(|error| failed(&error))?;
        before = page.next;
        records.extend(page.records.into_iter().filter(|record| listing.passes(record)));
        if before.is_none() || records.len() >= limit {
            return Ok(Page::new(records, before));
        }
    }
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
            accepted_at: rfc3339(record.accepted_at.to_system()),
            seen_at: rfc3339(record.seen_at.to_system()),
            due_at: (record.state == State::Ready).then(|| rfc3339(record.due_at.to_system())),
            error: record.error.as_deref(),
            extension: None,
        }
    }
}

impl<'a> Extension<'a> {
    fn of(stored: &'a StoredRecord) -> Self {
        let numbers = stored.labels.numbers.iter().map(|(name, value)| Number { name, value }).collect();
        let is_opened = !is_quarantined(stored);
        let record = is_opened.then(|| Record::from_body(&stored.body, 0, "", 1, 1, Vec::new()).ok());
        Self { numbers, amount: record.flatten().and_then(|record| Amount::of(record.resource())) }
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
        let Extension { numbers, amount } = Extension::of(stored);
        Self {
            item: Item::of(stored),
            lane: &stored.lane,
            group: stored.group.as_deref(),
            sibling_of: stored.sibling_of.map(Seq::get),
            numbers,
            amount,
            max_attempts: stored.max_attempts,
            lease_until: stored
                .lease_until
                .filter(|_| stored.state == State::Leased)
                .map(|time| rfc3339(time.to_system())),
            done_at: stored.done_at.map(|time| rfc3339(time.to_system())),
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
        Self {
            at: rfc3339(note.at.to_system()),
            change: note.change.as_str(),
            actor: &note.actor,
            reason: &note.reason,
        }
    }
}

fn rfc3339(time: SystemTime) -> String {
    Time::from_instant(time).as_str().to_owned()
}
