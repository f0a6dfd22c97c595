use crate::error::Error;
use crate::machine::{Moment, Progress, Purged, Shelf};
use crate::record::{Fence, Mark, Retention, Seq, State, StoredRecord};
use crate::results::{Action, Failure, Fenced, Lease};
use bytes::Bytes;
use std::time::Duration;

/// The record, unless it is gone or had to be set aside.
pub(crate) fn readable(shelf: &mut impl Shelf, seq: Seq) -> Result<Option<(StoredRecord, Progress)>, Error> {
    let both = match shelf.load(seq) {
        Ok(Some(progress)) => shelf.record(seq).map(|record| record.map(|record| (record, progress))),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    match both {
        Err(Error::Corrupt(_)) => {
            shelf.set_aside(seq)?;
            Ok(None)
        }
        other => other,
    }
}

/// The lease that `progress`, already saved, stands for.
pub(crate) fn lease(
    shelf: &mut impl Shelf,
    seq: Seq,
    progress: Progress,
    now: Moment,
) -> Result<Option<Lease>, Error> {
    Ok(shelf.record(seq)?.and_then(|record| lease_on(record, progress, now)))
}

pub(crate) fn lease_on(mut record: StoredRecord, progress: Progress, now: Moment) -> Option<Lease> {
    let fence = progress.fence?;
    let remaining = progress.remaining(now);
    let age = now.since(Moment::from_system(record.accepted_at));
    progress.write_to(&mut record);
    Some(Lease::new(record, fence, remaining, age))
}

/// [`crate::Store::renew`].
///
/// # Errors
/// The shelf's.
pub fn renew(
    shelf: &mut impl Shelf,
    seq: Seq,
    fence: Fence,
    span: Duration,
    now: Moment,
) -> Result<Fenced, Error> {
    fenced(shelf, seq, |progress| progress.renew(now, fence, span))
}

/// [`crate::Store::complete`].
///
/// # Errors
/// The shelf's.
pub fn complete(
    shelf: &mut impl Shelf,
    seq: Seq,
    fence: Fence,
    outcome: Option<&Bytes>,
    now: Moment,
) -> Result<Fenced, Error> {
    fenced(shelf, seq, |progress| progress.complete(now, fence, outcome))
}

/// [`crate::Store::fail`].
///
/// # Errors
/// The shelf's.
pub fn fail(
    shelf: &mut impl Shelf,
    seq: Seq,
    fence: Fence,
    failure: &Failure,
    now: Moment,
) -> Result<Fenced, Error> {
    fenced(shelf, seq, |progress| progress.fail(now, fence, failure))
}

/// [`crate::Store::release`].
///
/// # Errors
/// The shelf's.
pub fn release(shelf: &mut impl Shelf, seq: Seq, fence: Fence, now: Moment) -> Result<Fenced, Error> {
    fenced(shelf, seq, |progress| progress.release(now, fence))
}

fn fenced(
    shelf: &mut impl Shelf,
    seq: Seq,
    step: impl FnOnce(&mut Progress) -> Fenced,
) -> Result<Fenced, Error> {
    let Some(mut progress) = shelf.load(seq)? else { return Ok(Fenced::Lost) };
    let was_done = progress.state == State::Done;
    let answer = step(&mut progress);
    if answer == Fenced::Done && !was_done {
        shelf.save(seq, &progress)?;
    }
    Ok(answer)
}

/// [`crate::Store::requeue`].
///
/// # Errors
/// The shelf's.
pub fn requeue(
    shelf: &mut impl Shelf,
    seq: Seq,
    action: &Action,
    now: Moment,
) -> Result<Option<StoredRecord>, Error> {
    by_hand(shelf, seq, |_, progress| Ok(progress.requeue(now, action)))
}

/// [`crate::Store::park`].
///
/// # Errors
/// The shelf's.
pub fn park(
    shelf: &mut impl Shelf,
    seq: Seq,
    action: &Action,
    now: Moment,
) -> Result<Option<StoredRecord>, Error> {
    by_hand(shelf, seq, |shelf, progress| progress.park(now, action, || shelf.next_fence()))
}

/// [`crate::Store::discard`].
///
/// # Errors
/// The shelf's.
pub fn discard(
    shelf: &mut impl Shelf,
    seq: Seq,
    action: &Action,
    now: Moment,
) -> Result<Option<StoredRecord>, Error> {
    by_hand(shelf, seq, |shelf, progress| progress.discard(now, action, || shelf.next_fence()))
}

fn by_hand<S: Shelf>(
    shelf: &mut S,
    seq: Seq,
    step: impl FnOnce(&mut S, &mut Progress) -> Result<bool, Error>,
) -> Result<Option<StoredRecord>, Error> {
    let Some(mut progress) = shelf.load(seq)? else { return Ok(None) };
    if step(shelf, &mut progress)? {
        shelf.save(seq, &progress)?;
    }
    shelf.record(seq)
}

/// [`crate::Store::purge`]: records, leaving the marks that are to stay, and marks. After a jump of the clock, nothing.
///
/// # Errors
/// The shelf's; what was done so far is then to be undone.
pub fn purge(
    shelf: &mut impl Shelf,
    retention: Retention,
    most: usize,
    now: Moment,
) -> Result<Purged, Error> {
    let mut purged = Purged::default();
    if shelf.purge_after()?.is_some_and(|after| now < after) {
        return Ok(purged);
    }
    for seq in shelf.idle(now.minus(retention.records()), most)? {
        match shelf.remove(seq) {
            Ok(Some(removed)) => {
                purged.records += 1;
                if removed.keeps_mark {
                    let mark = Mark::new(removed.known.seq, removed.known.fingerprint);
                    shelf.put_mark(removed.known.root_key(), mark, now)?;
                }
            }
            Ok(None) => {}
            Err(Error::Corrupt(_)) => shelf.set_aside(seq)?,
            Err(error) => return Err(error),
        }
    }
    purged.marks = shelf.remove_marks(now.minus(retention.marks()), most)?;
    Ok(purged)
}
