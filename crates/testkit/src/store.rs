//! What every [`Store`](wxhook_idempotency::Store) has to pass.
//!
//! A backend's tests implement [`Backend`] and say [`store_suite!`](crate::store_suite) once. Each case becomes a test
//! of its own; what the backend can't do is skipped with a line on standard error. [`cases`] gives the same cases as
//! values, for whoever wants to know which of them a store fails.
//!
//! [`store_storm!`](crate::store_storm) lets a [`Storm`] loose on the same backend.

mod backend;
mod case;
mod cases;
mod child;
mod copies;
mod desk;
mod differential;
mod place;
mod samples;
mod storm;
mod world;

pub use backend::{Backend, Outage, Time};
#[doc(hidden)]
pub use case::run_test;
pub use case::{Case, cases};
pub use child::childs_part;
pub use copies::copies_are_whole;
pub use differential::same_answers;
pub use place::{HandClock, Place};
#[doc(hidden)]
pub use storm::run_storm;
pub use storm::{Fault, Report, Storm};

/// Makes a test of every case of the suite, for the [`Backend`](crate::store::Backend) that the expression gives.
///
/// The expression is evaluated in every test and in every child process. Besides the cases there is a test
/// `the_childs_part`, which does nothing unless the suite itself started the process.
///
/// One suite a module: a file that runs two puts each in a `mod`.
#[macro_export]
macro_rules! store_suite {
    ($backend:expr) => {
        const WXHOOK_STORE_SUITE: &str = ::core::module_path!();

        fn wxhook_store_backend() -> impl $crate::store::Backend {
            $backend
        }

        #[test]
        fn the_childs_part() {
            $crate::store::childs_part(&wxhook_store_backend());
        }

        $crate::__store_cases!(tests);
    };
}
