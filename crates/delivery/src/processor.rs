mod builder;
mod outcome;

pub use builder::{ProcessorBuildError, ProcessorBuilder};
pub use outcome::{AttemptOutcome, ParkReason, ParkedRecord};

use crate::backoff::Backoff;
use crate::check::{Check, SharedCheck, Verdict};
use crate::lease::{First, HeldLease, LeaseError, race};
use crate::sink::{Delivery, Receipt, SharedSink, Sink, SinkError};
use outcome::prefix;
use std::fmt;
use std::future::{Future, pending};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use wxhook_idempotency::{Failure, Lease, Settlement, SharedStore, StoredRecord};
use wxhook_wire::Flag;

/// Wait for an order that the check doesn't know yet.
const NOT_YET_WAIT: Duration = Duration::from_secs(30);
/// Maximum bytes of an error's text that are stored.
const MAX_WHY: usize = 256;
/// Minimum time between two log lines about failing attempts.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Processes one leased record: checks it, delivers it to the sink, renews the lease meanwhile, and stores the result. Cheap
/// to clone.
///
/// - The check comes first: `Match` continues; `Mismatch` parks, flag `mismatch`; `NotYet` is retried every 30 seconds for
///   [`not_yet_for`](ProcessorBuilder::not_yet_for), then parks.
/// - Check and sink have [`timeout`](ProcessorBuilder::timeout) each.
/// - A failed attempt (an error, a panic, a timeout) is retried after the longer of the backoff and the sink's minimum wait,
///   until [`give_up_after`](ProcessorBuilder::give_up_after) or until the record's attempts are used up; then the record
///   parks.
/// - The lease is renewed every third of its length. When it is lost, or couldn't be renewed until it expired, the delivery
///   is dropped: one holder at a time, as far as this process can tell.
///
/// A crash or a dropped future loses nothing: until the store has recorded that the record is Done, Ready or Parked it is
/// leased, and after the lease it is delivered again.
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
    failures: FailureLog,
}

/// The result of check and sink.
enum AttemptResult {
    Arrived(Receipt),
    Failed { why: String, after: Duration },
    NotYet,
    Rejected(ParkReason, String),
}

/// The change to a record after an attempt.
enum Conclusion {
    Complete(Receipt),
    Retry { why: String, after: Duration },
    Park(ParkReason, String),
}

impl Processor {
    /// Returns a builder of a processor that delivers records of `store` to `sink`.
    pub fn builder(store: SharedStore, sink: SharedSink) -> ProcessorBuilder {
        ProcessorBuilder::new(store, sink)
    }

    /// Returns the length of the leases that [`process`](Self::process) expects.
    pub fn lease(&self) -> Duration {
        self.inner.lease
    }

    /// Returns the store that leases come from.
    pub fn store(&self) -> &SharedStore {
        &self.inner.store
    }

    /// Returns the sink that records go to.
    pub fn sink(&self) -> &SharedSink {
        &self.inner.sink
    }

    /// Processes one leased record.
    ///
    /// Needs a tokio runtime with time. Dropping the future drops the delivery, too; the lease then expires and the record is
    /// delivered again. A caller that only wants to stop waiting spawns it.
    pub async fn process(&self, lease: Lease) -> AttemptOutcome {
        self.process_until(lease, Instant::now(), pending()).await
    }

    /// Processes a lease that was requested at `requested`; once `stop` is ready the delivery is dropped and its record
    /// released.
    pub(crate) async fn process_until(
        &self,
        lease: Lease,
        requested: Instant,
        stop: impl Future<Output = ()>,
    ) -> AttemptOutcome {
        let (seq, attempt, began) = (lease.record.seq, lease.record.attempts, Instant::now());
        let outcome = self.run(&lease, requested, stop).await.unwrap_or_else(|error| match error {
            LeaseError::Lost => AttemptOutcome::Lost,
            LeaseError::Unavailable => AttemptOutcome::StoreUnavailable,
        });
        let (sink, name) = (self.inner.sink.name(), outcome.as_str());
        tracing::debug!(%seq, attempt, sink, outcome = name, took = ?began.elapsed(), "attempt");
        if let Some(observe) = &self.inner.observe {
            observe(&outcome);
        }
        outcome
    }

    async fn run(
        &self,
        lease: &Lease,
        requested: Instant,
        stop: impl Future<Output = ()>,
    ) -> Result<AttemptOutcome, LeaseError> {
        let inner = &*self.inner;
        let mut held = HeldLease::new(&inner.store, lease, requested, inner.lease);
        let Ok(delivery) = Delivery::from_lease(lease) else {
            return self.park(&held, lease, ParkReason::Unreadable, "unreadable record".to_owned()).await;
        };
        // A task of its own, so that a panic ends only this attempt. Dropping the set aborts it.
        let mut task = JoinSet::new();
        task.spawn(deliver(delivery, inner.sink.clone(), inner.check.clone(), inner.timeout));
        let first = race(task.join_next(), race(held.renew(), stop)).await;
        // The lease isn't renewed from here on; the rest of it is the time for settling.
        let joined = match first {
            First::Left(joined) => joined,
            First::Right(reason) => {
                // Waits until the delivery is really gone: nobody else may begin while it runs here.
                task.abort_all();
                let joined = task.join_next().await;
                match reason {
                    First::Left(error) => return Err(error),
                    // It may have ended before it could be stopped.
                    First::Right(()) if matches!(joined, Some(Ok(_))) => joined,
                    First::Right(()) => {
                        held.settle(Settlement::Release).await?;
                        return Ok(AttemptOutcome::Released);
                    }
                }
            }
        };
        let result = match joined {
            Some(Ok(result)) => result,
            _ => failed("panicked"),
        };
        let age = lease.age.saturating_add(requested.elapsed());
        match self.conclude(result, age, lease) {
            Conclusion::Complete(Receipt { outcome }) => {
                if let Some(failures) = inner.failures.success() {
                    tracing::info!(sink = inner.sink.name(), failures, "records are delivered again");
                }
                held.settle(Settlement::Complete(outcome.clone())).await?;
                Ok(AttemptOutcome::Done { outcome })
            }
            Conclusion::Retry { why, after } => {
                let (seq, attempt, sink) = (lease.record.seq, lease.record.attempts, inner.sink.name());
                tracing::debug!(%seq, attempt, sink, why, ?after, "an attempt failed");
                if let Some(failures) = inner.failures.failure(Instant::now()) {
                    tracing::warn!(sink, failures, why, "records can't be delivered and are retried");
                }
                let failure = self.flagged(Failure::retry(why, after), lease);
                held.settle(Settlement::Fail(failure)).await?;
                Ok(AttemptOutcome::Retried { after })
            }
            Conclusion::Park(reason, why) => self.park(&held, lease, reason, why).await,
        }
    }

    fn flagged(&self, failure: Failure, lease: &Lease) -> Failure {
        match self.inner.flag_failed.as_ref().and_then(|flag| flag(&lease.record)) {
            Some(flag) => failure.flag(flag),
            None => failure,
        }
    }

    async fn park(
        &self,
        held: &HeldLease,
        lease: &Lease,
        reason: ParkReason,
        why: String,
    ) -> Result<AttemptOutcome, LeaseError> {
        let parked = ParkedRecord::new(lease, reason);
        let ParkedRecord { seq, merchant, event, .. } = parked;
        let sink = self.inner.sink.name();
        tracing::warn!(%seq, merchant, event, %reason, sink, why, "parked: it waits for an operator");
        let mut failure = Failure::park(why);
        if reason == ParkReason::Mismatch {
            failure = failure.flag(Flag::Mismatch.as_str());
        }
        if reason != ParkReason::Unreadable {
            failure = self.flagged(failure, lease);
        }
        held.settle(Settlement::Fail(failure)).await?;
        if let Some(observe) = &self.inner.observe_parked {
            observe(&parked);
        }
        Ok(AttemptOutcome::Parked)
    }

    /// Decides what an attempt's result means for a record of this age.
    fn conclude(&self, result: AttemptResult, age: Duration, lease: &Lease) -> Conclusion {
        let inner = &*self.inner;
        let attempts = lease.record.attempts;
        let park = |reason, why: String| Conclusion::Park(reason, prefix(&why, MAX_WHY).to_owned());
        let (why, after) = match result {
            AttemptResult::Arrived(receipt) => return Conclusion::Complete(receipt),
            AttemptResult::Rejected(reason, why) => return park(reason, why),
            AttemptResult::NotYet => {
                let left = inner.not_yet_for.saturating_sub(age);
                if left.is_zero() {
                    return park(ParkReason::NoOrder, "the merchant has no such order".to_owned());
                }
                ("the merchant has no such order yet".to_owned(), NOT_YET_WAIT.min(left))
            }
            AttemptResult::Failed { why, after } => {
                let left = inner.give_up_after.saturating_sub(age);
                if left.is_zero() {
                    return park(ParkReason::GaveUp, format!("given up: {why}"));
                }
                // One last attempt when the time is up, whatever the sink's minimum wait.
                (why, inner.backoff.wait(attempts).max(after).min(left))
            }
        };
        // The store would do the same; decided here so that the caller knows it.
        if attempts >= lease.record.max_attempts {
            return park(ParkReason::Attempts, format!("attempts used up: {why}"));
        }
        Conclusion::Retry { why: prefix(&why, MAX_WHY).to_owned(), after }
    }
}

/// Runs the check, then the sink, each for at most `limit`.
async fn deliver(
    delivery: Delivery,
    sink: SharedSink,
    check: Option<SharedCheck>,
    limit: Duration,
) -> AttemptResult {
    if let Some(check) = check {
        match timeout(limit, check.check(&delivery)).await {
            Ok(Ok(Verdict::Match)) => {}
            Ok(Ok(Verdict::Mismatch)) => {
                return AttemptResult::Rejected(
                    ParkReason::Mismatch,
                    "the merchant's order differs".to_owned(),
                );
            }
            Ok(Ok(Verdict::NotYet)) => return AttemptResult::NotYet,
            Ok(Err(error)) => return failed(format!("the check failed: {error}")),
            Err(_) => return failed(format!("the check took longer than {limit:?}")),
        }
    }
    match timeout(limit, sink.deliver(&delivery)).await {
        Ok(Ok(receipt)) => AttemptResult::Arrived(receipt),
        Ok(Err(SinkError::Retry { why, after })) => {
            AttemptResult::Failed { why, after: after.unwrap_or_default() }
        }
        Ok(Err(SinkError::Park { why })) => AttemptResult::Rejected(ParkReason::Refused, why),
        Err(_) => failed(format!("took longer than {limit:?}")),
    }
}

fn failed(why: impl Into<String>) -> AttemptResult {
    AttemptResult::Failed { why: why.into(), after: Duration::ZERO }
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

/// The failing attempts, logged so that a sink that is down doesn't fill the log: its first failure, then at most a line a
/// minute, and the recovery.
#[derive(Debug, Default)]
struct FailureLog(Mutex<FailureLogState>);

#[derive(Debug, Default)]
struct FailureLogState {
    logged_at: Option<Instant>,
    /// A failure was logged, and no recovery since.
    is_open: bool,
    /// Failures since one was logged.
    unlogged: u64,
    /// Failures since the last recovery was logged.
    failures: u64,
}

impl FailureLog {
    /// Notes a failure. Returns the number of failures to log now.
    fn failure(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.unlogged = state.unlogged.saturating_add(1);
        state.failures = state.failures.saturating_add(1);
        if state.logged_at.is_some_and(|at| now.saturating_duration_since(at) < LOG_INTERVAL) {
            return None;
        }
        state.logged_at = Some(now);
        state.is_open = true;
        Some(std::mem::take(&mut state.unlogged))
    }

    /// Notes a success. Returns the number of failures before it if the recovery is to be logged.
    fn success(&self) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.is_open).then(|| std::mem::take(&mut state.failures))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_its_beginning_a_line_a_minute_and_its_end() {
        let (log, start) = (FailureLog::default(), Instant::now());
        assert_eq!(log.success(), None, "nothing was wrong");
        let tenths = |n: u64| start + Duration::from_millis(100 * n);
        // Ten failures a second, for two minutes and a half.
        let logged: Vec<_> =
            (0..1_500).filter_map(|n| log.failure(tenths(n)).map(|failures| (n, failures))).collect();
        assert_eq!(logged, [(0, 1), (600, 600), (1_200, 600)]);
        assert_eq!(log.success(), Some(1_500));
        assert_eq!(log.success(), None, "logged once");
    }

    #[test]
    fn a_sink_that_fails_every_other_time_logs_two_lines_a_minute() {
        let (log, start) = (FailureLog::default(), Instant::now());
        let (mut failed, mut recovered) = (Vec::new(), Vec::new());
        for second in 0..90 {
            failed.extend(log.failure(start + Duration::from_secs(second)));
            recovered.extend(log.success());
        }
        assert_eq!((failed, recovered), (vec![1, 60], vec![1, 60]));
    }
}
