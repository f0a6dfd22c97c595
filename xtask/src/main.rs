//! The project's chores, run as `cargo xtask <chore>`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore prints what it does")]

mod bench;
mod ci;
mod codegen;
mod interop;
mod layers;
mod lines;
mod process;
mod test;
#[cfg(test)]
mod tidy;
mod tools;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The chores of this project.
#[derive(Debug, Parser)]
#[command(
    bin_name = "cargo xtask",
    arg_required_else_help = true,
    flatten_help = true,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Install what the tests need, then run all tests, including documentation examples
    ///
    /// Missing programs that tests start (openssl, redis-server, python3, node) are installed with apt-get. The Python
    /// and Node packages that wxhook is tested against are installed into target/interop. A step that takes longer than
    /// 40 minutes is killed.
    #[command(after_help = "Examples:\n  \
        cargo xtask test\n  \
        cargo xtask test refund             only tests with this in their name\n  \
        cargo xtask test -- --nocapture     show their output\n  \
        cargo xtask test --full             also the long ones: half an hour more")]
    Test {
        /// Also run the long tests, and longer stress tests
        #[arg(long)]
        full: bool,
        /// Arguments for the first `cargo test` (units, integration tests, programs, examples)
        #[arg(allow_hyphen_values = true)]
        args: Vec<OsString>,
        /// Arguments for the test programs
        #[arg(last = true)]
        program_args: Vec<OsString>,
    },
    /// Generate the events crate and docs/events.md from fixtures/overview.md and fixtures/catalog
    ///
    /// If the inputs have faults, all of them are printed, each on a line with the place and the fix, and nothing is
    /// written. fixtures/catalog/README.md describes the format.
    #[command(after_help = "Examples:\n  \
        cargo xtask codegen\n  \
        cargo xtask codegen --check            write nothing; fail if a generated file is stale or was edited\n  \
        cargo xtask codegen --diff TABLE.md    print how another edition of the overview table differs")]
    Codegen {
        /// Compare, and write nothing
        #[arg(long)]
        check: bool,
        /// Report how another edition of the overview table differs from the newest known one
        #[arg(long, value_name = "FILE", conflicts_with = "check")]
        diff: Option<PathBuf>,
    },
    /// Run everything that a change must pass: format, clippy, documentation, layers, packages, tests
    ///
    /// All steps run even if one fails. The last lines list the result and the duration of each.
    Ci,
    /// Check which crate uses which against the table in docs/architecture.md
    ///
    /// The table lists for each crate which of our crates it may use, and whether it may use an HTTP implementation, a
    /// database or a runtime. Dev-dependencies are free.
    Layers,
    /// Count the lines of code by crate
    ///
    /// Blank lines, comments, tests, benches, examples and generated files don't count.
    Lines,
    /// Run the benches: the receiver's pipeline, the stores, and the server under load
    #[command(after_help = "Example:\n  cargo xtask bench --quick")]
    Bench {
        /// Arguments for each bench program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().chore {
        Chore::Test { full, args, program_args } => test::run(full, &args, &program_args),
        Chore::Codegen { diff: Some(file), .. } => codegen::diff(&file),
        Chore::Codegen { check, diff: None } => codegen::run(check),
        Chore::Ci => ci::run(),
        Chore::Layers => layers::run(),
        Chore::Lines => lines::run(),
        Chore::Bench { args } => bench::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the root of the workspace.
fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Chore {
        Cli::try_parse_from(line.split(' ')).unwrap().chore
    }

    #[test]
    fn arguments_reach_those_they_are_for() {
        for (line, expected, of_programs) in [
            ("xtask test", &[][..], &[][..]),
            ("xtask test refund", &["refund"], &[]),
            ("xtask test --release refund", &["--release", "refund"], &[]),
            ("xtask test -- --nocapture", &[], &["--nocapture"]),
            ("xtask test --release -- --nocapture", &["--release", "--", "--nocapture"], &[]),
        ] {
            let Chore::Test { full: false, args, program_args } = parse(line) else { panic!("{line}") };
            assert_eq!(
                (args.as_slice(), program_args.as_slice()),
                (&*os(expected), &*os(of_programs)),
                "{line}"
            );
        }
        assert!(
            matches!(parse("xtask test --full"), Chore::Test { full: true, args, .. } if args.is_empty())
        );
        for line in ["xtask bench --quick pipeline", "xtask bench -- --quick pipeline"] {
            let Chore::Bench { args } = parse(line) else { panic!("{line}") };
            assert_eq!(args, os(&["--quick", "pipeline"]), "{line}");
        }
    }

    fn os(args: &[&str]) -> Vec<OsString> {
        args.iter().map(OsString::from).collect()
    }
}
