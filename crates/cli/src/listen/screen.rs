//! Printing of events, one after the other.

use super::Event;
use super::forward::Forwarded;
use super::lines::{self, Request};
use super::reason::{Known, reason};
use crate::args::ListenArgs;
use crate::usage::Usage;
use crate::zone::Zone;
use crate::{named, out};
use std::io;
use std::time::SystemTime;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use wxhook_idempotency::{Lookup, Seq, SharedStore, State, Store as _, StoredRecord};
use wxhook_receiver::Outcome;
use wxhook_server::{ObservedRequest, Server};
use wxhook_wire::{Catalog, Record};

pub(super) struct Screen {
    json: bool,
    full: bool,
    /// Print only failures.
    failed: bool,
    /// Print only these events and variants.
    events: Option<Vec<(&'static str, Option<&'static str>)>>,
    zone: Zone,
    /// The URL that records are forwarded to; empty for none.
    to: String,
    known: Known,
    store: SharedStore,
    /// The greatest sequence number that was printed.
    printed: watch::Sender<u64>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    requests: u64,
    rejected: u64,
    records: u64,
    forwarded: u64,
}

impl Screen {
    /// # Errors
    /// [`Usage`] for an unknown event.
    pub(super) fn new(
        args: &ListenArgs,
        catalog: &dyn Catalog,
        to: String,
        known: Known,
        store: SharedStore,
        printed: watch::Sender<u64>,
    ) -> Result<Self, Usage> {
        let entries = |name: &String| {
            let entries = named::entries(catalog, name)?.into_iter();
            Ok(entries.map(|meta| (meta.name, meta.variant)).collect())
        };
        Ok(Self {
            json: args.json,
            full: args.full,
            failed: args.failed,
            events: args.event.as_ref().map(entries).transpose()?,
            zone: Zone::of_output(args.tz.as_ref(), out::is_terminal()),
            to,
            known,
            store,
            printed,
            counts: Counts::default(),
        })
    }

    /// Prints the addresses.
    pub(super) fn open(&self, server: &Server, is_signed: bool) -> io::Result<()> {
        let urls: Vec<_> =
            self.known.paths.iter().map(|path| format!("http://{}{path}", server.addr())).collect();
        let admin = format!("http://{}", server.admin_addr());
        if self.json {
            return out::print(serde_json::json!({"kind": "listening", "urls": urls, "admin": admin}));
        }
        let to = match (&*self.to, is_signed) {
            ("", _) => "nowhere: records are only shown".to_owned(),
            (to, true) => format!("{to} (signed)"),
            (to, false) => format!("{to} (not signed: [sink] has no secret)"),
        };
        out::print(format_args!(
            "listening on   {}\nforwarding to  {to}\nrecords        in memory until Ctrl-C; wxhook events list --admin {admin}\n",
            urls.join("\n               ")
        ))
    }

    /// Prints until all senders are dropped or stdout fails.
    pub(super) async fn run(mut self, mut events: UnboundedReceiver<Event>) -> anyhow::Result<()> {
        while let Some(event) = events.recv().await {
            match event {
                Event::Request(at, request) => self.request(at, &request).await?,
                Event::Forwarded(forwarded) => self.forwarded(&forwarded).await?,
            }
        }
        if !self.json {
            let Counts { requests, rejected, records, forwarded } = self.counts;
            let forwarded =
                if self.to.is_empty() { String::new() } else { format!(", {forwarded} forwarded") };
            out::print(format_args!(
                "\n{requests} requests, {rejected} rejected, {records} records{forwarded}"
            ))?;
        }
        Ok(())
    }

    async fn request(&mut self, at: SystemTime, observed: &ObservedRequest) -> anyhow::Result<()> {
        let stored = match observed.report.seq {
            Some(seq) => self.store.get(Lookup::Seq(seq)).await?,
            None => None,
        };
        let reason = reason(observed, &self.known);
        self.counts.requests += 1;
        self.counts.rejected += u64::from(reason.is_some());
        let is_parked = stored.as_ref().is_some_and(|record| record.state == State::Parked);
        let is_printed = (!self.failed || reason.is_some() || is_parked) && self.is_wanted(stored.as_ref());
        if is_printed {
            let request = Request { at, observed, reason: reason.as_deref(), record: stored.as_ref() };
            match self.json {
                true => out::print(request.to_json()),
                false => out::print(request.to_text(&self.zone)),
            }?;
        }
        let is_new = matches!(observed.report.outcome, Outcome::New | Outcome::Changed);
        if let Some(stored) = stored.filter(|_| is_new) {
            if is_printed {
                self.record(&stored)?;
            }
            self.counts.records += 1;
            self.printed.send_modify(|last| *last = stored.seq.get().max(*last));
        }
        Ok(())
    }

    /// Prints a record as it is delivered the first time.
    fn record(&self, stored: &StoredRecord) -> anyhow::Result<()> {
        let (seq, flags) = (stored.seq.get(), stored.flags.clone());
        let record = Record::from_body(&stored.body, seq, stored.key.as_str(), stored.generation, 1, flags)?;
        Ok(out::print(match (self.json, self.full) {
            (true, _) => lines::record_json(&record),
            (false, true) => lines::record(&record),
            (false, false) => lines::record_summary(stored, &record),
        })?)
    }

    async fn forwarded(&mut self, forwarded: &Forwarded) -> anyhow::Result<()> {
        self.counts.forwarded += u64::from(forwarded.error.is_none());
        let stored = self.store.get(Lookup::Seq(Seq::new(forwarded.seq))).await?;
        if (self.failed && forwarded.error.is_none()) || !self.is_wanted(stored.as_ref()) {
            return Ok(());
        }
        // The record wasn't printed with its request.
        if let Some(stored) = stored.filter(|_| self.failed && forwarded.attempt == 1) {
            self.record(&stored)?;
        }
        Ok(match self.json {
            true => out::print(lines::forwarded_json(forwarded, &self.to)),
            false => out::print(lines::forwarded(forwarded, &self.to)),
        }?)
    }

    /// Returns whether a record's event is printed; a request without a record may be of any event.
    fn is_wanted(&self, record: Option<&StoredRecord>) -> bool {
        let (Some(events), Some(record)) = (&self.events, record) else { return true };
        let labels = &record.labels;
        events.iter().any(|(event, variant)| {
            *event == labels.event && (variant.is_none() || *variant == labels.variant.as_deref())
        })
    }
}
