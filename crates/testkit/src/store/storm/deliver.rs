use super::super::backend::Backend;
use super::act::{Act, Answer};
use super::crew::{Hand, News};
use super::plan::Delivery;
use super::work;
use std::time::{Duration, Instant};
use wxhook_idempotency::{BeginResult, ClaimId, Lease, Store as _};

/// Delivers each until it is answered.
pub(super) fn all<B: Backend>(hand: &Hand<'_, B>, deliveries: &[Delivery], tell: &dyn Fn(News)) {
    for delivery in deliveries {
        if hand.crew.answered.contains(&delivery.id) {
            continue;
        }
        if !until_answered(hand, delivery) {
            return;
        }
        tell(News::Answered);
    }
}

/// Again and again, as the platform does, only sooner. Gives whether there was an answer in the end.
fn until_answered<B: Backend>(hand: &Hand<'_, B>, delivery: &Delivery) -> bool {
    let give_up = Instant::now() + hand.crew.plan.storm.patience;
    let mut claiming = (hand.claim_id(), work::span(hand));
    let mut pause = 2;
    while Instant::now() < give_up {
        let answer =
            if delivery.begins { begin(hand, delivery, &mut claiming) } else { accept(hand, delivery) };
        match answer {
            Met::Stored => return true,
            Met::Acquired(lease) => {
                work::treat(hand, &[*lease], claiming.1, &mut Vec::new());
                return true;
            }
            Met::Nothing => {}
        }
        std::thread::sleep(Duration::from_millis(hand.random(pause)));
        pause = (pause * 2).min(100);
    }
    false
}

/// What became of one try.
enum Met {
    Stored,
    Acquired(Box<Lease>),
    /// Somebody else has it, or nobody knows.
    Nothing,
}

fn accept<B: Backend>(hand: &Hand<'_, B>, delivery: &Delivery) -> Met {
    let act = Act::Accept { delivery: delivery.id, content: delivery.content };
    let accepted = hand.perform(act, |store| store.accept(delivery.entry()), Answer::of_accept);
    if accepted.is_some() { Met::Stored } else { Met::Nothing }
}

fn begin<B: Backend>(hand: &Hand<'_, B>, delivery: &Delivery, claiming: &mut (ClaimId, u64)) -> Met {
    let (claim, span) = *claiming;
    let act = Act::Begin { delivery: delivery.id, content: delivery.content, claim, span };
    let lease = Duration::from_millis(span);
    match hand.perform(act, |store| store.begin(delivery.entry(), claim, lease), Answer::of_begin) {
        Some(BeginResult::Acquired(lease)) => Met::Acquired(lease),
        Some(BeginResult::Busy { .. }) => {
            // That was an answer: the next try is another act of claiming. Without one it is repeated as it was.
            *claiming = (hand.claim_id(), work::span(hand));
            Met::Nothing
        }
        Some(_) => Met::Stored,
        None => Met::Nothing,
    }
}
