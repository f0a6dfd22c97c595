use crate::call::Call;
use crate::reply::Parts;
use crate::script::{ADOPT, SPLIT_LANE};
use crate::store::{MAX_SEQ, RedisStore};
use redis::Value;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use wxhook_idempotency::{Error, LaneStats, Move, MoveResult, MoveTarget, Seq, Store as _};

/// Maximum number of records moved in one step, so that no other operation waits for long.
const STEP: u64 = 200;
/// Minimum number of examined records for which a position is remembered.
const MANY: u64 = 2_000;

/// Positions up to which records of a lane have been moved, so that the next step needn't look at them again.
/// Forgetting one costs time only.
#[derive(Debug, Default)]
pub(crate) struct Positions(Mutex<HashMap<String, Position>>);

#[derive(Debug, Clone, Default)]
struct Position {
    /// True if the records that aren't Done are behind it.
    done: bool,
    /// The last number that was looked at; empty at the beginning.
    after: String,
    /// Number of records examined up to here.
    examined: u64,
}

impl Position {
    fn is_beginning(&self) -> bool {
        !self.done && self.after.is_empty()
    }
}

impl Positions {
    fn take(&self, name: &str) -> Position {
        self.lock().remove(name).unwrap_or_default()
    }

    fn put(&self, name: &str, position: Position) {
        if position.examined >= MANY && !position.is_beginning() {
            self.lock().insert(name.to_owned(), position);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Position>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a lane of the answer of `stats.lua`.
pub(crate) fn lane_stats(value: Value) -> Result<LaneStats, Error> {
    let mut parts = Parts::of(value)?;
    let lane = parts.text()?;
    let counts = [parts.number()?, parts.number()?, parts.number()?, parts.number()?];
    Ok(LaneStats::new(lane, counts, parts.number()?))
}

/// Implements [`wxhook_idempotency::Store::move_records`].
pub(crate) async fn move_records(store: &RedisStore, request: &Move) -> Result<MoveResult, Error> {
    let Move { from, target, max, .. } = request;
    let moved = match target {
        MoveTarget::Merchants { prefix } => {
            // Most stores have nothing left to move.
            if *max == 0 || !store.stats().await?.lanes.iter().any(|stats| stats.lane == *from) {
                return Ok(MoveResult::Moved(0));
            }
            let call = |position: &Position, max| {
                let call = Call::new(SPLIT_LANE).arg(from.clone()).arg(prefix.clone());
                call.flag(position.done).arg(position.after.clone()).number(max)
            };
            relocate(store, &format!("split {from}"), *max, true, call).await?
        }
        MoveTarget::Lane { to, .. } if from == to => Some(0),
        MoveTarget::Lane { to, until, action } => {
            let until = (*until).min(Seq::new(MAX_SEQ));
            let call = |position: &Position, max| {
                let call = Call::new(ADOPT).arg(from.clone()).arg(to.clone()).seq(until);
                call.arg(position.after.clone()).number(max).action(action)
            };
            relocate(store, &format!("adopt {from}"), *max, false, call).await?
        }
    };
    Ok(moved.map_or(MoveResult::Leased, MoveResult::Moved))
}

/// Runs steps from where the last call ended, until the requested number of records is moved or none are left. Records
/// that the last call skipped are examined again before it reports that none are left. Returns the number moved, or
/// `None` if a lease prevents it.
async fn relocate(
    store: &RedisStore,
    name: &str,
    max: usize,
    has_two_passes: bool,
    call: impl Fn(&Position, u64) -> Call,
) -> Result<Option<u64>, Error> {
    let max = u64::try_from(max).unwrap_or(u64::MAX);
    let mut position = store.positions().take(name);
    let (mut moved, mut is_whole) = (0, position.is_beginning());
    loop {
        let mut answer = store.parts(call(&position, max.saturating_sub(moved).min(STEP))).await?;
        if answer.text()? == "held" {
            return Ok(if moved > 0 { Some(moved) } else { None });
        }
        moved += answer.number()?;
        position.after = answer.text()?;
        position.examined = position.examined.saturating_add(answer.number()?);
        let is_end = position.after.is_empty();
        if is_end {
            position.done = !position.done && has_two_passes;
        }
        if moved >= max {
            store.positions().put(name, position);
            return Ok(Some(moved));
        }
        if is_end && position.is_beginning() {
            if is_whole {
                return Ok(Some(moved));
            }
            position = Position::default();
            is_whole = true;
        }
    }
}
