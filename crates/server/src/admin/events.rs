use super::Reply;
use super::amount::Amount;
use super::api::Api;
use super::reply::{ApiError, json};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wxhook_idempotency::machine::Moment;
use wxhook_idempotency::{Filter, Note, Page, Seq, SharedStore, State, Store as _, StoredRecord};
use wxhook_receiver::is_quarantined;
use wxhook_wire::{Record, Time};

/// Default and maximum number of records of a page.
const PAGE: usize = 50;
const MAX_PAGE: usize = 500;
/// Maximum number of records that are counted: counting reads them.
const MAX_COUNT: u64 = 100_000;

/// A record in a list: everything but its content.
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
    /// When it may be delivered, while it waits for that.
    due_at: Option<String>,
    error: Option<&'a str>,
    #[serde(flatten)]
    extension: Option<Extension<'a>>,
}

/// Members that an extended list adds to each record.
#[derive(Serialize)]
struct Extension<'a> {
    numbers: Vec<Number<'a>>,
    /// Null if the content has no known amount.
    amount: Option<Amount>,
}

/// A page of records.
#[derive(Serialize)]
struct List<'a> {
    events: Vec<Item<'a>>,
    /// The value of `before` for the next page; null on the last page.
    next: Option<u64>,
    /// Returns whether the filter names a merchant that isn't configured and has no record.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unknown_merchant: bool,
}

/// The number of records that pass a filter, in total and by state.
#[derive(Serialize)]
struct Count {
    count: u64,
    states: BTreeMap<&'static str, u64>,
    /// True if there are more than were counted.
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
    #[serde(flatten)]
    extension: Extension<'a>,
    max_attempts: u32,
    lease_until: Option<String>,
    done_at: Option<String>,
    history: Vec<HistoryEntry<'a>>,
    /// Why a quarantined request couldn't be opened.
    quarantine: Option<Quarantine>,
    /// The event record; null for a quarantined request.
    record: Option<Box<RawValue>>,
}

/// A business number, by which records can be listed.
#[derive(Serialize)]
struct Number<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct HistoryEntry<'a> {
    at: String,
    change: &'static str,
    actor: &'a str,
    reason: &'a str,
}

/// The part of a quarantined request that is safe to show: our own words.
#[derive(Serialize, Deserialize)]
struct Quarantine {
    refused: String,
    why: String,
}

/// Returns a page of records.
pub(super) async fn list(api: &Api, query: &str) -> Result<Reply, ApiError> {
    let mut listing = Listing::parse(query)?;
    let page = page(&api.store, &mut listing).await?;
    let item =
        |record| Item { extension: listing.extended.then(|| Extension::new(record)), ..Item::new(record) };
    let events: Vec<_> = page.records.iter().map(item).collect();
    let mut unknown_merchant = false;
    if listing.extended
        && events.is_empty()
        && let Some(name) = listing.filter.merchant.filter(|name| !api.merchants.contains(name))
    {
        let mut filter = Filter::default();
        filter.merchant = Some(name);
        unknown_merchant = api.store.list(filter, None, 1).await?.records.is_empty();
    }
    Ok(json(StatusCode::OK, &List { events, next: page.next.map(Seq::get), unknown_merchant }))
}

/// Counts records by their states, up to [`MAX_COUNT`].
pub(super) async fn count(store: &SharedStore, query: &str) -> Result<Reply, ApiError> {
    let mut listing = Listing::parse(query)?;
    if listing.limit.replace(MAX_PAGE).is_some() {
        return Err(ApiError::bad_request("a count has no limit"));
    }
    let states = State::ALL.map(|state| (state.as_str(), 0)).into();
    let mut count = Count { count: 0, states, more: true };
    while count.more && count.count < MAX_COUNT {
        let page = page(store, &mut listing).await?;
        for record in &page.records {
            count.count += 1;
            *count.states.entry(record.state.as_str()).or_default() += 1;
        }
        (count.more, listing.before) = (page.next.is_some(), page.next);
    }
    Ok(json(StatusCode::OK, &count))
}

/// Returns one record.
pub(super) fn show(record: &StoredRecord) -> Reply {
    json(StatusCode::OK, &Detail::new(record))
}

/// Reads a page. Records that the store can't filter are filtered here, and replaced by further ones.
async fn page(store: &SharedStore, listing: &mut Listing) -> Result<Page, ApiError> {
    let limit = listing.limit.unwrap_or(PAGE);
    let (mut records, mut before) = (Vec::new(), listing.before);
    loop {
        let page = store.list(listing.filter.clone(), before, limit - records.len()).await?;
        before = page.next;
        records.extend(page.records.into_iter().filter(|record| listing.matches(record)));
        if before.is_none() || records.len() >= limit {
            return Ok(Page::new(records, before));
        }
    }
}

impl<'a> Item<'a> {
    pub(super) fn new(record: &'a StoredRecord) -> Self {
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
            extension: None,
        }
    }
}

impl<'a> Extension<'a> {
    fn new(stored: &'a StoredRecord) -> Self {
        let numbers = stored.labels.numbers.iter().map(|(name, value)| Number { name, value }).collect();
        let record = event_record(stored).filter(|_| !is_quarantined(stored));
        Self { numbers, amount: record.and_then(|record| Amount::of(record.resource())) }
    }
}

impl<'a> Detail<'a> {
    fn new(stored: &'a StoredRecord) -> Self {
        let is_quarantined = is_quarantined(stored);
        let record = event_record(stored);
        let quarantine = record.as_ref().filter(|_| is_quarantined);
        let history = |note: &'a Note| HistoryEntry {
            at: rfc3339(note.at),
            change: note.change.as_str(),
            actor: &note.actor,
            reason: &note.reason,
        };
        Self {
            item: Item::new(stored),
            lane: &stored.lane,
            group: stored.group.as_deref(),
            sibling_of: stored.sibling_of.map(Seq::get),
            extension: Extension::new(stored),
            max_attempts: stored.max_attempts,
            lease_until: stored.lease_until.filter(|_| stored.state == State::Leased).map(rfc3339),
            done_at: stored.done_at.map(rfc3339),
            history: stored.notes.iter().map(history).collect(),
            quarantine: quarantine.and_then(|record| serde_json::from_str(record.resource()).ok()),
            record: record
                .filter(|_| !is_quarantined)
                .and_then(|record| RawValue::from_string(record.to_json()).ok()),
        }
    }
}

fn event_record(stored: &StoredRecord) -> Option<Record> {
    let (attempt, flags) = (stored.attempts.max(1), stored.flags.clone());
    Record::from_body(&stored.body, stored.seq.get(), &*stored.key, stored.generation, attempt, flags).ok()
}

pub(super) fn rfc3339(time: Moment) -> String {
    let time = time.to_system();
    Time::from_instant(time).as_str().to_owned()
}

/// The parameters of a listing.
#[derive(Debug, Default)]
struct Listing {
    filter: Filter,
    /// The name that the business number must have.
    number_name: Option<String>,
    before: Option<Seq>,
    limit: Option<usize>,
    /// True to include numbers and amounts.
    extended: bool,
}

impl Listing {
    /// Parses a query string. Each parameter may occur once; empty ones are ignored.
    fn parse(query: &str) -> Result<Self, ApiError> {
        let (mut listing, mut seen) = (Self::default(), HashSet::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if value.contains(char::REPLACEMENT_CHARACTER) {
                return Err(ApiError::bad_request("a parameter isn't UTF-8"));
            }
            listing.set(&name, &value)?;
            if !seen.insert(name) {
                return Err(ApiError::bad_request("duplicate parameter"));
            }
        }
        if listing.number_name.is_some() && listing.filter.number.is_none() {
            return Err(ApiError::bad_request("number_name needs number"));
        }
        Ok(listing)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), ApiError> {
        let filter = &mut self.filter;
        let text = (!value.is_empty()).then(|| value.to_owned());
        match name {
            "merchant" => filter.merchant = text,
            "event" => filter.event = text,
            "variant" => filter.variant = text,
            "id" => filter.id = text,
            "number" => filter.number = text,
            "number_name" => self.number_name = text,
            "flag" => filter.flag = text,
            "state" | "since" | "until" | "limit" | "before" | "extended" if value.is_empty() => {}
            "extended" => self.extended = required(value.parse().ok(), "extended must be true or false")?,
            "state" => {
                let state = State::from_name(value);
                filter.state = Some(required(state, "state must be ready, leased, done or parked")?);
            }
            "since" => filter.since = Some(instant(value)?),
            "until" => filter.until = Some(instant(value)?),
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=MAX_PAGE).contains(limit));
                self.limit = Some(required(limit, "limit must be from 1 to 500")?);
            }
            "before" => {
                let before = value.parse().ok().map(Seq::new);
                self.before = Some(required(before, "before must be a record's number")?);
            }
            _ => {
                return Err(ApiError::bad_request(
                    "known parameters: merchant, event, variant, state, flag, id, number, number_name, since, until, limit, before, extended",
                ));
            }
        }
        Ok(())
    }

    /// Returns whether a record that passed the store's filter passes the rest.
    fn matches(&self, record: &StoredRecord) -> bool {
        let Some(wanted) = &self.number_name else { return true };
        let mut numbers = record.labels.numbers.iter();
        numbers.any(|(name, value)| name == wanted && Some(value) == self.filter.number.as_ref())
    }
}

fn required<T>(value: Option<T>, message: &'static str) -> Result<T, ApiError> {
    value.ok_or(ApiError::bad_request(message))
}

/// Parses RFC 3339 (a `+` that was decoded to a space is restored), or seconds since the Unix epoch.
fn instant(value: &str) -> Result<SystemTime, ApiError> {
    let seconds = value.parse().ok().filter(|_| value.len() <= 11).map(Duration::from_secs);
    let instant = match seconds {
        Some(seconds) => UNIX_EPOCH.checked_add(seconds),
        None => Time::new(value.replace(' ', "+")).instant(),
    };
    required(instant, "since and until must be RFC 3339 or seconds since the Unix epoch")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_parsed_to_filters() {
        let query = "merchant=shop&event=v2%2Frefund&state=parked&number=a%26b&since=1528425296&until=2018-06-08T10:34:56+08:00&limit=7&before=9&flag=";
        let listing = Listing::parse(query).unwrap();
        let expected = UNIX_EPOCH + Duration::from_secs(1_528_425_296);
        assert_eq!(listing.filter.merchant.as_deref(), Some("shop"));
        assert_eq!(listing.filter.event.as_deref(), Some("v2/refund"));
        assert_eq!(listing.filter.number.as_deref(), Some("a&b"));
        assert_eq!(listing.filter.state, Some(State::Parked));
        assert_eq!(listing.filter.since, Some(expected));
        assert_eq!(listing.filter.until, Some(expected));
        assert_eq!(listing.filter.flag, None);
        assert_eq!((listing.limit, listing.before), (Some(7), Some(Seq::new(9))));
        assert_eq!(Listing::parse("").unwrap().limit, None);
        assert!(Listing::parse("extended=true").unwrap().extended && !Listing::parse("").unwrap().extended);
    }

    #[test]
    fn invalid_queries_are_rejected() {
        for query in [
            "a=b",
            "limit=0",
            "limit=501",
            "limit=-1",
            "state=gone",
            "before=x",
            "since=soon",
            "id=%ff",
            "id=1&id=2",
            "extended=1",
            "number_name=out_trade_no",
        ] {
            assert_eq!(Listing::parse(query).unwrap_err().status.as_u16(), 400, "{query}");
        }
    }
}
