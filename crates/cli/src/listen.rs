//! `wxhook listen`: a receiver for development that prints each request and its result.

mod forward;
mod lines;
mod reason;
mod screen;

use crate::args::ListenArgs;
use crate::config;
use crate::signals::Signals;
use crate::usage::Usage;
use anyhow::Context as _;
use forward::{Forward, Forwarded};
use reason::Known;
use screen::Screen;
use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use wxhook_delivery::SharedSink;
use wxhook_idempotency::{Clock as _, MemoryStore, SharedStore, SystemClock};
use wxhook_server::{Config, ObservedRequest, Server};
use wxhook_wire::Catalog;

/// Maximum time to print the remaining lines after the server has ended.
const LAST_LINES: Duration = Duration::from_secs(2);

/// An event, in the order in which it is printed.
enum Event {
    Request(SystemTime, Box<ObservedRequest>),
    Forwarded(Forwarded),
}

/// Receives and prints until a signal arrives or stdout is closed.
pub(crate) async fn listen(args: &ListenArgs, catalog: Arc<dyn Catalog>) -> anyhow::Result<()> {
    let mut config = config::load(&config::path(args.with.config.as_deref())?)?;
    retain(&args.merchant, &mut config)?;
    config.listen = args.listen.unwrap_or(config.listen);
    // A server with the same configuration may be running.
    config.admin_listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let known = Known::new(&config);
    let is_signed = forward::is_signed(&config);
    let signals = Signals::catch().context("can't catch signals")?;

    let (events, received) = mpsc::unbounded_channel();
    let (printed, printed_to) = watch::channel(0);
    let forward = Forward::new(args.forward_to.as_deref(), &config, events.clone(), printed_to)?;
    let store = SharedStore::new(MemoryStore::default());
    let screen = Screen::new(args, &*catalog, forward.to(), known, store.clone(), printed)?;
    let observed = events.clone();
    let server = Server::builder(config, catalog)
        .with_store(store)
        .with_sink(SharedSink::new(forward))
        .observe(move |request| {
            let now = SystemClock::default().now();
            // Fails when the program is about to end.
            drop(observed.send(Event::Request(now, Box::new(request.clone()))));
        })
        .bind()
        .await?;

    screen.open(&server, is_signed)?;
    let printing = tokio::spawn(screen.run(received));
    let stop = async {
        tokio::select! {
            () = signals.shutdown() => {}
            () = events.closed() => {}
        }
    };
    let ended = server.run(stop).await;
    drop(events);
    // Without a limit, a connection that is cut off could delay the end.
    let printed = timeout(LAST_LINES, printing).await.ok().and_then(Result::ok).unwrap_or(Ok(()));
    ended?;
    printed
}

/// Retains the merchants with these names; all if there are none.
fn retain(names: &[String], config: &mut Config) -> Result<(), Usage> {
    let known: HashSet<_> = config.merchants.iter().map(|merchant| merchant.name.as_str()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name.as_str())) {
        return Err(config::no_merchant(config, unknown));
    }
    config.merchants.retain(|merchant| names.is_empty() || names.contains(&merchant.name));
    Ok(())
}
