//! `wxhook trigger`: a notification as the platform would send it.

mod keys;
mod report;
mod subject;

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::Context as _;
use wxhook_idempotency::{Clock as _, SystemClock};
use wxhook_simulator::{Client, Error, Nonces, Prepared, SignedRequest};
use wxhook_wire::Catalog;

use crate::args::TriggerArgs;
use crate::usage::Usage;
use crate::{config, out};
use report::Attempt;
use subject::Subject;

/// As long as the platform waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends what is asked for; whether every answer was a success.
pub(crate) async fn trigger(args: &TriggerArgs, catalog: Arc<dyn Catalog>) -> anyhow::Result<bool> {
    check_url(&args.to)?;
    let entries = crate::named::entries(&*catalog, &args.event)?;
    let config = config::load(&args.with.config)?;
    let merchant = keys::merchant(&config, args.merchant.as_deref())?;
    let subject = Subject::new(args, &entries, &*catalog, &merchant.mchid)?;
    let platform = keys::platform(&config, merchant, subject.meta.protocol)?;
    let client = Client::new(PATIENCE);
    let mut good = true;
    for nth in 0..args.count.get() {
        let now = SystemClock::default().now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let (id, resource) = (subject.id(nth), subject.resource(nth)?);
        let request = platform
            .notify(subject.meta, &resource, &id, now, &Nonces::fresh()?)
            .with_context(|| format!("can't make {}", subject.name()))?;
        let request = Prepared::new(&args.to, &request).map_err(|error| refused(&args.to, &error))?;
        let mut attempt = Attempt::new(subject.meta, &id);
        if !args.json {
            out::print(attempt.sent())?;
        }
        let began = std::time::Instant::now();
        attempt.answered(client.send(&request).await, began.elapsed());
        out::print(if args.json { attempt.to_json()? } else { attempt.came_back() })?;
        good &= attempt.is_accepted();
    }
    Ok(good)
}

/// Before anything else is looked at.
fn check_url(url: &str) -> anyhow::Result<()> {
    let nothing = SignedRequest::new(Vec::new(), Vec::new());
    match Prepared::new(url, &nothing) {
        Ok(_) => Ok(()),
        Err(error) => Err(refused(url, &error)),
    }
}

fn refused(url: &str, error: &Error) -> anyhow::Error {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if scheme.as_deref() == Some("https") {
        let what = "--to: https is not supported; send to the http address of the server behind it";
        return Usage::new(what).into();
    }
    Usage::new(format!("--to: {error}, e.g. http://127.0.0.1:8080/notify/shop")).into()
}
