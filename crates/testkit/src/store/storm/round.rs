use super::super::backend::Backend;
use super::super::child::Child;
use super::super::desk::{Desk, LANE};
use super::super::place::Place;
use super::super::world::World;
use super::act::{Act, Answer, Granted, Step};
use super::crew::{Crew, News};
use super::journal::{self, Journal, now};
use super::judge::{Evidence, Stored, Trouble, judge};
use super::plan::Plan;
use super::progress::Progress;
use super::report::Report;
use super::{Storm, process};
use fastrand::Rng;
use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use wxhook_idempotency::{Claim, Durability, Error, Filter, Lease, Lookup, State, Store as _, StoredRecord};

/// One storm on a place of its own.
pub(super) fn run<B: Backend>(storm: &Storm, backend: &B, child_test: Option<&str>, keep: bool) -> Report {
    let directory = tempfile::Builder::new().prefix("wxhook-storm-").tempdir();
    let journals = directory.unwrap_or_else(|error| panic!("no place for journals: {error}"));
    let place = Place::new().unwrap_or_else(|error| panic!("no place for the storm: {error}"));
    let world = World::new(backend, place, child_test.map(str::to_owned));
    // Closed again, since a store that isn't shared has room for one.
    let first = world.open();
    let capabilities = first.capabilities();
    let survives = capabilities.durability > Durability::Process;
    let inside = if child_test.is_none() || !survives {
        Some(first)
    } else {
        drop(first);
        None
    };
    let storm = match (&inside, capabilities.shared) {
        (None, false) => &storm.clone().with_tasks(storm.tasks, storm.workers, 1),
        _ => storm,
    };
    let processes = if inside.is_some() { 0 } else { storm.processes };
    let plan = Plan::new(storm.clone());
    let parent = Parent { plan: &plan, world: &world, journals: journals.path(), trouble: Mutex::default() };
    let start = Instant::now();
    let (delivering, desk) = match inside {
        Some(desk) => (parent.inside(&desk) - start, desk),
        None => (parent.outside() - start, world.open()),
    };
    // The process after the last one: this one.
    let journal = Journal::create(journals.path(), storm.processes, 0);
    let journal = journal.unwrap_or_else(|error| panic!("no journal: {error}"));
    let stop = AtomicBool::new(false);
    let crew = Crew {
        plan: &plan,
        desk: &desk,
        journal: &journal,
        process: storm.processes,
        incarnation: 0,
        answered: BTreeSet::new(),
        stop: &stop,
    };
    drain(&crew);
    let ending = start.elapsed().saturating_sub(delivering);
    let trouble = parent.trouble.into_inner().unwrap_or_default();
    let events = journal::read(journals.path(), None).unwrap_or_else(|error| panic!("no journals: {error}"));
    let stored = stored(&crew);
    let mut report = judge(&Evidence { plan: &plan, events: &events, stored: &stored, trouble: &trouble });
    (report.delivering, report.ending, report.processes) = (delivering, ending, processes);
    if keep && !report.faults().is_empty() {
        report.journals = Some(journals.keep());
    }
    report
}

/// Who starts the processes, and makes trouble.
struct Parent<'a, B: Backend> {
    plan: &'a Plan,
    world: &'a World<'a, B>,
    journals: &'a Path,
    trouble: Mutex<Vec<Trouble>>,
}

impl<B: Backend> Parent<'_, B> {
    /// All processes are threads of this one. Gives when all was delivered.
    fn inside(&self, desk: &Desk<'_, B>) -> Instant {
        let (progress, stop) = (&Progress::default(), &AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| self.outages(progress));
            let (send, delivered) = std::sync::mpsc::channel();
            for process in 0..self.plan.storm.processes {
                let send = Mutex::new(send.clone());
                scope.spawn(move || {
                    let journal = Journal::create(self.journals, process, 0);
                    let journal = journal.unwrap_or_else(|error| panic!("no journal: {error}"));
                    let (plan, journal, answered) = (self.plan, &journal, BTreeSet::new());
                    let crew = Crew { plan, desk, journal, process, incarnation: 0, answered, stop };
                    crew.play(&|news| match news {
                        News::Answered => progress.answered(),
                        News::Delivered => drop(send.lock().map(|send| send.send(()))),
                        News::Working => {}
                    });
                });
            }
            drop(send);
            for _ in 0..self.plan.storm.processes {
                let _panicked = delivered.recv();
            }
            progress.end();
            stop.store(true, Ordering::Relaxed);
            Instant::now()
        })
    }

    /// Each process is one, and is killed now and then. Gives when all was delivered.
    fn outside(&self) -> Instant {
        let progress = &Progress::default();
        thread::scope(|scope| {
            scope.spawn(|| self.outages(progress));
            let processes = 0..self.plan.storm.processes;
            let slots: Vec<_> =
                processes.map(|process| scope.spawn(move || self.slot(process, progress))).collect();
            // All go on handling until nobody has anything to deliver.
            let children: Vec<_> = slots.into_iter().map(|slot| slot.join()).collect();
            progress.end();
            let delivered = Instant::now();
            for child in children {
                match child {
                    Ok(child) => drop(child.finish()),
                    Err(panic) => resume_unwind(panic),
                }
            }
            delivered
        })
    }

    /// Runs one process until it has delivered everything, replacing it whenever it is killed.
    fn slot(&self, process: u32, progress: &Progress) -> Child {
        let storm = &self.plan.storm;
        let mut rng = Rng::with_seed(storm.seed ^ u64::from(process) << 8);
        let share: u64 = self.plan.tasks_of(process).iter().map(|task| count(task.len())).sum();
        let all = u64::from(storm.kills) * u64::from(storm.notifications) / 1_000;
        let own = all / u64::from(storm.processes)
            + u64::from(u64::from(process) < all % u64::from(storm.processes));
        // Early enough that what comes afterwards isn't nothing.
        let mut kills: Vec<_> = (0..own).map(|_| rng.u64(0..(share * 9 / 10).max(1))).collect();
        kills.sort_unstable_by(|one, other| other.cmp(one));
        let (mut answered, mut incarnation) = (0, 0);
        let mut child = process::start(self.world, storm, self.journals, (process, 0));
        loop {
            if kills.pop_if(|kill| *kill <= answered).is_some() {
                // Some don't get far: they are killed while they open the store.
                thread::sleep(Duration::from_millis(rng.u64(0..60)));
                for words in child.kill() {
                    if process::news(&words) == News::Answered {
                        answered += 1;
                        progress.answered();
                    }
                }
                self.note(Trouble::Kill { process, at: now() });
                incarnation += 1;
                child = process::start(self.world, storm, self.journals, (process, incarnation));
                continue;
            }
            match process::news(&child.said()) {
                News::Answered => {
                    answered += 1;
                    progress.answered();
                }
                News::Delivered => return child,
                News::Working => {}
            }
        }
    }

    /// Takes the store away for a moment, again and again.
    fn outages(&self, progress: &Progress) {
        let storm = &self.plan.storm;
        let mut rng = Rng::with_seed(!storm.seed);
        let all = u64::from(storm.outages) * u64::from(storm.notifications) / 1_000;
        let deliveries = u64::from(storm.notifications) * u64::from(storm.times);
        let mut moments: Vec<_> = (0..all).map(|_| rng.u64(0..(deliveries * 9 / 10).max(1))).collect();
        moments.sort_unstable();
        for moment in moments {
            if !progress.reached(moment) {
                return;
            }
            let Some(outage) = self.world.backend.outage(&self.world.place) else { return };
            thread::sleep(Duration::from_millis(20 + rng.u64(0..400)));
            drop(outage);
            self.note(Trouble::Outage { until: now() });
        }
    }

    fn note(&self, trouble: Trouble) {
        if let Ok(mut noted) = self.trouble.lock() {
            noted.push(trouble);
        }
    }
}

/// In the quiet that follows, handles what is left, until nothing is.
fn drain<B: Backend>(crew: &Crew<'_, B>) {
    let (hand, span) = (crew.hand(0), 10_000);
    let mut give_up = Instant::now() + crew.plan.storm.patience;
    while Instant::now() < give_up {
        let id = hand.claim_id();
        let claim = Claim::new(id, [LANE], 64, Duration::from_millis(span));
        let granted = |leases: &Vec<_>| Answer::Leases(leases.iter().map(Granted::of).collect());
        let leases = hand.perform(Act::Claim { claim: id, span }, |store| store.claim_due(claim), granted);
        let leases: Vec<Lease> = leases.into_iter().flatten().collect();
        let complete = |lease: &Lease| crew.hand(1).step(Step::Complete, lease.record.seq, lease.fence);
        if !in_parts(&leases, complete).is_empty() {
            give_up = Instant::now() + crew.plan.storm.patience;
        }
        let stats = hand.perform(Act::Look, |store| store.stats(), |_| Answer::Fine);
        match stats {
            Some(stats) if stats.count(State::Ready) == 0 && stats.count(State::Leased) == 0 => return,
            Some(stats) if stats.count(State::Ready) > 0 => thread::sleep(Duration::from_millis(2)),
            // Leases of those who were killed run out by themselves.
            _ => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Everything that is in the store: what is listed, and is found by its key.
fn stored<B: Backend>(crew: &Crew<'_, B>) -> Vec<Stored> {
    let found = |listed: &StoredRecord| {
        let key = &listed.key;
        let found = asked(crew, async |store| store.get(Lookup::Key(key.clone())).await);
        found.filter(|found| found.seq == listed.seq).as_ref().map(Stored::of)
    };
    let mut stored = Vec::new();
    let mut before = None;
    loop {
        let page = asked(crew, async |store| store.list(Filter::default(), before, 100).await);
        stored.extend(in_parts(&page.records, found));
        before = page.next;
        if before.is_none() {
            return stored;
        }
    }
}

/// What there is for each, on several threads.
fn in_parts<T: Sync, R: Send>(all: &[T], one: impl Fn(&T) -> Option<R> + Sync) -> Vec<R> {
    let one = &one;
    thread::scope(|scope| {
        let parts = all.chunks(10);
        let running: Vec<_> =
            parts.map(|part| scope.spawn(move || part.iter().filter_map(one).collect::<Vec<_>>())).collect();
        let done = running.into_iter().map(|part| part.join());
        done.flat_map(|part| part.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// What the store says when it is asked, sooner or later.
fn asked<B: Backend, T>(crew: &Crew<'_, B>, question: impl AsyncFn(&B::Store) -> Result<T, Error>) -> T {
    let give_up = Instant::now() + crew.plan.storm.patience;
    loop {
        match crew.desk.attempt(|store| question(store)) {
            Ok(answer) => return answer,
            Err(Error::Unavailable(_)) if Instant::now() < give_up => {}
            Err(error) => panic!("the store doesn't say what is in it after the storm: {error}"),
        }
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or_default()
}
