use crate::MAX_SIBLINGS;
use crate::entry::{Entry, Fingerprint, OnChanged, Start};
use crate::error::Error;
use crate::machine::claiming::lease_on;
use crate::machine::{CHANGED, CHANGED_REASON, Moment, Progress, RecordRef, StoreTxn};
use crate::record::{FullRecord, Seq, State, StoredRecord, Tombstone};
use crate::results::{AcceptResult, BeginResult, ClaimId};
use std::cmp::Reverse;
use std::time::Duration;

/// Implements [`crate::Store::accept`].
///
/// # Errors
/// Those of the transaction, which must then be rolled back.
pub fn accept(txn: &mut impl StoreTxn, entry: Entry, now: Moment) -> Result<AcceptResult, Error> {
    Ok(match store(txn, entry, now)? {
        Stored::New(seq, _) => AcceptResult::New { seq },
        Stored::Changed(seq, _) => AcceptResult::Changed { seq },
        Stored::Known(seq, progress) => {
            AcceptResult::Duplicate { seq, state: progress.state, outcome: progress.outcome }
        }
        Stored::Purged(seq) => AcceptResult::Duplicate { seq, state: State::Done, outcome: None },
        Stored::Full => AcceptResult::Full,
    })
}

/// Implements [`crate::Store::begin`].
///
/// # Errors
/// Those of the transaction, which must then be rolled back.
pub fn begin(
    txn: &mut impl StoreTxn,
    entry: Entry,
    id: ClaimId,
    span: Duration,
    now: Moment,
) -> Result<BeginResult, Error> {
    let (seq, mut progress, changed) = match store(txn, entry, now)? {
        Stored::New(seq, progress) | Stored::Known(seq, progress) => (seq, progress, false),
        Stored::Changed(seq, progress) => (seq, progress, true),
        Stored::Purged(seq) => return Ok(BeginResult::Done { seq, outcome: None }),
        Stored::Full => return Ok(BeginResult::Full),
    };
    match progress.state {
        State::Done => return Ok(BeginResult::Done { seq, outcome: progress.outcome }),
        State::Parked if changed => return Ok(BeginResult::Changed { seq }),
        State::Parked => return Ok(BeginResult::Parked { seq }),
        State::Leased if progress.is_held(now) => {
            if progress.claim != Some(id) {
                return Ok(BeginResult::Busy { remaining: progress.remaining(now) });
            }
        }
        State::Leased if progress.is_used_up() => {
            progress.give_up();
            txn.save(seq, &progress)?;
            return Ok(BeginResult::Parked { seq });
        }
        State::Ready | State::Leased => {
            progress.claim(now, id, span, txn.next_fence()?);
            txn.save(seq, &progress)?;
        }
    }
    match txn.record(seq)?.and_then(|record| lease_on(record, now)) {
        Some(lease) => Ok(BeginResult::Acquired(Box::new(lease))),
        None => Err(Error::Corrupt("a record vanished within a transaction")),
    }
}

/// The result of storing an entry.
enum Stored {
    New(Seq, Progress),
    Known(Seq, Progress),
    Changed(Seq, Progress),
    /// A tombstone of this record matches.
    Purged(Seq),
    Full,
}

/// The similarity of two fingerprints, in ascending order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    Different,
    /// The entry has no fingerprint of the stored version. As the names agree, this counts as equal content: a newer
    /// program must not turn a day of resends into changed records.
    Unknown,
    Equal,
}

fn likeness(stored: &Fingerprint, entry: &Entry) -> Likeness {
    match entry.fingerprints().find(|own| own.version() == stored.version()) {
        None => Likeness::Unknown,
        Some(own) if own.digest() == stored.digest() => Likeness::Equal,
        Some(_) => Likeness::Different,
    }
}

fn store(txn: &mut impl StoreTxn, entry: Entry, now: Moment) -> Result<Stored, Error> {
    let mut met = Met::default();
    for alias in &entry.aliases {
        met.add(txn.by_alias(alias)?, &entry);
    }
    if let Some(known) = met.take() {
        return known_name(txn, entry, known, now);
    }
    for key in keys(&entry) {
        met.add(txn.by_key(key)?, &entry);
    }
    if let Some(known) = met.take() {
        return known_name(txn, entry, known, now);
    }
    unknown_names(txn, entry, now)
}

fn keys(entry: &Entry) -> impl Iterator<Item = &str> {
    std::iter::once(&entry.key).chain(&entry.older_keys).map(String::as_str)
}

/// The record that one kind of name leads to: the most similar one, or the first of equals.
#[derive(Default)]
struct Met(Option<(Likeness, RecordRef)>);

impl Met {
    fn add(&mut self, known: Option<RecordRef>, entry: &Entry) {
        let Some(known) = known else { return };
        let like = likeness(&known.fingerprint, entry);
        if self.0.as_ref().is_none_or(|(best, _)| like > *best) {
            self.0 = Some((like, known));
        }
    }

    fn take(&mut self) -> Option<(Likeness, RecordRef)> {
        self.0.take()
    }
}

fn known_name(
    txn: &mut impl StoreTxn,
    mut entry: Entry,
    (like, known): (Likeness, RecordRef),
    now: Moment,
) -> Result<Stored, Error> {
    let seen = see(txn, known.seq, now)?;
    if like > Likeness::Different {
        return duplicate(txn, &entry, known.seq, seen);
    }
    // Different content: is it that of the first record, of an existing sibling, or of a purged one?
    if known.sibling_of.is_some()
        && let Some(root) = txn.by_seq(known.root())?
        && likeness(&root.fingerprint, &entry) > Likeness::Different
    {
        let seen = see(txn, root.seq, now)?;
        return duplicate(txn, &entry, root.seq, seen);
    }
    if let Some(sibling) = own_sibling(txn, &entry, known.root_key())? {
        let seen = see(txn, sibling.seq, now)?;
        return duplicate(txn, &entry, sibling.seq, seen);
    }
    let key = entry.fingerprint.sibling_key(known.root_key());
    if txn.by_key(&key)?.is_some() {
        // The first 64 bits of two different digests agree. Nothing is merged.
        return Ok(Stored::Full);
    }
    if let Some((Likeness::Equal, tombstone)) = likest_tombstone(txn, known.root_key(), &entry)? {
        return purged(txn, known.root_key(), tombstone, now);
    }
    if txn.siblings(known.root())? >= MAX_SIBLINGS {
        return Ok(Stored::Full);
    }
    entry.key = key;
    insert(txn, entry, Some(known.root()), true, now)
}

fn unknown_names(txn: &mut impl StoreTxn, entry: Entry, now: Moment) -> Result<Stored, Error> {
    let mut changed = false;
    let has_siblings = txn.has_siblings()?;
    for key in keys(&entry) {
        // The record that had the key first may be gone while its sibling remains.
        if has_siblings && let Some(sibling) = own_sibling(txn, &entry, key)? {
            let seen = see(txn, sibling.seq, now)?;
            return duplicate(txn, &entry, sibling.seq, seen);
        }
        match likest_tombstone(txn, key, &entry)? {
            Some((Likeness::Equal | Likeness::Unknown, tombstone)) => {
                return purged(txn, key, tombstone, now);
            }
            Some((Likeness::Different, _)) => changed = true,
            None => {}
        }
    }
    insert(txn, entry, None, changed, now)
}

/// Returns the sibling with the entry's content, looked up by each of its fingerprints.
fn own_sibling(txn: &mut impl StoreTxn, entry: &Entry, root_key: &str) -> Result<Option<RecordRef>, Error> {
    for fingerprint in entry.fingerprints() {
        if let Some(sibling) = txn.by_key(&fingerprint.sibling_key(root_key))?
            && likeness(&sibling.fingerprint, entry) > Likeness::Different
        {
            return Ok(Some(sibling));
        }
    }
    Ok(None)
}

/// Returns the most similar tombstone, or the oldest of equals.
fn likest_tombstone(
    txn: &mut impl StoreTxn,
    key: &str,
    entry: &Entry,
) -> Result<Option<(Likeness, Tombstone)>, Error> {
    let tombstones = txn
        .tombstones(key)?
        .into_iter()
        .map(|tombstone| (likeness(&tombstone.fingerprint, entry), tombstone));
    Ok(tombstones.max_by_key(|(like, tombstone)| (*like, Reverse(tombstone.seq))))
}

fn insert(
    txn: &mut impl StoreTxn,
    mut entry: Entry,
    sibling_of: Option<Seq>,
    changed: bool,
    now: Moment,
) -> Result<Stored, Error> {
    if let Some(cap) = entry.lane_cap {
        let used = txn.lane_stats(&entry.lane)?;
        let size = u64::try_from(entry.body.len()).unwrap_or(u64::MAX);
        if used.waiting() >= cap.records || used.bytes.saturating_add(size) > cap.bytes {
            return Ok(Stored::Full);
        }
    }
    let mut flags = std::mem::take(&mut entry.flags);
    let mut start = entry.start;
    if changed {
        flags.push(CHANGED.to_owned());
        if entry.on_changed == OnChanged::Park {
            start = Start::Parked(CHANGED_REASON);
        }
    }
    let progress = Progress::new(start, entry.max_attempts, flags, now);
    let seq = txn.next_seq()?;
    let (aliases, keeps_tombstone) = (std::mem::take(&mut entry.aliases), entry.keeps_tombstone);
    let record = StoredRecord::new(seq, entry, sibling_of, now, progress.clone());
    txn.insert(FullRecord::new(record, aliases, keeps_tombstone))?;
    Ok(if changed { Stored::Changed(seq, progress) } else { Stored::New(seq, progress) })
}

fn see(txn: &mut impl StoreTxn, seq: Seq, now: Moment) -> Result<Progress, Error> {
    let Some(mut progress) = txn.load(seq)? else {
        return Err(Error::Corrupt("a name without a record"));
    };
    let before = progress.seen_at;
    progress.see(now);
    if progress.seen_at != before {
        txn.save(seq, &progress)?;
    }
    Ok(progress)
}

fn duplicate(txn: &mut impl StoreTxn, entry: &Entry, seq: Seq, progress: Progress) -> Result<Stored, Error> {
    for alias in &entry.aliases {
        txn.add_alias(seq, alias)?;
    }
    Ok(Stored::Known(seq, progress))
}

fn purged(txn: &mut impl StoreTxn, key: &str, tombstone: Tombstone, now: Moment) -> Result<Stored, Error> {
    txn.put_tombstone(key, tombstone, now)?;
    Ok(Stored::Purged(tombstone.seq))
}
