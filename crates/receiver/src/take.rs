//! From an opened notification to an answer: accept once, or begin and handle.

use crate::head::{Head, for_log};
use crate::merchant::Merchant;
use crate::open::{self, Classified, Context};
use crate::outcome::{Answered, Outcome};
use crate::parking::Parking;
use crate::quarantine;
use crate::receiver::Receiver;
use crate::refusal::Refusal;
use crate::rejections::{RejectionLog, log_rejection};
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::time::{Instant, timeout_at};
use wxhook_delivery::{Processed, Processor};
use wxhook_idempotency::{Accepted, Begun, Entry, Error as StoreError, Lookup, Seq, State, Store as _};
use wxhook_wire::{Flag, Protocol, Refused, Reply};

impl Receiver {
    /// The merchant that is notified at a path: a look-up, no guessing.
    pub(crate) fn route(&self, path: &str) -> Option<&Arc<Merchant>> {
        self.inner.routes.get(path)
    }

    /// Answers a notification that arrived at `path`. The way for those who have no `http` service.
    ///
    /// The answer is there within [`crate::Limits::reply_within`], whatever the store does. Dropping the future loses
    /// nothing: what was accepted stays accepted, a handler that runs goes on.
    pub async fn take(&self, path: &str, head: Head<'_>, body: Bytes) -> Answered {
        match self.route(path) {
            Some(merchant) => self.take_for(&Arc::clone(merchant), head, body).await,
            None => {
                self.log_unread(path, &Refusal::NotFound, None);
                Answered::refusal(None, None, &Refusal::NotFound)
            }
        }
    }

    pub(crate) async fn take_for(&self, merchant: &Arc<Merchant>, head: Head<'_>, body: Bytes) -> Answered {
        let name = Some(Arc::clone(&merchant.name));
        if self.inner.draining.load(Ordering::Relaxed) {
            return Answered::busy(name, None, "draining");
        }
        let reject = |protocol, refusal| {
            log_refusal(&self.inner.rejections, merchant, protocol, head, &refusal);
            Answered::refusal(name.clone(), protocol, &refusal)
        };
        if body.len() > self.inner.limits.body {
            return reject(None, Refusal::TooLarge);
        }
        let deadline = Instant::now() + self.inner.limits.reply_within;
        let Some(protocol) = open::protocol(&body) else {
            return reject(None, Refusal::Empty);
        };
        let context = Context {
            merchant,
            catalog: &*self.inner.catalog,
            field_names: &self.inner.field_names,
            now: self.inner.clock.now(),
        };
        match context.open(protocol, head, &body) {
            Ok(classified) => self.keep(merchant, protocol, classified, deadline).await,
            Err(refusal) => {
                let mut answered = reject(Some(protocol), refusal);
                if refusal.is_verified() {
                    answered.outcome.parked =
                        self.quarantine(&context, protocol, head, &body, &refusal, deadline).await;
                }
                answered
            }
        }
    }

    async fn keep(
        &self,
        merchant: &Arc<Merchant>,
        protocol: Protocol,
        classified: Classified<'_>,
        deadline: Instant,
    ) -> Answered {
        let (entry, before_reply) = self.prepare(classified);
        let Kept { reply, outcome, seq, parked } = match (&self.inner.processor, before_reply) {
            (Some(processor), true) => self.begin(processor, protocol, entry, deadline).await,
            _ => self.accept(protocol, entry, deadline).await,
        };
        let outcome = Outcome::new(Some(Arc::clone(&merchant.name)), Some(protocol), outcome);
        Answered { reply, outcome: Outcome { seq, parked, ..outcome } }
    }

    /// The entry, flagged if it is a question that nobody answers; and whether it is handled before the reply.
    pub(crate) fn prepare(&self, classified: Classified<'_>) -> (Entry, bool) {
        let Classified { mut entry, event, meta } = classified;
        let is_question = meta.is_some_and(|meta| meta.question);
        let handled = self.inner.router.find(&event, meta.and_then(|meta| meta.variant)).is_some();
        if is_question && !handled {
            entry.flags.push(Flag::Unanswered.as_str().to_owned());
        }
        (entry, self.inner.all_before_reply || (is_question && handled))
    }

    async fn accept(&self, protocol: Protocol, entry: Entry, deadline: Instant) -> Kept {
        let (lane, parking) = (entry.lane.clone(), Parking::of(&entry));
        let rejections = &self.inner.rejections;
        // Timing out drops the future: the store may still accept it, and then the resend is a duplicate.
        match timeout_at(deadline, self.inner.store.accept(entry)).await {
            Err(_) => late(rejections, protocol),
            Ok(Err(error)) => {
                log_store(rejections, &error);
                busy(protocol, "unavailable")
            }
            Ok(Ok(accepted)) => {
                let parked = parking.as_ref().and_then(|parking| match accepted {
                    Accepted::New { seq } => parking.new_record(seq),
                    Accepted::Changed { seq } => parking.changed_record(seq),
                    _ => None,
                });
                let (outcome, seq) = match accepted {
                    Accepted::New { seq } => ("new", Some(seq)),
                    Accepted::Duplicate { seq, state: State::Parked, .. } => ("parked", Some(seq)),
                    Accepted::Duplicate { seq, .. } => ("duplicate", Some(seq)),
                    Accepted::Changed { seq } => ("changed", Some(seq)),
                    _ => ("full", None),
                };
                match outcome {
                    "new" | "changed" => self.wake(&lane),
                    "full" => log_full(rejections, &lane),
                    _ => {}
                }
                Kept { seq, parked, ..success(protocol, outcome) }
            }
        }
    }

    /// Claims it and runs its handler in a task of its own: the deadline, or the sender's going away, ends the waiting
    /// only.
    async fn begin(
        &self,
        processor: &Processor,
        protocol: Protocol,
        entry: Entry,
        deadline: Instant,
    ) -> Kept {
        let (lane, parking, rejections) = (entry.lane.clone(), Parking::of(&entry), &self.inner.rejections);
        let (store, processor, id) =
            (self.inner.store.clone(), processor.clone(), self.inner.claim_ids.next());
        let task = tokio::spawn(async move {
            match store.begin(entry, id, processor.lease()).await? {
                Begun::Acquired(lease) => {
                    let seq = lease.record.seq;
                    Ok(Came::Processed(seq, processor.process(*lease).await))
                }
                begun => Ok::<_, StoreError>(Came::Begun(begun)),
            }
        });
        let came = match timeout_at(deadline, task).await {
            Err(_) => return late(rejections, protocol),
            Ok(Err(_)) => return refuse(protocol, Refused::Handler, "handler-failed"),
            Ok(Ok(Err(error))) => {
                log_store(rejections, &error);
                return busy(protocol, "unavailable");
            }
            Ok(Ok(Ok(came))) => came,
        };
        let parked = match (&came, &parking) {
            (Came::Begun(Begun::Changed { seq }), Some(parking)) => parking.changed_record(*seq),
            (Came::Begun(Begun::Parked { seq }), Some(parking)) if parking.starts() => {
                self.is_new(*seq, deadline).await.then(|| parking.new_record(*seq)).flatten()
            }
            _ => None,
        };
        let (kept, seq) = match came {
            Came::Processed(seq, Processed::Done { outcome, .. }) => {
                (handled(protocol, outcome, "handled"), Some(seq))
            }
            Came::Begun(Begun::Done { seq, outcome }) => (handled(protocol, outcome, "duplicate"), Some(seq)),
            Came::Processed(seq, Processed::Retried { .. }) => {
                (refuse(protocol, Refused::Handler, "handler-failed"), Some(seq))
            }
            Came::Processed(seq, Processed::Parked) | Came::Begun(Begun::Parked { seq }) => {
                (success(protocol, "parked"), Some(seq))
            }
            Came::Begun(Begun::Changed { seq }) => (success(protocol, "changed"), Some(seq)),
            Came::Begun(Begun::Full) => {
                log_full(rejections, &lane);
                (success(protocol, "full"), None)
            }
            Came::Begun(_) => (busy(protocol, "busy"), None),
            Came::Processed(seq, _) => (busy(protocol, "unavailable"), Some(seq)),
        };
        Kept { seq, parked, ..kept }
    }

    /// Whether a record was never seen before the present request.
    async fn is_new(&self, seq: Seq, deadline: Instant) -> bool {
        let looked_up = timeout_at(deadline, self.inner.store.get(Lookup::Seq(seq))).await;
        matches!(looked_up, Ok(Ok(Some(record))) if record.seen_at == record.accepted_at)
    }

    /// Keeps what was verified and can't be opened. If the store doesn't take it, the platform's resend is another
    /// chance: the answer is a refusal anyway. Returns why a new record is parked.
    async fn quarantine(
        &self,
        context: &Context<'_>,
        protocol: Protocol,
        head: Head<'_>,
        body: &Bytes,
        refusal: &Refusal,
        deadline: Instant,
    ) -> Option<&'static str> {
        let (name, rejections) = (&*context.merchant.name, &self.inner.rejections);
        let Some(entry) = quarantine::entry(context.merchant, protocol, head, body, refusal, context.now)
        else {
            return None;
        };
        let parking = Parking::of(&entry);
        match timeout_at(deadline, self.inner.store.accept(entry)).await {
            Ok(Ok(Accepted::New { seq })) => return parking?.new_record(seq),
            Ok(Ok(Accepted::Full)) => {
                log_rejection!(
                    rejections,
                    "quarantine-full",
                    warn,
                    merchant = name,
                    "the quarantine is full: this request is not kept"
                );
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) => log_store(rejections, &error),
            Err(_) => {
                log_rejection!(
                    rejections,
                    "quarantine-late",
                    warn,
                    merchant = name,
                    "the store is too slow for the quarantine: this request may not be kept"
                );
            }
        }
        None
    }

    /// Logs a request that was rejected without being read. `near` is the path that it may be meant for.
    pub(crate) fn log_unread(&self, path: &str, refusal: &Refusal, near: Option<&str>) {
        let (rejections, reason) = (&self.inner.rejections, refusal.name());
        // Anybody may have written the path: escaped and cut.
        let path = for_log(path.as_bytes());
        match near {
            Some(configured) => log_rejection!(
                rejections,
                "near-miss",
                warn,
                reason,
                path,
                configured,
                "rejected: no merchant is notified at this path, but one is at a path like it; correct the notify URL or the proxy"
            ),
            None => log_rejection!(rejections, reason, info, reason, path, "rejected: {refusal}"),
        }
    }
}

enum Came {
    Processed(Seq, Processed),
    Begun(Begun),
}

/// What was kept, and what is said of it.
struct Kept {
    reply: Reply,
    outcome: &'static str,
    seq: Option<Seq>,
    /// Why a new record is parked, if one is.
    parked: Option<&'static str>,
}

fn success(protocol: Protocol, outcome: &'static str) -> Kept {
    Kept { reply: Reply::success(protocol), outcome, seq: None, parked: None }
}

/// With a handler's own JSON, or the protocol's success.
fn handled(protocol: Protocol, json: Option<Bytes>, outcome: &'static str) -> Kept {
    let json = json.filter(|_| protocol == Protocol::V3).and_then(|json| String::from_utf8(json.into()).ok());
    match json {
        Some(json) => Kept { reply: Reply::json(json), ..success(protocol, outcome) },
        None => success(protocol, outcome),
    }
}

fn busy(protocol: Protocol, outcome: &'static str) -> Kept {
    refuse(protocol, Refused::Busy, outcome)
}

fn refuse(protocol: Protocol, why: Refused, outcome: &'static str) -> Kept {
    Kept { reply: Reply::refuse(protocol, why), outcome, seq: None, parked: None }
}

fn late(rejections: &RejectionLog, protocol: Protocol) -> Kept {
    log_rejection!(
        rejections,
        "deadline",
        error,
        "the store did not answer in time; the platform will send it again"
    );
    busy(protocol, "deadline")
}

fn log_full(rejections: &RejectionLog, lane: &str) {
    log_rejection!(
        rejections,
        "full",
        error,
        lane,
        "not kept: this key has all the changed siblings that are kept"
    );
}

fn log_store(rejections: &RejectionLog, error: &StoreError) {
    let first = std::error::Error::source(error);
    let causes: Vec<_> =
        std::iter::successors(first, |cause| cause.source()).map(ToString::to_string).collect();
    let cause = causes.join(": ");
    log_rejection!(
        rejections,
        "unavailable",
        error,
        %error,
        cause,
        "the store did not answer; the platform will send it again"
    );
}

fn log_refusal(
    rejections: &RejectionLog,
    merchant: &Merchant,
    protocol: Option<Protocol>,
    head: Head<'_>,
    refusal: &Refusal,
) {
    let (merchant, reason) = (&*merchant.name, refusal.name());
    let protocol = protocol.map(tracing::field::display);
    let shown = |text: String| Some(text).filter(|text| !text.is_empty());
    let request_id = || shown(head.request_id());
    match refusal {
        Refusal::Stale(_) => log_rejection!(
            rejections,
            reason,
            warn,
            merchant,
            protocol,
            reason,
            request_id = request_id(),
            "rejected: {refusal}; if this goes on, correct the clock, or every notification is lost"
        ),
        Refusal::Envelope(_) | Refusal::Sealed(_) => log_rejection!(
            rejections,
            reason,
            error,
            merchant,
            protocol,
            reason,
            request_id = request_id(),
            "rejected: {refusal}"
        ),
        Refusal::UnknownKey | Refusal::SignatureType | Refusal::Signature => log_rejection!(
            rejections,
            reason,
            info,
            merchant,
            protocol,
            reason,
            request_id = request_id(),
            serial = shown(head.serial()),
            "rejected: {refusal}"
        ),
        _ => log_rejection!(
            rejections,
            reason,
            info,
            merchant,
            protocol,
            reason,
            request_id = request_id(),
            "rejected: {refusal}"
        ),
    }
}
