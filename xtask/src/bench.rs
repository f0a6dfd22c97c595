//! `cargo xtask bench`: runs the benches one after the other.

use std::ffi::OsString;

use crate::process::{self, STEP_LIMIT, cargo};

/// Package and bench.
const BENCHES: &[(&str, &str)] =
    &[("wxhook-receiver", "pipeline"), ("wxhook-testkit", "stores"), ("wxhook-server", "load")];

/// Runs all benches, passing `args` to each.
pub(crate) fn run(args: &[OsString]) -> anyhow::Result<()> {
    for (package, bench) in BENCHES {
        let mut command = cargo();
        command.args(["bench", "--package", package, "--bench", bench, "--"]).args(args);
        process::run(&mut command, STEP_LIMIT)?;
    }
    Ok(())
}
