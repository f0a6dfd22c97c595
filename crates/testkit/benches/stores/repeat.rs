//! One thing over and over, from so many tasks.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// A second.
    pub(crate) rate: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Figures {
    /// The number of calls within `span`, and the duration of each.
    pub(crate) fn of(count: usize, span: Duration, mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let part = |hundredths: usize| {
            times[(times.len() * hundredths / 100).min(times.len() - 1)].as_secs_f64() * 1e3
        };
        Self { rate: count as f64 / span.as_secs_f64(), p50_ms: part(50), p99_ms: part(99) }
    }
}

/// Takes numbers that nobody had, until the time is over.
pub(crate) async fn repeat<F: Future<Output = ()> + Send + 'static>(
    number: &Arc<AtomicU64>,
    callers: usize,
    span: Duration,
    step: impl Fn(u64) -> F + Clone + Send + 'static,
) -> Figures {
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (number, step) = (Arc::clone(number), step.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                while start.elapsed() < span {
                    let running = step(number.fetch_add(1, Ordering::Relaxed));
                    let start = Instant::now();
                    running.await;
                    times.push(start.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    Figures::of(times.len(), start.elapsed(), times)
}
