use crate::call::Call;
use crate::reply::Parts;
use crate::script::{ADOPT, SPLIT_LANE};
use crate::store::RedisStore;
use redis::Value;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use wxhook_idempotency::{Adopted, Adoption, Error, LaneStats, Seq, Store as _};

/// How far records of a lane have been moved, so that the next step needn't look at those before again. Forgetting it costs
/// time only.
#[derive(Debug, Default)]
pub(crate) struct Positions(Mutex<HashMap<String, Position>>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Position {
    done: bool,
    /// The last number that was looked at; empty at the beginning.
    after: String,
}

impl Positions {
    fn take(&self, name: &str) -> Position {
        self.lock().remove(name).unwrap_or_default()
    }

    fn put(&self, name: &str, position: Position) {
        self.lock().insert(name.to_owned(), position);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Position>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The figures of one lane, as `lanes.lua` answers them.
pub(crate) fn lane_stats(value: Value) -> Result<LaneStats, Error> {
    let mut parts = Parts::of(value)?;
    let mut stats = LaneStats::new(parts.text()?);
    stats.ready = parts.number()?;
    stats.leased = parts.number()?;
    stats.done = parts.number()?;
    stats.parked = parts.number()?;
    stats.bytes = parts.number()?;
    Ok(stats)
}

/// Moves records of a lane to those of their merchants.
pub(crate) async fn split(store: &RedisStore, from: &str, prefix: &str, max: usize) -> Result<u64, Error> {
    let name = format!("split {from}");
    let begin = store.positions().take(&name);
    // Most stores have nothing left to move.
    if begin == Position::default() && !store.lanes().await?.iter().any(|stats| stats.lane == from) {
        return Ok(0);
    }
    let mut position = begin.clone();
    let mut from_the_beginning = begin == Position::default();
    loop {
        let call = Call::new(SPLIT_LANE).arg(from.to_owned()).arg(prefix.to_owned()).flag(position.done);
        let mut answer = store.parts(call.arg(position.after.clone()).number(max)).await?;
        let (moved, last) = (answer.number()?, answer.text()?);
        let is_end = last.is_empty() && position.done;
        position = if last.is_empty() {
            Position { done: !position.done, after: String::new() }
        } else {
            Position { done: position.done, after: last }
        };
        if moved > 0 || max == 0 {
            store.positions().put(&name, position);
            return Ok(moved);
        }
        if is_end && from_the_beginning {
            return Ok(0);
        }
        from_the_beginning = from_the_beginning || is_end;
    }
}

/// Moves records of a lane that aren't Done to another one.
pub(crate) async fn adopt(store: &RedisStore, adoption: &Adoption) -> Result<Adopted, Error> {
    let Adoption { from, to, until, action, max, .. } = adoption;
    if from == to {
        return Ok(Adopted::Moved(0));
    }
    let name = format!("adopt {from}");
    let begin = store.positions().take(&name);
    let mut after = begin.after.clone();
    let mut from_the_beginning = after.is_empty();
    loop {
        let call = Call::new(ADOPT).arg(from.clone()).arg(to.clone()).seq(greatest(*until));
        let mut answer = store.parts(call.arg(after).number(max).action(action)).await?;
        if answer.text()? == "held" {
            return Ok(Adopted::Held);
        }
        let (moved, last) = (answer.number()?, answer.text()?);
        let is_end = last.is_empty();
        after = last;
        if moved > 0 || *max == 0 {
            store.positions().put(&name, Position { done: false, after });
            return Ok(Adopted::Moved(moved));
        }
        if is_end && from_the_beginning {
            return Ok(Adopted::Moved(0));
        }
        from_the_beginning = from_the_beginning || is_end;
    }
}

/// A number that has a place in 16 digits.
fn greatest(seq: Seq) -> Seq {
    seq.min(Seq::new(crate::store::MOST_SEQ))
}
