use serde::Deserialize;
use serde_json::value::RawValue;

use super::log::Log;
use super::query::query;
use super::table::{self, Item};
use crate::args::{ListArgs, Which};
use crate::zone::Zone;
use crate::{out, terminal};

/// Records that are asked for at a time.
const PAGE: usize = 500;

/// A page, its records as the server wrote them.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) events: Vec<Box<RawValue>>,
    pub(super) next: Option<u64>,
    /// No merchant of this name is configured or has a record; an older server doesn't say.
    #[serde(default)]
    unknown_merchant: bool,
}

/// Prints records, newest first.
pub(super) async fn list(log: &Log, args: &ListArgs) -> anyhow::Result<bool> {
    let mut before = args.before;
    let mut left = args.limit.get();
    let (mut items, mut is_empty) = (Vec::new(), true);
    loop {
        let page = match args.place.json {
            true => page(log, &args.which, before, left.min(PAGE)).await?,
            false => extended(log, &args.which, before, left.min(PAGE)).await?,
        };
        is_empty &= page.events.is_empty();
        left = left.saturating_sub(page.events.len());
        before = page.next;
        for event in page.events {
            if args.place.json {
                out::print(event.get())?;
            } else {
                items.push(Item::read(&event)?);
            }
        }
        if before.is_none() || left == 0 {
            break;
        }
    }
    if !args.place.json {
        let zone = Zone::of_output(args.place.tz.as_ref(), terminal::is_terminal());
        let table = || table::table(&items, &zone, terminal::width());
        out::print(if items.is_empty() { "no records".to_owned() } else { table() })?;
    }
    if let Some(name) = args.which.merchant.as_ref().filter(|_| is_empty)
        && extended(log, &args.which, None, 1).await?.unknown_merchant
    {
        out::complain(format_args!("note: --merchant: no merchant is named {name:?}"));
    }
    if let Some(before) = before {
        out::complain(format_args!("there are more: --before {before}"));
    }
    Ok(true)
}

/// At most `limit` records before this one.
pub(super) async fn page(
    log: &Log,
    which: &Which,
    before: Option<u64>,
    limit: usize,
) -> anyhow::Result<Page> {
    let mut path = format!("/api/events?{}limit={limit}", query(which));
    if let Some(before) = before {
        path.push_str(&format!("&before={before}"));
    }
    log.get(&path).await?.read()
}

/// At most `limit` records before this one, with numbers and amounts where the server knows to tell them.
pub(super) async fn extended(
    log: &Log,
    which: &Which,
    before: Option<u64>,
    limit: usize,
) -> anyhow::Result<Page> {
    let mut path = format!("/api/events?{}limit={limit}&extended=true", query(which));
    if let Some(before) = before {
        path.push_str(&format!("&before={before}"));
    }
    let reply = log.get(&path).await?;
    // An older server doesn't know the parameter.
    if reply.status == 400 { page(log, which, before, limit).await } else { reply.read() }
}
