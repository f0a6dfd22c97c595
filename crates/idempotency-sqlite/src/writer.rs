use crate::file::Location;
use crate::job::Job;
use crate::ledger::Ledger;
use crate::overwritten::Overwritten;
use crate::queue::Queue;
use crate::shared::Shared;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use wxhook_idempotency::Error;

/// Maximum number of operations in one transaction.
const MAX_TOGETHER: usize = 256;

/// After about so many pages (4 KiB each) the log is to be copied into the database: few enough that flushing them
/// there keeps no commit waiting for long, many enough that a page that changes all the time is copied once for many
/// changes.
const CHECKPOINT_AFTER: u64 = 1_000;

/// Pages of a transaction besides one for each row that it changes: an accepted notification is about seven rows, and
/// 18 pages if it is alone.
const PAGES_APART: u64 = 11;

/// An operation that writes.
pub(crate) type Write = Box<dyn Job<Ledger>>;

/// The thread that writes: every operation that waits goes into one transaction, so that they share its flush.
pub(crate) struct Writer {
    location: Location,
    shared: Arc<Shared>,
    queue: Arc<Queue<Write>>,
    ledger: Option<Ledger>,
    checkpoint: SyncSender<()>,
    end_log: Arc<AtomicBool>,
    /// Rows that were changed so far, and pages that went into the log since it was to be copied.
    changes: u64,
    logged: u64,
    overwritten: Overwritten,
}

/// The point at which a transaction failed.
enum Failed {
    /// Before any operation, or after all of them; then nobody knows whether it happened.
    Whole(Error),
    /// In an operation.
    One(Error),
}

impl Writer {
    /// Takes operations from `queue` once it runs, and says through `checkpoint` when there is much in the log; when
    /// `end_log` is set, it copies what is left of it.
    pub(crate) fn new(
        location: Location,
        shared: Arc<Shared>,
        queue: Arc<Queue<Write>>,
        ledger: Ledger,
        checkpoint: SyncSender<()>,
        end_log: Arc<AtomicBool>,
    ) -> Self {
        let overwritten = Overwritten::default();
        let ledger = Some(ledger);
        Self { location, shared, queue, ledger, checkpoint, end_log, changes: 0, logged: 0, overwritten }
    }

    /// Runs until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        let queue = Arc::clone(&self.queue);
        let _ending = Abandon(&queue);
        loop {
            let mut jobs = queue.take(MAX_TOGETHER);
            if jobs.is_empty() {
                return;
            }
            match self.together(&mut jobs) {
                Ok(()) => jobs.into_iter().for_each(|job| job.answer()),
                Err(Failed::Whole(error)) => jobs.into_iter().for_each(|job| job.fail(&error)),
                Err(Failed::One(_)) => jobs.into_iter().for_each(|job| self.alone(job)),
            }
            self.hand_on();
        }
    }

    /// Has the log copied, if there is much in it.
    fn hand_on(&mut self) {
        if self.end_log.swap(false, Ordering::Relaxed)
            && let Some(ledger) = &self.ledger
            && let Err(error) = ledger.end_log()
        {
            tracing::debug!(%error, "the write-ahead log goes on");
        }
        let changes = self.ledger.as_ref().map_or(0, Ledger::changes);
        // A new connection counts from nothing.
        let rows = changes.checked_sub(self.changes).unwrap_or(changes);
        self.changes = changes;
        if rows > 0 {
            self.logged = self.logged.saturating_add(rows).saturating_add(PAGES_APART);
        }
        if self.logged >= CHECKPOINT_AFTER {
            self.logged = 0;
            let _busy = self.checkpoint.try_send(());
        }
    }

    /// One operation in a transaction of its own, so that its failing harms no other.
    fn alone(&mut self, job: Write) {
        let mut jobs = [job];
        let outcome = self.together(&mut jobs);
        let [job] = jobs;
        match outcome {
            Ok(()) => job.answer(),
            Err(Failed::Whole(error) | Failed::One(error)) => job.fail(&error),
        }
    }

    fn together(&mut self, jobs: &mut [Write]) -> Result<(), Failed> {
        let outcome = self.transaction(jobs);
        if let Err(failed) = &outcome {
            let undone = self.ledger.as_mut().is_some_and(|ledger| ledger.rollback().is_ok());
            let one_bad_record = matches!(failed, Failed::One(Error::Corrupt(_)));
            // Whatever else went wrong may have been the connection's fault; the next transaction gets a new one.
            if !undone || !one_bad_record {
                self.ledger = None;
            }
        }
        outcome
    }

    fn transaction(&mut self, jobs: &mut [Write]) -> Result<(), Failed> {
        let ledger = match &mut self.ledger {
            Some(ledger) => ledger,
            none => {
                let opened = self.location.open().map_err(Failed::Whole)?;
                none.insert(Ledger::new(opened, Arc::clone(&self.shared)))
            }
        };
        let overwritten = &mut self.overwritten;
        let mut check = |ledger: &Ledger| {
            let opened = ledger.opened();
            opened.watch.check()?;
            overwritten.check(&opened.watch, &opened.connection, self.shared.head())
        };
        check(ledger).map_err(Failed::Whole)?;
        ledger.begin().map_err(Failed::Whole)?;
        for job in jobs {
            job.run(ledger).map_err(Failed::One)?;
        }
        ledger.commit().map_err(Failed::Whole)?;
        // What went into files that are nobody's any more isn't kept.
        check(ledger).map_err(Failed::Whole)
    }
}

/// Lets everybody go who waits for a thread that ends, even by a panic.
pub(crate) struct Abandon<'a, J>(pub(crate) &'a Queue<J>);

impl<J> Drop for Abandon<'_, J> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
