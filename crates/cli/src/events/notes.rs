//! What of a filter can't match anything that this program knows.

use wxhook_wire::{Catalog, Flag};

use crate::args::Which;
use crate::named;

/// Stands for what couldn't be opened.
const QUARANTINE: &str = "quarantine";

/// A line for each: a record may be of a catalog or a version that has more.
pub(super) fn notes(which: &Which, catalog: &dyn Catalog) -> Vec<String> {
    let event = which.event.as_deref().and_then(|event| of_event(event, catalog));
    event.into_iter().chain(which.flag.as_deref().and_then(of_flag)).collect()
}

fn of_event(event: &str, catalog: &dyn Catalog) -> Option<String> {
    let (name, _) = named::split(event);
    if name == QUARANTINE {
        return None;
    }
    match named::entries(catalog, event) {
        Err(error) => Some(format!("note: --event: {error}")),
        // Records bear the whole name.
        Ok(entries) => {
            let whole = entries.first().filter(|meta| meta.name != name)?.name;
            Some(format!("note: --event: there is no event {name:?}; did you mean {whole}?"))
        }
    }
}

fn of_flag(flag: &str) -> Option<String> {
    let known = Flag::ALL.map(Flag::as_str);
    if known.contains(&flag) {
        return None;
    }
    let meant = match named::nearest(flag, known) {
        Some(known) => format!("did you mean {known}?"),
        None => format!("there are {}", known.join(", ")),
    };
    Some(format!("note: --flag: there is no flag {flag:?}; {meant}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_is_answered_with_the_nearest() {
        let catalog = wxhook_events::catalog();
        let notes = |event: &str, flag: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            notes(&Which { event: some(event), flag: some(flag), ..Which::default() }, &*catalog)
        };
        for (event, flag) in
            [("quarantine", ""), ("REFUND.SUCCESS#GLOBAL", "changed"), ("", "unsigned"), ("", "")]
        {
            assert!(notes(event, flag).is_empty(), "{event} {flag}");
        }
        for (event, flag, told) in [
            ("REFUND.SUCESS", "", "did you mean REFUND.SUCCESS?"),
            ("REFUND.SUCCESS#NONE", "", "has no variant"),
            ("refund-processed", "", "did you mean v2/refund-processed?"),
            ("", "chnged", "did you mean changed?"),
            ("", "zzz", "there are unsigned, changed"),
        ] {
            let notes = notes(event, flag);
            assert!(matches!(notes.as_slice(), [note] if note.contains(told)), "{notes:?}");
        }
    }
}
