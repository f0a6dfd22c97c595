//! The writer's thread.

use super::log::Log;
use std::io::ErrorKind;
use tokio::sync::{mpsc, oneshot};

/// Lines that are put on the disk together at most.
const MOST: usize = 256;

/// A line to be written, and who waits for it.
pub(super) struct Job {
    pub(super) line: String,
    pub(super) reply: oneshot::Sender<Result<(), ErrorKind>>,
}

/// Writes until nobody is left who could ask for it.
pub(super) fn run(mut queue: mpsc::Receiver<Job>, mut log: Log) {
    while let Some(first) = queue.blocking_recv() {
        let mut jobs = vec![first];
        while jobs.len() < MOST
            && let Ok(next) = queue.try_recv()
        {
            jobs.push(next);
        }
        // Whose time-out is over comes again.
        jobs.retain(|job| !job.reply.is_closed());
        if jobs.is_empty() {
            continue;
        }
        let (kept, failure) = log.append(jobs.iter().map(|job| job.line.as_str()));
        for (nth, job) in jobs.into_iter().enumerate() {
            let result = match failure {
                Some(kind) if nth >= kept => Err(kind),
                _ => Ok(()),
            };
            // Nobody listens any more where the delivery was dropped; the record comes again.
            let _ = job.reply.send(result);
        }
    }
}
