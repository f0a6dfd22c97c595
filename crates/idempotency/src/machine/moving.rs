use crate::error::Error;
use crate::machine::{Moment, Shelf};
use crate::record::Seq;
use crate::results::{Adopted, Adoption};

/// [`crate::Store::split_lane`].
///
/// # Errors
/// The shelf's; what was done so far is then to be undone.
pub fn split_lane(shelf: &mut impl Shelf, from: &str, prefix: &str, max: usize) -> Result<u64, Error> {
    let all = Seq::new(u64::MAX);
    let mut moved = 0;
    for done in [false, true] {
        for (seq, merchant) in shelf.in_lane(from, done, all, max.saturating_sub(moved))? {
            let to = [prefix, &merchant].concat();
            if to != from {
                shelf.move_to(seq, &to)?;
                moved = moved.saturating_add(1);
            }
        }
    }
    Ok(u64::try_from(moved).unwrap_or(u64::MAX))
}

/// [`crate::Store::adopt`].
///
/// # Errors
/// The shelf's; what was done so far is then to be undone.
pub fn adopt(shelf: &mut impl Shelf, adoption: &Adoption, now: Moment) -> Result<Adopted, Error> {
    let Adoption { from, to, until, action, max } = adoption;
    if from == to {
        return Ok(Adopted::Moved(0));
    }
    if shelf.is_lane_held(from, now)? {
        return Ok(Adopted::Held);
    }
    let mut moved = 0;
    for (seq, _) in shelf.in_lane(from, false, *until, *max)? {
        match shelf.load(seq) {
            Ok(Some(mut progress)) => {
                progress.adopt(now, action);
                shelf.save(seq, &progress)?;
                shelf.move_to(seq, to)?;
                moved += 1;
            }
            Ok(None) => {}
            Err(Error::Corrupt(_)) => shelf.set_aside(seq)?,
            Err(error) => return Err(error),
        }
    }
    Ok(Adopted::Moved(moved))
}
