//! `wxhook check`: whether a configuration would serve, here and now.

mod clock;
mod findings;
mod ports;
mod simulator;
mod store;
mod summary;

use wxhook_server::{Config, SinkProblem};

use crate::args::CheckArgs;
use crate::{config, out};
use findings::Findings;

pub(crate) use simulator::are_a_pair;

/// Looks at everything that `serve` would need, and says what it found: whether there is no fault.
pub(crate) async fn check(args: &CheckArgs) -> anyhow::Result<bool> {
    let mut found = Findings::default();
    let mut summed_up = None;
    match config::load(&config::path(args.with.config.as_deref())?) {
        Ok(config) => {
            let state = look_at(&config, args.strict, &mut found).await;
            if args.deep && state.is_some() {
                store::look_through(&config.store, &mut found).await;
            }
            summed_up = state.map(|state| summary::summary(&config, state));
        }
        Err(errors) => {
            found.faults.extend(errors.faults().iter().cloned());
            if let Some(kept) = errors.store() {
                store::look_at(kept, None, &mut found).await;
            }
        }
    }
    clock::compare(args, &mut found).await;

    if args.json {
        out::print(found.to_json()?)?;
    } else if found.is_good() {
        let lines = found.warnings.iter().map(|warning| format!("\n  warning   {warning}"));
        out::print(format_args!("{}{}", summed_up.unwrap_or_default(), lines.collect::<String>()))?;
    } else {
        found.faults.iter().for_each(out::complain);
    }
    Ok(found.is_good())
}

/// What can be seen once the configuration is read; the state of its store, if that is without fault.
async fn look_at(config: &Config, strict: bool, found: &mut Findings) -> Option<&'static str> {
    found.warnings.extend(config.warnings().iter().cloned());
    if let Err(errors) = config.check_serve() {
        found.faults.extend(errors.faults().iter().cloned());
    }
    found.faults.extend(config.check_public_url());
    simulator::look_at(config, found);
    let state = store::look_at(&config.store, Some(config), found).await;
    ports::look_at(config, found).await;
    for trouble in config.try_sinks().await {
        match trouble {
            // A server lives with it: records wait.
            SinkProblem::Down(fault) if !strict => found.warnings.push(fault.to_string()),
            SinkProblem::Down(fault) | SinkProblem::Unusable(fault) => found.faults.push(fault),
            _ => {}
        }
    }
    state
}
