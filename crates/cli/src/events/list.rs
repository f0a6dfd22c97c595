use serde::Deserialize;
use serde_json::value::RawValue;

use super::filter::query;
use super::log::Log;
use super::table::{self, Item};
use crate::args::{ListArgs, Which};
use crate::out;
use crate::zone::Zone;

/// Maximum size of a page.
const PAGE: usize = 500;

/// A page of records, as the server wrote them.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) events: Vec<Box<RawValue>>,
    pub(super) next: Option<u64>,
    /// True if no merchant of this name is configured or has a record.
    #[serde(default)]
    unknown_merchant: bool,
}

/// Prints records, newest first.
pub(super) async fn list(log: &Log, args: &ListArgs) -> anyhow::Result<bool> {
    let mut before = args.before;
    let mut left = args.limit.get();
    let (mut items, mut is_empty) = (Vec::new(), true);
    loop {
        let page = page(log, &args.which, before, left.min(PAGE), !args.place.json).await?;
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
        let zone = Zone::of_output(args.place.tz.as_ref(), out::is_terminal());
        let table = || table::table(&items, &zone, out::width());
        out::print(if items.is_empty() { "no records".to_owned() } else { table() })?;
    }
    if let Some(name) = args.which.merchant.as_ref().filter(|_| is_empty)
        && page(log, &args.which, None, 1, true).await?.unknown_merchant
    {
        out::complain(format_args!("note: --merchant: no merchant is named {name:?}"));
    }
    if let Some(before) = before {
        out::complain(format_args!("there are more: --before {before}"));
    }
    Ok(true)
}

/// Returns at most `limit` records before this one; with numbers and amounts if the page is extended.
pub(super) async fn page(
    log: &Log,
    which: &Which,
    before: Option<u64>,
    limit: usize,
    is_extended: bool,
) -> anyhow::Result<Page> {
    let before = before.map_or(String::new(), |before| format!("&before={before}"));
    let extended = if is_extended { "&extended=true" } else { "" };
    log.get(&format!("/api/events?{}limit={limit}{before}{extended}", query(which))).await?.read()
}
