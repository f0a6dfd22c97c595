use anyhow::Context as _;
use serde_json::value::RawValue;
use tokio::time::sleep;

use super::list::{Page, extended, page};
use super::log::Log;
use super::table::Item;
use crate::args::TailArgs;
use crate::grid::end;
use crate::json::plain;
use crate::signals::Signals;
use crate::zone::Zone;
use crate::{out, terminal};

/// Records that are asked for at a time.
const PAGE: usize = 100;

/// Prints new records as they come, until a signal.
pub(super) async fn tail(log: &Log, args: &TailArgs) -> anyhow::Result<bool> {
    let mut signals = Signals::catch().context("can't catch signals")?;
    tokio::select! {
        _ = signals.next() => Ok(true),
        ended = follow(log, args) => ended,
    }
}

async fn follow(log: &Log, args: &TailArgs) -> anyhow::Result<bool> {
    let lines = usize::from(args.lines);
    let mut latest = records(log, args, None, lines.max(1)).await?.events;
    let mut last = latest.first().map(|event| Item::read(event)).transpose()?.map_or(0, |item| item.seq);
    latest.truncate(lines);
    print(args, &latest)?;
    let mut reachable = true;
    loop {
        sleep(args.every).await;
        match after(log, args, last).await {
            Ok((events, newest)) => {
                if !reachable {
                    out::complain("it answers again");
                }
                (reachable, last) = (true, newest);
                print(args, &events)?;
            }
            // A server may be started anew while it is followed. Said once.
            Err(error) if reachable => {
                out::complain(format_args!("{error:#}; asking on"));
                reachable = false;
            }
            Err(_) => {}
        }
    }
}

/// The records with greater numbers than `last`, newest first, and the greatest.
async fn after(log: &Log, args: &TailArgs, last: u64) -> anyhow::Result<(Vec<Box<RawValue>>, u64)> {
    let (mut events, mut newest, mut before) = (Vec::new(), last, None);
    loop {
        let page = records(log, args, before, PAGE).await?;
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

async fn records(log: &Log, args: &TailArgs, before: Option<u64>, limit: usize) -> anyhow::Result<Page> {
    if args.place.json {
        page(log, &args.which, before, limit).await
    } else {
        extended(log, &args.which, before, limit).await
    }
}

/// Oldest first.
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

/// Returns the line of a record: cut on a terminal, whole elsewhere.
fn line(args: &TailArgs, item: &Item) -> String {
    let is_terminal = terminal::is_terminal();
    let zone = Zone::of_output(args.place.tz.as_ref(), is_terminal);
    let accepted = match zone.short(&item.accepted_at) {
        Some((at, _)) if is_terminal => at,
        _ => zone.full(&item.accepted_at),
    };
    let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let (seq, flags) = (item.seq, or_dash(item.flags.join(",")));
    let (number, amount) = (or_dash(item.order_number().to_owned()), or_dash(item.amount()));
    let Item { merchant, state, .. } = item;
    let (event, key) = (item.event(), item.number());
    let line = if is_terminal {
        format!(
            "{seq:>5}  {accepted}  {event:<19}  {state:<6}  {amount:>8}  {number}  {flags}  {merchant}  {key}"
        )
    } else {
        format!(
            "{seq:>7}  {accepted}  {merchant}  {event:<32}  {state:<6}  {flags}  {number}  {amount}  {key}"
        )
    };
    let line = plain(&line);
    terminal::width().map_or_else(|| line.clone(), |width| end(&line, width))
}
