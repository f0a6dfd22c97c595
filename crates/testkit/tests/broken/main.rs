//! Stores that are wrong on purpose, each the way somebody's store was once. Every one fails the suite, and it is said by
//! which cases; the same store without its flaw passes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::unreachable, reason = "tests")]

mod accepting;
mod flaw;
mod journal;
mod keeping;
mod lanes;
mod leasing;
mod stress;

use flaw::{Flaw, Memory};
use std::sync::Arc;
use wxhook_idempotency::{Layer, MemoryStore};
use wxhook_testkit::store::{Backend, Place, cases, check_against_model, run_child};
use wxhook_testkit::{Case, CaseResult};

/// The cases that fail, with what they say.
fn failing<B: Backend>(backend: &B, cases: &[Case<B>]) -> Vec<(&'static str, String)> {
    let outcomes = cases.iter().map(|case| (case.name(), case.run(backend, Some("child_process"))));
    outcomes
        .filter_map(|(name, outcome)| match outcome {
            CaseResult::Failed(why) => Some((name, why)),
            _ => None,
        })
        .collect()
}

/// All but the random sequences, so that it is a case made for it that finds a flaw.
fn directed<B: Backend>() -> Vec<Case<B>> {
    cases().into_iter().filter(|case| !case.name().starts_with("differential::")).collect()
}

/// These cases fail, whatever else does.
#[track_caller]
fn fails_by<B: Backend>(backend: &B, expected: &[&str]) {
    let failing = failing(backend, &directed());
    for name in expected {
        assert!(failing.iter().any(|(failed, _)| failed == name), "{name} passes; {failing:#?}");
    }
}

#[derive(Debug)]
struct Sound;

impl Flaw for Sound {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for Sound {}

#[test]
fn without_a_flaw_every_case_passes() {
    assert_eq!(failing(&Memory::<Sound>::default(), &cases()), []);
}

/// The child of the journal, the only store here that other processes open.
#[test]
fn child_process() {
    run_child(&journal::Journal::of_environment());
}

#[test]
fn random_sequences_find_a_flaw_by_themselves() {
    let played = std::panic::catch_unwind(|| {
        check_against_model(&Memory::<accepting::LostFingerprint>::default(), 64)
    });
    let said = played.unwrap_err();
    let said = said.downcast_ref::<String>().unwrap();
    assert!(said.contains("model:") && said.contains("backend:"), "{said}");
}

macro_rules! broken {
    ($($test:ident: $flaw:ty => $($case:literal),+;)+) => {
        $(#[test]
        fn $test() {
            fails_by(&Memory::<$flaw>::default(), &[$($case),+]);
        })+
    };
}

broken! {
    check_then_insert: accepting::CheckThenInsert => "accepting::one_new_among_many";
    enqueue_apart_from_the_mark: accepting::EnqueueApart => "faults::a_dropped_accept_is_whole";
    lost_fingerprint: accepting::LostFingerprint =>
        "accepting::changed_in_every_state", "accepting::an_alias_with_other_content_is_changed",
        "retention::marks_know_a_replay";
    changed_reported_but_not_kept: accepting::ChangedNotKept =>
        "accepting::changed_in_every_state", "accepting::deliverable_siblings_are_claimed";
    content_in_debug: accepting::Talkative => "listing::debug_shows_no_content";
    unconditional_complete: leasing::UnconditionalComplete =>
        "leasing::fences_grow_and_old_ones_are_lost", "operators::a_void_fence_is_lost", "leasing::crashes_count_and_park";
    state_only_complete: leasing::StateOnlyComplete => "leasing::fences_grow_and_old_ones_are_lost";
    blind_delete_on_release: leasing::BlindRelease =>
        "leasing::fences_grow_and_old_ones_are_lost", "leasing::completing_twice_is_harmless";
    lease_that_never_ends: leasing::EndlessLease =>
        "leasing::crashes_count_and_park", "leasing::every_record_ends";
    fence_that_restarts: leasing::FenceRestarts => "retention::numbers_and_fences_go_on";
    claim_ids_forgotten: leasing::ForgetsClaimIds =>
        "leasing::a_repeated_claim_gives_the_same", "faults::a_dropped_claim_can_be_repeated";
    mark_before_process: keeping::MarkBeforeProcess =>
        "leasing::crashes_count_and_park", "leasing::fences_grow_and_old_ones_are_lost";
    retention_too_short: keeping::ShortRetention =>
        "retention::the_last_resend_is_known", "retention::done_records_go_when_unseen";
    only_the_present_fingerprint: lanes::OnlyPresentFingerprint =>
        "accepting::older_fingerprints_are_compared", "accepting::older_fingerprints_of_marks",
        "accepting::older_names_of_siblings";
    only_the_first_lane: lanes::FirstLane => "lanes::several_lanes_are_claimed", "lanes::no_lane_starves";
    one_lane_after_the_other: lanes::LaneByLane => "lanes::no_lane_starves";
    a_lane_split_at_once: lanes::SplitsAtOnce => "lanes::a_lane_is_split_in_slices";
    adopting_forever: lanes::AdoptsForever => "lanes::records_are_adopted";
    adopting_from_under_a_lease: lanes::AdoptsFromUnderALease => "lanes::nothing_is_adopted_from_under_a_lease";
    the_wall_clock_alone: lanes::WallClock => "retention::waits_end_while_the_clock_is_behind";
    jumps_believed: lanes::BelievesJumps => "retention::a_clock_ahead_purges_nothing";
    a_probe_that_stays: lanes::ProbesForGood => "listing::a_probe_leaves_nothing_behind";
    no_reasons: lanes::NoReasons => "operators::everything_parked_has_a_reason";
    the_latest_notes_only: lanes::LatestNotes => "operators::history_is_bounded";
}

#[test]
fn an_outage_answered_as_new() {
    let by = |lies| {
        let backend = keeping::Unreliable::new(lies);
        failing(&backend, &directed()).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(by(false), [""; 0]);
    assert_eq!(by(true), ["faults::an_outage_is_an_error_and_ends", "faults::an_outage_invents_no_answer"]);
}

#[test]
fn success_before_durable() {
    let mut case = cases();
    case.retain(|case| case.name() == "processes::an_answered_accept_survives_kill_9");
    assert_eq!(failing(&journal::Journal::new(true), &case), [], "written before the answer");
    assert_eq!(failing(&journal::Journal::new(false), &case).len(), 1, "written after the answer");
}

/// The clock that the suite moves.
fn clock(place: &Place) -> Arc<dyn wxhook_idempotency::Clock> {
    Arc::new(place.clock().clone())
}
