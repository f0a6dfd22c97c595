use crate::MOST_SIBLINGS;
use crate::entry::{Entry, Fingerprint, OnChanged, Start};
use crate::error::Error;
use crate::machine::changing::lease;
use crate::machine::{CHANGED, CHANGED_REASON, Fresh, Known, Moment, Progress, Shelf};
use crate::record::{Mark, Seq, State};
use crate::results::{Accepted, Begun, ClaimId};
use std::cmp::Reverse;
use std::time::Duration;

/// [`crate::Store::accept`]. The entry is used up.
///
/// # Errors
/// The shelf's; what was done so far is then to be undone.
pub fn accept(shelf: &mut impl Shelf, entry: &mut Entry, now: Moment) -> Result<Accepted, Error> {
    Ok(match settle(shelf, entry, now)? {
        Settled::New(seq, _) => Accepted::New { seq },
        Settled::Changed(seq, _) => Accepted::Changed { seq },
        Settled::Known(seq, progress) => {
            Accepted::Duplicate { seq, state: progress.state, outcome: progress.outcome }
        }
        Settled::Marked(seq) => Accepted::Duplicate { seq, state: State::Done, outcome: None },
        Settled::Full => Accepted::Full,
    })
}

/// [`crate::Store::begin`]. The entry is used up.
///
/// # Errors
/// The shelf's; what was done so far is then to be undone.
pub fn begin(
    shelf: &mut impl Shelf,
    entry: &mut Entry,
    id: ClaimId,
    span: Duration,
    now: Moment,
) -> Result<Begun, Error> {
    let (seq, mut progress, changed) = match settle(shelf, entry, now)? {
        Settled::New(seq, progress) | Settled::Known(seq, progress) => (seq, progress, false),
        Settled::Changed(seq, progress) => (seq, progress, true),
        Settled::Marked(seq) => return Ok(Begun::Done { seq, outcome: None }),
        Settled::Full => return Ok(Begun::Full),
    };
    match progress.state {
        State::Done => return Ok(Begun::Done { seq, outcome: progress.outcome }),
        State::Parked if changed => return Ok(Begun::Changed { seq }),
        State::Parked => return Ok(Begun::Parked { seq }),
        State::Leased if progress.is_held(now) => {
            if progress.claim != Some(id) {
                return Ok(Begun::Busy { remaining: progress.remaining(now) });
            }
        }
        State::Leased if progress.is_used_up() => {
            progress.give_up();
            shelf.save(seq, &progress)?;
            return Ok(Begun::Parked { seq });
        }
        State::Ready | State::Leased => {
            progress.claim(now, id, span, shelf.next_fence()?);
            shelf.save(seq, &progress)?;
        }
    }
    match lease(shelf, seq, progress, now)? {
        Some(lease) => Ok(Begun::Acquired(Box::new(lease))),
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

fn settle(shelf: &mut impl Shelf, entry: &mut Entry, now: Moment) -> Result<Settled, Error> {
    let mut met = Met::default();
    for alias in &entry.aliases {
        met.add(shelf.by_alias(alias)?, entry);
    }
    if let Some(known) = met.take() {
        return known_name(shelf, entry, known, now);
    }
    for key in keys(entry) {
        met.add(shelf.by_key(key)?, entry);
    }
    if let Some(known) = met.take() {
        return known_name(shelf, entry, known, now);
    }
    unknown_names(shelf, entry, now)
}

fn keys(entry: &Entry) -> impl Iterator<Item = &str> {
    std::iter::once(&entry.key).chain(&entry.older_keys).map(String::as_str)
}

/// The record that one kind of name leads to: the one most like the entry, of equals the first.
#[derive(Default)]
struct Met(Option<(Likeness, Known)>);

impl Met {
    fn add(&mut self, known: Option<Known>, entry: &Entry) {
        let Some(known) = known else { return };
        let like = likeness(&known.fingerprint, entry);
        if self.0.as_ref().is_none_or(|(best, _)| like > *best) {
            self.0 = Some((like, known));
        }
    }

    fn take(&mut self) -> Option<(Likeness, Known)> {
        self.0.take()
    }
}

fn known_name(
    shelf: &mut impl Shelf,
    entry: &mut Entry,
    (like, known): (Likeness, Known),
    now: Moment,
) -> Result<Settled, Error> {
    let seen = see(shelf, known.seq, now)?;
    if like > Likeness::Different {
        return duplicate(shelf, entry, known.seq, seen);
    }
    // Other content: is it the first record's, a sibling's that is there, or a purged one's?
    if known.sibling_of.is_some()
        && let Some(root) = shelf.by_seq(known.root())?
        && likeness(&root.fingerprint, entry) > Likeness::Different
    {
        let seen = see(shelf, root.seq, now)?;
        return duplicate(shelf, entry, root.seq, seen);
    }
    if let Some(sibling) = own_sibling(shelf, entry, known.root_key())? {
        let seen = see(shelf, sibling.seq, now)?;
        return duplicate(shelf, entry, sibling.seq, seen);
    }
    let key = entry.fingerprint.sibling_key(known.root_key());
    if shelf.by_key(&key)?.is_some() {
        // Its name is taken: the first 64 bits of two digests agree. Nothing is merged.
        return Ok(Settled::Full);
    }
    if let Some((Likeness::Equal, mark)) = likest_mark(shelf, known.root_key(), entry)? {
        return marked(shelf, known.root_key(), mark, now);
    }
    if shelf.siblings(known.root())? >= MOST_SIBLINGS {
        return Ok(Settled::Full);
    }
    entry.key = key;
    insert(shelf, entry, Some(known.root()), true, now)
}

fn unknown_names(shelf: &mut impl Shelf, entry: &mut Entry, now: Moment) -> Result<Settled, Error> {
    let mut changed = false;
    let has_siblings = shelf.has_siblings()?;
    for key in keys(entry) {
        // The record that had the key first may be gone while its sibling is still here.
        if has_siblings && let Some(sibling) = own_sibling(shelf, entry, key)? {
            let seen = see(shelf, sibling.seq, now)?;
            return duplicate(shelf, entry, sibling.seq, seen);
        }
        match likest_mark(shelf, key, entry)? {
            Some((Likeness::Equal | Likeness::Unknown, mark)) => return marked(shelf, key, mark, now),
            Some((Likeness::Different, _)) => changed = true,
            None => {}
        }
    }
    insert(shelf, entry, None, changed, now)
}

/// The sibling under this key that holds the entry's content, by the name that any of its fingerprints gives it.
fn own_sibling(shelf: &mut impl Shelf, entry: &Entry, root_key: &str) -> Result<Option<Known>, Error> {
    for fingerprint in entry.fingerprints() {
        if let Some(sibling) = shelf.by_key(&fingerprint.sibling_key(root_key))?
            && likeness(&sibling.fingerprint, entry) > Likeness::Different
        {
            return Ok(Some(sibling));
        }
    }
    Ok(None)
}

/// Of several, the one most like the content, of equals the oldest.
fn likest_mark(shelf: &mut impl Shelf, key: &str, entry: &Entry) -> Result<Option<(Likeness, Mark)>, Error> {
    let marks = shelf.marks(key)?.into_iter().map(|mark| (likeness(&mark.fingerprint, entry), mark));
    Ok(marks.max_by_key(|(like, mark)| (*like, Reverse(mark.seq))))
}

fn insert(
    shelf: &mut impl Shelf,
    entry: &mut Entry,
    sibling_of: Option<Seq>,
    changed: bool,
    now: Moment,
) -> Result<Settled, Error> {
    if let Some(cap) = entry.lane_cap {
        let used = shelf.lane_use(&entry.lane)?;
        let size = u64::try_from(entry.body.len()).unwrap_or(u64::MAX);
        if used.records >= cap.records || used.bytes.saturating_add(size) > cap.bytes {
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
    let seq = shelf.insert(Fresh { entry, progress: &progress, sibling_of, at: now })?;
    Ok(if changed { Settled::Changed(seq, progress) } else { Settled::New(seq, progress) })
}

fn see(shelf: &mut impl Shelf, seq: Seq, now: Moment) -> Result<Progress, Error> {
    let Some(mut progress) = shelf.load(seq)? else {
        return Err(Error::Corrupt("a name leads to no record"));
    };
    let before = progress.seen_at;
    progress.see(now);
    if progress.seen_at != before {
        shelf.save(seq, &progress)?;
    }
    Ok(progress)
}

fn duplicate(shelf: &mut impl Shelf, entry: &Entry, seq: Seq, progress: Progress) -> Result<Settled, Error> {
    for alias in &entry.aliases {
        shelf.add_alias(seq, alias)?;
    }
    Ok(Settled::Known(seq, progress))
}

fn marked(shelf: &mut impl Shelf, key: &str, mark: Mark, now: Moment) -> Result<Settled, Error> {
    shelf.put_mark(key, mark, now)?;
    Ok(Settled::Marked(mark.seq))
}
