//! Callers that accept, at a pace or as fast as they can, and a purge beside them.

use crate::records::notification;
use crate::times::{median, ms, part, peak_mib};
use futures_executor::block_on;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use wxhook_idempotency::{AcceptResult, Filter, Store as _};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};

/// As the server has it.
const PURGE: usize = 500;

/// Samples of [`line`].
pub(crate) const HEADER: &str = "       /s    p50 ms    p99 ms    max ms  peak MiB";

#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    callers: usize,
    /// A second, of all callers; 0 is as many as they can.
    pace: u32,
    span: Duration,
}

impl Load {
    pub(crate) fn new(callers: usize, pace: u32, seconds: u64) -> Self {
        Self { callers, pace, span: Duration::from_secs(seconds) }
    }
}

/// Rate, median, p99, longest, peak memory.
pub(crate) fn accept(file: &Path, load: &Load) -> String {
    let store = SqliteStore::open(file, SqliteOptions::default()).unwrap();
    let number = first_new(&store);
    // What is opened and allocated at the first use isn't measured.
    run(&store, &number, &Load { span: Duration::from_millis(500), ..*load });
    told(&run(&store, &number, load), load.span)
}

/// The same while records are purged, and then how many.
pub(crate) fn purge(file: &Path, pause: Duration, seconds: u64) -> String {
    let store = SqliteStore::open(file, SqliteOptions::default()).unwrap();
    let load = Load::new(8, 500, seconds);
    let (number, ended) = (first_new(&store), AtomicBool::new(false));
    let (times, purged) = thread::scope(|scope| {
        let purging = scope.spawn(|| {
            let mut purged = 0;
            while !ended.load(Ordering::Relaxed) {
                purged += block_on(store.purge(PURGE)).unwrap();
                thread::sleep(pause);
            }
            purged
        });
        let times = run(&store, &number, &load);
        ended.store(true, Ordering::Relaxed);
        (times, purging.join().unwrap())
    });
    format!("{} {purged}", told(&times, load.span))
}

/// Medians of rounds; of the longest the longest.
pub(crate) fn line(rounds: &[Vec<f64>]) -> String {
    let column = |column: usize| rounds.iter().map(move |round| round[column]);
    let middle = |at: usize| median(column(at).collect());
    let worst = |at: usize| column(at).fold(0.0, f64::max);
    format!("{:>10.0}{:>10.2}{:>10.2}{:>10.2}{:>10.0}", middle(0), middle(1), middle(2), worst(3), worst(4))
}

fn told(sorted: &[Duration], span: Duration) -> String {
    let rate = sorted.len() as f64 / span.as_secs_f64();
    let longest = ms(sorted[sorted.len() - 1]);
    format!("{rate} {} {} {longest} {}", part(sorted, 50), part(sorted, 99), peak_mib(std::process::id()))
}

/// Accepts, each one new; how long each took, sorted. At a pace it is counted from when it was to begin.
fn run(store: &SqliteStore, number: &AtomicU64, load: &Load) -> Vec<Duration> {
    let start = Instant::now();
    let one = |caller: usize| {
        let mut times = Vec::new();
        for turn in 0_u32.. {
            let entry = notification(number.fetch_add(1, Ordering::Relaxed));
            let mut begin = Instant::now();
            if load.pace > 0 {
                let every = Duration::from_secs(1) * load.callers as u32 / load.pace;
                begin = start + every * turn + every * caller as u32 / load.callers as u32;
                thread::sleep(begin.saturating_duration_since(Instant::now()));
            }
            if begin.saturating_duration_since(start) >= load.span {
                break;
            }
            let accepted = block_on(store.accept(entry)).unwrap();
            assert!(matches!(accepted, AcceptResult::New { .. }), "{accepted:?}");
            times.push(begin.elapsed());
        }
        times
    };
    let mut times = thread::scope(|scope| {
        let callers: Vec<_> = (0..load.callers).map(|caller| scope.spawn(move || one(caller))).collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect::<Vec<_>>()
    });
    times.sort_unstable();
    times
}

/// Numbers that no record has: after the newest there is, since none was left out.
fn first_new(store: &SqliteStore) -> AtomicU64 {
    let newest = block_on(store.list(Filter::default(), None, 1)).unwrap().records.pop();
    AtomicU64::new(newest.map_or(0, |record| 2 * record.seq.get() + 1_000_000))
}
