use crate::MAX_SIBLINGS;
use crate::entry::{Entry, Fingerprint, OnChanged, Start};
use crate::error::Error;
use crate::machine::changing::lease;
use crate::machine::{CHANGED, CHANGED_REASON, Moment, NewRecord, Progress, RecordRef, StoreTxn};
use crate::record::{Seq, State, Tombstone};
use crate::results::{AcceptResult, BeginResult, ClaimId};
use std::cmp::Reverse;
use std::time::Duration;

/// [`crate::Store::accept`]. The entry is used up.
///
/// # Errors
/// Those of the transaction, which must then be rolled back.
pub fn accept(txn: &mut impl StoreTxn, entry: &mut Entry, now: Moment) -> Result<AcceptResult, Error> {
    Ok(match settle(txn, entry, now)? {
        Settled::New(seq, _) => AcceptResult::New { seq },
        Settled::Changed(seq, _) => AcceptResult::Changed { seq },
        Settled::Known(seq, progress) => {
            AcceptResult::Duplicate { seq, state: progress.state, outcome: progress.outcome }
        }
        Settled::Marked(seq) => AcceptResult::Duplicate { seq, state: State::Done, outcome: None },
        Settled::Full => AcceptResult::Full,
    })
}

/// [`crate::Store::begin`]. The entry is used up.
///
/// # Errors
/// Those of the transaction, which must then be rolled back.
pub fn begin(
    txn: &mut impl StoreTxn,
    entry: &mut Entry,
    id: ClaimId,
    span: Duration,
    now: Moment,
) -> Result<BeginResult, Error> {
    let (seq, mut progress, changed) = match settle(txn, entry, now)? {
        Settled::New(seq, progress) | Settled::Known(seq, progress) => (seq, progress, false),
        Settled::Changed(seq, progress) => (seq, progress, true),
        Settled::Marked(seq) => return Ok(BeginResult::Done { seq, outcome: None }),
        Settled::Full => return Ok(BeginResult::Full),
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
    match lease(txn, seq, progress, now)? {
        Some(lease) => Ok(BeginResult::Acquired(Box::new(lease))),
        None => Err(Error::Corrupt("a record went missing within one step")),
    }
}

/// How an entry met what is stored.
enum Settled {
    New(Seq, Progress),
    Known(Seq, Progress),
    Changed(Seq, Progress),
    Marked(Seq),
    Full,
}

/// How two fingerprints compare; the greater the more alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    Different,
    /// The entry has none of the stored one's version. They can't be compared, and the names agree, so it counts as the
    /// same content: a newer program must not turn a day of resends into changed records.
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

fn settle(txn: &mut impl StoreTxn, entry: &mut Entry, now: Moment) -> Result<Settled, Error> {
    let mut met = Met::default();
    for alias in &entry.aliases {
        met.add(txn.by_alias(alias)?, entry);
    }
    if let Some(known) = met.take() {
        return known_name(txn, entry, known, now);
    }
    for key in keys(entry) {
        met.add(txn.by_key(key)?, entry);
    }
    if let Some(known) = met.take() {
        return known_name(txn, entry, known, now);
    }
    unknown_names(txn, entry, now)
}

fn keys(entry: &Entry) -> impl Iterator<Item = &str> {
    std::iter::once(&entry.key).chain(&entry.older_keys).map(String::as_str)
}

/// The record that one kind of name leads to: the one max like the entry, of equals the first.
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
    entry: &mut Entry,
    (like, known): (Likeness, RecordRef),
    now: Moment,
) -> Result<Settled, Error> {
    let seen = see(txn, known.seq, now)?;
    if like > Likeness::Different {
        return duplicate(txn, entry, known.seq, seen);
    }
    // Other content: is it the first record's, a sibling's that is there, or a purged one's?
    if known.sibling_of.is_some()
        && let Some(root) = txn.by_seq(known.root())?
        && likeness(&root.fingerprint, entry) > Likeness::Different
    {
        let seen = see(txn, root.seq, now)?;
        return duplicate(txn, entry, root.seq, seen);
    }
    if let Some(sibling) = own_sibling(txn, entry, known.root_key())? {
        let seen = see(txn, sibling.seq, now)?;
        return duplicate(txn, entry, sibling.seq, seen);
    }
    let key = entry.fingerprint.sibling_key(known.root_key());
    if txn.by_key(&key)?.is_some() {
        // Its name is taken: the first 64 bits of two digests agree. Nothing is merged.
        return Ok(Settled::Full);
    }
    if let Some((Likeness::Equal, mark)) = likest_mark(txn, known.root_key(), entry)? {
        return marked(txn, known.root_key(), mark, now);
    }
    if txn.siblings(known.root())? >= MAX_SIBLINGS {
        return Ok(Settled::Full);
    }
    entry.key = key;
    insert(txn, entry, Some(known.root()), true, now)
}

fn unknown_names(txn: &mut impl StoreTxn, entry: &mut Entry, now: Moment) -> Result<Settled, Error> {
    let mut changed = false;
    let has_siblings = txn.has_siblings()?;
    for key in keys(entry) {
        // The record that had the key first may be gone while its sibling is still here.
        if has_siblings && let Some(sibling) = own_sibling(txn, entry, key)? {
            let seen = see(txn, sibling.seq, now)?;
            return duplicate(txn, entry, sibling.seq, seen);
        }
        match likest_mark(txn, key, entry)? {
            Some((Likeness::Equal | Likeness::Unknown, mark)) => return marked(txn, key, mark, now),
            Some((Likeness::Different, _)) => changed = true,
            None => {}
        }
    }
    insert(txn, entry, None, changed, now)
}

/// The sibling under this key that holds the entry's content, by the name that any of its fingerprints gives it.
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

/// Of several, the one max like the content, of equals the oldest.
fn likest_mark(
    txn: &mut impl StoreTxn,
    key: &str,
    entry: &Entry,
) -> Result<Option<(Likeness, Tombstone)>, Error> {
    let marks = txn.marks(key)?.into_iter().map(|mark| (likeness(&mark.fingerprint, entry), mark));
    Ok(marks.max_by_key(|(like, mark)| (*like, Reverse(mark.seq))))
}

fn insert(
    txn: &mut impl StoreTxn,
    entry: &mut Entry,
    sibling_of: Option<Seq>,
    changed: bool,
    now: Moment,
) -> Result<Settled, Error> {
    if let Some(cap) = entry.lane_cap {
        let used = txn.lane_stats(&entry.lane)?;
        let size = u64::try_from(entry.body.len()).unwrap_or(u64::MAX);
        if used.waiting() >= cap.records || used.bytes.saturating_add(size) > cap.bytes {
            return Ok(Settled::Full);
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
    let seq = txn.insert(NewRecord { entry, progress: &progress, sibling_of, at: now })?;
    Ok(if changed { Settled::Changed(seq, progress) } else { Settled::New(seq, progress) })
}

fn see(txn: &mut impl StoreTxn, seq: Seq, now: Moment) -> Result<Progress, Error> {
    let Some(mut progress) = txn.load(seq)? else {
        return Err(Error::Corrupt("a name leads to no record"));
    };
    let before = progress.seen_at;
    progress.see(now);
    if progress.seen_at != before {
        txn.save(seq, &progress)?;
    }
    Ok(progress)
}

fn duplicate(txn: &mut impl StoreTxn, entry: &Entry, seq: Seq, progress: Progress) -> Result<Settled, Error> {
    for alias in &entry.aliases {
        txn.add_alias(seq, alias)?;
    }
    Ok(Settled::Known(seq, progress))
}

fn marked(txn: &mut impl StoreTxn, key: &str, mark: Tombstone, now: Moment) -> Result<Settled, Error> {
    txn.put_mark(key, mark, now)?;
    Ok(Settled::Marked(mark.seq))
}
