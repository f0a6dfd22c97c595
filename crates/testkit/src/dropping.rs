use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// How a future that may have been dropped ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Before it was dropped.
    Itself,
    /// It was dropped.
    Dropped,
}

/// Polls a future so often, and drops it.
pub(crate) async fn dropped_after<F: Future>(polls: u32, future: F) -> Ended {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(Ended::Dropped);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(Ended::Itself),
            // What is dropped next needn't be woken for it.
            Poll::Pending if left == 0 => Poll::Ready(Ended::Dropped),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// An operation is dropped after so many polls at most, from none on.
const MOST_POLLS: u32 = 16;
/// Each time that often, since threads may be quicker or slower.
const ROUNDS: u32 = 4;

/// Runs `case` with every number of polls, until all of a round end by themselves. Each run gets a name of its own.
pub(crate) fn at_every_await(mut case: impl FnMut(u32, &str) -> Ended) {
    for polls in 0..MOST_POLLS {
        let mut dropped = false;
        for round in 0..ROUNDS {
            dropped |= case(polls, &format!("{polls}/{round}")) == Ended::Dropped;
        }
        if !dropped {
            break;
        }
    }
}
