use std::io;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use wxhook_idempotency::{Lookup, Seq, SharedStore, Store as _, StoredRecord};
use wxhook_receiver::Outcome;
use wxhook_server::Server;
use wxhook_wire::Record;

use super::event::{Event, Forwarded, Request};
use super::known::Known;
use super::lines;
use super::output::Output;
use crate::out;

/// Prints what happens, one thing after the other.
#[derive(Debug)]
pub(super) struct Screen {
    output: Output,
    to: String,
    store: SharedStore,
    /// Tells the greatest number of a record that was printed.
    shown: watch::Sender<u64>,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    requests: u64,
    refused: u64,
    records: u64,
    taken: u64,
}

impl Screen {
    pub(super) fn new(output: Output, to: String, store: SharedStore, shown: watch::Sender<u64>) -> Self {
        Self { output, to, store, shown, counts: Counts::default() }
    }

    /// Says where it listens, and whether what it forwards is signed.
    pub(super) fn open(&self, server: &Server, known: &Known, signed: bool) -> io::Result<()> {
        let urls: Vec<_> =
            known.paths().into_iter().map(|path| format!("http://{}{path}", server.addr())).collect();
        let admin = format!("http://{}", server.admin_addr());
        if self.output.json {
            let object = serde_json::json!({"kind": "listening", "urls": urls, "admin": admin});
            return out::print(object);
        }
        let to = match (&*self.to, signed) {
            ("", _) => "nowhere: records are only shown".to_owned(),
            (to, true) => format!("{to} (signed)"),
            (to, false) => format!("{to} (not signed: [sink] has no secret)"),
        };
        out::print(format_args!(
            "listening on   {}\nforwarding to  {to}\nrecords        in memory until Ctrl-C; wxhook events list --admin {admin}\n",
            urls.join("\n               ")
        ))
    }

    /// Until nobody tells it anything any more; what it can't print ends it, too.
    pub(super) async fn run(mut self, mut events: UnboundedReceiver<Event>) -> anyhow::Result<()> {
        while let Some(event) = events.recv().await {
            match event {
                Event::Request(request) => self.request(&request).await?,
                Event::Forwarded(forwarded) => self.forwarded(&forwarded).await?,
            }
        }
        if !self.output.json {
            let Counts { requests, refused, records, taken } = self.counts;
            let forwarded = if self.to.is_empty() { String::new() } else { format!(", {taken} forwarded") };
            out::print(format_args!(
                "\n{requests} requests, {refused} refused, {records} records{forwarded}"
            ))?;
        }
        Ok(())
    }

    async fn request(&mut self, request: &Request) -> anyhow::Result<()> {
        let stored = match request.seq {
            Some(seq) => self.store.get(Lookup::Seq(seq)).await?,
            None => None,
        };
        self.counts.requests += 1;
        self.counts.refused += u64::from(request.why.is_some());
        let is_shown = self.output.request(request, stored.as_ref());
        if is_shown {
            out::print(match self.output.json {
                true => lines::request_json(request, stored.as_ref())?,
                false => lines::request(request, stored.as_ref(), &self.output.zone),
            })?;
        }
        if let Some(stored) = stored.filter(|_| matches!(request.outcome, Outcome::New | Outcome::Changed)) {
            if is_shown {
                self.record(&stored)?;
            }
            self.counts.records += 1;
            self.shown.send_modify(|last| *last = stored.seq.get().max(*last));
        }
        Ok(())
    }

    fn record(&self, stored: &StoredRecord) -> anyhow::Result<()> {
        let record = handed_on(stored)?;
        Ok(out::print(match (self.output.json, self.output.full) {
            (true, _) => lines::record_json(&record),
            (false, true) => lines::record(&record),
            (false, false) => lines::short(stored, &record),
        })?)
    }

    async fn forwarded(&mut self, forwarded: &Forwarded) -> anyhow::Result<()> {
        self.counts.taken += u64::from(forwarded.error.is_none());
        let stored = self.store.get(Lookup::Seq(Seq::new(forwarded.seq))).await?;
        if !self.output.forwarded(forwarded, stored.as_ref()) {
            return Ok(());
        }
        // It wasn't shown as it came.
        if let Some(stored) = stored.filter(|_| self.output.hides_records() && forwarded.attempt == 1) {
            self.record(&stored)?;
        }
        Ok(out::print(match self.output.json {
            true => lines::forwarded_json(forwarded, &self.to)?,
            false => lines::forwarded(forwarded, &self.to),
        })?)
    }
}

/// As it is, or would be, handed on the first time.
fn handed_on(stored: &StoredRecord) -> anyhow::Result<Record> {
    let (seq, flags) = (stored.seq.get(), stored.flags.clone());
    Ok(Record::from_body(&stored.body, seq, stored.key.as_str(), stored.generation, 1, flags)?)
}
