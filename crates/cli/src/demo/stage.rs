use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use wxhook_idempotency::{Clock as _, Filter, Seq, State, Store as _, StoredRecord, SystemClock};
use wxhook_idempotency_sqlite::SqliteStore;
use wxhook_simulator::{Answer, Client, Platform};
use wxhook_wire::{Catalog, ConflictPolicy, Flag, Protocol, Record, v2};

use super::collector::Collector;
use super::step::{Expected, Handed, Step};
use super::subject::Subject;

/// So long handing on may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than the demo sends.
const MAX_RECORDS: usize = 1000;

/// Everything that a request needs and that shows what became of it.
#[derive(Debug)]
pub(super) struct Stage {
    /// The server's notify URL, without the merchant's name.
    pub(super) notify: String,
    pub(super) client: Client,
    /// The server's store, opened a second time.
    pub(super) store: SqliteStore,
    pub(super) collector: Collector,
    pub(super) catalog: Arc<dyn Catalog>,
    pub(super) actors: Vec<Actor>,
}

/// A merchant, and the platform's stand-in for it.
#[derive(Debug)]
pub(super) struct Actor {
    pub(super) name: String,
    pub(super) platform: Platform,
}

/// One request and what came of it: a row of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) subject: Subject,
    pub(super) step: Step,
    pub(super) expected: Expected,
    /// Status and code, or why there was no answer.
    pub(super) answered: Result<(u16, String), String>,
    /// `Err` says what else than the usual was seen.
    pub(super) handed: Result<Handed, String>,
}

impl Row {
    /// Whether all of it is as it should be.
    pub(super) fn is_right(&self) -> bool {
        let Expected { status, code, handed } = self.expected;
        self.answered.as_ref().is_ok_and(|answered| *answered == (status, code.to_owned()))
            && self.handed.as_ref().is_ok_and(|seen| *seen == handed)
    }
}

/// What the store holds and what was handed on, at a moment when nothing is in work.
struct Seen {
    stored: BTreeMap<Seq, StoredRecord>,
    handed: Vec<Record>,
}

impl Stage {
    /// Sends all of it, one request after the other.
    pub(super) async fn play(&self, subjects: &[Subject]) -> anyhow::Result<Vec<Row>> {
        let mut rows = Vec::new();
        let mut before = self.look().await?;
        for subject in subjects {
            // Until the first one was seen nothing says of which variant it is.
            let mut on_changed = ConflictPolicy::Park;
            for step in subject.steps() {
                let answered = self.send(subject, *step).await?;
                let after = self.look().await?;
                let handed = self.became_of(subject, &before, &after);
                if *step == Step::First {
                    on_changed = self.on_changed(subject, after.handed.last());
                }
                let expected = step.expected(subject.is_v3(), on_changed);
                rows.push(Row { subject: *subject, step: *step, expected, answered, handed });
                before = after;
            }
        }
        Ok(rows)
    }

    /// What the catalog says about other content under a known key.
    fn on_changed(&self, subject: &Subject, first: Option<&Record>) -> ConflictPolicy {
        let variant = first.and_then(|record| record.content.variant.as_deref());
        match self.catalog.lookup(subject.event, variant) {
            Some(meta) => meta.on_changed,
            None if subject.is_v3() => ConflictPolicy::Deliver,
            None => ConflictPolicy::Park,
        }
    }

    async fn send(&self, subject: &Subject, step: Step) -> anyhow::Result<Result<(u16, String), String>> {
        let at = |index: usize| self.actors.get(index % self.actors.len()).context("there is no merchant");
        let own = at(subject.merchant)?;
        let to = if step == Step::OtherMerchant { at(subject.merchant + 1)? } else { own };
        let now = SystemClock::default().now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let request = subject.request(step, &own.platform, now).context("can't make a notification")?;
        let answer = self.client.post(&format!("{}/{}", self.notify, to.name), &request).await;
        Ok(answer.map(|answer| (answer.status, code(&answer))).map_err(|error| error.to_string()))
    }

    /// Waits until nothing is in work.
    async fn look(&self) -> anyhow::Result<Seen> {
        let start = Instant::now();
        loop {
            let stats = self.store.stats().await.context("can't read the store")?;
            if stats.count(State::Ready) == 0 && stats.count(State::Leased) == 0 {
                break;
            }
            if start.elapsed() > PATIENCE {
                bail!("after {PATIENCE:?} there still are records to be handed on");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let page =
            self.store.list(Filter::default(), None, MAX_RECORDS).await.context("can't read the store")?;
        let stored = page.records.into_iter().map(|record| (record.seq, record)).collect();
        Ok(Seen { stored, handed: self.collector.records() })
    }

    /// What one request made of the store and of what was handed on.
    fn became_of(&self, subject: &Subject, before: &Seen, after: &Seen) -> Result<Handed, String> {
        let touched =
            before.stored.iter().any(|(seq, old)| after.stored.get(seq).is_none_or(|new| !is_same(old, new)));
        if touched {
            return Err("an earlier record changed".to_owned());
        }
        let mut stored = after.stored.values().filter(|record| !before.stored.contains_key(&record.seq));
        let handed = after.handed.get(before.handed.len()..).unwrap_or_default();
        let record = match (stored.next(), stored.next()) {
            (None, _) if handed.is_empty() => return Ok(Handed::Nothing),
            (Some(record), None) if handed.len() <= 1 => record,
            (record, more) => {
                let new = usize::from(record.is_some()) + usize::from(more.is_some()) + stored.count();
                return Err(format!("{new} new, {} handed on", handed.len()));
            }
        };
        let merchant = self.actors.get(subject.merchant).map(|actor| actor.name.as_str());
        if record.labels.event != subject.event || Some(record.labels.merchant.as_str()) != merchant {
            return Err(format!("as {} of {}", record.labels.event, record.labels.merchant));
        }
        let usual = [Flag::Changed, Flag::Unsigned];
        if let Some(odd) = record.flags.iter().find(|flag| usual.iter().all(|usual| usual.as_str() != **flag))
        {
            return Err(format!("flagged {odd}"));
        }
        let changed = record.flags.iter().any(|flag| flag == Flag::Changed.as_str());
        match (record.state, handed) {
            (State::Parked, []) if changed => Ok(Handed::Parked),
            (State::Done, [line]) if line.seq == record.seq.get() && line.has(Flag::Changed) == changed => {
                Ok(if changed { Handed::Changed } else { Handed::On })
            }
            (state, handed) => Err(format!("{state}, {} handed on", handed.len())),
        }
    }
}

/// Nothing but the time when its key was last seen may differ.
fn is_same(old: &StoredRecord, new: &StoredRecord) -> bool {
    let facts =
        |record: &StoredRecord| (record.state, record.generation, record.attempts, record.fingerprint);
    facts(old) == facts(new) && old.flags == new.flags && old.body == new.body
}

/// The reply's own word: `code`, or v2's `return_code`.
fn code(answer: &Answer) -> String {
    let protocol = if answer.body.starts_with(b"<") { Protocol::V2 } else { Protocol::V3 };
    let code = match protocol {
        Protocol::V2 => v2::Fields::parse(&answer.body)
            .ok()
            .and_then(|fields| fields.get("return_code").map(str::to_owned)),
        _ => serde_json::from_slice::<serde_json::Value>(&answer.body)
            .ok()
            .and_then(|json| Some(json.get("code")?.as_str()?.to_owned())),
    };
    code.unwrap_or_else(|| "?".to_owned())
}
