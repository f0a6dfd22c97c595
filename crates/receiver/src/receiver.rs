//! The pipeline: verify, accept once or begin and handle, reply.

use crate::builder::{Builder, Limits};
use crate::classify::Classification;
use crate::growth::{self, GrowingAmount, OrderLocks};
use crate::handlers::{Router, Typed, question_reply};
use crate::headers::{NotificationHeaders, for_log};
use crate::merchant::Merchant;
use crate::near::NearPaths;
use crate::outcome::{HoldReason, Outcome, Response};
use crate::quarantine::{self, QUARANTINE, is_quarantined};
use crate::rejection::Rejection;
use crate::rejections::RejectionLog;
use crate::verify::Verifier;
use bytes::Bytes;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use thiserror::Error as ThisError;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use wxhook_delivery::{AttemptOutcome, Processor, Waker as WorkerWaker};
use wxhook_idempotency::{
    AcceptResult, Action, BeginResult, ClaimId, Clock, Entry, Error as StoreError, Lookup, OnChanged, Seq,
    SharedStore, State, Store as _, StoreExt as _, StoredRecord,
};
use wxhook_wire::{Flag, Protocol, Reply, ReplyError};

/// The pipeline: bytes and headers in, reply out. Cheap to clone.
///
/// It is a `tower_service::Service` of `http` requests, for any server.
#[derive(Clone)]
pub struct Receiver {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) routes: HashMap<String, Arc<Merchant>>,
    pub(crate) near_paths: NearPaths,
    pub(crate) verifier: Verifier,
    pub(crate) store: SharedStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) router: Arc<Router>,
    /// `None` without handlers.
    pub(crate) processor: Option<Processor>,
    /// Handlers run before the reply; otherwise only those of questions do.
    pub(crate) all_before_reply: bool,
    pub(crate) wakers: HashMap<String, Vec<Waker>>,
    pub(crate) workers: RwLock<Vec<WorkerWaker>>,
    /// True once somebody has asked for a worker or the processor.
    pub(crate) has_worker: AtomicBool,
    pub(crate) claim_ids: ClaimIds,
    /// Locks of the orders whose amounts must grow.
    pub(crate) orders: OrderLocks,
    pub(crate) draining: AtomicBool,
    /// KiB of bodies that may still be read.
    pub(crate) memory: Arc<Semaphore>,
    pub(crate) rejections: RejectionLog,
}

pub(crate) type Waker = Box<dyn Fn() + Send + Sync>;

/// The result of reopening a quarantined request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReopenReport {
    /// The number of the record that it is now.
    pub seq: Seq,
    /// [`Outcome::New`], [`Outcome::Duplicate`] if a resend was accepted in the meantime, or [`Outcome::Changed`].
    pub outcome: Outcome,
    /// The reason for which a new record is parked, if it is.
    pub parked: Option<HoldReason>,
}

/// The reason why a quarantined request wasn't reopened; its record is unchanged. Contains nothing of the request.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum ReopenError {
    /// The record isn't a quarantined request.
    #[error("this record is not a quarantined request")]
    NotQuarantined,
    /// It was reopened or discarded before.
    #[error("a quarantined request that is {0} can't be reopened")]
    NotParked(State),
    /// The configuration no longer has its merchant.
    #[error("its merchant is not configured here")]
    NoMerchant,
    /// It isn't stored as it was received.
    #[error("the stored request is unreadable")]
    Unreadable,
    /// It is rejected again.
    #[error("still rejected: {0}")]
    Rejected(Rejection),
    /// Its key has the maximum number of conflicting records.
    #[error("its key has the maximum number of conflicting records")]
    Full,
    /// The store failed; reopening may be repeated, and accepts nothing twice.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Receiver {
    /// Creates a builder.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Answers a notification that arrived at `path`, for servers without an `http` service.
    ///
    /// The reply is there within [`Limits::reply_within`], whatever the store does. Dropping the future loses nothing: what
    /// was accepted stays accepted, and a running handler continues.
    pub async fn receive(&self, path: &str, headers: NotificationHeaders<'_>, body: Bytes) -> Response {
        match self.inner.routes.get(path) {
            Some(merchant) => self.receive_for(merchant, headers, body).await,
            None => {
                self.inner.rejections.unread(path, &Rejection::NotFound, None);
                Response::refuse(None, None, Outcome::Rejected(Rejection::NotFound))
            }
        }
    }

    /// Returns the check and the handlers, for a worker of one's own; `None` without handlers.
    ///
    /// There is no way to the handlers around the check. [`workers`](Self::workers) starts workers with it.
    pub fn processor(&self) -> Option<Processor> {
        self.inner.has_worker.store(true, Ordering::Relaxed);
        self.inner.processor.clone()
    }

    /// Returns the rate limit of log lines about rejected requests, for a server that rejects some itself.
    pub fn rejections(&self) -> &RejectionLog {
        &self.inner.rejections
    }

    /// Answers every request from now on with 503, so that the platform sends it again.
    pub fn drain(&self) {
        self.inner.draining.store(true, Ordering::Relaxed);
    }

    /// Verifies a quarantined request again, with the current keys, and accepts it.
    ///
    /// Nothing is trusted: the signature is verified again, its timestamp against the time at which the request was received.
    /// The notification is accepted like any other and may be a duplicate; the quarantined record is then Done, with a note
    /// by `action.actor` that names the new one. If handlers run before the reply, its handler runs now, in a task of its
    /// own.
    ///
    /// # Errors
    /// [`ReopenError`]; the record stays parked. Repeating is always safe, also concurrently.
    pub async fn reopen(&self, record: &StoredRecord, action: Action) -> Result<ReopenReport, ReopenError> {
        let inner = &*self.inner;
        if !is_quarantined(record) {
            return Err(ReopenError::NotQuarantined);
        }
        if record.state != State::Parked {
            return Err(ReopenError::NotParked(record.state));
        }
        let merchant = inner.routes.get(&format!("/notify/{}", record.labels.merchant));
        let merchant = merchant
            .filter(|merchant| *merchant.name == *record.labels.merchant)
            .ok_or(ReopenError::NoMerchant)?;
        let request = quarantine::request(record).ok_or(ReopenError::Unreadable)?;
        let opened = inner.verifier.open(merchant, request.received_at, request.headers(), &request.body);
        let (_, mut classification) = opened.map_err(|(_, rejection)| ReopenError::Rejected(rejection))?;
        self.flag_unanswered(&mut classification);
        let arrival = Arrival::new(merchant, &classification);
        let entry = classification.entry.clone();
        let accepted = self.accept(entry.clone(), classification.growing.as_ref(), arrival).await?;
        let seq = accepted.seq.ok_or(ReopenError::Full)?;
        let outcome = match accepted.outcome {
            outcome @ (Outcome::New | Outcome::Changed) => outcome,
            _ => Outcome::Duplicate,
        };
        // From here on it is safe. If this process ends before the next step, the next try finds a duplicate.
        let Action { actor, reason, .. } = action;
        let separator = if reason.is_empty() { "" } else { ": " };
        let note = Action::new(actor, format!("opened as {seq}{separator}{reason}"));
        inner.store.discard(record.seq, note).await?;
        tracing::info!(seq = %record.seq, opened_as = %seq, became = outcome.as_str(), "reopened");
        if outcome != Outcome::Duplicate {
            self.handle_without_reply(entry);
        }
        Ok(ReopenReport { seq, outcome, parked: accepted.parked })
    }

    pub(crate) async fn receive_for(
        &self,
        merchant: &Arc<Merchant>,
        headers: NotificationHeaders<'_>,
        body: Bytes,
    ) -> Response {
        let inner = &*self.inner;
        let name = Some(Arc::clone(&merchant.name));
        if inner.draining.load(Ordering::Relaxed) {
            return Response::refuse(name, None, Outcome::Draining);
        }
        let (now, deadline) = (inner.clock.now(), Instant::now() + inner.limits.reply_within);
        match inner.verifier.open(merchant, now, headers, &body) {
            Ok((protocol, classification)) => self.store(merchant, protocol, classification, deadline).await,
            Err((protocol, rejection)) => {
                inner.rejections.rejected(merchant, protocol, headers, &rejection);
                let mut response = Response::refuse(name, protocol, Outcome::Rejected(rejection));
                if let Some(protocol) = protocol.filter(|_| rejection.is_verified()) {
                    let entry = quarantine::entry(merchant, protocol, headers, &body, &rejection, now);
                    response.report.parked = self.quarantine(merchant, entry, deadline).await;
                }
                response
            }
        }
    }

    /// Accepts a notification, or begins and handles it, and replies.
    async fn store(
        &self,
        merchant: &Arc<Merchant>,
        protocol: Protocol,
        mut classification: Classification,
        deadline: Instant,
    ) -> Response {
        let inner = &*self.inner;
        let has_handler = self.flag_unanswered(&mut classification);
        let is_question = classification.is_question;
        let before_reply = inner.all_before_reply || (is_question && has_handler);
        let processor = inner.processor.as_ref().filter(|_| before_reply);
        let mut arrival = Arrival::new(merchant, &classification);
        let (growing, entry) = (classification.growing.as_ref(), classification.entry.clone());

        let mut result = StoreResult::new(Outcome::New, None);
        if processor.is_none() || growing.is_some() {
            result = self.within(deadline, self.accept(entry.clone(), growing, arrival)).await;
            // A parked record has been logged.
            arrival = Arrival { hold: None, parks_changed: false, ..arrival };
        }
        if let Some(processor) = processor
            && (growing.is_none() || result.seq.is_some())
        {
            let question = is_question.then_some(protocol);
            let begun = self.begin(processor, entry, arrival, question, deadline).await;
            result = StoreResult { parked: begun.parked.or(result.parked), ..begun };
        }
        if result.outcome == Outcome::Full {
            inner.rejections.full(&merchant.lane);
        }
        let StoreResult { outcome, seq, answer, parked } = result;
        // After the reply only questions have an answer that was meant for the platform.
        let answer = answer.filter(|_| processor.is_some() || is_question);
        let (outcome, reply) = reply(protocol, outcome, answer, is_question, processor.is_some());
        let mut response = Response::new(Some(Arc::clone(&merchant.name)), Some(protocol), outcome, reply);
        response.report.seq = seq;
        response.report.parked = parked;
        response
    }

    /// Flags a question that has no handler. Returns whether there is a handler for exactly this event.
    fn flag_unanswered(&self, classification: &mut Classification) -> bool {
        let handlers = &self.inner.router.handlers;
        let has_handler = Typed::find(handlers, classification.event(), classification.variant()).is_some();
        if classification.is_question && !has_handler {
            classification.entry.flags.push(Flag::Unanswered.as_str().to_owned());
        }
        has_handler
    }

    /// Accepts an entry, logs it if it is parked, and wakes the workers otherwise.
    async fn accept(
        &self,
        entry: Entry,
        growing: Option<&GrowingAmount>,
        arrival: Arrival<'_>,
    ) -> Result<StoreResult, StoreError> {
        let inner = &*self.inner;
        let lane = entry.lane.clone();
        let mut result = match growth::accept(&inner.store, &inner.orders, entry, growing).await? {
            AcceptResult::New { seq } => StoreResult::new(Outcome::New, Some(seq)),
            AcceptResult::Duplicate { seq, state: State::Parked, .. } => {
                StoreResult::new(Outcome::Parked, Some(seq))
            }
            AcceptResult::Duplicate { seq, outcome, .. } => {
                StoreResult { answer: outcome, ..StoreResult::new(Outcome::Duplicate, Some(seq)) }
            }
            AcceptResult::Changed { seq } => StoreResult::new(Outcome::Changed, Some(seq)),
            _ => StoreResult::new(Outcome::Full, None),
        };
        if let (Outcome::New | Outcome::Changed, Some(seq)) = (result.outcome, result.seq) {
            result.parked = arrival.parked(result.outcome, seq);
            if result.parked.is_none() {
                self.wake(&lane);
            }
        }
        Ok(result)
    }

    /// Claims a record and runs its handler in a task of its own: the deadline, or a sender that goes away, ends the wait
    /// only. `question` is the protocol of a question.
    async fn begin(
        &self,
        processor: &Processor,
        entry: Entry,
        arrival: Arrival<'_>,
        question: Option<Protocol>,
        deadline: Instant,
    ) -> StoreResult {
        let ids = [self.inner.claim_ids.next(), self.inner.claim_ids.next()];
        let task = tokio::spawn(process(self.inner.store.clone(), processor.clone(), ids, question, entry));
        let task =
            async { task.await.unwrap_or_else(|_| Ok(StoreResult::new(Outcome::HandlerFailed, None))) };
        let mut result = self.within(deadline, task).await;
        if let Some(seq) = result.seq {
            result.parked = match result.outcome {
                Outcome::Changed => arrival.parked(Outcome::Changed, seq),
                Outcome::Parked if arrival.hold.is_some() && self.is_new(seq, deadline).await => {
                    arrival.parked(Outcome::New, seq)
                }
                _ => None,
            };
        }
        result
    }

    /// Returns whether a record was never seen before the present request.
    async fn is_new(&self, seq: Seq, deadline: Instant) -> bool {
        let found = timeout_at(deadline, self.inner.store.get(Lookup::Seq(seq))).await;
        matches!(found, Ok(Ok(Some(record))) if record.seen_at == record.accepted_at)
    }

    /// Stores a request that is verified and can't be decrypted. If that fails, the platform's resend is another chance: the
    /// reply is an error anyway. Returns the reason if a new record is parked.
    async fn quarantine(
        &self,
        merchant: &Merchant,
        entry: Option<Entry>,
        deadline: Instant,
    ) -> Option<HoldReason> {
        let hold = Some(HoldReason::Quarantine);
        let arrival = Arrival { merchant: &merchant.name, event: QUARANTINE, hold, parks_changed: false };
        let result = self.within(deadline, self.accept(entry?, None, arrival)).await;
        if result.outcome == Outcome::Full {
            self.inner.rejections.quarantine_full(&merchant.name);
        }
        result.parked
    }

    /// Waits for the store until the deadline. Timing out drops the future: the store may still accept the entry, and then
    /// the resend is a duplicate.
    async fn within(
        &self,
        deadline: Instant,
        work: impl Future<Output = Result<StoreResult, StoreError>>,
    ) -> StoreResult {
        match timeout_at(deadline, work).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => {
                self.inner.rejections.store_failed(&error);
                StoreResult::new(Outcome::Unavailable, None)
            }
            Err(_) => {
                self.inner.rejections.late();
                StoreResult::new(Outcome::Deadline, None)
            }
        }
    }

    /// Handles a reopened record if handlers run before the reply: no worker would.
    fn handle_without_reply(&self, entry: Entry) {
        let (Some(processor), true) = (&self.inner.processor, self.inner.all_before_reply) else { return };
        let (store, processor, id) =
            (self.inner.store.clone(), processor.clone(), self.inner.claim_ids.next());
        tokio::spawn(async move {
            match store.begin(entry, id, processor.lease()).await {
                Ok(BeginResult::Acquired(lease)) => drop(processor.process(*lease).await),
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "a reopened record waits for the platform's resend"),
            }
        });
    }

    /// Returns the lanes of all merchants.
    pub(crate) fn lanes(&self) -> BTreeSet<String> {
        self.inner.routes.values().map(|merchant| merchant.lane.clone()).collect()
    }

    /// Adds a worker that is woken for the records of all lanes.
    pub(crate) fn add_worker(&self, waker: WorkerWaker) {
        self.inner.workers.write().unwrap_or_else(PoisonError::into_inner).push(waker);
    }

    /// Wakes those who wait for records of a lane.
    fn wake(&self, lane: &str) {
        let inner = &*self.inner;
        let needs_worker = inner.processor.is_some() && !inner.all_before_reply;
        if needs_worker && !inner.has_worker.swap(true, Ordering::Relaxed) {
            tracing::warn!("a record was accepted, but no worker handles it: call Receiver::workers");
        }
        for wake in inner.wakers.get(lane).into_iter().flatten() {
            wake();
        }
        for worker in inner.workers.read().unwrap_or_else(PoisonError::into_inner).iter() {
            worker.wake();
        }
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("paths", &self.inner.routes.len()).finish_non_exhaustive()
    }
}

/// The facts of an entry that are needed once the store has it.
#[derive(Clone, Copy)]
struct Arrival<'a> {
    merchant: &'a str,
    event: &'a str,
    /// The reason for which it starts parked, if it does.
    hold: Option<HoldReason>,
    /// Returns whether it is parked if its key is known with other content.
    parks_changed: bool,
}

impl<'a> Arrival<'a> {
    fn new(merchant: &'a Merchant, classification: &'a Classification) -> Self {
        let Classification { event, hold, entry, .. } = classification;
        let parks_changed = hold.is_some() || entry.on_changed == OnChanged::Park;
        Self { merchant: &merchant.name, event, hold: *hold, parks_changed }
    }

    /// Logs that a new or changed record is parked, if it is. Returns the reason.
    fn parked(&self, outcome: Outcome, seq: Seq) -> Option<HoldReason> {
        let reason = match outcome {
            Outcome::Changed => self.parks_changed.then_some(HoldReason::Changed),
            _ => self.hold,
        }?;
        let (merchant, event, name) = (self.merchant, for_log(self.event.as_bytes()), reason.as_str());
        tracing::warn!(%seq, merchant, event, reason = name, "parked: it waits for an operator");
        Some(reason)
    }
}

/// The result of storing a notification.
struct StoreResult {
    outcome: Outcome,
    seq: Option<Seq>,
    /// The outcome that its handler left.
    answer: Option<Bytes>,
    /// The reason if a new record is parked.
    parked: Option<HoldReason>,
}

impl StoreResult {
    const fn new(outcome: Outcome, seq: Option<Seq>) -> Self {
        Self { outcome, seq, answer: None, parked: None }
    }
}

/// Claims a record and runs its handler.
///
/// A question that is done without an answer (a sink took it, no handler was there) is asked again.
async fn process(
    store: SharedStore,
    processor: Processor,
    [id, other_id]: [ClaimId; 2],
    question: Option<Protocol>,
    entry: Entry,
) -> Result<StoreResult, StoreError> {
    let again = question.map(|protocol| (protocol, entry.clone()));
    let mut begun = store.begin(entry, id, processor.lease()).await?;
    if let (BeginResult::Done { seq, outcome }, Some((protocol, entry))) = (&begun, again)
        && question_reply(protocol, outcome.as_ref()).is_none()
    {
        store.requeue(*seq, Action::new("wxhook", "asked again, and not answered before")).await?;
        begun = store.begin(entry, other_id, processor.lease()).await?;
    }
    Ok(match begun {
        BeginResult::Acquired(lease) => {
            let seq = Some(lease.record.seq);
            match processor.process(*lease).await {
                AttemptOutcome::Done { outcome, .. } => {
                    StoreResult { answer: outcome, ..StoreResult::new(Outcome::Handled, seq) }
                }
                AttemptOutcome::Retried { .. } => StoreResult::new(Outcome::HandlerFailed, seq),
                AttemptOutcome::Parked => StoreResult::new(Outcome::Parked, seq),
                _ => StoreResult::new(Outcome::Unavailable, seq),
            }
        }
        BeginResult::Done { seq, outcome } => {
            StoreResult { answer: outcome, ..StoreResult::new(Outcome::Duplicate, Some(seq)) }
        }
        BeginResult::Parked { seq } => StoreResult::new(Outcome::Parked, Some(seq)),
        BeginResult::Changed { seq } => StoreResult::new(Outcome::Changed, Some(seq)),
        BeginResult::Full => StoreResult::new(Outcome::Full, None),
        _ => StoreResult::new(Outcome::Busy, None),
    })
}

/// Maps an outcome to the reply, and a question's outcome to `Unanswered` unless there is an answer: a success without data
/// could be read as "nothing to pay".
fn reply(
    protocol: Protocol,
    outcome: Outcome,
    answer: Option<Bytes>,
    is_question: bool,
    before_reply: bool,
) -> (Outcome, Reply) {
    let error = match outcome.reply_error() {
        None if is_question => match question_reply(protocol, answer.as_ref()) {
            Some(reply) => return (outcome, reply),
            None => ReplyError::Unanswered,
        },
        None => {
            let json = answer.filter(|_| protocol == Protocol::V3);
            let json = json.and_then(|json| String::from_utf8(json.into()).ok());
            return (outcome, json.map_or_else(|| Reply::success(protocol), Reply::json));
        }
        Some(ReplyError::Handler) if is_question => ReplyError::Unanswered,
        // Its handler is still running.
        Some(_) if is_question && before_reply && matches!(outcome, Outcome::Deadline | Outcome::Busy) => {
            return (outcome, Reply::error(protocol, ReplyError::Unanswered));
        }
        Some(error) => error,
    };
    let outcome = if error == ReplyError::Unanswered { Outcome::Unanswered } else { outcome };
    (outcome, Reply::error(protocol, error))
}

/// Names acts of claiming: a random half that is this process's own, and a counter.
#[derive(Debug)]
pub(crate) struct ClaimIds {
    process: u64,
    next: AtomicU64,
}

impl ClaimIds {
    pub(crate) fn new() -> Option<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).ok()?;
        Some(Self { process: u64::from_ne_bytes(random), next: AtomicU64::new(0) })
    }

    pub(crate) fn next(&self) -> ClaimId {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        ClaimId::new((u128::from(self.process) << 64) | u128::from(count))
    }
}
