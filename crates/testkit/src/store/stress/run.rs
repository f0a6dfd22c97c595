use super::StressTest;
use super::checker::{Disruption, Evidence, FinalRecord, Report, check};
use super::client::Process;
use super::history::{self, Operation, Recorder, now};
use crate::store::backend::Backend;
use crate::store::child::{Child, send, wait_for_go};
use crate::store::context::Context;
use crate::store::handle::Handle;
use fastrand::Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use wxhook_idempotency::{Durability, Error, Filter, Lookup, Store as _};

/// Runs one round on a new place.
pub(super) fn run<B: Backend>(
    mut test: StressTest,
    backend: &B,
    child_test: Option<&str>,
    keep: bool,
) -> Report {
    let directory = tempfile::Builder::new().prefix("wxhook-stress-").tempdir().unwrap();
    let context = &Context::new(backend, child_test);
    let first = context.open();
    let capabilities = first.capabilities();
    let forks = child_test.is_some() && capabilities.durability > Durability::Process;
    if forks && !capabilities.shared {
        test.processes = 1;
    }
    // Closed again if child processes open it, since a store that isn't shared has room for one.
    let first = (!forks).then_some(first);
    let (histories, disruptions) = (directory.path(), Mutex::default());
    let round = Round { test: &test, context, histories, disruptions };
    let start = Instant::now();
    match &first {
        Some(store) => round.run_threads(store),
        None => round.run_children(),
    }
    let delivering = start.elapsed();
    let store = &first.unwrap_or_else(|| context.open());
    let stop = AtomicBool::new(false);
    // One more process, which works in quiet.
    let process = Process {
        test: &test,
        store,
        recorder: Recorder::create(histories, test.processes, 0),
        number: test.processes,
        incarnation: 0,
        answered: BTreeSet::new(),
        stop: &stop,
    };
    process.drain();
    let ending = start.elapsed() - delivering;
    let records = round.final_records(store);
    let calls = history::read(histories, None);
    let disruptions = round.disruptions.into_inner().unwrap();
    let mut report = check(&Evidence { test: &test, calls: &calls, records: &records, disruptions });
    report.add_time("until everything was answered", delivering);
    report.add_time("from then until everything had ended", ending);
    if keep && !report.violations().is_empty() {
        report.keep_histories(directory.keep());
    }
    report
}

struct Round<'a, B: Backend> {
    test: &'a StressTest,
    context: &'a Context<'a, B>,
    histories: &'a Path,
    disruptions: Mutex<Vec<Disruption>>,
}

impl<B: Backend> Round<'_, B> {
    /// Runs all processes as threads of this one. Returns when everything was delivered and their work is done.
    fn run_threads(&self, store: &Handle<'_, B>) {
        let (stop, (sender, answered)) = (&AtomicBool::new(false), channel());
        thread::scope(|scope| {
            for number in 0..self.test.processes {
                let sender = Mutex::new(Some(sender.clone()));
                scope.spawn(move || {
                    let recorder = Recorder::create(self.histories, number, 0);
                    let (test, answered) = (self.test, BTreeSet::new());
                    let process = Process { test, store, recorder, number, incarnation: 0, answered, stop };
                    process.run(&|word| {
                        let mut sender = sender.lock().unwrap();
                        match word {
                            "answered" => sender.iter().for_each(|sender| sender.send(()).unwrap()),
                            "delivered" => drop(sender.take()),
                            _ => {}
                        }
                    });
                });
            }
            drop(sender);
            self.make_outages(answered);
            stop.store(true, Ordering::Relaxed);
        });
    }

    /// Runs each process as a child, and kills some of them. Returns when everything was delivered and they have ended.
    fn run_children(&self) {
        let (sender, answered) = channel();
        thread::scope(|scope| {
            let supervisors: Vec<_> = (0..self.test.processes)
                .map(|process| {
                    let sender = sender.clone();
                    scope.spawn(move || self.supervise(process, &sender))
                })
                .collect();
            drop(sender);
            self.make_outages(answered);
            // All of them work until none has anything to deliver.
            let children: Vec<_> = supervisors.into_iter().map(|supervisor| supervisor.join()).collect();
            for child in children {
                child.unwrap_or_else(|panic| resume_unwind(panic)).finish::<String>();
            }
        });
    }

    /// Runs one process until it has delivered everything, replacing it whenever it is killed.
    fn supervise(&self, process: u32, answered: &Sender<()>) -> Child {
        let mut rng = Rng::with_seed(self.test.seed ^ u64::from(process) << 8);
        let share: usize = self.test.deliveries_of(process).iter().map(Vec::len).sum();
        let kills = self.test.share(process, per_thousand(self.test.kills, self.test.notifications));
        let mut kills = moments(&mut rng, kills, share);
        let mut answers = 0;
        for incarnation in 0.. {
            let child = self.start(process, incarnation);
            while kills.last().is_none_or(|kill| *kill > answers) {
                match child.expect::<String>().as_str() {
                    "answered" => {
                        answers += 1;
                        answered.send(()).unwrap();
                    }
                    "delivered" => return child,
                    _ => {}
                }
            }
            kills.pop();
            // Some don't get far: they are killed while they open the store.
            thread::sleep(Duration::from_millis(rng.u64(0..60)));
            for _ in child.kill::<String>().iter().filter(|word| *word == "answered") {
                answers += 1;
                answered.send(()).unwrap();
            }
            self.disruptions.lock().unwrap().push(Disruption::Kill { process, at: now() });
        }
        unreachable!("there are fewer kills than that")
    }

    fn start(&self, process: u32, incarnation: u32) -> Child {
        let part =
            Part { test: self.test.clone(), histories: self.histories.to_owned(), process, incarnation };
        self.context.child(&serde_json::to_string(&part).unwrap())
    }

    /// Makes the store unavailable now and then, until every sender is gone.
    fn make_outages(&self, answered: Receiver<()>) {
        let mut rng = Rng::with_seed(!self.test.seed);
        let outages = per_thousand(self.test.outages, self.test.notifications);
        let mut moments = moments(&mut rng, outages, self.test.deliveries().count());
        for (answers, ()) in (1..).zip(answered) {
            while moments.pop_if(|moment| *moment <= answers).is_some() {
                let Some(outage) = self.context.backend.outage(&self.context.place) else { continue };
                thread::sleep(Duration::from_millis(rng.u64(20..420)));
                drop(outage);
                self.disruptions.lock().unwrap().push(Disruption::Outage { end: now() });
            }
        }
    }

    /// Reads every record that is listed and is found by its key.
    fn final_records(&self, store: &Handle<'_, B>) -> Vec<FinalRecord> {
        let (mut records, mut before) = (Vec::new(), None);
        loop {
            let page = self.ask(store, async |store| store.list(Filter::default(), before, 100).await);
            for listed in &page.records {
                let found = self.ask(store, async |store| store.get(Lookup::Key(listed.key.clone())).await);
                records.extend(found.filter(|found| found.seq == listed.seq).as_ref().map(FinalRecord::new));
            }
            before = page.next;
            if before.is_none() {
                return records;
            }
        }
    }

    /// Asks the store until it is available.
    fn ask<T>(&self, store: &Handle<'_, B>, ask: impl AsyncFn(&B::Store) -> Result<T, Error>) -> T {
        let give_up = Instant::now() + Duration::from_secs(self.test.patience);
        loop {
            match store.block_on(|store| ask(store)) {
                Ok(answer) => return answer,
                Err(Error::Unavailable(_)) if Instant::now() < give_up => {}
                Err(error) => panic!("the store can't be read after the test: {error}"),
            }
        }
    }
}

fn per_thousand(times: u32, notifications: u32) -> u32 {
    u32::try_from(u64::from(times) * u64::from(notifications) / 1_000).unwrap()
}

/// Returns so many random numbers of answered deliveries, the least one last: none of the last tenth, so that something
/// follows.
fn moments(rng: &mut Rng, moments: u32, deliveries: usize) -> Vec<usize> {
    let mut moments: Vec<_> = (0..moments).map(|_| rng.usize(0..(deliveries * 9 / 10).max(1))).collect();
    moments.sort_unstable_by(|one, other| other.cmp(one));
    moments
}

/// The part of a child process.
#[derive(Serialize, Deserialize)]
struct Part {
    test: StressTest,
    histories: PathBuf,
    process: u32,
    incarnation: u32,
}

/// Runs the part of a child process. Returns whether it was one of a stress test.
pub(in crate::store) fn run_child<B: Backend>(context: &Context<'_, B>, part: &str) -> bool {
    let Ok(Part { test, histories, process, incarnation }) = serde_json::from_str(part) else { return false };
    let own = history::read(&histories, Some(process)).into_iter();
    let answered = own.filter_map(|call| match call.operation {
        Operation::Accept { delivery, .. } | Operation::Begin { delivery, .. } => {
            call.returned?.1.accepted().map(|_| delivery)
        }
        _ => None,
    });
    let answered = answered.collect();
    let recorder = Recorder::create(&histories, process, incarnation);
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    thread::spawn(move || {
        wait_for_go();
        stopped.store(true, Ordering::Relaxed);
    });
    let (test, store, stop) = (&test, &context.open(), &*stop);
    Process { test, store, recorder, number: process, incarnation, answered, stop }.run(&|word| send(word));
    true
}
