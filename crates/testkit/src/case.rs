use std::any::Any;
use std::fmt;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A case of a suite: one thing that every implementation has to get right.
pub struct Case<B> {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&B, Option<&str>),
}

/// The result of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaseResult {
    /// The implementation got it right.
    Passed,
    /// The case ended early, because of something that the backend or its tests can't do.
    Skipped(&'static str),
    /// The implementation got it wrong.
    Failed(String),
}

impl<B> Case<B> {
    /// Returns its name, which is also its test's.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs the case on a place or destination of its own.
    ///
    /// `child_test` is the full name of a test in the running program that calls
    /// [`run_child`](crate::store::run_child) for the same backend; without it, cases with child processes are skipped.
    pub fn run(&self, backend: &B, child_test: Option<&str>) -> CaseResult {
        match catch_unwind(AssertUnwindSafe(|| (self.run)(backend, child_test))) {
            Ok(()) => CaseResult::Passed,
            Err(panic) => match panic.downcast_ref::<Skip>() {
                Some(Skip(reason)) => CaseResult::Skipped(reason),
                None => CaseResult::Failed(message(&*panic)),
            },
        }
    }
}

impl<B> fmt::Debug for Case<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The panic of a case that is skipped.
struct Skip(&'static str);

/// Ends the case. Nothing is printed, since this is no failure.
pub(crate) fn skip(reason: &'static str) -> ! {
    resume_unwind(Box::new(Skip(reason)))
}

/// Runs the test of one case that a suite's macro generated in `module`.
#[doc(hidden)]
pub fn run_case<B>(cases: Vec<Case<B>>, backend: &B, name: &str, module: &str) {
    let case = cases.iter().find(|case| case.name == name).unwrap();
    run_test(module, name, |child_test| (case.run)(backend, Some(child_test)));
}

/// Runs a test of `module`, and prints why it was skipped.
pub(crate) fn run_test(module: &str, name: &str, test: impl FnOnce(&str)) {
    // The harness names tests by their path within the crate.
    let within = module.split_once("::").map(|(_, within)| format!("{within}::")).unwrap_or_default();
    let child_test = format!("{within}child_process");
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| test(&child_test))) {
        match panic.downcast_ref::<Skip>() {
            // Not through the harness, which captures what a passing test prints.
            Some(Skip(reason)) => drop(writeln!(std::io::stderr(), "skipped {within}{name}: {reason}")),
            None => resume_unwind(panic),
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message").to_owned()
}
