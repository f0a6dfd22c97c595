//! `wxhook verify`: explains a captured request, check by check.

mod capture;
mod case;
mod checks;
mod keys;
mod opening;
mod printed;
mod report;
mod reserialized;
mod transforms;
mod v2;
mod v3;

#[cfg(test)]
mod tests;

pub(crate) use case::SIGNED;

use crate::args::VerifyArgs;
use crate::{config, out};
use case::Case;
use std::sync::Arc;
use std::time::UNIX_EPOCH;
use wxhook_idempotency::{Clock as _, SystemClock};
use wxhook_wire::Catalog;

/// Explains a request. Returns whether the receiver accepts it.
pub(crate) fn verify(args: &VerifyArgs, catalog: Arc<dyn Catalog>) -> anyhow::Result<bool> {
    let path = config::path(args.with.config.as_deref())?;
    let (config, unusable_keys) = config::load_despite_keys(&path)?;
    let merchant = config::merchant(&config, args.merchant.as_deref())?;
    let captured = capture::read(args)?;
    let now = || SystemClock::default().now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let now = (args.now.unwrap_or_else(now), args.now.is_some());
    let case = Case::new(&config, merchant, catalog, captured, now).with_unusable_keys(&unusable_keys);
    let report = checks::report(&case);
    for key in &unusable_keys {
        out::complain(format_args!("no server starts with this configuration: {}", key.fault));
    }
    out::print(if args.json { report.to_json()? } else { report.to_text() })?;
    Ok(report.passes())
}
