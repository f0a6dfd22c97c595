use crate::entry::{Entry, Fingerprint};
use crate::error::Error;
use crate::machine::{Moment, Progress, StoreTxn, accept};
use crate::record::{Fence, Retention, Seq, State, StoredRecord, Tombstone};
use crate::results::{
    AcceptResult, Action, FenceResult, Move, MoveResult, MoveTarget, Operation, Settlement,
};
use std::time::Duration;

/// Length in bytes of the body of [`probe_entry`], which is that of a typical record.
const PROBE_SIZE: usize = 4_080;

/// Implements [`crate::Store::renew`].
///
/// # Errors
/// Those of the transaction.
pub fn renew(
    txn: &mut impl StoreTxn,
    seq: Seq,
    fence: Fence,
    span: Duration,
    now: Moment,
) -> Result<FenceResult, Error> {
    fenced(txn, seq, |progress| progress.renew(now, fence, span))
}

/// Implements [`crate::Store::settle`].
///
/// # Errors
/// Those of the transaction.
pub fn settle(
    txn: &mut impl StoreTxn,
    seq: Seq,
    fence: Fence,
    settlement: &Settlement,
    now: Moment,
) -> Result<FenceResult, Error> {
    fenced(txn, seq, |progress| progress.settle(now, fence, settlement))
}

fn fenced(
    txn: &mut impl StoreTxn,
    seq: Seq,
    step: impl FnOnce(&mut Progress) -> FenceResult,
) -> Result<FenceResult, Error> {
    let Some(mut progress) = txn.load(seq)? else { return Ok(FenceResult::Lost) };
    let was_done = progress.state == State::Done;
    let answer = step(&mut progress);
    if answer == FenceResult::Done && !was_done {
        txn.save(seq, &progress)?;
    }
    Ok(answer)
}

/// Implements [`crate::Store::act`].
///
/// # Errors
/// Those of the transaction.
pub fn act(
    txn: &mut impl StoreTxn,
    seq: Seq,
    operation: Operation,
    action: &Action,
    now: Moment,
) -> Result<Option<StoredRecord>, Error> {
    let Some(mut record) = txn.record(seq)? else { return Ok(None) };
    if record.progress.act(now, operation, action, || txn.next_fence())? {
        txn.save(seq, &record.progress)?;
    }
    Ok(Some(record))
}

/// Implements [`crate::Store::move_records`].
///
/// # Errors
/// Those of the transaction, which must then be rolled back.
pub fn move_records(txn: &mut impl StoreTxn, request: &Move, now: Moment) -> Result<MoveResult, Error> {
    let Move { from, target, max } = request;
    let mut moved = 0;
    match target {
        MoveTarget::Merchants { prefix } => {
            for done in [false, true] {
                for (seq, merchant) in
                    txn.in_lane(from, done, Seq::new(u64::MAX), max.saturating_sub(moved))?
                {
                    let to = [prefix, &*merchant].concat();
                    if to != *from {
                        txn.move_to(seq, &to)?;
                        moved = moved.saturating_add(1);
                    }
                }
            }
        }
        MoveTarget::Lane { to, .. } if from == to => {}
        MoveTarget::Lane { .. } if txn.is_lane_leased(from, now)? => return Ok(MoveResult::Leased),
        MoveTarget::Lane { to, until, action } => {
            for (seq, _) in txn.in_lane(from, false, *until, *max)? {
                match txn.load(seq) {
                    Ok(Some(mut progress)) => {
                        progress.adopt(now, action);
                        txn.save(seq, &progress)?;
                        txn.move_to(seq, to)?;
                        moved = moved.saturating_add(1);
                    }
                    Ok(None) => {}
                    Err(Error::Corrupt(_)) => txn.set_aside(seq)?,
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok(MoveResult::Moved(u64::try_from(moved).unwrap_or(u64::MAX)))
}

/// Implements [`crate::Store::purge`]. Returns the number of records and of tombstones removed.
///
/// # Errors
/// Those of the transaction, which must then be rolled back.
pub fn purge(
    txn: &mut impl StoreTxn,
    retention: Retention,
    max: usize,
    now: Moment,
) -> Result<(usize, usize), Error> {
    if txn.purge_after()?.is_some_and(|after| now < after) {
        return Ok((0, 0));
    }
    let mut records = 0;
    for seq in txn.idle(now.minus(retention.records()), max)? {
        match txn.remove(seq) {
            Ok(Some(removed)) => {
                records += 1;
                if removed.keeps_tombstone {
                    let tombstone = Tombstone::new(removed.seq, removed.fingerprint);
                    txn.put_tombstone(removed.root_key(), tombstone, now)?;
                }
            }
            Ok(None) => {}
            Err(Error::Corrupt(_)) => txn.set_aside(seq)?,
            Err(error) => return Err(error),
        }
    }
    Ok((records, txn.remove_tombstones(now.minus(retention.tombstones()), max)?))
}

/// Returns an entry of a typical size that fills every field an accept writes, under names that no notification has.
pub fn probe_entry() -> Entry {
    const NAME: &str = "wxhook-probe";
    let body: Vec<u8> = (0..=254).cycle().take(PROBE_SIZE).collect();
    let mut entry = Entry::new(NAME, Fingerprint::new(1, [0; 32]), body, NAME);
    entry.aliases.push(NAME.to_owned());
    entry.labels.merchant = NAME.to_owned();
    entry.labels.event = NAME.to_owned();
    entry.labels.id = Some(NAME.to_owned());
    entry.labels.numbers.push((NAME.to_owned(), NAME.to_owned()));
    entry.group = Some(NAME.to_owned());
    entry
}

/// Implements [`crate::Store::probe`]: accepts [`probe_entry`], reads it back and removes it.
///
/// # Errors
/// Those of the transaction, or [`Error::Corrupt`] if what is read isn't what was written. The transaction must then be
/// rolled back.
pub fn probe(txn: &mut impl StoreTxn, now: Moment) -> Result<(), Error> {
    const WRONG: Error = Error::Corrupt("the probe reads back differently");
    let entry = probe_entry();
    let AcceptResult::New { seq } = accept(txn, entry.clone(), now)? else { return Err(WRONG) };
    let record = txn.record(seq)?.ok_or(WRONG)?;
    if record.key != entry.key || record.body != entry.body {
        return Err(WRONG);
    }
    txn.remove(seq)?.map(drop).ok_or(WRONG)
}
