use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use wxhook_wire::Record;

use super::stage::{Actor, Row};
use super::step::Handed;
use crate::json::pretty;
use crate::out::program;
use crate::out::{Colour, paint};
use crate::throwaway::Merchant;

/// The event that is shown as an example.
const EXAMPLE: &str = "TRANSACTION.SUCCESS";
/// Columns of the narrowest usual terminal.
const WIDTH: usize = 80;

/// Returns a line for each request, under a line for each event and merchant.
pub(super) fn table(rows: &[Row], actors: &[Actor]) -> String {
    let mut lines = vec![line(["sent", "answered", "delivered"], "")];
    let mut last = None;
    for row in rows {
        let name = name(row);
        if last.as_ref() != Some(&name) {
            let merchant = actors.get(row.subject.merchant).map_or("", |actor| actor.name.as_str());
            lines.push(format!("\n{name} to {merchant}"));
        }
        let answered = match &row.answered {
            Ok((status, code)) => format!("{status} {code}"),
            Err(why) => why.clone(),
        };
        let delivered = match &row.handed {
            Ok(handed) => handed.as_str(),
            Err(odd) => odd,
        };
        let verdict = if row.is_right() { paint("ok", Colour::Green) } else { paint("WRONG", Colour::Red) };
        lines.push(line([row.step.as_str(), &answered, delivered], &verdict));
        last = Some(name);
    }
    lines.join("\n")
}

fn line([sent, answered, delivered]: [&str; 3], verdict: &str) -> String {
    format!("  {sent:<18}{answered:<18}{delivered:<14}{verdict}").trim_end().to_owned()
}

fn name(row: &Row) -> String {
    match row.subject.note {
        "" => row.subject.event.to_owned(),
        note => format!("{} ({note})", row.subject.event),
    }
}

/// The figures, what a wrong one should have been, and the verdict.
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
         {} records in the store: {} delivered once each ({changed} flagged as changed),\n\
         {parked} parked for an operator.",
        rows.len(),
        answered(200),
        answered(401),
        new + changed + parked,
        new + changed,
    );
    for row in rows.iter().filter(|row| !row.is_right()) {
        let wanted = row.expected;
        text.push_str(&format!(
            "\nWRONG: {}, {}: should be answered {} {} and delivered: {}",
            name(row),
            row.step.as_str(),
            wanted.status,
            wanted.code,
            wanted.handed.as_str(),
        ));
    }
    let all = rows.len();
    let verdict =
        format!("{right} of {all} requests are as they should be, after {:.1} s.", took.as_secs_f64());
    text + "\n" + &paint(&verdict, if right == all { Colour::Green } else { Colour::Red })
}

/// One of the records that were handed on.
pub(super) fn example(records: &[Record]) -> Option<String> {
    let wanted = |record: &&Record| record.content.event_type == EXAMPLE;
    let record = records.iter().find(wanted).or_else(|| records.first())?;
    Some(format!("One of the records that were delivered:\n\n{}", pretty(&record.to_json())))
}

/// Who takes part.
pub(super) fn opening(addr: SocketAddr, merchants: &[Merchant]) -> String {
    let mut text = format!("A server on {addr} with throw-away keys, and two merchants:\n");
    for merchant in merchants {
        let (name, mchid, id) = (merchant.name(), merchant.mchid(), merchant.key_id());
        text.push_str(&format!("  {name:<8}mchid {mchid:<12}key {id}\n"));
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
    let (config, folder) = (config.display().to_string(), folder.display());
    format!(
        "{places}\n\nTry next:\n{}\n{}\n  rm -r {folder}   # until then it stays",
        command("check", &config),
        command("serve", &config),
    )
}

/// Where it all is, and what to try next, while the server goes on.
pub(super) fn staying(places: &Places<'_>, addr: SocketAddr, admin_addr: SocketAddr) -> String {
    format!(
        "{places}\n\n\
         The server goes on: notifications at http://{addr}/notify/shop\n\
         Try in another terminal:\n  \
         curl 'http://{admin_addr}/api/events?state=parked'\n  \
         curl http://{admin_addr}/metrics\n\
         {}\n\
         Ctrl-C ends it and removes the folder.",
        command("check", &places.config.display().to_string()),
    )
}

/// Returns a command line of this program for a shell, in two lines where one is too long.
fn command(name: &str, config: &str) -> String {
    let program = program();
    let line = format!("  {program} {name} --config {config}");
    if line.len() <= WIDTH { line } else { format!("  {program} {name} \\\n    --config {config}") }
}

impl fmt::Display for Places<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "The store           {}", self.store.display())?;
        writeln!(f, "What it delivered   {}", self.lines.display())?;
        write!(f, "Its configuration   {}", self.config.display())
    }
}
