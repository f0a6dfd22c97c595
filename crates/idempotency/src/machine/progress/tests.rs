use super::*;
use crate::results::Failure;

const SPAN: Duration = Duration::from_secs(30);

fn at(seconds: i64) -> Moment {
    Moment::from_millis(1_000_000 + seconds * 1_000)
}

fn ready(max_attempts: u32) -> Progress {
    Progress::new(Start::Ready, max_attempts, Vec::new(), at(0))
}

fn leased(max_attempts: u32) -> Progress {
    let mut progress = ready(max_attempts);
    progress.claim(at(0), ClaimId::new(1), SPAN, Fence::new(1));
    progress
}

fn done() -> Progress {
    let mut progress = leased(3);
    let outcome = Some(Bytes::from_static(b"reply"));
    assert_eq!(progress.settle(at(1), Fence::new(1), &Settlement::Complete(outcome)), FenceResult::Done);
    progress
}

fn parked() -> Progress {
    Progress::new(Start::Parked("kept"), 3, Vec::new(), at(0))
}

fn action() -> Action {
    Action::new("ops", "because")
}

fn no_fence() -> Result<Fence, Error> {
    panic!("nobody holds it, so no fence is void")
}

#[test]
fn a_claim_counts_and_lasts() {
    let progress = leased(3);
    assert_eq!((progress.attempts, progress.fence), (1, Some(Fence::new(1))));
    assert!(progress.is_held(at(29)) && !progress.is_held(at(30)));
    assert_eq!(progress.wakes_at(), Some(at(30)));
    assert_eq!((progress.remaining(at(10)), progress.remaining(at(99))), (SPAN - SPAN / 3, Duration::ZERO));
    let mut instant = ready(3);
    instant.claim(at(0), ClaimId::new(1), Duration::ZERO, Fence::new(1));
    assert!(instant.is_held(at(0)), "a lease of nothing would be nobody's at once");
}

#[test]
fn only_a_lease_is_used_up() {
    assert!(!leased(2).is_used_up() && leased(1).is_used_up() && leased(0).is_used_up());
    assert!(!ready(0).is_used_up(), "the first attempt is always made");
    let mut progress = leased(1);
    progress.give_up();
    assert_eq!((progress.state, progress.error.as_deref()), (State::Parked, Some(ATTEMPTS_USED_UP)));
    assert_eq!((progress.claim, progress.lease_until, progress.wakes_at()), (None, None, None));
}

#[test]
fn another_fence_changes_nothing() {
    for fence in [0, 2, u64::MAX].map(Fence::new) {
        for progress in [ready(3), leased(3), done(), parked()] {
            let mut tried = progress.clone();
            assert_eq!(tried.renew(at(1), fence, SPAN), FenceResult::Lost);
            assert_eq!(tried.settle(at(1), fence, &Settlement::Complete(None)), FenceResult::Lost);
            assert_eq!(
                tried.settle(at(1), fence, &Settlement::Fail(Failure::park("no").flag("x"))),
                FenceResult::Lost
            );
            assert_eq!(tried.settle(at(1), fence, &Settlement::Release), FenceResult::Lost);
            assert_eq!(tried, progress);
        }
    }
}

#[test]
fn a_lease_that_is_over_is_still_its_holders() {
    let late = at(3_600);
    assert_eq!(leased(3).settle(late, Fence::new(1), &Settlement::Complete(None)), FenceResult::Done);
    assert_eq!(
        leased(3).settle(late, Fence::new(1), &Settlement::Fail(Failure::park("no"))),
        FenceResult::Done
    );
    assert_eq!(leased(3).settle(late, Fence::new(1), &Settlement::Release), FenceResult::Done);
    let mut progress = leased(3);
    assert_eq!(progress.renew(late, Fence::new(1), SPAN), FenceResult::Done);
    assert!(progress.is_held(at(3_629)) && !progress.is_held(at(3_630)));
}

#[test]
fn completing_again_keeps_the_first_outcome() {
    let mut progress = done();
    assert_eq!(progress.settle(at(9), Fence::new(1), &Settlement::Complete(None)), FenceResult::Done);
    assert_eq!(progress, done());
    assert_eq!((progress.done_at, progress.outcome.as_deref()), (Some(at(1)), Some(&b"reply"[..])));
}

#[test]
fn only_completing_can_be_repeated() {
    let mut progress = done();
    assert_eq!(progress.renew(at(9), Fence::new(1), SPAN), FenceResult::Lost);
    assert_eq!(
        progress.settle(at(9), Fence::new(1), &Settlement::Fail(Failure::park("no"))),
        FenceResult::Lost
    );
    assert_eq!(progress.settle(at(9), Fence::new(1), &Settlement::Release), FenceResult::Lost);
    assert_eq!(progress, done());
}

#[test]
fn failing_waits_or_parks() {
    let retry = Failure::retry("refused", SPAN).flag("a").flag("b").flag("a");
    let mut progress = leased(2);
    assert_eq!(progress.settle(at(5), Fence::new(1), &Settlement::Fail(retry.clone())), FenceResult::Done);
    assert_eq!((progress.state, progress.due_at, progress.attempts), (State::Ready, at(35), 1));
    assert_eq!(
        (progress.error.as_deref(), &*progress.flags),
        (Some("refused"), &["a", "b"].map(String::from)[..])
    );
    let mut last = leased(1);
    assert_eq!(last.settle(at(5), Fence::new(1), &Settlement::Fail(retry.clone())), FenceResult::Done);
    assert_eq!((last.state, last.error.as_deref()), (State::Parked, Some("refused")));
    let mut early = leased(9);
    assert_eq!(
        early.settle(at(5), Fence::new(1), &Settlement::Fail(Failure::park("wrong"))),
        FenceResult::Done
    );
    assert_eq!(early.state, State::Parked);
}

#[test]
fn releasing_gives_the_attempt_back() {
    let mut progress = leased(1);
    assert_eq!(progress.settle(at(5), Fence::new(1), &Settlement::Release), FenceResult::Done);
    assert_eq!((progress.state, progress.attempts, progress.due_at), (State::Ready, 0, at(5)));
}

#[test]
fn requeueing_starts_anew() {
    let mut again = done();
    assert!(again.act(at(7), Operation::Requeue, &action(), no_fence).unwrap());
    assert_eq!((again.state, again.generation, again.attempts), (State::Ready, 2, 0));
    assert_eq!((again.due_at, &again.outcome, again.done_at), (at(7), &None, None));
    assert_eq!(again.settle(at(8), Fence::new(1), &Settlement::Complete(None)), FenceResult::Lost);
    let mut waited = leased(1);
    waited.give_up();
    assert!(waited.act(at(7), Operation::Requeue, &action(), no_fence).unwrap());
    assert_eq!((waited.state, waited.generation, waited.attempts), (State::Ready, 1, 0));
    assert_eq!(waited.error, None);
    assert!(
        !ready(1).act(at(7), Operation::Requeue, &action(), no_fence).unwrap()
            && !leased(1).act(at(7), Operation::Requeue, &action(), no_fence).unwrap()
    );
}

#[test]
fn a_holder_loses_to_a_person() {
    let next = || Ok(Fence::new(2));
    let mut progress = leased(3);
    assert!(progress.act(at(5), Operation::Park, &action(), next).unwrap());
    assert_eq!((progress.state, progress.fence), (State::Parked, Some(Fence::new(2))));
    let mut progress = leased(3);
    assert!(progress.act(at(5), Operation::Discard, &action(), next).unwrap());
    assert_eq!(
        (progress.state, progress.fence, progress.done_at),
        (State::Done, Some(Fence::new(2)), Some(at(5)))
    );
    assert_eq!(progress.settle(at(6), Fence::new(1), &Settlement::Complete(None)), FenceResult::Lost);
    assert_eq!(progress.notes, [Note::new(at(5), Change::Discarded, "ops", "because")]);
}

#[test]
fn people_change_what_they_can() {
    assert!(ready(3).act(at(5), Operation::Park, &action(), no_fence).unwrap());
    assert!(ready(3).act(at(5), Operation::Discard, &action(), no_fence).unwrap());
    assert!(parked().act(at(5), Operation::Discard, &action(), no_fence).unwrap());
    for (progress, discards) in [(parked(), true), (done(), false)] {
        let mut tried = progress.clone();
        assert!(!tried.act(at(5), Operation::Park, &action(), no_fence).unwrap());
        assert_eq!(tried, progress);
        assert_eq!(tried.act(at(5), Operation::Discard, &action(), no_fence).unwrap(), discards);
    }
}

#[test]
fn retention_counts_from_the_later_of_done_and_seen() {
    let mut progress = done();
    assert_eq!(progress.idle_since(), Some(at(1)));
    progress.see(at(60));
    assert_eq!(progress.idle_since(), Some(at(60)));
    progress.see(at(30));
    assert_eq!(progress.seen_at, at(60), "a clock that went back shortens nothing");
    for unfinished in [ready(3), leased(3), parked()] {
        assert_eq!(unfinished.idle_since(), None);
    }
}

#[test]
fn flags_stand_once_each() {
    let flags = ["a", "b", "a", "c", "b"].map(String::from).to_vec();
    assert_eq!(Progress::new(Start::Ready, 1, flags, at(0)).flags, ["a", "b", "c"]);
}
