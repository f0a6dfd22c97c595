//! `cargo xtask ci`: runs everything that a change must pass.

use std::time::Instant;

use anyhow::ensure;

use crate::process::{self, STEP_LIMIT, cargo};
use crate::{codegen, layers, test};

struct Step {
    name: &'static str,
    run: fn() -> anyhow::Result<()>,
}

/// Cheap steps first, tests last.
const STEPS: &[Step] = &[
    Step { name: "format", run: || process::run(cargo().args(["fmt", "--all", "--check"]), STEP_LIMIT) },
    Step { name: "codegen --check", run: || codegen::run(true) },
    Step { name: "layers", run: layers::run },
    Step { name: "clippy", run: clippy },
    Step { name: "doc", run: doc },
    Step { name: "package", run: package },
    Step { name: "test", run: || test::run(false, &[], &[]) },
];

/// Runs all steps even if one fails, so that one run shows every fault.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut summary = Vec::new();
    let mut failed = Vec::new();
    for step in STEPS {
        println!("=== {}", step.name);
        let start = Instant::now();
        let verdict = match (step.run)() {
            Ok(()) => "ok",
            Err(error) => {
                println!("{error:#}");
                failed.push(step.name);
                "FAILED"
            }
        };
        let line = format!("{:8}{:>8.1} s  {verdict}", step.name, start.elapsed().as_secs_f64());
        println!("=== {line}");
        summary.push(line);
    }
    println!("\n{}", summary.join("\n"));
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

fn clippy() -> anyhow::Result<()> {
    let args = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    process::run(cargo().args(args), STEP_LIMIT)
}

/// Builds every crate from its package.
fn package() -> anyhow::Result<()> {
    process::run(cargo().args(["package", "--workspace", "--locked", "--allow-dirty", "--quiet"]), STEP_LIMIT)
}

fn doc() -> anyhow::Result<()> {
    let args = ["doc", "--workspace", "--no-deps"];
    process::run(cargo().args(args).env("RUSTDOCFLAGS", "-D warnings"), STEP_LIMIT)
}
