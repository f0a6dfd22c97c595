use std::sync::Arc;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::json;
use wxhook_wire::Catalog;

use super::filter::query;
use super::list::page;
use super::log::{Log, Refused};
use super::table::{self, Item};
use crate::args::{ActArgs, StateArg, Which};
use crate::out;
use crate::usage::Usage;
use crate::zone::Zone;

/// An action of an operator.
#[derive(Debug, Clone, Copy)]
pub(super) enum Verb {
    Resend,
    Park,
    Discard,
}

impl Verb {
    fn as_str(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::Park => "park",
            Self::Discard => "discard",
        }
    }

    fn participle(self) -> &'static str {
        match self {
            Self::Resend => "queued for delivery",
            Self::Park => "parked",
            Self::Discard => "discarded",
        }
    }

    /// Returns the state that filters select by default; never done records.
    fn default_state(self) -> StateArg {
        match self {
            Self::Resend | Self::Discard => StateArg::Parked,
            Self::Park => StateArg::Ready,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Count {
    count: u64,
    more: bool,
}

/// A record after an action.
#[derive(Debug, Deserialize)]
struct Acted {
    state: String,
    opened_as: Option<OpenedAs>,
}

#[derive(Debug, Deserialize)]
struct OpenedAs {
    seq: u64,
    became: String,
}

/// Acts on records, or prints on how many it would. Returns whether it was done for each.
pub(super) async fn act(verb: Verb, args: &ActArgs, catalog: Arc<dyn Catalog>) -> anyhow::Result<bool> {
    let log = &Log::at(&args.place, catalog).await?;
    let filtered = args.which != Which::default();
    match (args.seqs.as_slice(), filtered) {
        ([], false) => bail!(Usage::new("which records? Give their numbers, or filters")),
        ([_, ..], true) => bail!(Usage::new("give numbers or filters, not both")),
        ([_, _, ..], _) if !args.yes => named(log, verb, args).await,
        ([_, ..], _) => {
            let seqs: Vec<_> = args.seqs.iter().map(|seq| seq.get()).collect();
            each(log, verb, args, &seqs).await
        }
        ([], true) => {
            let mut which = args.which.clone();
            which.state.get_or_insert(verb.default_state());
            if !args.yes {
                return counted(log, verb, args, &which).await;
            }
            let seqs = matching(log, &which).await?;
            each(log, verb, args, &seqs).await
        }
    }
}

/// Runs dry over records given by number.
async fn named(log: &Log, verb: Verb, args: &ActArgs) -> anyhow::Result<bool> {
    let (mut items, mut all) = (Vec::new(), true);
    for seq in &args.seqs {
        let reply = log.get(&format!("/api/events/{seq}")).await?;
        if reply.status == 404 {
            out::complain(format_args!("{seq}: there is no such record"));
            all = false;
        } else {
            items.push(reply.read::<Item>()?);
        }
    }
    if args.place.json {
        print_dry(verb, u64::try_from(items.len()).unwrap_or(u64::MAX), false)?;
    } else {
        let done = verb.participle();
        let result = match items.len() {
            1 => format!("\n\n1 record would be {done}; with --yes it is"),
            count => format!("\n\n{count} records would be {done}; with --yes they are"),
        };
        let zone = Zone::of_output(args.place.tz.as_ref(), out::is_terminal());
        out::print(table::table(&items, &zone, out::width()) + &result)?;
    }
    Ok(all)
}

/// Runs dry over records that pass a filter.
async fn counted(log: &Log, verb: Verb, args: &ActArgs, which: &Which) -> anyhow::Result<bool> {
    let path = format!("/api/events/count?{}", query(which));
    let Count { count, more } = log.get(&path).await?.read()?;
    if args.place.json {
        print_dry(verb, count, more)?;
        return Ok(true);
    }
    let state = which.state.map_or("", StateArg::as_str);
    let (least, records) =
        (if more { "at least " } else { "" }, if count == 1 { "record" } else { "records" });
    let done = verb.participle();
    let they = if count == 1 && !more { "it is" } else { "they are" };
    out::print(format_args!("{least}{count} {state} {records} would be {done}; with --yes {they}"))?;
    Ok(true)
}

fn print_dry(verb: Verb, count: u64, more: bool) -> anyhow::Result<()> {
    Ok(out::print(json!({ "dry_run": true, "verb": verb.as_str(), "count": count, "more": more }))?)
}

/// Returns the numbers of all records that pass a filter, oldest first, to keep the order of acceptance.
async fn matching(log: &Log, which: &Which) -> anyhow::Result<Vec<u64>> {
    let (mut seqs, mut before) = (Vec::new(), None);
    loop {
        let page = page(log, which, before, 500, false).await?;
        for event in &page.events {
            seqs.push(Item::read(event)?.seq);
        }
        before = page.next;
        if before.is_none() {
            seqs.reverse();
            return Ok(seqs);
        }
    }
}

async fn each(log: &Log, verb: Verb, args: &ActArgs, seqs: &[u64]) -> anyhow::Result<bool> {
    let body = args.operator.to_json().to_string();
    let mut done = 0_usize;
    for seq in seqs {
        let path = format!("/api/events/{seq}/{}", verb.as_str());
        let reply = log.post(&path, &body).await.with_context(|| so_far(done, seqs))?;
        let status = reply.status;
        match reply.ok() {
            Ok(answer) => {
                done += 1;
                print(verb, *seq, &answer, args.place.json)?;
            }
            // Only this record; the others may be fine.
            Err(refused) if matches!(status, 404 | 409) => complain(*seq, &refused, args.place.json)?,
            Err(refused) => return Err(anyhow::Error::from(refused).context(so_far(done, seqs))),
        }
    }
    if seqs.len() != 1 && !args.place.json {
        out::print(format_args!("{done} of {} {}", seqs.len(), verb.participle()))?;
    }
    Ok(done == seqs.len())
}

fn so_far(done: usize, seqs: &[u64]) -> String {
    format!("{done} of {} done", seqs.len())
}

fn print(verb: Verb, seq: u64, answer: &str, json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(out::print(answer)?);
    }
    let acted: Acted = serde_json::from_str(answer)?;
    match acted.opened_as {
        Some(OpenedAs { seq: new, became }) => {
            out::print(format_args!("{seq} was opened as {new} ({became})"))?
        }
        None if matches!(verb, Verb::Resend) => out::print(format_args!("{seq} queued for delivery"))?,
        None => out::print(format_args!("{seq} is {}", acted.state))?,
    }
    Ok(())
}

fn complain(seq: u64, refused: &Refused, json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(out::print(json!({ "seq": seq, "code": refused.code, "message": refused.message }))?);
    }
    out::complain(format_args!("{seq}: {refused}"));
    Ok(())
}
