use super::super::backend::Backend;
use super::super::desk::LANE;
use super::act::{Act, Answer, Granted, Step};
use super::crew::{Hand, News};
use std::time::Duration;
use wxhook_idempotency::{Action, Claim, Fence, FenceResult, Filter, Lease, Seq, Store as _, StoreExt as _};

/// How long leases are, in milliseconds: some run out by themselves on a busy machine.
const SPANS: [u64; 3] = [300, 800, 2_000];
/// So many old fences are kept, to be tried once more.
const OLD: usize = 64;

/// A lease that was held once.
pub(super) type Held = (Seq, Fence);

/// Claims and handles until it is told to stop and nothing is due.
pub(super) fn until_stopped<B: Backend>(hand: &Hand<'_, B>, tell: &dyn Fn(News)) {
    let mut old = Vec::new();
    loop {
        let over = hand.is_over();
        if hand.random(100) < 6 {
            look(hand);
        }
        if hand.random(100) < 30 && !old.is_empty() {
            let at = usize::try_from(hand.random(count(old.len()))).unwrap_or_default();
            let (seq, fence) = old.swap_remove(at);
            let _stale = hand.step(any(hand), seq, fence);
        }
        let (leases, span) = claim(hand);
        if leases.is_empty() {
            if over {
                break;
            }
            hand.rest(Duration::from_millis(5 + hand.random(20)));
        } else if over {
            tell(News::Working);
        }
        treat(hand, &leases, span, &mut old);
        let surplus = old.len().saturating_sub(OLD);
        old.drain(..surplus);
    }
    // By now most of them are somebody else's.
    for (seq, fence) in old {
        let _stale = hand.step(any(hand), seq, fence);
    }
}

/// How long a lease is to be.
pub(super) fn span<B: Backend>(hand: &Hand<'_, B>) -> u64 {
    let at = usize::try_from(hand.random(count(SPANS.len()))).unwrap_or_default();
    SPANS.get(at).copied().unwrap_or(300)
}

fn claim<B: Backend>(hand: &Hand<'_, B>) -> (Vec<Lease>, u64) {
    let (id, span) = (hand.claim_id(), span(hand));
    let most = usize::try_from(1 + hand.random(6)).unwrap_or(1);
    // Repeated as it is, it gives what a lost reply gave.
    for _ in 0..5 {
        let claim = Claim::new(id, [LANE], most, Duration::from_millis(span));
        let granted = |leases: &Vec<Lease>| Answer::Leases(leases.iter().map(Granted::of).collect());
        let act = Act::Claim { claim: id, span };
        if let Some(leases) = hand.perform(act, |store| store.claim_due(claim), granted) {
            return (leases, span);
        }
        hand.rest(Duration::from_millis(hand.random(50)));
    }
    (Vec::new(), span)
}

/// Does something with what was claimed, good or bad.
pub(super) fn treat<B: Backend>(hand: &Hand<'_, B>, leases: &[Lease], span: u64, old: &mut Vec<Held>) {
    let held = || leases.iter().map(|lease| (lease.record.seq, lease.fence));
    match hand.random(100) {
        // Slower than its leases.
        0..10 => {
            hand.rest(Duration::from_millis(span + hand.random(500)));
            for (seq, fence) in held() {
                let _either = hand.step(any(hand), seq, fence);
            }
            old.extend(held());
        }
        // Forgets them.
        10..16 => old.extend(held()),
        _ => held().for_each(|(seq, fence)| one(hand, seq, fence, span, old)),
    }
}

fn one<B: Backend>(hand: &Hand<'_, B>, seq: Seq, fence: Fence, span: u64, old: &mut Vec<Held>) {
    match hand.random(100) {
        0..60 => complete(hand, seq, fence),
        // Takes its time, and keeps the lease.
        60..70 => {
            for _ in 0..=hand.random(3) {
                hand.rest(Duration::from_millis(hand.random(span / 4)));
                if hand.step(Step::Renew { span }, seq, fence) == Some(FenceResult::Lost) {
                    break;
                }
            }
            complete(hand, seq, fence);
        }
        70..80 => drop(hand.step(Step::Retry, seq, fence)),
        80..88 => drop(hand.step(Step::Release, seq, fence)),
        88 => drop(hand.step(Step::Park, seq, fence)),
        // Does it twice.
        89..94 => {
            complete(hand, seq, fence);
            complete(hand, seq, fence);
        }
        // Sent again by a person once it is done.
        94..97 => {
            complete(hand, seq, fence);
            let act = Act::Requeue { seq };
            let again = Action::new("storm", "once more");
            let _record = hand.perform(act, |store| store.requeue(seq, again), |_| Answer::Fine);
        }
        _ => {}
    }
    old.push((seq, fence));
}

/// Completes it, and says so again if nobody answers.
fn complete<B: Backend>(hand: &Hand<'_, B>, seq: Seq, fence: Fence) {
    for _ in 0..4 {
        if hand.step(Step::Complete, seq, fence).is_some() {
            return;
        }
        hand.rest(Duration::from_millis(hand.random(100)));
    }
}

fn any<B: Backend>(hand: &Hand<'_, B>) -> Step {
    match hand.random(8) {
        0 => Step::Renew { span: SPANS[0] },
        1 => Step::Retry,
        2 => Step::Release,
        3 => Step::Park,
        _ => Step::Complete,
    }
}

/// What others do meanwhile.
fn look<B: Backend>(hand: &Hand<'_, B>) {
    match hand.random(3) {
        0 => {
            let purged = |records: &u64| Answer::Purged(*records);
            let _purged = hand.perform(Act::Purge, |store| store.purge(100), purged);
        }
        1 => drop(hand.perform(Act::Look, |store| store.list(Filter::default(), None, 20), |_| Answer::Fine)),
        _ => drop(hand.perform(Act::Look, |store| store.stats(), |_| Answer::Fine)),
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or_default()
}
