use anyhow::Context as _;
use serde_json::value::RawValue;
use tokio::time::sleep;

use super::list::page;
use super::log::Log;
use super::table::Item;
use crate::args::TailArgs;
use crate::out;
use crate::signals::Signals;

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
    let mut latest = page(log, &args.which, None, lines.max(1)).await?.events;
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
        let page = page(log, &args.which, before, PAGE).await?;
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

/// Oldest first.
fn print(args: &TailArgs, events: &[Box<RawValue>]) -> anyhow::Result<()> {
    for event in events.iter().rev() {
        if args.place.json {
            out::print(event.get())?;
        } else {
            let [seq, accepted, merchant, event, state, flags, key] = Item::read(event)?.row();
            let flags = if flags.is_empty() { "-".to_owned() } else { flags };
            out::print(format_args!(
                "{seq:>7}  {accepted}  {merchant}  {event:<32}  {state:<6}  {flags}  {key}"
            ))?;
        }
    }
    Ok(())
}
