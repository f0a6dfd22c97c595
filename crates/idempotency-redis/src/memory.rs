use crate::fault::Fault;
use crate::reply::Parts;
use redis::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use wxhook_idempotency::machine::{ClockJump, Moment};
use wxhook_idempotency::{Clock, Error, StoreId, SystemClock};

/// A process's knowledge of the store that it opened. It is sent with every call, so that the scripts notice if the
/// store is no longer the same or has lost records.
#[derive(Debug)]
pub(crate) struct Memory {
    at: String,
    /// Clock that replaces the server's, in tests.
    wall: Option<Arc<dyn Clock>>,
    replaced: OnceLock<Replacement>,
    lost: AtomicU64,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    id: Option<StoreId>,
    /// The greatest number and fence that were issued.
    seq: u64,
    fence: u64,
    anchor: Option<Anchor>,
}

/// A store time, and the monotonic clock at that time.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    time: u64,
    elapsed: Duration,
}

impl Anchor {
    fn reaches(self, elapsed: Duration) -> u64 {
        let passed = elapsed.saturating_sub(self.elapsed).as_millis();
        self.time.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX))
    }
}

/// The beginning of every call's arguments; `core.lua` reads it.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) wall: String,
    pub(crate) id: String,
    pub(crate) seq: u64,
    pub(crate) fence: u64,
    /// Expected time of the store; empty if unknown.
    pub(crate) estimate: String,
}

/// The reason why a store can't be used until it is opened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replacement {
    Gone,
    Other,
    Evicts,
    Evicted,
}

impl Replacement {
    /// Returns what happened.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Gone => "redis doesn't hold the store any more (flushed, or an empty replica took over)",
            Self::Other => "redis holds another store than the one that was opened",
            Self::Evicts => {
                "redis' maxmemory-policy isn't noeviction any more, so that it may remove records"
            }
            Self::Evicted => "redis has removed keys to free memory, which may have been records",
        }
    }

    const fn remedy(self) -> &'static str {
        match self {
            Self::Gone | Self::Other => {
                "bring back the server or the dump that has the records, then restart; a restart without it begins with \
                 what is there now"
            }
            Self::Evicts => "set maxmemory-policy to noeviction (also in redis.conf), then restart",
            Self::Evicted => {
                "set maxmemory-policy to noeviction (also in redis.conf), compare the orders of this time with the \
                 merchant platform, then restart"
            }
        }
    }
}

impl Memory {
    /// Creates the memory of a store that isn't opened yet.
    pub(crate) fn new(at: &str, wall: Option<Arc<dyn Clock>>) -> Self {
        Self {
            at: at.to_owned(),
            wall,
            replaced: OnceLock::new(),
            lost: AtomicU64::new(0),
            known: Mutex::default(),
        }
    }

    /// Returns the server's address.
    pub(crate) fn at(&self) -> &str {
        &self.at
    }

    /// Returns the id of the store that was opened.
    pub(crate) fn id(&self) -> Option<StoreId> {
        self.known().id
    }

    /// Remembers which store was opened.
    pub(crate) fn set_id(&self, id: StoreId) {
        self.known().id = Some(id);
    }

    /// Returns how many numbers the store has lost.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Rejects every further operation on a store that was replaced.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.replaced.get().map_or(Ok(()), |replacement| Err(Error::Replaced(replacement.reason())))
    }

    /// Rejects every further operation, and says why.
    pub(crate) fn replace(&self, replacement: Replacement) -> Error {
        if self.replaced.set(replacement).is_ok() {
            tracing::error!(
                at = self.at,
                remedy = replacement.remedy(),
                "{}; nothing is accepted until the store is opened again",
                replacement.reason()
            );
        }
        Error::Replaced(self.replaced.get().copied().unwrap_or(replacement).reason())
    }

    /// Returns the header of a call that is sent now.
    pub(crate) fn header(&self) -> Header {
        let known = self.known();
        Header {
            wall: self.wall.as_ref().map(|clock| millis(clock.as_ref())).unwrap_or_default(),
            id: known.id.map(|id| id.to_string()).unwrap_or_default(),
            seq: known.seq,
            fence: known.fence,
            estimate: known
                .anchor
                .map(|anchor| anchor.reaches(self.elapsed()).to_string())
                .unwrap_or_default(),
        }
    }

    /// Parses the answer of a script. If the script may change something, remembers what the answer says about the
    /// store, since the store keeps it only then.
    pub(crate) fn learn(&self, sent: &Header, answer: Value, writes: bool) -> Result<Value, Error> {
        let mut parts = Parts::of(answer)?;
        let value = parts.value()?;
        if !writes {
            return Ok(value);
        }
        let (now, seq, fence) = (parts.number()?, parts.number()?, parts.number()?);
        let (is_behind, jump, before) = match parts.value()? {
            Value::Nil => (false, 0, sent.seq),
            odd => {
                let mut odd = Parts::of(odd)?;
                (odd.number()? == 1, odd.number()?, odd.number()?)
            }
        };
        let elapsed = self.elapsed();
        let mut known = self.known();
        // While the clock is behind, the anchor stays, or every call would lose some of the time that passes.
        // Opening a store doesn't count as using it.
        let moves = !is_behind || known.anchor.is_none_or(|anchor| anchor.reaches(elapsed) < now);
        if moves && !sent.id.is_empty() {
            known.anchor = Some(Anchor { time: now, elapsed });
        }
        known.seq = known.seq.max(seq);
        known.fence = known.fence.max(fence);
        drop(known);
        if jump > 0 {
            tracing::warn!(at = self.at, "{}", ClockJump::new(Duration::from_millis(jump)));
        }
        if before < sent.seq {
            self.miss(before + 1, sent.seq);
        }
        Ok(value)
    }

    fn miss(&self, first: u64, last: u64) {
        let count = last.saturating_sub(first).saturating_add(1);
        self.lost.fetch_add(count, Ordering::Relaxed);
        tracing::error!(
            at = self.at,
            first,
            last,
            "redis lost acknowledged records with these numbers (a replica that was behind took over, or the server came \
             back without its last writes); the numbers go on above: compare the orders of this time with the merchant \
             platform"
        );
    }

    fn elapsed(&self) -> Duration {
        self.wall.as_ref().map_or_else(|| SystemClock::default().elapsed(), |clock| clock.elapsed())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(clock: &dyn Clock) -> String {
    Moment::from_system(clock.now()).millis().to_string()
}

/// Parses the id of a store.
pub(crate) fn id(text: &str) -> Result<StoreId, Error> {
    StoreId::parse(text).ok_or_else(|| Fault::Answer.into())
}
