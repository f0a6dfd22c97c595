use anyhow::Context as _;
use serde_json::value::RawValue;
use tokio::time::sleep;

use super::list::page;
use super::log::Log;
use super::table::Item;
use crate::args::TailArgs;
use crate::grid::end;
use crate::json::plain;
use crate::out;
use crate::signals::Signals;
use crate::zone::Zone;

/// Maximum size of a page.
const PAGE: usize = 100;

/// Prints new records until a signal.
pub(super) async fn tail(log: &Log, args: &TailArgs) -> anyhow::Result<bool> {
    let mut signals = Signals::catch().context("can't catch signals")?;
    tokio::select! {
        _ = signals.next() => Ok(true),
        ended = follow(log, args) => ended,
    }
}

async fn follow(log: &Log, args: &TailArgs) -> anyhow::Result<bool> {
    let lines = usize::from(args.lines);
    let mut latest = page(log, &args.which, None, lines.max(1), !args.place.json).await?.events;
    let mut last = latest.first().map(|event| Item::read(event)).transpose()?.map_or(0, |item| item.seq);
    latest.truncate(lines);
    print(args, &latest)?;
    let mut reachable = true;
    loop {
        sleep(args.every).await;
        match after(log, args, last).await {
            Ok((events, newest)) => {
                if !reachable {
                    out::complain("the server answers again");
                }
                (reachable, last) = (true, newest);
                print(args, &events)?;
            }
            // A server may be restarted while it is followed. Reported once.
            Err(error) if reachable => {
                out::complain(format_args!("{error:#}; trying again"));
                reachable = false;
            }
            Err(_) => {}
        }
    }
}

/// Returns the records with greater numbers than `last`, newest first, and the greatest number.
async fn after(log: &Log, args: &TailArgs, last: u64) -> anyhow::Result<(Vec<Box<RawValue>>, u64)> {
    let (mut events, mut newest, mut before) = (Vec::new(), last, None);
    loop {
        let page = page(log, &args.which, before, PAGE, !args.place.json).await?;
        for event in page.events {
            let seq = Item::read(&event)?.seq;
            if seq <= last {
                return Ok((events, newest));
            }
            newest = newest.max(seq);
            events.push(event);
        }
        before = page.next;
        if before.is_none() {
            return Ok((events, newest));
        }
    }
}

/// Prints records, oldest first.
fn print(args: &TailArgs, events: &[Box<RawValue>]) -> anyhow::Result<()> {
    for event in events.iter().rev() {
        if args.place.json {
            out::print(event.get())?;
        } else {
            out::print(line(args, &Item::read(event)?))?;
        }
    }
    Ok(())
}

/// Returns the line of a record: truncated on a terminal, complete elsewhere.
fn line(args: &TailArgs, item: &Item) -> String {
    let is_terminal = out::is_terminal();
    let zone = Zone::of_output(args.place.tz.as_ref(), is_terminal);
    let accepted = match zone.short(&item.accepted_at) {
        Some((at, _)) if is_terminal => at,
        _ => zone.full(&item.accepted_at),
    };
    let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let Item { seq, merchant, state, .. } = item;
    let (flags, number) = (or_dash(item.flags.join(",")), or_dash(item.order_number().to_owned()));
    let (event, amount, key) = (item.event(), or_dash(item.amount()), item.number());
    let line = plain(&format!(
        "{seq:>5}  {accepted}  {event:<19}  {state:<6}  {amount:>8}  {number}  {flags}  {merchant}  {key}"
    ));
    out::width().map_or_else(|| line.clone(), |width| end(&line, width))
}
