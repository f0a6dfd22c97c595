//! `wxhook events`: the inbox, through the admin API of a server or directly on its store.

mod act;
mod diff;
mod filter;
mod list;
mod log;
mod show;
mod table;
mod tail;

use std::sync::Arc;

use wxhook_wire::Catalog;

use crate::args::{AdoptArgs, EventsCommand, PurgeArgs};
use crate::out;
use crate::zone::Zone;
use act::{Verb, act};
use log::Log;

/// Runs a command. Returns whether all of it was done.
pub(crate) async fn events(mut command: EventsCommand, catalog: Arc<dyn Catalog>) -> anyhow::Result<bool> {
    if let Some((which, zone)) = command.which() {
        which.settle(&zone.cloned().unwrap_or_else(Zone::local));
        filter::notes(which, &*catalog).iter().for_each(out::complain);
    }
    match command {
        EventsCommand::List(args) => list::list(&Log::at(&args.place, catalog).await?, &args).await,
        EventsCommand::Show(args) => {
            show::show(&Log::at(&args.place, Arc::clone(&catalog)).await?, &args, &*catalog).await
        }
        EventsCommand::Tail(args) => tail::tail(&Log::at(&args.place, catalog).await?, &args).await,
        EventsCommand::Resend(args) => act(Verb::Resend, &args, catalog).await,
        EventsCommand::Park(args) => act(Verb::Park, &args, catalog).await,
        EventsCommand::Discard(args) => act(Verb::Discard, &args, catalog).await,
        EventsCommand::Adopt(args) => adopt(&Log::at(&args.place, catalog).await?, &args).await,
        EventsCommand::Purge(args) => purge(&Log::at(&args.place, catalog).await?, &args).await,
    }
}

async fn adopt(log: &Log, args: &AdoptArgs) -> anyhow::Result<bool> {
    #[derive(serde::Deserialize)]
    struct Report {
        adopted: u64,
    }
    let mut body = args.operator.to_json();
    body.as_object_mut().map(|body| body.insert("merchant".to_owned(), args.merchant.clone().into()));
    let answer = log.post("/api/adopt", &body.to_string()).await?.ok()?;
    if args.place.json {
        out::print(answer)?;
        return Ok(true);
    }
    let Report { adopted } = serde_json::from_str(&answer)?;
    let records = if adopted == 1 { "record goes" } else { "records go" };
    out::print(format_args!("{adopted} {records} to the common sink"))?;
    Ok(true)
}

async fn purge(log: &Log, args: &PurgeArgs) -> anyhow::Result<bool> {
    #[derive(serde::Deserialize)]
    struct Step {
        purged: u64,
        more: bool,
    }
    let mut purged = 0;
    loop {
        let step: Step = log.post("/api/purge", "").await?.read()?;
        purged += step.purged;
        if !step.more {
            break;
        }
    }
    out::print(if args.place.json {
        serde_json::json!({ "purged": purged }).to_string()
    } else {
        format!("{purged} removed")
    })?;
    Ok(true)
}
