//! What every [`Sink`](wxhook_delivery::Sink) has to pass.
//!
//! A sink's tests implement [`Backend`] and say [`sink_suite!`](crate::sink_suite) once. Each case becomes a test of its
//! own. [`cases`] gives the same cases as values.

mod backend;
mod case;
mod cases;
mod samples;

pub use backend::{Backend, Destination};
#[doc(hidden)]
pub use case::run_test;
pub use case::{Case, cases};

/// Makes a test of every case of the suite, for the [`Backend`](crate::sink::Backend) that the expression gives.
///
/// The expression is evaluated in every test. One suite a module: a file that runs two puts each in a `mod`.
#[macro_export]
macro_rules! sink_suite {
    ($backend:expr) => {
        const WXHOOK_SINK_SUITE: &str = ::core::module_path!();

        fn wxhook_sink_backend() -> impl $crate::sink::Backend {
            $backend
        }

        $crate::__sink_cases!(tests);
    };
}
