//! From an opened notification to an answer: accept once, or begin and handle.

use crate::growth::Grows;
use crate::handlers::question_reply;
use crate::head::Head;
use crate::merchant::Merchant;
use crate::open::{self, Classified, Context};
use crate::outcome::{Answered, Outcome};
use crate::parking::Parking;
use crate::quarantine;
use crate::receiver::Receiver;
use crate::refusal::Refusal;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::time::{Instant, timeout_at};
use wxhook_delivery::{AttemptOutcome, Processor};
use wxhook_idempotency::{
    AcceptResult, Action, BeginResult, ClaimId, Entry, Error as StoreError, Lookup, Seq, SharedStore, State,
    Store as _, StoreExt as _,
};
use wxhook_wire::{Flag, Protocol, Reply, ReplyError};

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
                self.inner.rejections.unread(path, &Refusal::NotFound, None);
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
            self.inner.rejections.refusal(merchant, protocol, head, &refusal);
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
        let asked = Asked { protocol, is_question: classified.meta.is_some_and(|meta| meta.question) };
        let grows = classified.grows.clone();
        let (entry, before_reply) = self.prepare(classified);
        let Kept { reply, outcome, seq, parked } = match (&self.inner.processor, before_reply) {
            (Some(processor), true) => {
                let compared = match &grows {
                    Some(_) => Some(self.accept(asked, entry.clone(), grows.as_ref(), deadline).await),
                    None => None,
                };
                match compared {
                    Some(failed) if failed.seq.is_none() => failed,
                    // Where it is parked, that was told.
                    Some(Kept { parked, .. }) => {
                        Kept { parked, ..self.begin(processor, asked, entry, None, deadline).await }
                    }
                    None => {
                        let parking = Parking::of(&entry);
                        self.begin(processor, asked, entry, parking, deadline).await
                    }
                }
            }
            _ => self.accept(asked, entry, grows.as_ref(), deadline).await,
        };
        let outcome = Outcome::new(Some(Arc::clone(&merchant.name)), Some(protocol), outcome);
        Answered { reply, outcome: Outcome { seq, parked, ..outcome } }
    }

    /// The entry, flagged if it is a question that nobody answers; and whether it is handled before the reply.
    pub(crate) fn prepare(&self, classified: Classified<'_>) -> (Entry, bool) {
        let Classified { mut entry, event, meta, .. } = classified;
        let is_question = meta.is_some_and(|meta| meta.question);
        let handled = self.inner.router.find(&event, meta.and_then(|meta| meta.variant)).is_some();
        if is_question && !handled {
            entry.flags.push(Flag::Unanswered.as_str().to_owned());
        }
        (entry, self.inner.all_before_reply || (is_question && handled))
    }

    async fn accept(&self, asked: Asked, entry: Entry, grows: Option<&Grows>, deadline: Instant) -> Kept {
        let (lane, parking) = (entry.lane.clone(), Parking::of(&entry));
        let rejections = &self.inner.rejections;
        // Timing out drops the future: the store may still accept it, and then the resend is a duplicate.
        let accepted = match timeout_at(deadline, self.accept_compared(entry, grows)).await {
            Err(_) => {
                rejections.late();
                return asked.busy("deadline");
            }
            Ok(Err(error)) => {
                rejections.store(&error);
                return asked.busy("unavailable");
            }
            Ok(Ok(accepted)) => accepted,
        };
        let parked = parking.and_then(|parking| match accepted {
            AcceptResult::New { seq } => parking.new_record(seq),
            AcceptResult::Changed { seq } => parking.changed_record(seq),
            _ => None,
        });
        if matches!(accepted, AcceptResult::New { .. } | AcceptResult::Changed { .. }) {
            self.wake(&lane);
        }
        let (kept, seq) = match accepted {
            AcceptResult::New { seq } => (asked.done(None, "new"), seq),
            AcceptResult::Duplicate { seq, state: State::Parked, .. } => (asked.done(None, "parked"), seq),
            AcceptResult::Duplicate { seq, outcome, .. } => (asked.stored(outcome), seq),
            AcceptResult::Changed { seq } => (asked.done(None, "changed"), seq),
            _ => {
                rejections.full(&lane);
                return asked.busy("full");
            }
        };
        Kept { seq: Some(seq), parked, ..kept }
    }

    /// Claims it and runs its handler in a task of its own: the deadline, or the sender's going away, ends the waiting
    /// only. `parking` is that of the entry where a parked record wasn't told of yet.
    async fn begin(
        &self,
        processor: &Processor,
        asked: Asked,
        entry: Entry,
        parking: Option<Parking>,
        deadline: Instant,
    ) -> Kept {
        let (lane, rejections) = (entry.lane.clone(), &self.inner.rejections);
        let ids = [self.inner.claim_ids.next(), self.inner.claim_ids.next()];
        let task = tokio::spawn(process(self.inner.store.clone(), processor.clone(), ids, asked, entry));
        let came = match timeout_at(deadline, task).await {
            Err(_) => {
                rejections.late();
                return asked.late("deadline");
            }
            Ok(Err(_)) => return asked.failed(),
            Ok(Ok(Err(error))) => {
                rejections.store(&error);
                return asked.busy("unavailable");
            }
            Ok(Ok(Ok(came))) => came,
        };
        let parked = match (&came, &parking) {
            (Came::BeginResult(BeginResult::Changed { seq }), Some(parking)) => parking.changed_record(*seq),
            (Came::BeginResult(BeginResult::Parked { seq }), Some(parking)) if parking.starts() => {
                self.is_new(*seq, deadline).await.then(|| parking.new_record(*seq)).flatten()
            }
            _ => None,
        };
        let (kept, seq) = match came {
            Came::Processed(seq, AttemptOutcome::Done { outcome, .. }) => {
                (asked.done(outcome, "handled"), Some(seq))
            }
            Came::BeginResult(BeginResult::Done { seq, outcome }) => {
                (asked.done(outcome, "duplicate"), Some(seq))
            }
            Came::Processed(seq, AttemptOutcome::Retried { .. }) => (asked.failed(), Some(seq)),
            Came::Processed(seq, AttemptOutcome::Parked) | Came::BeginResult(BeginResult::Parked { seq }) => {
                (asked.done(None, "parked"), Some(seq))
            }
            Came::BeginResult(BeginResult::Changed { seq }) => (asked.done(None, "changed"), Some(seq)),
            Came::BeginResult(BeginResult::Full) => {
                rejections.full(&lane);
                (asked.busy("full"), None)
            }
            Came::BeginResult(_) => (asked.late("busy"), None),
            Came::Processed(seq, _) => (asked.busy("unavailable"), Some(seq)),
        };
        Kept { seq, parked, ..kept }
    }

    /// Returns whether a record was never seen before the present request.
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
        let entry = quarantine::entry(context.merchant, protocol, head, body, refusal, context.now)?;
        let parking = Parking::of(&entry);
        match timeout_at(deadline, self.inner.store.accept(entry)).await {
            Ok(Ok(AcceptResult::New { seq })) => return parking?.new_record(seq),
            Ok(Ok(AcceptResult::Full)) => rejections.quarantine_full(name),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => rejections.store(&error),
            Err(_) => rejections.late(),
        }
        None
    }
}

enum Came {
    Processed(Seq, AttemptOutcome),
    BeginResult(BeginResult),
}

/// Claims a record and runs its handler.
///
/// A question that was done with without an answer (a sink took it, no handler was there) is asked again.
async fn process(
    store: SharedStore,
    processor: Processor,
    [id, other_id]: [ClaimId; 2],
    asked: Asked,
    entry: Entry,
) -> Result<Came, StoreError> {
    let again = asked.is_question.then(|| entry.clone());
    let mut begun = store.begin(entry, id, processor.lease()).await?;
    if let (BeginResult::Done { seq, outcome }, Some(entry)) = (&begun, again)
        && question_reply(asked.protocol, outcome.as_ref()).is_none()
    {
        store.requeue(*seq, Action::new("wxhook", "asked again, and not answered before")).await?;
        begun = store.begin(entry, other_id, processor.lease()).await?;
    }
    match begun {
        BeginResult::Acquired(lease) => {
            let seq = lease.record.seq;
            Ok(Came::Processed(seq, processor.process(*lease).await))
        }
        begun => Ok(Came::BeginResult(begun)),
    }
}

/// What was kept, and what is said of it.
struct Kept {
    reply: Reply,
    outcome: &'static str,
    seq: Option<Seq>,
    /// Why a new record is parked, if one is.
    parked: Option<&'static str>,
}

/// A request that waits for its reply.
#[derive(Clone, Copy)]
struct Asked {
    protocol: Protocol,
    is_question: bool,
}

impl Asked {
    /// Replies with what a handler left, or the protocol's success. A question takes an answer and nothing less.
    fn done(self, left: Option<Bytes>, outcome: &'static str) -> Kept {
        if self.is_question {
            return match question_reply(self.protocol, left.as_ref()) {
                Some(reply) => Kept { reply, outcome, seq: None, parked: None },
                None => self.refuse(ReplyError::Unanswered, "unanswered"),
            };
        }
        let json = left.filter(|_| self.protocol == Protocol::V3);
        let reply = match json.and_then(|json| String::from_utf8(json.into()).ok()) {
            Some(json) => Reply::json(json),
            None => Reply::success(self.protocol),
        };
        Kept { reply, outcome, seq: None, parked: None }
    }

    /// Replies to a duplicate where no handler runs; a question gets the answer that was given before.
    fn stored(self, left: Option<Bytes>) -> Kept {
        self.done(left.filter(|_| self.is_question), "duplicate")
    }

    fn failed(self) -> Kept {
        match self.is_question {
            true => self.refuse(ReplyError::Unanswered, "unanswered"),
            false => self.refuse(ReplyError::Handler, "handler-failed"),
        }
    }

    /// The handler still runs.
    fn late(self, outcome: &'static str) -> Kept {
        self.refuse(if self.is_question { ReplyError::Unanswered } else { ReplyError::Busy }, outcome)
    }

    fn busy(self, outcome: &'static str) -> Kept {
        self.refuse(ReplyError::Busy, outcome)
    }

    fn refuse(self, why: ReplyError, outcome: &'static str) -> Kept {
        Kept { reply: Reply::error(self.protocol, why), outcome, seq: None, parked: None }
    }
}
