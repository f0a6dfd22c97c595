use std::fmt;
use std::time::Duration;

use wxhook_wire::EventMeta;

use crate::{Answer, Error, Fault};

/// One try of a notification, as it is sent.
#[derive(Clone)]
#[non_exhaustive]
pub struct Sent {
    /// Index of the notification in its campaign, from 0.
    pub nth: u32,
    /// Number of the try, from 1.
    pub number: u32,
    /// Number of the copy among those sent at once, from 1.
    pub copy: u32,
    /// Scheduled time since the first try.
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

/// A try and its result.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The request that was sent.
    pub sent: Sent,
    /// Time between the start of sending and the answer, or the failure.
    pub elapsed: Duration,
    /// The answer, or the reason for its absence: [`Error::Send`], [`Error::Timeout`].
    pub result: Result<Answer, Error>,
}

impl Attempt {
    /// Returns whether the platform would accept the answer.
    pub fn accepted(&self) -> bool {
        self.result.as_ref().is_ok_and(Answer::accepted)
    }

    /// Returns the answer's HTTP status.
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
    /// All tries in the order they ended; each copy of a try counts as one.
    pub attempts: Vec<Attempt>,
    /// Number of the accepted try, from 1; `None` if the platform gave up.
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
