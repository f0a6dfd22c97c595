use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use comfy_table::{Cell, Color, ContentArrangement, Table};
use wxhook_wire::Record;

use super::stage::{Actor, Row};
use super::step::Handed;
use crate::out::{self, program};
use crate::pretty::pretty;
use crate::throwaway::Merchant;

/// The event that is shown as an example.
const EXAMPLE: &str = "MCHTRANSFER.AUTHORIZATION.CONFIRMED";

/// A line for each request; an event's name and merchant stand at its first one.
pub(super) fn table(rows: &[Row], actors: &[Actor]) -> String {
    let mut table = Table::new();
    table.load_style(out::TABLE).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["event", "merchant", "sent", "answered", "handed on", ""]);
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
    }
    let mut last = None;
    for row in rows {
        let name = name(row);
        let merchant = actors.get(row.subject.merchant).map_or("", |actor| actor.name.as_str());
        let is_next = last.as_ref() == Some(&name);
        if !is_next && last.is_some() {
            table.add_row([""]);
        }
        let answered = match &row.answered {
            Ok((status, code)) => format!("{status} {code}"),
            Err(why) => why.clone(),
        };
        let handed = match &row.handed {
            Ok(handed) => handed.as_str(),
            Err(odd) => odd,
        };
        table.add_row([
            Cell::new(if is_next { "" } else { &name }),
            Cell::new(if is_next { "" } else { merchant }),
            Cell::new(row.step.as_str()),
            Cell::new(answered),
            Cell::new(handed),
            verdict(row),
        ]);
        last = Some(name);
    }
    table.trim_fmt()
}

fn name(row: &Row) -> String {
    match row.subject.note {
        "" => row.subject.event.to_owned(),
        note => format!("{} ({note})", row.subject.event),
    }
}

fn verdict(row: &Row) -> Cell {
    if row.is_right() { Cell::new("ok").fg(Color::Green) } else { Cell::new("WRONG").fg(Color::Red) }
}

/// The figures, and what a wrong one should have been.
pub(super) fn counts(rows: &[Row], took: Duration) -> String {
    let answered = |wanted: u16| {
        rows.iter().filter(|row| row.answered.as_ref().is_ok_and(|(status, _)| *status == wanted)).count()
    };
    let became = |wanted: Handed| {
        rows.iter().filter(|row| row.handed.as_ref().is_ok_and(|seen| *seen == wanted)).count()
    };
    let right = rows.iter().filter(|row| row.is_right()).count();
    let (new, changed, parked) = (became(Handed::On), became(Handed::Changed), became(Handed::Parked));
    let mut text = format!(
        "{} requests, {} answered 200 and {} answered 401.\n\
         {} records in the store: {} handed on once each ({changed} flagged as changed), \
         {parked} parked for a person.\n\
         {right} of {} requests are as they should be, after {:.1} s.",
        rows.len(),
        answered(200),
        answered(401),
        new + changed + parked,
        new + changed,
        rows.len(),
        took.as_secs_f64(),
    );
    for row in rows.iter().filter(|row| !row.is_right()) {
        let wanted = row.expected;
        text.push_str(&format!(
            "\nWRONG: {}, {}: should be answered {} {} and handed on: {}",
            name(row),
            row.step.as_str(),
            wanted.status,
            wanted.code,
            wanted.handed.as_str(),
        ));
    }
    text
}

/// One of the records that were handed on.
pub(super) fn example(records: &[Record]) -> Option<String> {
    let wanted = |record: &&Record| record.content.event_type == EXAMPLE;
    let record = records.iter().find(wanted).or_else(|| records.first())?;
    Some(format!("One of the records that were handed on:\n\n{}", pretty(&record.to_json())))
}

/// Who takes part.
pub(super) fn opening(addr: SocketAddr, merchants: &[Merchant]) -> String {
    let mut text = format!("A server on {addr} with throw-away keys, and two merchants:\n");
    for merchant in merchants {
        let (name, mchid, id) = (merchant.name(), merchant.mchid(), merchant.key_id());
        text.push_str(&format!("  {name:<8}mchid {mchid:<12}platform key {id}\n"));
    }
    text
}

/// The files that the demo made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'a> {
    pub(super) folder: &'a Path,
    pub(super) config: &'a Path,
    pub(super) store: &'a Path,
    pub(super) lines: &'a Path,
}

/// Where it all is, and what to try next, when the demo ends by itself.
pub(super) fn closing(places: &Places<'_>) -> String {
    let Places { folder, config, .. } = places;
    format!(
        "{places}\n\n\
         Try next:\n  \
         {program} check --config {config}\n  \
         {program} serve --config {config}\n  \
         rm -r {folder}          # it is kept until you remove it",
        program = program(),
        config = config.display(),
        folder = folder.display(),
    )
}

/// Where it all is, and what to try next, while the server goes on.
pub(super) fn staying(places: &Places<'_>, addr: SocketAddr, admin_addr: SocketAddr) -> String {
    format!(
        "{places}\n\n\
         The server goes on: notifications at http://{addr}/notify/shop. Try in another terminal:\n  \
         curl 'http://{admin_addr}/api/events?state=parked'\n  \
         curl http://{admin_addr}/metrics\n  \
         {program} check --config {config}\n\
         Ctrl-C ends it and removes the folder.",
        program = program(),
        config = places.config.display(),
    )
}

impl fmt::Display for Places<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "The store           {}", self.store.display())?;
        writeln!(f, "What it handed on   {}", self.lines.display())?;
        write!(f, "Its configuration   {}", self.config.display())
    }
}
