use super::backend::Backend;
use super::cases as all;
use crate::outcome::{self, Outcome};
use std::fmt;

/// One thing that every sink has to get right.
pub struct Case<B> {
    name: &'static str,
    run: fn(&B),
}

impl<B: Backend> Case<B> {
    /// Its name, which is also its test's.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs it on a new destination.
    pub fn run(&self, backend: &B) -> Outcome {
        outcome::of(|| (self.run)(backend))
    }
}

impl<B> fmt::Debug for Case<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Every case of the suite.
pub fn cases<B: Backend>() -> Vec<Case<B>> {
    crate::__sink_cases!(table)
}

/// The test of one case that [`sink_suite!`](crate::sink_suite) made in `module`.
pub fn run_test<B: Backend>(backend: &B, name: &str, module: &str) {
    match cases::<B>().into_iter().find(|case| case.name == name) {
        Some(case) => outcome::of_test(&format!("{module}::{name}"), || (case.run)(backend)),
        None => panic!("no such case: {name}"),
    }
}

/// The list of cases, and what is made of it: `tests` of them all, or a `table`.
#[doc(hidden)]
#[macro_export]
macro_rules! __sink_cases {
    ($what:ident) => {
        $crate::__sink_cases! { @$what
            what_is_delivered_is_there, content_arrives_as_it_is, attempts_and_generations_arrive,
            concurrent_records_arrive_whole, a_dropped_delivery_can_be_repeated,
            a_refusal_is_an_error_and_ends, a_refusal_swallows_nothing, errors_and_debug_show_no_content,
            the_name_is_the_configurations
        }
    };
    (@tests $($case:ident),+) => {
        $(#[test]
        fn $case() {
            $crate::sink::run_test(&wxhook_sink_backend(), stringify!($case), WXHOOK_SINK_SUITE);
        })+
    };
    (@table $($case:ident),+) => {
        vec![$(Case { name: stringify!($case), run: all::$case },)+]
    };
}
