use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::Barrier;
use std::task::Poll;
use std::thread;

/// Runs `task` on so many threads at once. Returns their results.
pub(crate) fn at_once<T: Send>(threads: u8, task: impl Fn(u8) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(usize::from(threads));
    thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|number| {
                let (task, barrier) = (&task, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    task(number)
                })
            })
            .collect();
        let joined = handles.into_iter().map(|handle| handle.join());
        joined.map(|result| result.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// Polls a future at most so often, and drops it. Returns whether it was dropped before it was ready.
pub(crate) async fn dropped_after<F: Future>(polls: u32, future: F) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(move |context| {
        while left > 0 {
            left -= 1;
            match future.as_mut().poll(context) {
                Poll::Ready(_) => return Poll::Ready(false),
                Poll::Pending if left > 0 => return Poll::Pending,
                // Nobody needs to wake what is dropped next.
                Poll::Pending => {}
            }
        }
        Poll::Ready(true)
    })
    .await
}

/// Maximum number of polls before an operation is dropped.
const MAX_POLLS: u32 = 16;
/// Each number of polls is tried that often, since threads may be quicker or slower.
const ROUNDS: u32 = 4;

/// Runs `case` with every number of polls and a name for each run, until it returns in all rounds that nothing was dropped.
pub(crate) fn at_every_await(mut case: impl FnMut(u32, &str) -> bool) {
    for polls in 0..MAX_POLLS {
        let mut dropped = false;
        for round in 0..ROUNDS {
            dropped |= case(polls, &format!("{polls}/{round}"));
        }
        if !dropped {
            break;
        }
    }
}
