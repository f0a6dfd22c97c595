use std::fmt;
use std::time::Duration;

use wxhook_wire::EventMeta;

use crate::{Answer, Error, Fault};

/// A notification on its way: which try of it, and when.
#[derive(Clone)]
#[non_exhaustive]
pub struct Sent {
    /// Which notification of a campaign, from 0.
    pub nth: u32,
    /// Which try, from 1.
    pub number: u32,
    /// Which of several that were sent at once, from 1.
    pub copy: u32,
    /// When, by the schedule, since the first try.
    pub at: Duration,
    /// Time that the schedule waited before this try.
    pub waited: Duration,
    /// The event.
    pub meta: EventMeta,
    /// The notification's id.
    pub id: String,
    /// The deliberate fault in it, if any.
    pub fault: Option<Fault>,
    /// The signed timestamp, in seconds since the epoch.
    pub timestamp: u64,
}

/// A try, and what came back.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The request that was sent.
    pub sent: Sent,
    /// Time between the start of sending and the answer, or the failure.
    pub elapsed: Duration,
    /// The answer, or why there was none: [`Error::Send`], [`Error::Timeout`].
    pub result: Result<Answer, Error>,
}

impl Attempt {
    /// Returns whether the platform would accept the answer.
    pub fn accepted(&self) -> bool {
        self.result.as_ref().is_ok_and(Answer::accepted)
    }

    /// The answer's HTTP status.
    pub fn status(&self) -> Option<u16> {
        self.result.as_ref().ok().map(|answer| answer.status)
    }
}

/// Progress of a delivery, reported as it happens.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// A try begins.
    Sent(&'a Sent),
    /// A try is over.
    Answered(&'a Attempt),
}

/// The result of delivering one notification.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// Every try, in the order they ended; each copy of a try is one.
    pub attempts: Vec<Attempt>,
    /// The try that was accepted, from 1; `None` when the platform gave up.
    pub accepted: Option<u32>,
    /// Number of tries, without copies.
    pub tries: u32,
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent")
            .field("nth", &self.nth)
            .field("number", &self.number)
            .field("copy", &self.copy)
            .field("at", &self.at)
            .field("meta", &self.meta)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
