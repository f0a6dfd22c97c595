//! Fills a file by the store's own operations.

use crate::records::{LANE, changed, notification};
use crate::times::peak_mib;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};
use wxhook_idempotency::{AcceptResult, Claim, ClaimId, Clock, Failure, Lease, Store as _, StoreExt as _};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};

/// Number of records accepted before the workers start.
const BATCH: u64 = 10_000;
const TASKS: u64 = 256;
/// A fifth of it is past the retention of a week.
const SPAN: Duration = Duration::from_secs(9 * 86_400);

/// Fills the store with that many records, most of them done.
pub(crate) fn fill(file: &Path, records: u64) {
    let start = Instant::now();
    let clock = Arc::new(Walking { first: SystemTime::now() - SPAN, records, accepted: AtomicU64::new(0) });
    let store = SqliteStore::open(file, SqliteOptions::default().with_clock(clock.clone())).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        for first in (0..records).step_by(BATCH as usize) {
            let numbers = first..records.min(first + BATCH);
            in_tasks(numbers.clone(), &store, &clock).await;
            work(&store, numbers.end).await;
        }
        // These wait to be handed on.
        in_tasks(records..records + records / 500, &store, &clock).await;
    });
    println!(
        "filled in {:.0} s, peak memory {:.0} MiB: {:?}",
        start.elapsed().as_secs_f64(),
        peak_mib(std::process::id()),
        futures_executor::block_on(store.stats()).unwrap()
    );
}

/// Goes by what was accepted.
#[derive(Debug)]
struct Walking {
    first: SystemTime,
    records: u64,
    accepted: AtomicU64,
}

impl Clock for Walking {
    fn now(&self) -> SystemTime {
        let part = self.accepted.load(Ordering::Relaxed).min(self.records) as f64 / self.records as f64;
        self.first + SPAN.mul_f64(part)
    }
}

async fn in_tasks(numbers: std::ops::Range<u64>, store: &SqliteStore, clock: &Arc<Walking>) {
    let next = Arc::new(AtomicU64::new(numbers.start));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (store, clock, next, end) =
                (store.clone(), Arc::clone(clock), Arc::clone(&next), numbers.end);
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        return;
                    }
                    let accepted = store.accept(notification(number)).await.unwrap();
                    assert!(matches!(accepted, AcceptResult::New { .. }), "{number}: {accepted:?}");
                    clock.accepted.fetch_add(1, Ordering::Relaxed);
                    if number % 1_000 == 0 {
                        let accepted = store.accept(changed(number)).await.unwrap();
                        assert!(matches!(accepted, AcceptResult::Changed { .. }), "{number}: {accepted:?}");
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Hands on what is due.
async fn work(store: &SqliteStore, batch: u64) {
    for round in 0.. {
        let id = ClaimId::new(u128::from(batch) << 64 | round);
        let leases = store.claim_due(Claim::new(id, [LANE], 500, Duration::from_secs(30))).await.unwrap();
        if leases.is_empty() {
            return;
        }
        let tasks: Vec<_> = leases.into_iter().map(|lease| tokio::spawn(end(store.clone(), lease))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    }
}

/// 2 of 100 fail.
async fn end(store: SqliteStore, lease: Lease) {
    let (seq, fence) = (lease.record.seq, lease.fence);
    let later = Failure::retry("the receiver answered 503", Duration::from_secs(30 * 86_400));
    let ended = match seq.get() % 100 {
        7 => store.fail(seq, fence, later).await,
        17 => store.fail(seq, fence, Failure::park("the receiver answered 410")).await,
        27 if seq.get() % 1_000 == 27 => {
            store.fail(seq, fence, Failure::park("another amount").flag("mismatch")).await
        }
        _ => store.complete(seq, fence, None).await,
    };
    assert_eq!(ended.unwrap(), wxhook_idempotency::FenceResult::Done);
}
