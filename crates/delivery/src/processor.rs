mod attempt;
mod builder;
mod hold;
mod parking;
mod processed;
mod trouble;

pub(crate) use builder::LEASES;
pub use builder::{ProcessorBuildError, ProcessorBuilder};
pub(crate) use hold::{Gone, Hold, Settled};
pub use parking::{ParkReason, ParkedRecord};
pub use processed::AttemptOutcome;

use crate::backoff::Backoff;
use crate::check::SharedCheck;
use crate::delivery::Delivery;
use crate::race::{First, race};
use crate::sink::{SharedSink, Sink};
use attempt::{Ended, attempt};
use parking::Park;
use std::fmt;
use std::future::{Future, pending};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use trouble::Trouble;
use wxhook_idempotency::{Failure, Lease, SharedStore, StoredRecord};
use wxhook_wire::Flag;

/// How long a record waits whose order the check didn't know yet.
const NOT_YET_AGAIN: Duration = Duration::from_secs(30);
/// Most bytes of an error's text that are stored.
const MOST_WHY: usize = 256;

/// Does what is to be done with one leased record: check it, hand it to the sink, keep the lease meanwhile, and tell the
/// store how it went. Cheap to clone.
///
/// - The check comes first: `Match` goes on; `Mismatch` parks, flag `mismatch`; `NotYet` is retried every 30 seconds for
///   [`not_yet_for`](ProcessorBuilder::not_yet_for), then parks.
/// - Check and sink have [`timeout`](ProcessorBuilder::timeout) each.
/// - What fails (an error, a panic, a time-out, an error of the check) is retried after the longer of the backoff and what
///   the sink asks for, until [`give_up_after`](ProcessorBuilder::give_up_after) or until the record's attempts are used
///   up; then it parks.
/// - The lease is renewed every third of its length. When somebody else has the record, or when the lease couldn't be
///   renewed until it was over, the delivery is dropped: one holder at a time, as far as this process can tell.
///
/// Nothing here is lost by a crash or by dropping a future: until the store has said that the record is Done, Ready or
/// Parked it is leased, and when the lease is over it is delivered again.
#[derive(Clone)]
pub struct Processor {
    inner: Arc<Inner>,
}

type FlagFailed = Box<dyn Fn(&StoredRecord) -> Option<&'static str> + Send + Sync>;
type Observer = Box<dyn Fn(&AttemptOutcome) + Send + Sync>;
type ParkedObserver = Box<dyn Fn(&ParkedRecord<'_>) + Send + Sync>;

struct Inner {
    store: SharedStore,
    sink: SharedSink,
    check: Option<SharedCheck>,
    timeout: Duration,
    lease: Duration,
    backoff: Backoff,
    give_up_after: Duration,
    not_yet_for: Duration,
    flag_failed: Option<FlagFailed>,
    observe: Option<Observer>,
    observe_parked: Option<ParkedObserver>,
    trouble: Trouble,
}

impl Processor {
    /// Takes records of `store` to `sink`.
    pub fn builder(store: SharedStore, sink: SharedSink) -> ProcessorBuilder {
        ProcessorBuilder::new(store, sink)
    }

    /// How long a lease to be given to [`process`](Self::process) should last.
    pub fn lease(&self) -> Duration {
        self.inner.lease
    }

    /// The store that leases come from.
    pub fn store(&self) -> &SharedStore {
        &self.inner.store
    }

    /// Where records go.
    pub fn sink(&self) -> &SharedSink {
        &self.inner.sink
    }

    /// Does what is to be done with one leased record.
    ///
    /// Must run within a tokio runtime with time. Dropping the future drops the delivery, too; the lease then runs out
    /// and the record is delivered again. A caller that only wants to stop waiting spawns it.
    pub async fn process(&self, lease: Lease) -> AttemptOutcome {
        self.process_until(lease, Instant::now(), pending()).await
    }

    /// The same with a lease that was asked for at `asked`; once `stop` is ready the delivery is dropped and its record
    /// released.
    pub(crate) async fn process_until(
        &self,
        lease: Lease,
        asked: Instant,
        stop: impl Future<Output = ()>,
    ) -> AttemptOutcome {
        let (seq, attempt, began) = (lease.record.seq, lease.record.attempts, Instant::now());
        let processed = self.run(lease, asked, stop).await;
        tracing::debug!(
            %seq, attempt, sink = self.inner.sink.name(), outcome = processed.as_str(), took = ?began.elapsed(), "attempt"
        );
        if let Some(observe) = &self.inner.observe {
            observe(&processed);
        }
        processed
    }

    async fn run(&self, lease: Lease, asked: Instant, stop: impl Future<Output = ()>) -> AttemptOutcome {
        let inner = &*self.inner;
        let mut hold = Hold::new(&inner.store, &lease, asked, inner.lease);
        let Ok(delivery) = Delivery::from_lease(&lease) else {
            let park = Park::new(ParkReason::Unreadable, "unreadable record");
            return self.park(&hold, &lease, park).await;
        };
        // A task of its own, so that a panic ends only this attempt. Dropping the set, wherever this future is dropped,
        // aborts it.
        let mut task = JoinSet::new();
        task.spawn(attempt(delivery, inner.sink.clone(), inner.check.clone(), inner.timeout));
        let first = race(task.join_next(), race(hold.keep(), stop)).await;
        // The lease isn't renewed any more from here on; what is left of it is the time for settling.
        let joined = match first {
            First::Left(joined) => joined,
            First::Right(why) => {
                // Waits until the delivery is really gone: nobody else shall begin while it still runs here.
                task.abort_all();
                let joined = task.join_next().await;
                match why {
                    First::Left(Gone::Lost) => return AttemptOutcome::Lost,
                    First::Left(Gone::Over) => return AttemptOutcome::StoreUnavailable,
                    // It may have ended before it could be stopped.
                    First::Right(()) if matches!(joined, Some(Ok(_))) => joined,
                    First::Right(()) => return hold.release().await.then(AttemptOutcome::Released),
                }
            }
        };
        let ended = match joined {
            Some(Ok(ended)) => ended,
            _ => Ended::Failed { why: "panicked".to_owned(), after: None },
        };
        let age = lease.age.saturating_add(asked.elapsed());
        match self.conclude(ended, age, &lease) {
            Conclusion::Complete(delivered) => {
                if let Some(failures) = inner.trouble.delivered() {
                    tracing::info!(sink = inner.sink.name(), failures, "records are handed on again");
                }
                let outcome = delivered.outcome;
                hold.complete(outcome.as_ref()).await.then(AttemptOutcome::Done { outcome })
            }
            Conclusion::Retry { why, after } => {
                let (seq, attempt, sink) = (lease.record.seq, lease.record.attempts, inner.sink.name());
                tracing::debug!(%seq, attempt, sink, why, ?after, "an attempt failed");
                if let Some(failures) = inner.trouble.failed(Instant::now()) {
                    tracing::warn!(sink, failures, why, "records can't be handed on; they are tried again");
                }
                hold.fail(&self.flagged(Failure::retry(why, after), &lease))
                    .await
                    .then(AttemptOutcome::Retried { after })
            }
            Conclusion::Park(park) => {
                let failure = self.flagged(park.failure, &lease);
                self.park(&hold, &lease, Park { failure, ..park }).await
            }
        }
    }

    fn flagged(&self, failure: Failure, lease: &Lease) -> Failure {
        match self.inner.flag_failed.as_ref().and_then(|flag| flag(&lease.record)) {
            Some(flag) => failure.flag(flag),
            None => failure,
        }
    }

    async fn park(&self, hold: &Hold, lease: &Lease, Park { reason, failure }: Park) -> AttemptOutcome {
        let parked = ParkedRecord::new(lease, reason);
        let ParkedRecord { seq, merchant, event, .. } = parked;
        let (sink, why) = (self.inner.sink.name(), &failure.error);
        tracing::warn!(%seq, merchant, event, %reason, sink, why, "parked: it waits for an operator");
        let settled = hold.fail(&failure).await;
        if let (Settled::Done, Some(observe)) = (&settled, &self.inner.observe_parked) {
            observe(&parked);
        }
        settled.then(AttemptOutcome::Parked)
    }

    /// What an attempt's end means for a record of this age.
    fn conclude(&self, ended: Ended, age: Duration, lease: &Lease) -> Conclusion {
        let inner = &*self.inner;
        let attempts = lease.record.attempts;
        let (why, after) = match ended {
            Ended::Delivered(delivered) => return Conclusion::Complete(delivered),
            Ended::Refused { why } => {
                return Conclusion::Park(Park::new(ParkReason::Refused, bounded(why)));
            }
            Ended::Mismatch => {
                let park = Park::new(ParkReason::Mismatch, "the merchant's own order says otherwise");
                let failure = park.failure.flag(Flag::Mismatch.as_str());
                return Conclusion::Park(Park { failure, ..park });
            }
            Ended::NotYet => {
                let left = inner.not_yet_for.saturating_sub(age);
                if left.is_zero() {
                    let park = Park::new(ParkReason::NoOrder, "the merchant's own order didn't come");
                    return Conclusion::Park(park);
                }
                ("the merchant's own order isn't there yet".to_owned(), NOT_YET_AGAIN.min(left))
            }
            Ended::Failed { why, after } => {
                let wait = inner.backoff.wait(attempts).max(after.unwrap_or_default());
                let left = inner.give_up_after.saturating_sub(age);
                if left.is_zero() {
                    let why = bounded(format!("given up: {why}"));
                    return Conclusion::Park(Park::new(ParkReason::GaveUp, why));
                }
                // One last attempt when the time is up, however long the sink asks to be left alone.
                (why, wait.min(left))
            }
        };
        // The store would do the same; said here so that the caller hears it.
        if attempts >= lease.record.max_attempts {
            let why = bounded(format!("attempts used up: {why}"));
            return Conclusion::Park(Park::new(ParkReason::Attempts, why));
        }
        Conclusion::Retry { why: bounded(why), after }
    }
}

enum Conclusion {
    Complete(crate::Receipt),
    Retry { why: String, after: Duration },
    Park(Park),
}

impl Settled {
    /// `done` if the store did it, else why not.
    fn then(self, done: AttemptOutcome) -> AttemptOutcome {
        match self {
            Self::Done => done,
            Self::Lost => AttemptOutcome::Lost,
            Self::Unavailable => AttemptOutcome::StoreUnavailable,
        }
    }
}

fn bounded(mut why: String) -> String {
    why.truncate(why.floor_char_boundary(MOST_WHY));
    why
}

impl fmt::Debug for Processor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Processor")
            .field("store", &self.inner.store)
            .field("sink", &self.inner.sink)
            .field("check", &self.inner.check)
            .field("timeout", &self.inner.timeout)
            .field("lease", &self.inner.lease)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::bounded;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(bounded("short".to_owned()), "short");
        assert_eq!(bounded("x".repeat(300)).len(), 256);
        // 3 bytes each: 85 of them fit
        assert_eq!(bounded("单".repeat(100)), "单".repeat(85));
    }
}
