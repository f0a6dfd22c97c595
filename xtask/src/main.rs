//! The project's own chores, run as `cargo xtask <chore>`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore says what it does")]

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
    /// Get what the tests need, then run every test, documentation examples too
    ///
    /// Programs that tests start (openssl, redis-server, python3, node) are installed with apt-get where they are
    /// missing; packages of Python and Node that wxhook is tested against come from their registries into
    /// target/interop. A step that takes longer than 40 minutes is ended.
    #[command(after_help = "Examples:\n  \
        cargo xtask test\n  \
        cargo xtask test refund             only tests with this in their name\n  \
        cargo xtask test -- --nocapture     with what they print\n  \
        cargo xtask test --full             the long ones, too: half an hour more")]
    Test {
        /// Run the long tests, too, and larger stress tests
        #[arg(long)]
        full: bool,
        /// Given to the first `cargo test` (units, integration tests, programs, examples)
        #[arg(allow_hyphen_values = true)]
        args: Vec<OsString>,
        /// Given to the test programs that it starts
        #[arg(last = true)]
        program_args: Vec<OsString>,
    },
    /// Write the events crate and docs/events.md from fixtures/overview.md and fixtures/catalog
    ///
    /// All faults of the inputs are shown at once, each on a line that says where, what and how to mend it; nothing is
    /// written then. fixtures/catalog/README.md describes the format.
    #[command(after_help = "Examples:\n  \
        cargo xtask codegen\n  \
        cargo xtask codegen --check            write nothing; fail if anything generated is stale or was edited\n  \
        cargo xtask codegen --diff TABLE.md    what a newer overview table has that ours hasn't, and the reverse")]
    Codegen {
        /// Compare only
        #[arg(long)]
        check: bool,
        /// Report how another edition of the overview table differs from the newest known one
        #[arg(long, value_name = "FILE", conflicts_with = "check")]
        diff: Option<PathBuf>,
    },
    /// Everything that a change must pass: format, clippy, documentation, layers, tests
    ///
    /// All steps run even if one fails. The last lines say which passed and how long each took.
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
        /// Given to each bench program
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

/// The root of the workspace.
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
