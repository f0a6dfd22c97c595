use super::reply::Refused;
use percent_encoding::percent_decode_str;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wxhook_idempotency::{Filter, Seq, State, StoredRecord};
use wxhook_wire::Time;

/// Most records of a page.
const MOST: usize = 500;

/// What a listing asks for.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) filter: Filter,
    /// The business number must be called so.
    number_name: Option<String>,
    pub(super) before: Option<Seq>,
    pub(super) limit: Option<usize>,
    /// True if numbers and amounts are asked for as well.
    pub(super) extended: bool,
}

impl Listing {
    /// From a query string; each parameter once, empty ones don't count.
    pub(super) fn parse(query: &str) -> Result<Self, Refused> {
        let mut listing =
            Self { filter: Filter::default(), number_name: None, before: None, limit: None, extended: false };
        let mut seen = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decode(value)?;
            if seen.contains(&name) {
                return Err(Refused::bad_request("a parameter stands there twice"));
            }
            seen.push(name);
            listing.set(name, value)?;
        }
        if listing.number_name.is_some() && listing.filter.number.is_none() {
            return Err(Refused::bad_request("number_name needs number"));
        }
        Ok(listing)
    }

    /// Whether a record that passed the store's filter passes the rest.
    pub(super) fn passes(&self, record: &StoredRecord) -> bool {
        let Some(wanted) = &self.number_name else { return true };
        let mut numbers = record.labels.numbers.iter();
        numbers.any(|(name, value)| name == wanted && Some(value) == self.filter.number.as_ref())
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), Refused> {
        let filter = &mut self.filter;
        let is_empty = value.is_empty();
        let text = (!is_empty).then_some(value.clone());
        match name {
            "merchant" => filter.merchant = text,
            "event" => filter.event = text,
            "variant" => filter.variant = text,
            "id" => filter.id = text,
            "number" => filter.number = text,
            "number_name" => self.number_name = text,
            "flag" => filter.flag = text,
            "state" | "since" | "until" | "limit" | "before" | "extended" if is_empty => {}
            "extended" => {
                let extended = value.parse();
                self.extended = extended.map_err(|_| Refused::bad_request("extended is true or false"))?;
            }
            "state" => {
                let state = State::from_name(&value);
                filter.state =
                    Some(state.ok_or_else(|| {
                        Refused::bad_request("state is one of ready, leased, done, parked")
                    })?);
            }
            "since" => filter.since = Some(instant(&value)?),
            "until" => filter.until = Some(instant(&value)?),
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=MOST).contains(limit));
                self.limit = Some(limit.ok_or_else(|| Refused::bad_request("limit is from 1 to 500"))?);
            }
            "before" => {
                let before =
                    value.parse().map_err(|_| Refused::bad_request("before is a record's number"))?;
                self.before = Some(Seq::new(before));
            }
            _ => {
                return Err(Refused::bad_request(
                    "known parameters: merchant, event, variant, state, flag, id, number, number_name, since, until, limit, before, extended",
                ));
            }
        }
        Ok(())
    }
}

fn decode(value: &str) -> Result<String, Refused> {
    let spaced = value.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(std::borrow::Cow::into_owned).map_err(|_| Refused::bad_request("a parameter isn't UTF-8"))
}

/// RFC 3339 (a `+` that came as a blank is put back), or seconds since the Unix epoch.
fn instant(value: &str) -> Result<SystemTime, Refused> {
    let seconds = value.parse().ok().filter(|_| value.len() <= 11).map(Duration::from_secs);
    let instant = match seconds {
        Some(seconds) => UNIX_EPOCH.checked_add(seconds),
        None => Time::new(value.replace(' ', "+")).instant(),
    };
    instant
        .ok_or_else(|| Refused::bad_request("since and until are RFC 3339 or seconds since the Unix epoch"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_becomes_a_filter() {
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
    fn what_is_wrong_is_refused() {
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
