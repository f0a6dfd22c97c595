use super::backend::Backend;
use super::cases as all;
use super::place::Place;
use super::world::World;
use crate::outcome::{self, Outcome};
use std::fmt;

/// One thing that every store has to get right.
pub struct Case<B> {
    name: &'static str,
    run: fn(&World<'_, B>),
}

impl<B: Backend> Case<B> {
    /// Its name, `area::what_holds`, which is also its test's.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs it on a new place.
    ///
    /// `child_test` is the full name of a test in the running program that calls [`childs_part`](super::childs_part) for
    /// the same backend; without it, cases with child processes are skipped.
    pub fn run(&self, backend: &B, child_test: Option<&str>) -> Outcome {
        outcome::of(|| self.play(backend, child_test.map(str::to_owned)))
    }

    fn play(&self, backend: &B, child_test: Option<String>) {
        let place = match Place::new() {
            Ok(place) => place,
            Err(error) => panic!("no place to run the case in: {error}"),
        };
        (self.run)(&World::new(backend, place, child_test));
    }
}

impl<B> fmt::Debug for Case<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Every case of the suite.
pub fn cases<B: Backend>() -> Vec<Case<B>> {
    crate::__store_cases!(table)
}

/// The test of one case that [`store_suite!`](crate::store_suite) made in `module`.
pub fn run_test<B: Backend>(backend: &B, name: &str, module: &str) {
    let Some(case) = cases::<B>().into_iter().find(|case| case.name == name) else {
        panic!("no such case: {name}");
    };
    // The harness names tests by their path within the crate.
    let within = module.split_once("::").map(|(_, within)| format!("{within}::")).unwrap_or_default();
    let child_test = Some(format!("{within}the_childs_part"));
    outcome::of_test(&format!("{within}{name}"), || case.play(backend, child_test));
}

/// The list of cases, and what is made of it: `tests` of them all, or a `table`.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_cases {
    ($what:ident) => {
        $crate::__store_cases! { @$what
            accepting: one_new_among_many, duplicates_in_every_state, aliases_lead_before_keys, older_keys_are_known,
                a_parked_start_waits, versions_cannot_be_compared, lanes_are_bounded, begin_answers_for_every_state,
                times_far_out_are_survived;
            changed: changed_in_every_state, deliverable_siblings_are_claimed, siblings_are_bounded,
                a_sibling_of_a_sibling_has_the_same_root, an_alias_with_other_content_is_changed,
                the_first_content_stays_a_duplicate, a_begun_sibling_is_acquired_or_kept;
            leasing: one_lease_among_many, fences_grow_and_old_ones_are_lost, an_ended_lease_may_still_complete,
                completing_twice_is_harmless, a_repeated_claim_gives_the_same, renewing_extends, time_going_back,
                nobody_else_in_a_lane;
            progress: crashes_count_and_park, releasing_does_not_count, failing_backs_off, groups_keep_their_order,
                oldest_due_first, nobody_starves, every_record_ends;
            people: parking_and_sending_again, sending_done_again_is_a_new_generation, discarding,
                other_states_stay, a_void_fence_is_lost, everything_parked_has_a_reason, history_is_bounded;
            listing: by_every_filter, by_time, in_pages, figures, one_by_key_or_number, debug_shows_no_content;
            retention: done_records_go_when_unseen, unfinished_records_never_go, seen_again_stays, marks_know_a_replay,
                marks_go_in_their_time, an_orphaned_sibling_is_known, numbers_and_fences_go_on, purging_is_bounded,
                the_last_resend_is_known;
            versions: older_fingerprints_are_compared, older_fingerprints_of_marks, older_names_of_siblings;
            lanes: several_lanes_are_claimed, no_lane_starves, figures_of_lanes, a_lane_is_split_in_slices,
                leases_and_groups_go_on_in_a_split_lane, records_are_adopted, nothing_is_adopted_from_under_a_lease;
            clocks: waits_end_while_the_clock_is_behind, waits_end_after_a_restart_behind,
                a_clock_ahead_purges_nothing, a_clock_ahead_purges_nothing_after_a_restart,
                a_start_with_the_clock_ahead_purges_nothing;
            probing: a_probe_leaves_nothing_behind;
            cancelling: a_dropped_accept_is_whole, a_dropped_begin_is_whole, a_dropped_claim_can_be_repeated,
                a_dropped_step_happened_or_not;
            faults: an_outage_is_an_error_and_ends, an_outage_invents_no_answer, a_corrupt_record_is_set_aside;
            restarting: everything_is_as_before, numbers_and_fences_go_on, numbers_of_purged_records_stay_used,
                its_id_stays, a_lease_goes_on, two_handles_are_one_store;
            processes: one_new_among_processes, one_lease_among_processes, an_answered_accept_survives_kill_9,
                changed_content_survives_kill_9, a_killed_holders_record_is_claimed_again,
                every_record_ends_in_spite_of_kill_9;
            differential: random_sequences;
        }
    };
    (@tests $($area:ident: $($case:ident),+;)+) => {
        $(mod $area {
            $(#[test]
            fn $case() {
                $crate::store::run_test(
                    &super::wxhook_store_backend(),
                    concat!(stringify!($area), "::", stringify!($case)),
                    super::WXHOOK_STORE_SUITE,
                );
            })+
        })+
    };
    (@table $($area:ident: $($case:ident),+;)+) => {
        vec![$($(
            Case { name: concat!(stringify!($area), "::", stringify!($case)), run: all::$area::$case },
        )+)+]
    };
}
