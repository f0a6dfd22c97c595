use crate::entry::Start;
use crate::error::Error;
use crate::machine::Moment;
use crate::record::{Change, Fence, Note, State, StoredRecord};
use crate::results::{Action, ClaimId, FenceResult, Operation, Settlement};
use crate::{MAX_NOTE_TEXT, MAX_NOTES};
use bytes::Bytes;
use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

/// The error of a record that parked because its last lease ran out.
pub const ATTEMPTS_USED_UP: &str = "attempts used up";

/// The flag of other content under a known key.
pub const CHANGED: &str = "changed";

/// The error of a record that parked because its key is known with other content.
pub const CHANGED_REASON: &str = "changed: its key is known with other content";

/// The error of a record that an operator parked without a reason; else it is the reason.
pub const PARKED_BY_OPERATOR: &str = "parked by an operator";

/// The part of a record that operations change; all else of it stays as it was accepted.
///
/// The methods are the transitions. `Debug` leaves out what may be content.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Where it stands.
    pub state: State,
    /// From 1; see [`StoredRecord::generation`].
    pub generation: u32,
    /// Claims in this generation that weren't released.
    pub attempts: u32,
    /// The bound on `attempts`.
    pub max_attempts: u32,
    /// Of the last claim, or the one that voided it.
    pub fence: Option<Fence>,
    /// Whose claim it is (Leased).
    pub claim: Option<ClaimId>,
    /// When it may be claimed next (Ready).
    pub due_at: Moment,
    /// When the lease is over (Leased).
    pub lease_until: Option<Moment>,
    /// When its key was last seen.
    pub seen_at: Moment,
    /// When it was done (Done).
    pub done_at: Option<Moment>,
    /// What its handler left (Done).
    pub outcome: Option<Bytes>,
    /// Why the last attempt failed, or why it is parked.
    pub error: Option<String>,
    /// Each once, in the order they came.
    pub flags: Vec<String>,
    /// What people did to it.
    pub notes: Vec<Note>,
}

impl Progress {
    /// Of a record accepted at `now`.
    pub fn new(start: Start, max_attempts: u32, mut flags: Vec<String>, now: Moment) -> Self {
        keep_first(&mut flags);
        let (state, error) = match start {
            Start::Ready => (State::Ready, None),
            Start::Parked(reason) => (State::Parked, Some(reason.to_owned())),
        };
        Self {
            state,
            generation: 1,
            attempts: 0,
            max_attempts,
            fence: None,
            claim: None,
            due_at: now,
            lease_until: None,
            seen_at: now,
            done_at: None,
            outcome: None,
            error,
            flags,
            notes: Vec::new(),
        }
    }

    /// When it becomes claimable by time alone: a Ready record when it is due, a Leased one when its lease is over.
    pub fn wakes_at(&self) -> Option<Moment> {
        match self.state {
            State::Ready => Some(self.due_at),
            State::Leased => Some(self.lease_until.unwrap_or(Moment::FIRST)),
            State::Done | State::Parked => None,
        }
    }

    /// Since when retention counts: Done, and not seen any more.
    pub fn idle_since(&self) -> Option<Moment> {
        match self.state {
            State::Done => Some(self.done_at.unwrap_or(Moment::FIRST).max(self.seen_at)),
            State::Ready | State::Leased | State::Parked => None,
        }
    }

    /// Whether somebody has it: Leased, and the lease isn't over.
    pub fn is_held(&self, now: Moment) -> bool {
        self.state == State::Leased && self.lease_until.is_some_and(|until| now < until)
    }

    /// Whether a lease that is over parks it instead of making it claimable.
    pub fn is_used_up(&self) -> bool {
        self.state == State::Leased && self.attempts >= self.max_attempts
    }

    /// How long its lease lasts from `now`.
    pub fn remaining(&self, now: Moment) -> Duration {
        self.lease_until.map(|until| until.since(now)).unwrap_or_default()
    }

    /// Its key was seen again.
    pub fn see(&mut self, now: Moment) {
        self.seen_at = self.seen_at.max(now);
    }

    /// → Leased: an attempt begins. A lease lasts a millisecond at least.
    pub fn claim(&mut self, now: Moment, id: ClaimId, lease: Duration, fence: Fence) {
        self.state = State::Leased;
        self.attempts = self.attempts.saturating_add(1);
        self.fence = Some(fence);
        self.claim = Some(id);
        self.lease_until = Some(lease_end(now, lease));
    }

    /// → Parked, because the last lease ran out.
    pub fn give_up(&mut self) {
        self.error = Some(ATTEMPTS_USED_UP.to_owned());
        self.leave(State::Parked);
    }

    /// The lease lasts `lease` from now.
    pub fn renew(&mut self, now: Moment, fence: Fence, lease: Duration) -> FenceResult {
        if !self.is_of(fence) {
            return FenceResult::Lost;
        }
        self.lease_until = Some(lease_end(now, lease));
        FenceResult::Done
    }

    /// Ends the lease.
    pub fn settle(&mut self, now: Moment, fence: Fence, settlement: &Settlement) -> FenceResult {
        let is_complete = matches!(settlement, Settlement::Complete(_));
        if is_complete && self.state == State::Done && self.fence == Some(fence) {
            return FenceResult::Done;
        }
        if !self.is_of(fence) {
            return FenceResult::Lost;
        }
        match settlement {
            Settlement::Complete(outcome) => {
                self.outcome = outcome.clone();
                self.error = None;
                self.finish(now);
            }
            Settlement::Fail(failure) => {
                self.error = Some(failure.error.clone());
                self.flags.extend_from_slice(&failure.flags);
                keep_first(&mut self.flags);
                match failure.retry_after.filter(|_| self.attempts < self.max_attempts) {
                    Some(after) => {
                        self.due_at = now.plus(after);
                        self.leave(State::Ready);
                    }
                    None => self.leave(State::Parked),
                }
            }
            Settlement::Release => {
                self.attempts = self.attempts.saturating_sub(1);
                self.due_at = now;
                self.leave(State::Ready);
            }
        }
        FenceResult::Done
    }

    /// Applies an operator's operation, and returns whether the state allows it. The fence of a lease that this ends is
    /// replaced by the next one.
    ///
    /// # Errors
    /// Those of `next_fence`.
    pub fn act(
        &mut self,
        now: Moment,
        operation: Operation,
        action: &Action,
        next_fence: impl FnOnce() -> Result<Fence, Error>,
    ) -> Result<bool, Error> {
        let is_allowed = match operation {
            Operation::Requeue => matches!(self.state, State::Parked | State::Done),
            Operation::Park => matches!(self.state, State::Ready | State::Leased),
            Operation::Discard => self.state != State::Done,
        };
        if !is_allowed {
            return Ok(false);
        }
        if self.state == State::Leased {
            self.fence = Some(next_fence()?);
        }
        let change = match operation {
            Operation::Requeue => {
                self.generation = self.generation.saturating_add(u32::from(self.state == State::Done));
                self.attempts = 0;
                self.error = None;
                self.done_at = None;
                self.outcome = None;
                self.due_at = now;
                self.leave(State::Ready);
                Change::Requeued
            }
            Operation::Park => {
                let reason = cut(&action.reason);
                self.error = Some(if reason.is_empty() { PARKED_BY_OPERATOR } else { reason }.to_owned());
                self.leave(State::Parked);
                Change::Parked
            }
            Operation::Discard => {
                self.finish(now);
                Change::Discarded
            }
        };
        self.note(now, change, action);
        Ok(true)
    }

    /// Notes that it is moved to another lane.
    pub fn adopt(&mut self, now: Moment, action: &Action) {
        self.note(now, Change::Adopted, action);
    }

    /// Reads it off a record that is kept whole.
    pub fn of(record: &StoredRecord, claim: Option<ClaimId>) -> Self {
        Self {
            state: record.state,
            generation: record.generation,
            attempts: record.attempts,
            max_attempts: record.max_attempts,
            fence: record.fence,
            claim,
            due_at: Moment::from_system(record.due_at),
            lease_until: record.lease_until.map(Moment::from_system),
            seen_at: Moment::from_system(record.seen_at),
            done_at: record.done_at.map(Moment::from_system),
            outcome: record.outcome.clone(),
            error: record.error.clone(),
            flags: record.flags.clone(),
            notes: record.notes.clone(),
        }
    }

    /// Writes it into a record, claim id apart.
    pub fn write_to(self, record: &mut StoredRecord) {
        record.state = self.state;
        record.generation = self.generation;
        record.attempts = self.attempts;
        record.max_attempts = self.max_attempts;
        record.fence = self.fence;
        record.due_at = self.due_at.to_system();
        record.lease_until = self.lease_until.map(Moment::to_system);
        record.seen_at = self.seen_at.to_system();
        record.done_at = self.done_at.map(Moment::to_system);
        record.outcome = self.outcome;
        record.error = self.error;
        record.flags = self.flags;
        record.notes = self.notes;
    }

    /// Whether `fence` may end the lease: a lease that is over but wasn't taken is still the holder's.
    fn is_of(&self, fence: Fence) -> bool {
        self.state == State::Leased && self.fence == Some(fence)
    }

    fn leave(&mut self, state: State) {
        self.state = state;
        self.claim = None;
        self.lease_until = None;
    }

    fn finish(&mut self, now: Moment) {
        self.done_at = Some(now);
        self.leave(State::Done);
    }

    fn note(&mut self, now: Moment, change: Change, action: &Action) {
        self.notes.push(Note::new(now.to_system(), change, cut(&action.actor), cut(&action.reason)));
        // The first one stays: it says how it began.
        let surplus = self.notes.len().saturating_sub(MAX_NOTES);
        self.notes.drain(1..1 + surplus);
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("state", &self.state)
            .field("generation", &self.generation)
            .field("attempts", &self.attempts)
            .field("fence", &self.fence)
            .field("due_at", &self.due_at)
            .field("lease_until", &self.lease_until)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}

fn lease_end(now: Moment, lease: Duration) -> Moment {
    now.plus(lease.max(Duration::from_millis(1)))
}

/// The first characters of a text, as many as a note keeps.
fn cut(text: &str) -> &str {
    let end = text.char_indices().nth(MAX_NOTE_TEXT).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or(text)
}

/// Removes later copies of each flag.
fn keep_first(flags: &mut Vec<String>) {
    let mut seen = HashSet::new();
    flags.retain(|flag| seen.insert(flag.clone()));
}

#[cfg(test)]
mod tests;
