use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// A queue of jobs from any task to a thread. When it is full, pushing waits.
pub(crate) struct Queue<J> {
    most: usize,
    state: Mutex<State<J>>,
    filled: Condvar,
}

struct State<J> {
    jobs: VecDeque<J>,
    waiting: Vec<Waker>,
    open: bool,
}

impl<J> Queue<J> {
    /// Creates an open queue that holds at most `most` jobs.
    pub(crate) fn new(most: usize) -> Self {
        let state = State { jobs: VecDeque::new(), waiting: Vec::new(), open: true };
        Self { most, state: Mutex::new(state), filled: Condvar::new() }
    }

    /// Adds a job as soon as there is room. If the queue is closed, the job is dropped.
    pub(crate) async fn push(&self, job: J) {
        let mut job = Some(job);
        poll_fn(|context| {
            let mut state = self.lock();
            if state.open && state.jobs.len() >= self.most {
                state.waiting.push(context.waker().clone());
                return Poll::Pending;
            }
            if state.open {
                state.jobs.extend(job.take());
                self.filled.notify_one();
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Waits for jobs and removes up to `most` of them. Returns none once the queue is closed and empty.
    pub(crate) fn take(&self, most: usize) -> Vec<J> {
        let state = self.lock();
        let waited = self.filled.wait_while(state, |state| state.jobs.is_empty() && state.open);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let count = state.jobs.len().min(most);
        let jobs = state.jobs.drain(..count).collect();
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        wake(waiting);
        jobs
    }

    /// Closes the queue to new jobs; those in it are still done.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.open = false;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.filled.notify_all();
        wake(waiting);
    }

    /// Closes the queue and drops its jobs. For a thread that ends for any reason.
    pub(crate) fn abandon(&self) {
        self.close();
        let jobs = std::mem::take(&mut self.lock().jobs);
        drop(jobs);
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(waiting: Vec<Waker>) {
    for waker in waiting {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::Context;

    #[test]
    fn pushing_waits_for_room() {
        let queue = Queue::new(1);
        futures_executor::block_on(queue.push(1));
        let mut second = pin!(queue.push(2));
        let mut context = Context::from_waker(Waker::noop());
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert_eq!(queue.take(10), [1]);
        assert!(second.as_mut().poll(&mut context).is_ready());
        assert_eq!(queue.take(10), [2]);
    }

    #[test]
    fn a_closed_queue_gives_what_it_has_and_takes_nothing() {
        let queue = Queue::new(4);
        futures_executor::block_on(queue.push(1));
        queue.close();
        futures_executor::block_on(queue.push(2));
        assert_eq!(queue.take(10), [1]);
        assert!(queue.take(10).is_empty());
    }

    #[test]
    fn closing_lets_those_go_who_wait() {
        let queue = Queue::new(1);
        futures_executor::block_on(queue.push(1));
        let mut second = pin!(queue.push(2));
        let mut context = Context::from_waker(Waker::noop());
        assert!(second.as_mut().poll(&mut context).is_pending());
        queue.abandon();
        assert!(second.as_mut().poll(&mut context).is_ready());
        assert!(queue.take(10).is_empty());
    }
}
