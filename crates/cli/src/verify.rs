//! `wxhook verify`: why a captured request is refused.
//!
//! The verdict is the receiver's own code's. What is said beyond that comes of undoing mistakes, one at a time, until
//! what is left verifies.

mod capture;
mod case;
mod checks;
mod content;
mod key;
mod printed;
mod report;
mod reserialized;
mod serial;
mod shown;
mod sign;
mod signature;
mod timestamp;
mod undo;
mod wrapped;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use wxhook_idempotency::{Clock as _, SystemClock};
use wxhook_server::UnusableKey;
use wxhook_wire::Catalog;

use crate::args::VerifyArgs;
use crate::{config, out};
use case::Case;

/// Explains a request; whether the receiver takes it.
pub(crate) fn verify(args: &VerifyArgs, catalog: Arc<dyn Catalog>) -> anyhow::Result<bool> {
    let (config, of_keys) = config::load_despite_keys(&config::path(args.with.config.as_deref())?)?;
    let merchant = config::merchant(&config, args.merchant.as_deref())?;
    let captured = capture::read(args)?;
    let now = || SystemClock::default().now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let now = (args.now.unwrap_or_else(now), args.now.is_some());
    let case = Case::new(&config, merchant, catalog, captured, now).without_keys(&of_keys);
    let report = checks::report(&case);
    for UnusableKey { fault, .. } in &of_keys {
        out::complain(format_args!("no server starts with this configuration: {fault}"));
    }
    out::print(if args.json { report.to_json()? } else { report.to_text() })?;
    Ok(report.passes())
}
