use crate::entry::Start;
use crate::error::Error;
use crate::machine::Moment;
use crate::record::{Change, Fence, Note, State};
use crate::results::{Action, ClaimId, FenceResult, Operation, Settlement};
use crate::{MAX_NOTE_TEXT, MAX_NOTES};
use bytes::Bytes;
use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

/// The `error` of a record that was parked because its last lease expired.
pub const ATTEMPTS_USED_UP: &str = "attempts used up";

/// The flag of a record with different content under a known key.
pub const CHANGED: &str = "changed";

/// The `error` of a record that was parked because of [`CHANGED`].
pub const CHANGED_REASON: &str = "changed: its key is known with other content";

/// The `error` of a record that an operator parked without giving a reason.
pub const PARKED_BY_OPERATOR: &str = "parked by an operator";

/// The part of a record that operations change. The methods are the transitions.
///
/// `Debug` leaves out what may be content.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// State.
    pub state: State,
    /// Number of times a done record was made ready again, plus 1.
    pub generation: u32,
    /// Number of claims in this generation that weren't released.
    pub attempts: u32,
    /// Maximum number of attempts.
    pub max_attempts: u32,
    /// Fence of the last claim, or of the operation that ended its lease.
    pub fence: Option<Fence>,
    /// Id of the claim, if leased.
    pub claim: Option<ClaimId>,
    /// Time from which it can be claimed, if ready.
    pub due_at: Moment,
    /// End of the lease, if leased.
    pub lease_until: Option<Moment>,
    /// Time when its key was last seen.
    pub seen_at: Moment,
    /// Time when it was done, if done.
    pub done_at: Option<Moment>,
    /// The handler's outcome, if done.
    pub outcome: Option<Bytes>,
    /// The reason why the last attempt failed or why the record is parked.
    pub error: Option<String>,
    /// Flags, without duplicates, in the order in which they were added.
    pub flags: Vec<String>,
    /// History of operator actions.
    pub notes: Vec<Note>,
}

impl Progress {
    /// Creates the progress of a record accepted at `now`.
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

    /// Returns the time from which it can be claimed: when a ready record is due or a lease ends.
    pub fn wakes_at(&self) -> Option<Moment> {
        match self.state {
            State::Ready => Some(self.due_at),
            State::Leased => Some(self.lease_until.unwrap_or(Moment::FIRST)),
            State::Done | State::Parked => None,
        }
    }

    /// Returns the start of retention: when the record was done and its key last seen.
    pub fn idle_since(&self) -> Option<Moment> {
        match self.state {
            State::Done => Some(self.done_at.unwrap_or(Moment::FIRST).max(self.seen_at)),
            State::Ready | State::Leased | State::Parked => None,
        }
    }

    /// Returns whether it has a live lease.
    pub fn is_held(&self, now: Moment) -> bool {
        self.state == State::Leased && self.lease_until.is_some_and(|until| now < until)
    }

    /// Returns whether it is leased for its last attempt, so that an expired lease parks it.
    pub fn is_used_up(&self) -> bool {
        self.state == State::Leased && self.attempts >= self.max_attempts
    }

    /// Returns the remaining time of the lease.
    pub fn remaining(&self, now: Moment) -> Duration {
        self.lease_until.map(|until| until.since(now)).unwrap_or_default()
    }

    /// Records that its key was seen again.
    pub fn see(&mut self, now: Moment) {
        self.seen_at = self.seen_at.max(now);
    }

    /// Leases it for an attempt, for at least one millisecond.
    pub fn claim(&mut self, now: Moment, id: ClaimId, lease: Duration, fence: Fence) {
        self.state = State::Leased;
        self.attempts = self.attempts.saturating_add(1);
        self.fence = Some(fence);
        self.claim = Some(id);
        self.lease_until = Some(lease_end(now, lease));
    }

    /// Parks it because its last lease expired.
    pub fn give_up(&mut self) {
        self.error = Some(ATTEMPTS_USED_UP.to_owned());
        self.leave(State::Parked);
    }

    /// Extends the lease to `lease` from now.
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

    /// Adds the move to another lane to its history.
    pub fn adopt(&mut self, now: Moment, action: &Action) {
        self.note(now, Change::Adopted, action);
    }

    /// Returns whether `fence` may end the lease: an expired lease belongs to its holder until the next claim.
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
        self.notes.push(Note::new(now, change, cut(&action.actor), cut(&action.reason)));
        // The first note is kept, since it shows how it began.
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

/// Truncates a text to the length that a note keeps.
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
