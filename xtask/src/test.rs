//! `cargo xtask test`: every test, and what they need.

use std::ffi::OsString;

use crate::process::{self, STEP_LIMIT, cargo};
use crate::{interop, tools};

/// Turns on tests that take minutes.
const FULL: [(&str, &str); 2] = [("WXHOOK_TEST_FULL", "1"), ("WXHOOK_STRESS_NOTIFICATIONS", "20000")];

/// Runs all tests, with `full` the long ones, too; `args` go to the first `cargo test`, `program_args` to the programs that it starts.
///
/// Not `--all-targets`, which would run the benches too and leave the documentation examples out.
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

    // In the workspace the server turns the other RSA provider on; alone the crate verifies with ring.
    process::run(cargo().args(["test", "--package", "wxhook-crypto"]), STEP_LIMIT)
}
