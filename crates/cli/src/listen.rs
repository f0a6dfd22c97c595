//! `wxhook listen`: a receiver for development, which shows what comes and what becomes of it.

mod event;
mod forward;
mod known;
mod lines;
mod output;
mod screen;
mod why;

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use wxhook_delivery::SharedSink;
use wxhook_idempotency::{MemoryStore, SharedStore};
use wxhook_server::{Config, Server};
use wxhook_wire::Catalog;

use crate::args::ListenArgs;
use crate::config;
use crate::signals::Signals;
use crate::usage::Usage;
use event::{Event, Request};
use forward::Forward;
use known::Known;
use output::Output;
use screen::Screen;

/// What is still to be printed when the server has ended.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Receives and prints until a signal comes, or nobody reads what is printed.
pub(crate) async fn listen(args: &ListenArgs, catalog: Arc<dyn Catalog>) -> anyhow::Result<()> {
    let mut config = config::load(&config::path(args.with.config.as_deref())?)?;
    only(&args.merchant, &mut config)?;
    config.listen = args.listen.unwrap_or(config.listen);
    // Another server's stays free.
    config.admin_listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let known = Known::of(&config);
    let output = Output::new(args, &*catalog)?;
    let signed = forward::is_signed(&config);
    let signals = Signals::catch().context("can't catch signals")?;

    let (events, heard) = mpsc::unbounded_channel();
    let (shown, shown_to) = watch::channel(0);
    let forward = Forward::new(args.forward_to.as_deref(), &config, events.clone(), shown_to)?;
    // Nothing outlives the program: neither records nor that they were seen.
    let store = SharedStore::new(MemoryStore::default());
    let (told, naming) = (events.clone(), known.clone());
    let server = Server::builder(config, catalog)
        .with_store(store.clone())
        .with_sink(SharedSink::new(forward))
        .observe(move |exchange| {
            // Nobody listens any more when the program is about to end.
            let _ended = told.send(Event::Request(Request::of(exchange, &naming)));
        })
        .bind()
        .await?;

    let to = args.forward_to.as_deref().map(forward::shown).transpose()?.unwrap_or_default();
    let screen = Screen::new(output, to, store, shown);
    screen.open(&server, &known, signed)?;
    let printing = tokio::spawn(screen.run(heard));
    let stop = async {
        tokio::select! {
            () = signals.shutdown() => {}
            () = events.closed() => {}
        }
    };
    let ended = server.run(stop).await;
    drop(events);
    // Without this bound a connection that is cut off could hold up the end.
    let printed = timeout(LAST_LINES, printing).await.ok().and_then(Result::ok).unwrap_or(Ok(()));
    ended?;
    printed
}

/// Keeps the merchants with these names; all of them if there are none.
fn only(names: &[String], config: &mut Config) -> Result<(), Usage> {
    let known: HashSet<_> = config.merchants.iter().map(|merchant| merchant.name.as_str()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name.as_str())) {
        return Err(config::no_merchant(config, unknown));
    }
    config.merchants.retain(|merchant| names.is_empty() || names.contains(&merchant.name));
    Ok(())
}
