use crate::call::Call;
use crate::reply::Parts;
use crate::script::{ADOPT, SPLIT_LANE};
use crate::store::{MOST_SEQ, RedisStore};
use redis::Value;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use wxhook_idempotency::{Adopted, Adoption, Error, LaneStats, Seq, Store as _};

/// One step moves so many at most, so that nobody else waits for long.
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

/// The figures of the lanes by name, as `lanes.lua` answers them.
pub(crate) fn lane_stats(value: Value) -> Result<Vec<LaneStats>, Error> {
    let mut lanes = Parts::of(value)?.map(one_lane).collect::<Result<Vec<_>, _>>()?;
    lanes.sort_by(|one, other| one.lane.cmp(&other.lane));
    Ok(lanes)
}

fn one_lane(value: Value) -> Result<LaneStats, Error> {
    let mut parts = Parts::of(value)?;
    let mut stats = LaneStats::new(parts.text()?);
    stats.ready = parts.number()?;
    stats.leased = parts.number()?;
    stats.done = parts.number()?;
    stats.parked = parts.number()?;
    stats.bytes = parts.number()?;
    Ok(stats)
}

/// Moves records of a lane to those of their merchants: first what isn't Done.
pub(crate) async fn split(store: &RedisStore, from: &str, prefix: &str, max: usize) -> Result<u64, Error> {
    // Most stores have nothing left to move.
    if max == 0 || !store.lanes().await?.iter().any(|stats| stats.lane == from) {
        return Ok(0);
    }
    let name = format!("split {from}");
    let call = |position: &Position, max| {
        let call = Call::new(SPLIT_LANE).arg(from.to_owned()).arg(prefix.to_owned());
        call.flag(position.done).arg(position.after.clone()).number(max)
    };
    Ok(relocate(store, &name, max, true, call).await?.unwrap_or_default())
}

/// Moves records of a lane that aren't Done to another one.
pub(crate) async fn adopt(store: &RedisStore, adoption: &Adoption) -> Result<Adopted, Error> {
    let Adoption { from, to, until, action, max, .. } = adoption;
    if from == to {
        return Ok(Adopted::Moved(0));
    }
    let name = format!("adopt {from}");
    let until = (*until).min(Seq::new(MOST_SEQ));
    let call = |position: &Position, max| {
        let call = Call::new(ADOPT).arg(from.clone()).arg(to.clone()).seq(until);
        call.arg(position.after.clone()).number(max).action(action)
    };
    let moved = relocate(store, &name, *max, false, call).await?;
    Ok(moved.map_or(Adopted::Held, Adopted::Moved))
}

/// Takes steps until so many records were moved or there are no more, from where the last call ended; what that one passed
/// is looked at again before it is told that nothing is left. Gives how many; nothing if a lease is in the way.
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
