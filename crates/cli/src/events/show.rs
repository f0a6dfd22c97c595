use comfy_table::{ContentArrangement, Table};
use serde::{Deserialize, Serialize};
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
    let detail: Detail = serde_json::from_str(&body)?;
    let record = record_of(&body)?;
    let changes = match (detail.sibling_of, record) {
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
    /// Returns the reason for which it waits for an operator, if it does.
    fn reason(&self) -> Option<String> {
        let item = &self.item;
        if item.state != "parked" {
            return None;
        }
        let by_operator = || {
            let note = self.history.last().filter(|note| note.change == "parked")?;
            Some(format!("parked by {}: {}", note.actor, note.reason).trim_end_matches([' ', ':']).to_owned())
        };
        let flagged = || match item.flags.as_slice() {
            [] => "unknown".to_owned(),
            flags => format!("flagged {}", flags.join(", ")),
        };
        let quarantined = || self.quarantine.as_ref().map(|it| it.why.clone());
        by_operator().or_else(|| item.error.clone()).or_else(quarantined).or_else(|| Some(flagged()))
    }

    fn lines(&self, zone: &Zone, missing: &[String]) -> String {
        let item = &self.item;
        let time = |time: &Option<String>| time.as_deref().map(|time| zone.full(time));
        let reason = self.reason();
        let error = item.error.clone().filter(|_| reason.is_none());
        let number = Some(item.order_number().to_owned()).filter(|number| !number.is_empty());
        let amount = Some(item.amount()).filter(|amount| !amount.is_empty());
        let missing = Some(missing.join(", ")).filter(|missing| !missing.is_empty());
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
            ("number", number),
            ("amount", amount),
            ("state", Some(item.state.clone())),
            ("reason", reason),
            ("flags", flags),
            ("missing", missing),
            ("accepted", Some(zone.full(&item.accepted_at))),
            ("last seen", Some(zone.full(&self.seen_at))),
            ("due", time(&self.due_at)),
            ("leased until", time(&self.lease_until)),
            ("done", time(&self.done_at)),
            ("attempts", Some(attempts)),
            ("error", error),
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
                let at = zone.full(&note.at);
                table.add_row([&at, &note.change, &note.actor, &note.reason].map(|cell| plain(cell)));
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
