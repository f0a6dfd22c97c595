//! The conformance suite of sinks.
//!
//! A sink's tests implement [`Backend`] and call [`sink_suite!`](crate::sink_suite) once, which generates a test of each
//! case. [`cases`] returns the same cases as values.

mod cases;

use crate::Case;
use std::future::Future;
use wxhook_delivery::Sink;

/// Access of the suite to one kind of sink.
pub trait Backend: Sync + 'static {
    /// The sink under test.
    type Sink: Sink;
    /// The destination it delivers to.
    type Destination: Destination;

    /// Creates a sink, always with the same configured name, and its destination, which is empty. It isn't called within
    /// [`block_on`](Self::block_on).
    fn open(&self) -> (Self::Sink, Self::Destination);

    /// Runs a future to its end, on several threads at once; without a runtime by default.
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        futures_executor::block_on(future)
    }
}

/// The destination of a sink, as a consumer sees it.
pub trait Destination: Sync {
    /// Returns every record that arrived, as the JSON text that a consumer gets, in any order. It leaves out what a
    /// consumer has to skip, such as half a line.
    fn arrived(&self) -> Vec<String>;

    /// Makes the destination refuse everything (`true`) or accept everything again (`false`). Returns whether the tests can
    /// do that.
    fn refuse(&self, _refuses: bool) -> bool {
        false
    }
}

/// Generates a test of every case of the suite, for the [`Backend`](crate::sink::Backend) that the expression returns.
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

/// Returns every case of the suite.
pub fn cases<B: Backend>() -> Vec<Case<B>> {
    crate::__sink_cases!(table)
}

/// Expands to the `tests` of all cases, or to a `table` of them.
#[doc(hidden)]
#[macro_export]
macro_rules! __sink_cases {
    ($output:ident) => {
        $crate::__sink_cases! { @$output
            delivered_records_arrive, content_arrives_unchanged, attempts_and_generations_arrive,
            concurrent_records_arrive_whole, a_dropped_delivery_can_be_repeated,
            a_refusal_is_an_error_and_ends, a_refusal_loses_nothing, errors_and_debug_show_no_content,
            the_name_is_the_configured_one
        }
    };
    (@tests $($case:ident),+) => {
        $(#[test]
        fn $case() {
            let (backend, module) = (wxhook_sink_backend(), WXHOOK_SINK_SUITE);
            $crate::run_case($crate::sink::cases(), &backend, stringify!($case), module);
        })+
    };
    (@table $($case:ident),+) => {
        vec![$(Case { name: stringify!($case), run: |backend, _| cases::$case(backend) },)+]
    };
}
