use comfy_table::{ContentArrangement, Table};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use wxhook_wire::Catalog;
use wxhook_wire::v2::NOT_IN_FINGERPRINT;

use super::diff::{Field, diff};
use super::log::Log;
use super::table::Item;
use crate::args::ShowArgs;
use crate::json::{plain, pretty};
use crate::zone::Zone;
use crate::{decode, out};

/// A record with all its details.
struct Detail {
    item: Item,
    json: Value,
}

/// The event record, whose tokens are kept.
#[derive(Debug, Deserialize)]
struct WithRecord<'a> {
    #[serde(borrow)]
    record: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Content<'a> {
    protocol: String,
    #[serde(borrow)]
    resource: &'a RawValue,
}

/// The event of a record, by name and variant.
#[derive(Debug, Deserialize)]
struct Named {
    event_type: String,
    variant: Option<String>,
}

/// The differences from the first record of the key.
#[derive(Debug, Serialize)]
struct Changes {
    first: u64,
    /// `None` if the first record is gone or can't be compared.
    fields: Option<Vec<Field>>,
}

/// Prints one record.
pub(super) async fn show(log: &Log, args: &ShowArgs, catalog: &dyn Catalog) -> anyhow::Result<bool> {
    let body = log.get(&format!("/api/events/{}", args.seq)).await?.ok()?;
    let detail = Detail { item: serde_json::from_str(&body)?, json: serde_json::from_str(&body)? };
    let record = record_of(&body)?;
    let changes = match (detail.json.get("sibling_of").and_then(Value::as_u64), record) {
        (Some(first), Some(record)) => Some(changes(log, first, record).await?),
        _ => None,
    };
    let missing = record.map_or(Ok(Vec::new()), |record| missing(record, catalog))?;
    if args.place.json {
        // Inserted as text, so that the other tokens are kept.
        let mut whole = body.strip_suffix('}').unwrap_or(&body).to_owned();
        if let Some(changes) = changes {
            whole.push_str(&format!(",\"changes\":{}", serde_json::to_string(&changes)?));
        }
        if record.is_some() {
            whole.push_str(&format!(",\"missing\":{}", serde_json::to_string(&missing)?));
        }
        out::print(whole + "}")?;
        return Ok(true);
    }
    let zone = Zone::of_output(args.place.tz.as_ref(), out::is_terminal());
    let mut text = detail.lines(&zone, &missing);
    if let Some(changes) = &changes {
        text.push_str(&changes.lines());
    }
    if let Some(record) = record {
        text.push_str("\n\nrecord\n");
        let lines: Vec<_> = pretty(record.get()).lines().map(plain).collect();
        text.push_str(&lines.join("\n"));
    }
    out::print(text)?;
    Ok(true)
}

fn record_of(body: &str) -> serde_json::Result<Option<&RawValue>> {
    serde_json::from_str(body).map(|WithRecord { record }| record)
}

/// Returns the documented required fields that the record's resource lacks.
fn missing(record: &RawValue, catalog: &dyn Catalog) -> serde_json::Result<Vec<String>> {
    let Named { event_type, variant } = serde_json::from_str(record.get())?;
    let Content { resource, .. } = serde_json::from_str(record.get())?;
    let meta = catalog.lookup(&event_type, variant.as_deref());
    Ok(meta.map_or_else(Vec::new, |meta| decode::missing(meta, resource.get())))
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
    // These belong to the signature, not to the content.
    let but: &[&str] = if is.protocol == "v2" { &NOT_IN_FINGERPRINT } else { &[] };
    Ok(Changes { first, fields: diff(was.resource.get(), is.resource.get(), but) })
}

impl Detail {
    fn text(&self, pointer: &str) -> Option<String> {
        Some(self.json.pointer(pointer)?.as_str()?.to_owned())
    }

    fn number(&self, pointer: &str) -> Option<String> {
        Some(self.json.pointer(pointer)?.as_u64()?.to_string())
    }

    /// Returns time, change, actor and reason of each action.
    fn history(&self) -> Vec<[&str; 4]> {
        let notes = self.json.get("history").and_then(Value::as_array).map(Vec::as_slice);
        let note = |note| ["at", "change", "actor", "reason"].map(|name| member(note, name));
        notes.unwrap_or_default().iter().map(note).collect()
    }

    /// Returns the reason for which it waits for an operator, if it does.
    fn reason(&self) -> Option<String> {
        if self.item.state != "parked" {
            return None;
        }
        let by_operator = match self.history().last() {
            Some([_, "parked", actor, ""]) => Some(format!("parked by {actor}")),
            Some([_, "parked", actor, reason]) => Some(format!("parked by {actor}: {reason}")),
            _ => None,
        };
        let flags = || match self.item.flags.as_slice() {
            [] => "unknown".to_owned(),
            flags => format!("flagged {}", flags.join(", ")),
        };
        let reason = by_operator.or_else(|| self.item.error.clone()).or_else(|| self.text("/quarantine/why"));
        reason.or_else(|| Some(flags()))
    }

    fn lines(&self, zone: &Zone, missing: &[String]) -> String {
        let item = &self.item;
        let time = |pointer| self.text(pointer).map(|time| zone.full(&time));
        let reason = self.reason();
        let error = item.error.clone().filter(|_| reason.is_none());
        let max_attempts = self.number("/max_attempts").unwrap_or_default();
        let attempts = format!("{} of {max_attempts}, generation {}", item.attempts, item.generation);
        let quarantine = self.text("/quarantine/refused").zip(self.text("/quarantine/why"));
        let mut table = plain_table();
        for (name, value) in [
            ("seq", Some(item.seq.to_string())),
            ("key", Some(item.key.clone())),
            ("merchant", Some(item.merchant.clone())),
            ("event", Some(item.event())),
            ("id", self.text("/id")),
            ("number", Some(item.order_number().to_owned())),
            ("amount", Some(item.amount())),
            ("state", Some(item.state.clone())),
            ("reason", reason),
            ("flags", Some(item.flags.join(", "))),
            ("missing", Some(missing.join(", "))),
            ("accepted", time("/accepted_at")),
            ("last seen", time("/seen_at")),
            ("due", time("/due_at")),
            ("leased until", time("/lease_until")),
            ("done", time("/done_at")),
            ("attempts", Some(attempts)),
            ("error", error),
            ("lane", self.text("/lane")),
            ("group", self.text("/group")),
            ("changed from", self.number("/sibling_of")),
            ("quarantine", quarantine.map(|(rejection, reason)| format!("{rejection}: {reason}"))),
        ] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                table.add_row([name, &*plain(&value)]);
            }
        }
        let mut text = rendered(table);
        let history = self.history();
        if !history.is_empty() {
            let mut table = plain_table();
            for [at, change, actor, reason] in history {
                table.add_row([&zone.full(at), change, actor, reason].map(plain));
            }
            text.push_str(&format!("\n\nhistory\n{}", rendered(table)));
        }
        text
    }
}

fn member<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

impl Changes {
    fn lines(&self) -> String {
        let first = self.first;
        let Some(fields) = &self.fields else {
            return format!("\n\nchanged: the first record, {first}, is gone");
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

/// Renders a table with two spaces between columns.
fn rendered(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}
