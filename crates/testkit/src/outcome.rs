use std::any::Any;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What came out of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// Not run to its end, because of what the backend, or its tests, can't do.
    Skipped(&'static str),
    /// Not as it should be.
    Failed(String),
}

/// Why a case isn't run: what unwinds, without a word, out of the case.
struct Skip(&'static str);

/// Ends the case here. Nothing is printed, since this is no failure.
pub(crate) fn skip(why: &'static str) -> ! {
    resume_unwind(Box::new(Skip(why)))
}

/// Runs a case.
pub(crate) fn of(case: impl FnOnce()) -> Outcome {
    match catch_unwind(AssertUnwindSafe(case)) {
        Ok(()) => Outcome::Passed,
        Err(panic) => match panic.downcast_ref::<Skip>() {
            Some(Skip(why)) => Outcome::Skipped(why),
            None => Outcome::Failed(said(&*panic)),
        },
    }
}

/// Runs a case as a test: a failure stays the panic that it is, and what is skipped is said on standard error.
pub(crate) fn of_test(name: &str, case: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(case)) {
        match panic.downcast_ref::<Skip>() {
            // Written past the harness, which shows what a passing test prints to nobody.
            Some(Skip(why)) => drop(writeln!(std::io::stderr(), "skipped {name}: {why}")),
            None => resume_unwind(panic),
        }
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text").to_owned()
}
