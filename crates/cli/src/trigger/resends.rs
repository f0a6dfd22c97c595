//! When the next try is.

use std::time::Duration;

use wxhook_simulator::{Schedule, Sent, Speed};

use crate::args::Resends;

/// What comes after a try that wasn't accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Another one, after this wait: by the schedule, and in truth.
    Try(Duration, Duration),
    /// None, after so many.
    GivenUp(u32),
}

impl Next {
    /// After this try.
    pub(super) fn after(sent: &Sent, resends: &Resends, speed: Speed) -> Option<Self> {
        let schedule = match resends {
            Resends::Own => Schedule::of(&sent.meta).ok()?,
            Resends::By(schedule) => schedule.clone(),
        };
        let tries = usize::try_from(sent.number).ok()?;
        let wait = schedule.waits().get(tries.checked_sub(1)?);
        Some(wait.map_or(Self::GivenUp(sent.number), |wait| Self::Try(*wait, speed.scaled(*wait))))
    }
}
