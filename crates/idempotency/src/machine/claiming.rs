use crate::error::Error;
use crate::machine::{Moment, StoreTxn};
use crate::record::{Seq, StoredRecord};
use crate::results::{Claim, Lease};
use std::collections::VecDeque;

/// Minimum and maximum number of due records of a lane that are looked at in one go.
const STRIDE: (usize, usize) = (8, 64);

/// Implements [`crate::Store::claim_due`].
///
/// An unreadable record is set aside and the others continue.
///
/// # Errors
/// Those of the transaction, which must then be rolled back.
pub fn claim_due(txn: &mut impl StoreTxn, claim: &Claim, now: Moment) -> Result<Vec<Lease>, Error> {
    let leases = repeated(txn, claim, now)?;
    if !leases.is_empty() {
        return Ok(leases);
    }
    fresh(txn, claim, now)
}

/// Returns the live leases that an earlier call with this claim id returned, ordered by fence.
fn repeated(txn: &mut impl StoreTxn, claim: &Claim, now: Moment) -> Result<Vec<Lease>, Error> {
    let mut leases = Vec::new();
    for lane in claim.turns() {
        for seq in txn.claimed(lane, claim.id)? {
            let Some(record) = readable(txn, seq)? else { continue };
            if record.is_held(now) {
                leases.extend(lease_on(record, now));
            }
        }
    }
    leases.sort_by_key(|lease| lease.fence);
    leases.truncate(claim.max);
    Ok(leases)
}

/// Leases due records. Lanes take turns, so that none waits until another is empty.
fn fresh(txn: &mut impl StoreTxn, claim: &Claim, now: Moment) -> Result<Vec<Lease>, Error> {
    let share = claim.max.checked_div(claim.lanes.len()).unwrap_or_default();
    let stride = share.saturating_add(1).clamp(STRIDE.0, STRIDE.1);
    let mut leases = Vec::new();
    let mut queues: VecDeque<_> = claim.turns().map(Queue::new).collect();
    while leases.len() < claim.max {
        let Some(mut queue) = queues.pop_front() else { break };
        if let Some(lease) = queue.next(txn, claim, stride, now)? {
            leases.push(lease);
            queues.push_back(queue);
        }
    }
    Ok(leases)
}

/// The due records of one lane.
struct Queue<'a> {
    lane: &'a str,
    ahead: VecDeque<(Moment, Seq)>,
    after: Option<(Moment, Seq)>,
}

impl<'a> Queue<'a> {
    fn new(lane: &'a str) -> Self {
        Self { lane, ahead: VecDeque::new(), after: None }
    }

    /// Leases the next claimable record.
    fn next(
        &mut self,
        txn: &mut impl StoreTxn,
        claim: &Claim,
        stride: usize,
        now: Moment,
    ) -> Result<Option<Lease>, Error> {
        loop {
            if self.ahead.is_empty() {
                self.ahead = txn.due(self.lane, now, self.after, stride)?.into();
            }
            let Some(at) = self.ahead.pop_front() else { return Ok(None) };
            self.after = Some(at);
            let (_, seq) = at;
            // Checked first: many records may wait behind one that backs off, and each has a body.
            if txn.is_behind(seq)? {
                continue;
            }
            let Some(mut record) = readable(txn, seq)? else { continue };
            if record.is_used_up() {
                record.progress.give_up();
                txn.save(seq, &record.progress)?;
                continue;
            }
            record.progress.claim(now, claim.id, claim.lease, txn.next_fence()?);
            txn.save(seq, &record.progress)?;
            if let Some(lease) = lease_on(record, now) {
                return Ok(Some(lease));
            }
        }
    }
}

/// Returns a record, unless it is gone or had to be set aside.
fn readable(txn: &mut impl StoreTxn, seq: Seq) -> Result<Option<StoredRecord>, Error> {
    match txn.record(seq) {
        Err(Error::Corrupt(_)) => {
            txn.set_aside(seq)?;
            Ok(None)
        }
        other => other,
    }
}

/// Returns the lease that a record's saved progress stands for.
pub(super) fn lease_on(record: StoredRecord, now: Moment) -> Option<Lease> {
    let (fence, remaining, age) = (record.fence?, record.remaining(now), now.since(record.accepted_at));
    Some(Lease::new(record, fence, remaining, age))
}
