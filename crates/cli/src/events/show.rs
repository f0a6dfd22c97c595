use comfy_table::{ContentArrangement, Table};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wxhook_wire::Catalog;
use wxhook_wire::v2::NOT_IN_FINGERPRINT;

use super::diff::{Field, diff};
use super::log::Log;
use super::table::{Item, plain};
use crate::args::ShowArgs;
use crate::out;
use crate::pretty::pretty;

/// A record with everything that is known about it.
#[derive(Debug, Deserialize)]
struct Detail {
    #[serde(flatten)]
    item: Item,
    id: Option<String>,
    seen_at: String,
    due_at: Option<String>,
    lease_until: Option<String>,
    done_at: Option<String>,
    lane: String,
    group: Option<String>,
    sibling_of: Option<u64>,
    max_attempts: u32,
    history: Vec<Note>,
    quarantine: Option<Quarantined>,
}

#[derive(Debug, Deserialize)]
struct Note {
    at: String,
    change: String,
    actor: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
struct Quarantined {
    refused: String,
    why: String,
}

/// The event record, kept apart: its tokens stay as they are.
#[derive(Debug, Deserialize)]
struct WithRecord<'a> {
    #[serde(borrow)]
    record: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Classified<'a> {
    event_type: String,
    variant: Option<String>,
    #[serde(borrow)]
    resource: &'a RawValue,
}

#[derive(Debug, Deserialize)]
struct Content<'a> {
    protocol: String,
    #[serde(borrow)]
    resource: &'a RawValue,
}

/// What differs from the record that had the key first.
#[derive(Debug, Serialize)]
struct Changes {
    first: u64,
    /// `None` where the first one is gone, or can't be compared.
    fields: Option<Vec<Field>>,
}

/// Prints one record.
pub(super) async fn show(log: &Log, args: &ShowArgs, catalog: &dyn Catalog) -> anyhow::Result<bool> {
    let body = log.get(&format!("/api/events/{}", args.seq)).await?.ok()?;
    let detail: Detail = serde_json::from_str(&body)?;
    let record = record_of(&body)?;
    let changes = match (detail.sibling_of, record) {
        (Some(first), Some(record)) => Some(changes(log, first, record).await?),
        _ => None,
    };
    if args.place.json {
        out::print(match changes {
            None => body,
            // Spliced in, so that no token of the rest is written anew.
            Some(changes) => {
                let whole = body.strip_suffix('}').unwrap_or(&body);
                format!("{whole},\"changes\":{}}}", serde_json::to_string(&changes)?)
            }
        })?;
        return Ok(true);
    }
    let mut text = detail.lines();
    if let Some(changes) = &changes {
        text.push_str(&changes.lines());
    }
    if let Some(record) = record {
        if let Some(missing) = missing(record, catalog).filter(|missing| !missing.is_empty()) {
            text.push_str(&format!(
                "\n\nmissing, although documented as always there: {}",
                missing.join(", ")
            ));
        }
        text.push_str("\n\nrecord\n");
        let lines: Vec<_> = pretty(record.get()).lines().map(plain).collect();
        text.push_str(&lines.join("\n"));
    }
    out::print(text)?;
    Ok(true)
}

/// What its event's documents always have, and the record hasn't; `None` where the event isn't known.
fn missing(record: &RawValue, catalog: &dyn Catalog) -> Option<Vec<String>> {
    let known: Classified<'_> = serde_json::from_str(record.get()).ok()?;
    let meta = catalog.lookup(&known.event_type, known.variant.as_deref())?;
    Some(crate::decode::missing(meta, known.resource.get()))
}

fn record_of(body: &str) -> serde_json::Result<Option<&RawValue>> {
    serde_json::from_str(body).map(|WithRecord { record }| record)
}

async fn changes(log: &Log, first: u64, record: &RawValue) -> anyhow::Result<Changes> {
    let reply = log.get(&format!("/api/events/{first}")).await?;
    if reply.status == 404 {
        return Ok(Changes { first, fields: None });
    }
    let body = reply.ok()?;
    let Some(was) = record_of(&body)? else { return Ok(Changes { first, fields: None }) };
    let (was, is): (Content<'_>, Content<'_>) =
        (serde_json::from_str(was.get())?, serde_json::from_str(record.get())?);
    // These belong to the signature and say nothing about the content.
    let but: &[&str] = if is.protocol == "v2" { &NOT_IN_FINGERPRINT } else { &[] };
    Ok(Changes { first, fields: diff(was.resource.get(), is.resource.get(), but) })
}

impl Detail {
    fn lines(&self) -> String {
        let item = &self.item;
        let attempts = format!("{} of {}, generation {}", item.attempts, self.max_attempts, item.generation);
        let quarantine = self.quarantine.as_ref().map(|it| format!("{}: {}", it.refused, it.why));
        let sibling_of = self.sibling_of.map(|first| first.to_string());
        let flags = Some(item.flags.join(", ")).filter(|flags| !flags.is_empty());
        let mut table = plain_table();
        for (name, value) in [
            ("seq", Some(item.seq.to_string())),
            ("key", Some(item.key.clone())),
            ("merchant", Some(item.merchant.clone())),
            ("event", Some(item.event())),
            ("id", self.id.clone()),
            ("state", Some(item.state.clone())),
            ("flags", flags),
            ("accepted", Some(item.accepted_at.clone())),
            ("last seen", Some(self.seen_at.clone())),
            ("due", self.due_at.clone()),
            ("leased until", self.lease_until.clone()),
            ("done", self.done_at.clone()),
            ("attempts", Some(attempts)),
            ("error", item.error.clone()),
            ("lane", Some(self.lane.clone())),
            ("group", self.group.clone()),
            ("changed from", sibling_of),
            ("quarantine", quarantine),
        ] {
            if let Some(value) = value {
                table.add_row([name, &*plain(&value)]);
            }
        }
        let mut text = rendered(table);
        if !self.history.is_empty() {
            let mut table = plain_table();
            for note in &self.history {
                table.add_row([&note.at, &note.change, &note.actor, &note.reason].map(|cell| plain(cell)));
            }
            text.push_str(&format!("\n\nhistory\n{}", rendered(table)));
        }
        text
    }
}

impl Changes {
    fn lines(&self) -> String {
        let first = self.first;
        let Some(fields) = &self.fields else {
            return format!("\n\nchanged: what was first, {first}, is gone");
        };
        let mut table = plain_table();
        table.load_style(out::TABLE).set_header(["path", "was", "is"]);
        for field in fields {
            let shown =
                |value: &Option<Box<RawValue>>| value.as_ref().map_or("–".to_owned(), |it| plain(it.get()));
            let path = if field.path.is_empty() { "(all of it)".to_owned() } else { plain(&field.path) };
            table.add_row([path, shown(&field.was), shown(&field.is)]);
        }
        format!("\n\nchanged from {first}\n{}", rendered(table))
    }
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::TableStyle::new()).set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// Two blanks between columns, none before the first.
fn rendered(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}
