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
    /// How long the schedule waited before this try.
    pub waited: Duration,
    /// The event.
    pub meta: EventMeta,
    /// The notification's id.
    pub id: String,
    /// What is wrong with it on purpose.
    pub fault: Option<Fault>,
    /// What it is signed with: seconds since the epoch.
    pub timestamp: u64,
}

/// A try, and what came back.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// What was sent.
    pub sent: Sent,
    /// From before sending until the answer was there, or until it wasn't.
    pub elapsed: Duration,
    /// The answer, or why there was none: [`Error::Send`], [`Error::Timeout`].
    pub result: Result<Answer, Error>,
}

impl Attempt {
    /// Whether the platform would be content.
    pub fn accepted(&self) -> bool {
        self.result.as_ref().is_ok_and(Answer::accepted)
    }

    /// The answer's HTTP status.
    pub fn status(&self) -> Option<u16> {
        self.result.as_ref().ok().map(|answer| answer.status)
    }
}

/// What happens while a notification is delivered, told as it happens.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// A try begins.
    Sent(&'a Sent),
    /// A try is over.
    Answered(&'a Attempt),
}

/// How the delivery of one notification ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// Every try, in the order they ended; each copy of a try is one.
    pub attempts: Vec<Attempt>,
    /// The try that was accepted, from 1; `None` when the platform gave up.
    pub accepted: Option<u32>,
    /// How many tries there were, copies not counted.
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
