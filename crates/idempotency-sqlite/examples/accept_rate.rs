//! How many notifications of 1 KiB a second are durably accepted, beside the floor: a plain append of as many bytes,
//! flushed once for all callers together.
//!
//! ```text
//! cargo run --release -p wxhook-idempotency-sqlite --example accept_rate [directory] [seconds] [records before] [callers …]
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a measurement, not a program"
)]

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use wxhook_idempotency::{Accepted, Entry, Fingerprint, Store as _};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};

const BODY: usize = 1024;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let parent = arguments.next().unwrap_or_else(|| ".".to_owned());
    let span = Duration::from_secs(arguments.next().map_or(3, |seconds| seconds.parse().unwrap()));
    let before: u64 = arguments.next().map_or(0, |records| records.parse().unwrap());
    let mut counts: Vec<usize> = arguments.map(|callers| callers.parse().unwrap()).collect();
    if counts.is_empty() {
        counts = vec![1, 8, 64];
    }
    let directory = tempfile::tempdir_in(parent).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    println!(
        "{:>8} {:>12} {:>12} {:>8} {:>10} {:>10} {:>10}",
        "callers", "append/s", "accept/s", "ratio", "p50 us", "p99 us", "max us"
    );
    let store = SqliteStore::open(directory.path().join("store.db"), SqliteOptions::default()).unwrap();
    let number = Arc::new(AtomicU64::new(0));
    if before > 0 {
        let start = Instant::now();
        runtime.block_on(accept(&store, &number, 256, move |done| done < before));
        println!("{before} records in {:.1} s", start.elapsed().as_secs_f64());
    }
    for callers in counts {
        let floor = append(&directory.path().join("floor"), callers, span);
        let start = Instant::now();
        let mut times = runtime.block_on(accept(&store, &number, callers, move |_| start.elapsed() < span));
        let rate = f64::from(u32::try_from(times.len()).unwrap()) / start.elapsed().as_secs_f64();
        times.sort_unstable();
        let part = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_micros();
        println!(
            "{callers:>8} {floor:>12.0} {rate:>12.0} {:>8.2} {:>10} {:>10} {:>10}",
            rate / floor,
            part(50),
            part(99),
            part(100)
        );
    }
    runtime.block_on(async {
        let start = Instant::now();
        let page = store.list(wxhook_idempotency::Filter::default(), None, 50).await.unwrap();
        let mut filter = wxhook_idempotency::Filter::default();
        filter.number = Some("T77".to_owned());
        let plain = start.elapsed();
        let found = store.list(filter.clone(), None, 50).await.unwrap().records.len();
        let by_number = start.elapsed() - plain;
        filter.number = None;
        filter.state = Some(wxhook_idempotency::State::Done);
        filter.merchant = Some("shop".to_owned());
        store.list(filter, None, 50).await.unwrap();
        let by_state = start.elapsed() - plain - by_number;
        println!(
            "list {} {plain:?}, by number {found} {by_number:?}, by state {by_state:?}",
            page.records.len()
        );
        println!("resident at most: {}", resident());
        let start = Instant::now();
        println!("{:?} {:?}", store.stats().await.unwrap(), start.elapsed());
    });
}

/// Accepts from so many tasks while `goes_on` says so of the count; gives how long each took.
async fn accept(
    store: &SqliteStore,
    number: &Arc<AtomicU64>,
    callers: usize,
    goes_on: impl Fn(u64) -> bool + Copy + Send + 'static,
) -> Vec<Duration> {
    let one = |store: SqliteStore, number: Arc<AtomicU64>| async move {
        let mut times = Vec::new();
        loop {
            let number = number.fetch_add(1, Ordering::Relaxed);
            if !goes_on(number) {
                return times;
            }
            let entry = notification(number);
            let start = Instant::now();
            assert!(matches!(store.accept(entry).await.unwrap(), Accepted::New { .. }));
            times.push(start.elapsed());
        }
    };
    let tasks: Vec<_> = (0..callers).map(|_| tokio::spawn(one(store.clone(), Arc::clone(number)))).collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    times
}

/// What a payment notification looks like to the store.
fn notification(number: u64) -> Entry {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&number.to_be_bytes());
    // Scattered, as random ids are.
    let id = u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    let key = format!("shop/TRANSACTION.SUCCESS/transaction_id=4200{:024}", id % 10_u128.pow(24));
    let mut entry = Entry::new(key, Fingerprint::new(1, digest), vec![b'x'; BODY], "sink");
    entry.aliases.push(format!("{id:032x}"));
    entry.labels.merchant = "shop".to_owned();
    entry.labels.event = "TRANSACTION.SUCCESS".to_owned();
    entry.labels.id = Some(format!("{id:032x}"));
    entry.labels.numbers = vec![
        ("transaction_id".to_owned(), format!("T{number}")),
        ("out_trade_no".to_owned(), format!("O{id}")),
    ];
    entry
}

/// The most memory that this process had, where the system says so.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim().to_owned()
}

/// Appends as many bodies at once as there are callers and flushes them, over and over; bodies a second.
fn append(path: &Path, callers: usize, span: Duration) -> f64 {
    let mut file = File::create(path).unwrap();
    let batch = vec![b'x'; BODY * callers];
    let (start, mut count) = (Instant::now(), 0_u32);
    while start.elapsed() < span {
        file.write_all(&batch).unwrap();
        file.sync_data().unwrap();
        count += u32::try_from(callers).unwrap();
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}
