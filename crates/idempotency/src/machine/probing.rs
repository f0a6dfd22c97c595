use crate::entry::{Entry, Fingerprint};
use crate::error::Error;
use crate::machine::{Moment, Shelf, accept};
use crate::results::Accepted;

/// Bytes of a typical record's body.
const SIZE: u8 = 255;

/// Returns an entry of a typical size that fills everything an accept writes, under names that no notification has.
pub fn probe_entry() -> Entry {
    let body: Vec<u8> = (0..=SIZE).cycle().take(usize::from(SIZE) * 16).collect();
    let mut entry = Entry::new("wxhook-probe", Fingerprint::new(1, [0; 32]), body, "wxhook-probe");
    entry.aliases.push("wxhook-probe".to_owned());
    entry.labels.merchant = "wxhook-probe".to_owned();
    entry.labels.event = "wxhook-probe".to_owned();
    entry.labels.id = Some("wxhook-probe".to_owned());
    entry.labels.numbers.push(("wxhook-probe".to_owned(), "wxhook-probe".to_owned()));
    entry.group = Some("wxhook-probe".to_owned());
    entry
}

/// [`crate::Store::probe`]: accepts [`probe_entry`], reads it back and removes it, in one step.
///
/// # Errors
/// The shelf's, or [`Error::Corrupt`] when what is read isn't what was written. What was done so far is then to be undone.
pub fn probe(shelf: &mut impl Shelf, now: Moment) -> Result<(), Error> {
    const WRONG: Error = Error::Corrupt("what was written isn't what is read");
    let entry = probe_entry();
    let Accepted::New { seq } = accept(shelf, &mut entry.clone(), now)? else { return Err(WRONG) };
    let record = shelf.record(seq)?.ok_or(WRONG)?;
    if record.key != entry.key || record.body != entry.body {
        return Err(WRONG);
    }
    shelf.remove(seq)?.map(drop).ok_or(WRONG)
}
