use super::StressTest;
use super::history::{Operation, Recorder, Reply, Step};
use super::workload::Delivery;
use crate::store::backend::Backend;
use crate::store::handle::{Handle, LANE};
use fastrand::Rng;
use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use wxhook_idempotency::{
    Action, BeginResult, Claim, ClaimId, Error, Failure, Fence, FenceResult, Filter, Lease, Seq, State,
    Store as _, StoreExt as _,
};

/// Leases in milliseconds: on a busy machine some expire by themselves.
const LEASES: [u64; 3] = [300, 800, 2_000];
/// Maximum number of old leases that a worker keeps, to use their fences once more.
const MAX_OLD: usize = 64;

/// The clients of one process.
pub(super) struct Process<'a, B: Backend> {
    pub(super) test: &'a StressTest,
    pub(super) store: &'a Handle<'a, B>,
    pub(super) recorder: Recorder,
    pub(super) number: u32,
    /// Number of times that this process was replaced.
    pub(super) incarnation: u32,
    /// Deliveries that an earlier incarnation knows an answer to.
    pub(super) answered: BTreeSet<u32>,
    /// Set once every process has delivered everything.
    pub(super) stop: &'a AtomicBool,
}

impl<'a, B: Backend> Process<'a, B> {
    /// Delivers, and works until it is stopped. `report` is called with `answered` after each delivery, `delivered` after
    /// the last one, and now and then with `working` while records are left.
    pub(super) fn run(&'a self, report: &(dyn Fn(&str) + Sync)) {
        let workers = self.test.share(self.number, self.test.workers);
        thread::scope(|scope| {
            let deliveries = self.test.deliveries_of(self.number);
            let clients: Vec<_> = (workers..)
                .zip(deliveries)
                .map(|(number, deliveries)| {
                    scope.spawn(move || self.client(number).deliver_all(&deliveries, report))
                })
                .collect();
            for number in 0..workers {
                scope.spawn(move || self.client(number).work(report));
            }
            for client in clients {
                if let Err(panic) = client.join() {
                    // Otherwise nobody would stop the workers.
                    self.stop.store(true, Ordering::Relaxed);
                    resume_unwind(panic);
                }
            }
            report("delivered");
        });
    }

    /// Completes everything that is left, with all workers, until nothing is or nothing more ends.
    pub(super) fn drain(&'a self) {
        thread::scope(|scope| {
            for number in 0..self.test.workers.max(1) {
                scope.spawn(move || self.client(number).drain());
            }
        });
    }

    pub(super) fn client(&'a self, number: u32) -> Client<'a, B> {
        let client =
            u64::from(self.number) << 48 | u64::from(self.incarnation) << 32 | u64::from(number) << 20;
        Client { process: self, rng: Rng::with_seed(self.test.seed ^ client), claim: client }
    }
}

/// One thread, which records what it does.
pub(super) struct Client<'a, B: Backend> {
    process: &'a Process<'a, B>,
    rng: Rng,
    /// The last claim's id, which begins with the numbers of process, incarnation and client.
    claim: u64,
}

type Held = (Seq, Fence);

impl<'a, B: Backend> Client<'a, B> {
    fn deliver_all(&mut self, deliveries: &[Delivery], report: &dyn Fn(&str)) {
        for delivery in deliveries.iter().filter(|delivery| !self.process.answered.contains(&delivery.id)) {
            if !self.deliver(delivery) {
                return;
            }
            report("answered");
        }
    }

    /// Delivers again and again, as the platform does, only sooner. Returns whether there was an answer in the end.
    fn deliver(&mut self, delivery: &Delivery) -> bool {
        let (mut claim, lease) = (self.next_claim(), self.lease());
        let mut pause = 2;
        let give_up = self.give_up();
        while Instant::now() < give_up {
            let (entry, id, content) = (delivery.entry(), delivery.id, delivery.content);
            if delivery.begins {
                let operation = Operation::Begin { delivery: id, content, claim, lease };
                let begin = |store: &'a B::Store| store.begin(entry, ClaimId::new(claim.into()), ms(lease));
                match self.call(operation, begin, |begun| begun.into()) {
                    Some(BeginResult::Acquired(acquired)) => {
                        self.handle(&[*acquired], lease, &mut Vec::new());
                        return true;
                    }
                    // That was an answer. Without one the call is repeated as it was.
                    Some(BeginResult::Busy { .. }) => claim = self.next_claim(),
                    Some(_) => return true,
                    None => {}
                }
            } else {
                let operation = Operation::Accept { delivery: id, content };
                if self.call(operation, |store| store.accept(entry), |accepted| accepted.into()).is_some() {
                    return true;
                }
            }
            thread::sleep(ms(self.rng.u64(0..pause)));
            pause = (pause * 2).min(100);
        }
        false
    }

    /// Claims and handles until it is stopped and nothing is due.
    fn work(&mut self, report: &dyn Fn(&str)) {
        let mut old = Vec::new();
        loop {
            let stopped = self.is_stopped();
            if self.rng.u8(0..100) < 6 {
                self.maintain();
            }
            if self.rng.u8(0..100) < 30 && !old.is_empty() {
                let held = old.swap_remove(self.rng.usize(0..old.len()));
                self.step_at_random(held);
            }
            let (max, lease) = (self.rng.usize(1..7), self.lease());
            let leases = self.claim(max, lease);
            if leases.is_empty() {
                if stopped {
                    break;
                }
                let pause = self.rng.u64(5..25);
                self.pause(pause);
            } else if stopped {
                report("working");
            }
            self.handle(&leases, lease, &mut old);
            old.drain(..old.len().saturating_sub(MAX_OLD));
        }
        // By now most of them are somebody else's.
        for held in old {
            self.step_at_random(held);
        }
    }

    fn drain(&mut self) {
        let mut give_up = self.give_up();
        while Instant::now() < give_up {
            let leases = self.claim(64, 10_000);
            for lease in &leases {
                if self.step(Step::Complete, (lease.record.seq, lease.fence)).is_some() {
                    give_up = self.give_up();
                }
            }
            if leases.is_empty() {
                match self.read(async |store| store.stats().await) {
                    Some(stats) if stats.count(State::Ready) == 0 && stats.count(State::Leased) == 0 => {
                        return;
                    }
                    // Leases of killed processes expire by themselves.
                    _ => thread::sleep(ms(10)),
                }
            }
        }
    }

    fn claim(&mut self, max: usize, lease: u64) -> Vec<Lease> {
        let claim = self.next_claim();
        // Repeated as it is, it returns what a lost reply had.
        for _ in 0..5 {
            let operation = Operation::Claim { claim, lease };
            let request = Claim::new(ClaimId::new(claim.into()), [LANE], max, ms(lease));
            let leases =
                self.call(operation, |store| store.claim_due(request), |leases: &Vec<_>| leases[..].into());
            if let Some(leases) = leases {
                return leases;
            }
            let pause = self.rng.u64(0..50);
            self.pause(pause);
        }
        Vec::new()
    }

    /// Does something with claimed records, good or bad.
    fn handle(&mut self, leases: &[Lease], lease: u64, old: &mut Vec<Held>) {
        let held = leases.iter().map(|lease| (lease.record.seq, lease.fence));
        old.extend(held.clone());
        match self.rng.u8(0..100) {
            // Slower than its leases.
            0..10 => {
                let pause = lease + self.rng.u64(0..500);
                self.pause(pause);
                held.for_each(|held| self.step_at_random(held));
            }
            // Forgets them.
            10..16 => {}
            _ => held.for_each(|held| self.handle_one(held, lease)),
        }
    }

    fn handle_one(&mut self, held: Held, lease: u64) {
        match self.rng.u8(0..100) {
            0..60 => self.complete(held),
            // Takes its time, and renews the lease.
            60..70 => {
                for _ in 0..=self.rng.u8(0..3) {
                    let pause = self.rng.u64(0..lease / 4);
                    self.pause(pause);
                    if self.step(Step::Renew { lease }, held) == Some(FenceResult::Lost) {
                        break;
                    }
                }
                self.complete(held);
            }
            70..80 => drop(self.step(Step::Retry, held)),
            80..88 => drop(self.step(Step::Release, held)),
            88 => drop(self.step(Step::Park, held)),
            89..94 => {
                self.complete(held);
                self.complete(held);
            }
            // Requeued by an operator once it is done.
            94..97 => {
                self.complete(held);
                let action = Action::new("stress", "once more");
                let operation = Operation::Requeue { seq: held.0.get() };
                self.call(operation, |store| store.requeue(held.0, action), |_| Reply::Ok);
            }
            _ => {}
        }
    }

    /// Completes a record, and repeats it if there is no answer.
    fn complete(&mut self, held: Held) {
        for _ in 0..4 {
            if self.step(Step::Complete, held).is_some() {
                return;
            }
            let pause = self.rng.u64(0..100);
            self.pause(pause);
        }
    }

    fn step_at_random(&mut self, held: Held) {
        let step = match self.rng.u8(0..8) {
            0 => Step::Renew { lease: LEASES[0] },
            1 => Step::Retry,
            2 => Step::Release,
            3 => Step::Park,
            _ => Step::Complete,
        };
        self.step(step, held);
    }

    fn step(&mut self, step: Step, (seq, fence): Held) -> Option<FenceResult> {
        let operation = Operation::Step { step, seq: seq.get(), fence: fence.get() };
        let after = ms(self.rng.u64(0..100));
        self.call(
            operation,
            async |store| match step {
                Step::Renew { lease } => store.renew(seq, fence, ms(lease)).await,
                // The outcome tells the checker whose it is.
                Step::Complete => store.complete(seq, fence, Some(fence.to_string().into())).await,
                Step::Retry => store.fail(seq, fence, Failure::retry("not yet", after)).await,
                Step::Park => store.fail(seq, fence, Failure::park("an operator should look")).await,
                Step::Release => store.release(seq, fence).await,
            },
            |fenced| fenced.into(),
        )
    }

    /// Does what goes on beside the work.
    fn maintain(&mut self) {
        match self.rng.u8(0..3) {
            0 => drop(self.call(Operation::Purge, |store| store.purge(100), |purged| Reply::Purged(*purged))),
            1 => drop(self.read(async |store| store.list(Filter::default(), None, 20).await)),
            _ => drop(self.read(async |store| store.stats().await)),
        }
    }

    /// Reads from the store; the checker ignores the answer.
    pub(super) fn read<T>(&self, read: impl AsyncFn(&'a B::Store) -> Result<T, Error>) -> Option<T> {
        self.call(Operation::Read, |store| read(store), |_| Reply::Ok)
    }

    fn call<T, F: Future<Output = Result<T, Error>>>(
        &self,
        operation: Operation,
        call: impl FnOnce(&'a B::Store) -> F,
        reply: impl FnOnce(&T) -> Reply,
    ) -> Option<T> {
        let Process { recorder, store, .. } = self.process;
        recorder.record(operation, || store.block_on(call), reply)
    }

    fn next_claim(&mut self) -> u64 {
        self.claim += 1;
        self.claim
    }

    fn lease(&mut self) -> u64 {
        LEASES[self.rng.usize(0..LEASES.len())]
    }

    /// Waits, but not after it was stopped.
    fn pause(&self, millis: u64) {
        let until = Instant::now() + ms(millis);
        while !self.is_stopped() && Instant::now() < until {
            thread::sleep(until.saturating_duration_since(Instant::now()).min(ms(20)));
        }
    }

    fn is_stopped(&self) -> bool {
        self.process.stop.load(Ordering::Relaxed)
    }

    pub(super) fn give_up(&self) -> Instant {
        Instant::now() + Duration::from_secs(self.process.test.patience)
    }
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
