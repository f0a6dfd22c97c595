//! The conformance suite of stores, and their stress test.
//!
//! A backend's tests implement [`Backend`] and call [`store_suite!`](crate::store_suite) once, which generates a test of
//! each case; a case that needs what the backend can't do is skipped, with a line on standard error. [`cases`] returns the
//! same cases as values. [`store_stress!`](crate::store_stress) runs a [`StressTest`] on the same backend.

mod backend;
mod cases;
mod child;
mod context;
mod differential;
mod handle;
mod stress;
mod transfer;

use crate::Case;
pub use backend::{Backend, ManualClock, Outage, Place, Time};
pub use child::run_child;
use context::Context;
pub use differential::check_against_model;
#[doc(hidden)]
pub use stress::run_stress;
pub use stress::{Report, StressTest, Violation};
pub use transfer::check_transfer;

/// Generates a test of every case of the suite, for the [`Backend`](crate::store::Backend) that the expression returns.
///
/// The expression is evaluated in every test and in every child process. Beside the cases there is a test `child_process`,
/// which does nothing unless the suite itself started the process.
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
        fn child_process() {
            $crate::store::run_child(&wxhook_store_backend());
        }

        $crate::__store_cases!(tests);
    };
}

/// Returns every case of the suite; each is called `area::name`, as its test is.
pub fn cases<B: Backend>() -> Vec<Case<B>> {
    crate::__store_cases!(table)
}

/// Expands to the `tests` of all cases, or to a `table` of them.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_cases {
    ($output:ident) => {
        $crate::__store_cases! { @$output
            accepting: one_new_among_many, duplicates_in_every_state, aliases_lead_before_keys,
                older_keys_are_known, a_parked_start_waits, versions_cannot_be_compared, lanes_are_bounded,
                begin_answers_for_every_state, times_far_out_are_survived, changed_in_every_state,
                deliverable_siblings_are_claimed, siblings_are_bounded,
                a_sibling_of_a_sibling_has_the_same_root, an_alias_with_other_content_is_changed,
                the_first_content_stays_a_duplicate, a_begun_sibling_is_acquired_or_kept,
                older_fingerprints_are_compared, older_fingerprints_of_marks, older_names_of_siblings;
            leasing: one_lease_among_many, fences_grow_and_old_ones_are_lost,
                an_ended_lease_may_still_complete, completing_twice_is_harmless,
                a_repeated_claim_gives_the_same, renewing_extends, time_going_back, nobody_else_in_a_lane,
                crashes_count_and_park, releasing_does_not_count, failing_backs_off,
                groups_keep_their_order, oldest_due_first, nobody_starves, every_record_ends;
            operators: parking_and_sending_again, sending_done_again_is_a_new_generation, discarding,
                other_states_stay, a_void_fence_is_lost, everything_parked_has_a_reason, history_is_bounded;
            listing: by_every_filter, by_time, in_pages, figures, one_by_key_or_number,
                debug_shows_no_content, a_probe_leaves_nothing_behind;
            retention: done_records_go_when_unseen, unfinished_records_never_go, seen_again_stays,
                marks_know_a_replay, marks_go_in_their_time, an_orphaned_sibling_is_known,
                numbers_and_fences_go_on, purging_is_bounded, the_last_resend_is_known,
                waits_end_while_the_clock_is_behind, waits_end_after_a_restart_behind,
                a_clock_ahead_purges_nothing, a_clock_ahead_purges_nothing_after_a_restart,
                a_start_with_the_clock_ahead_purges_nothing;
            lanes: several_lanes_are_claimed, no_lane_starves, figures_of_lanes, a_lane_is_split_in_slices,
                leases_and_groups_go_on_in_a_split_lane, records_are_adopted,
                nothing_is_adopted_from_under_a_lease;
            faults: a_dropped_accept_is_whole, a_dropped_begin_is_whole, a_dropped_claim_can_be_repeated,
                a_dropped_step_happened_or_not, an_outage_is_an_error_and_ends, an_outage_invents_no_answer,
                a_corrupt_record_is_set_aside;
            processes: everything_is_as_before, numbers_and_fences_go_on,
                numbers_of_purged_records_stay_used, its_id_stays, a_lease_goes_on,
                two_handles_are_one_store, one_new_among_processes, one_lease_among_processes,
                an_answered_accept_survives_kill_9, changed_content_survives_kill_9,
                a_killed_holders_record_is_claimed_again, every_record_ends_despite_kill_9;
            differential: random_sequences;
        }
    };
    (@tests $($area:ident: $($case:ident),+;)+) => {
        $(mod $area {
            $(#[test]
            fn $case() {
                let name = concat!(stringify!($area), "::", stringify!($case));
                let (backend, module) = (super::wxhook_store_backend(), super::WXHOOK_STORE_SUITE);
                $crate::run_case($crate::store::cases(), &backend, name, module);
            })+
        })+
    };
    (@table $($area:ident: $($case:ident),+;)+) => {
        vec![$($(Case {
            name: concat!(stringify!($area), "::", stringify!($case)),
            run: |backend, child_test| cases::$area::$case(Context::new(backend, child_test).open()),
        },)+)+]
    };
}
