//! `cargo xtask test`: installs what the tests need and runs them all.

use std::ffi::OsString;

use crate::process::{self, STEP_LIMIT, cargo};
use crate::{interop, tools};

/// Variables that turn on the tests that take minutes.
const FULL: [(&str, &str); 2] = [("WXHOOK_TEST_FULL", "1"), ("WXHOOK_STRESS_NOTIFICATIONS", "20000")];

/// Runs all tests, the long ones only if `full`. Passes `args` to the first `cargo test`, and `program_args` to its programs.
///
/// `--all-targets` would run the benches and leave out the documentation examples.
pub(crate) fn run(full: bool, args: &[OsString], program_args: &[OsString]) -> anyhow::Result<()> {
    tools::ensure()?;
    let outside = interop::ensure()?;

    let mut tests = cargo();
    tests
        .args(["test", "--workspace", "--lib", "--bins", "--tests", "--examples", "--no-fail-fast"])
        .args(args)
        .envs(outside)
        .envs(FULL.into_iter().filter(|_| full));
    if !program_args.is_empty() {
        tests.arg("--").args(program_args);
    }
    process::run(&mut tests, if full { STEP_LIMIT * 2 } else { STEP_LIMIT })?;

    process::run(cargo().args(["test", "--workspace", "--doc"]), STEP_LIMIT)?;

    // In the workspace the server turns aws-lc-rs on; alone, the crate uses ring.
    process::run(cargo().args(["test", "--package", "wxhook-crypto"]), STEP_LIMIT)
}
