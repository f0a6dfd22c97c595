use super::super::backend::Backend;
use super::super::desk::Desk;
use super::act::{Act, Answer, Step};
use super::journal::Journal;
use super::plan::Plan;
use super::{deliver, work};
use fastrand::Rng;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::Future;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use wxhook_idempotency::{ClaimId, Error, Failure, Fence, FenceResult, Seq, Store, StoreExt as _};

/// The tasks of one process.
pub(super) struct Crew<'a, B: Backend> {
    pub(super) plan: &'a Plan,
    pub(super) desk: &'a Desk<'a, B>,
    pub(super) journal: &'a Journal,
    pub(super) process: u32,
    /// How often this process was replaced.
    pub(super) incarnation: u32,
    /// Deliveries that were answered to an earlier incarnation.
    pub(super) answered: BTreeSet<u32>,
    /// Set once there is nothing more to deliver.
    pub(super) stop: &'a AtomicBool,
}

/// What a crew has to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// One more delivery was answered.
    Answered,
    /// There are no further ones.
    Delivered,
    /// There is still something to handle.
    Working,
}

impl<'a, B: Backend> Crew<'a, B> {
    /// Delivers, and works until it is to stop.
    pub(super) fn play(&'a self, tell: &(dyn Fn(News) + Sync)) {
        let workers = self.plan.workers_of(self.process);
        thread::scope(|scope| {
            let tasks: Vec<_> = (workers..)
                .zip(self.plan.tasks_of(self.process))
                .map(|(name, deliveries)| {
                    scope.spawn(move || deliver::all(&self.hand(name), &deliveries, tell))
                })
                .collect();
            for name in 0..workers {
                scope.spawn(move || work::until_stopped(&self.hand(name), tell));
            }
            for task in tasks {
                if let Err(panic) = task.join() {
                    // Else nobody would stop the others.
                    self.stop.store(true, Ordering::Relaxed);
                    resume_unwind(panic);
                }
            }
            tell(News::Delivered);
        });
    }

    /// One task.
    pub(super) fn hand(&'a self, name: u32) -> Hand<'a, B> {
        let seed = self.plan.storm.seed ^ (u64::from(self.process) << 48 | u64::from(self.incarnation) << 16);
        Hand {
            crew: self,
            name,
            rng: RefCell::new(Rng::with_seed(seed ^ u64::from(name))),
            claims: RefCell::new(0),
        }
    }
}

/// One task, which writes down what it does.
pub(super) struct Hand<'a, B: Backend> {
    pub(super) crew: &'a Crew<'a, B>,
    name: u32,
    rng: RefCell<Rng>,
    claims: RefCell<u64>,
}

impl<B: Backend> Hand<'_, B> {
    /// A number under `below`.
    pub(super) fn random(&self, below: u64) -> u64 {
        self.rng.borrow_mut().u64(0..below.max(1))
    }

    /// A name for one act of claiming.
    pub(super) fn claim_id(&self) -> ClaimId {
        let mut claims = self.claims.borrow_mut();
        *claims += 1;
        let Crew { process, incarnation, .. } = *self.crew;
        let who = u128::from(process) << 96 | u128::from(incarnation) << 64 | u128::from(self.name) << 40;
        ClaimId::new(who | u128::from(*claims))
    }

    /// Waits, though not for longer than there is something to wait for.
    pub(super) fn rest(&self, span: Duration) {
        let until = Instant::now() + span;
        while !self.is_over() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(Duration::from_millis(20)));
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.crew.stop.load(Ordering::Relaxed)
    }

    /// One call of the store; nothing if it was answered with an error.
    pub(super) fn perform<'s, T, F: Future<Output = Result<T, Error>>>(
        &'s self,
        act: Act,
        call: impl FnOnce(&'s B::Store) -> F,
        answer: impl FnOnce(&T) -> Answer,
    ) -> Option<T> {
        let number = self.crew.journal.begins(&act);
        let result = self.crew.desk.attempt(call);
        let said = match &result {
            Ok(value) => answer(value),
            Err(Error::Unavailable(_)) => Answer::Unavailable,
            Err(Error::Corrupt(_)) => Answer::Error("corrupt".to_owned()),
            Err(Error::Unsupported(_)) => Answer::Error("unsupported".to_owned()),
            Err(_) => Answer::Error("unknown".to_owned()),
        };
        self.crew.journal.ends(number, &said);
        result.ok()
    }

    /// What a holder does with its lease; nothing if that isn't known.
    pub(super) fn step(&self, step: Step, seq: Seq, fence: Fence) -> Option<FenceResult> {
        let act = Act::Step { step, seq, fence };
        let retry = || Failure::retry("not yet", Duration::from_millis(self.random(100)));
        self.perform(
            act,
            async |store: &B::Store| match step {
                Step::Renew { span } => store.renew(seq, fence, Duration::from_millis(span)).await,
                // What is left says whose it is.
                Step::Complete => store.complete(seq, fence, Some(fence.to_string().into())).await,
                Step::Retry => store.fail(seq, fence, retry()).await,
                Step::Park => store.fail(seq, fence, Failure::park("a person should look")).await,
                Step::Release => store.release(seq, fence).await,
            },
            Answer::of_step,
        )
    }
}
