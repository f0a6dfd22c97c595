use wxhook_idempotency::{State, StoredRecord};
use wxhook_wire::Catalog;

use super::event::{Forwarded, Request};
use crate::args::ListenArgs;
use crate::usage::Usage;
use crate::zone::Zone;
use crate::{named, terminal};

/// The options of what is printed.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) json: bool,
    pub(super) full: bool,
    pub(super) zone: Zone,
    failed: bool,
    /// The events and variants that `--event` means.
    events: Option<Vec<(&'static str, Option<&'static str>)>>,
}

impl Output {
    /// # Errors
    /// [`Usage`] for an event that there isn't.
    pub(super) fn new(args: &ListenArgs, catalog: &dyn Catalog) -> Result<Self, Usage> {
        let entries = |name: &String| {
            let entries = named::entries(catalog, name)?.into_iter();
            Ok(entries.map(|meta| (meta.name, meta.variant)).collect())
        };
        Ok(Self {
            json: args.json,
            full: args.full,
            zone: Zone::of_output(args.tz.as_ref(), terminal::is_terminal()),
            failed: args.failed,
            events: args.event.as_ref().map(entries).transpose()?,
        })
    }

    /// Returns whether a request is shown; what is rejected may be of any event.
    pub(super) fn request(&self, request: &Request, record: Option<&StoredRecord>) -> bool {
        let is_parked = record.is_some_and(|record| record.state == State::Parked);
        let is_failed = request.why.is_some() || is_parked;
        (is_failed || !self.failed) && record.is_none_or(|record| self.is_wanted(record))
    }

    /// Returns whether an attempt to deliver a record is shown.
    pub(super) fn forwarded(&self, forwarded: &Forwarded, record: Option<&StoredRecord>) -> bool {
        (forwarded.error.is_some() || !self.failed) && record.is_none_or(|record| self.is_wanted(record))
    }

    /// Returns whether records that came weren't shown yet.
    pub(super) fn hides_records(&self) -> bool {
        self.failed
    }

    fn is_wanted(&self, record: &StoredRecord) -> bool {
        let labels = &record.labels;
        let fits = |(event, variant): &(&str, Option<&str>)| {
            *event == labels.event && (variant.is_none() || *variant == labels.variant.as_deref())
        };
        self.events.as_ref().is_none_or(|events| events.iter().any(fits))
    }
}
