//! Filters: their query string, and notes on what matches nothing.

use crate::args::Which;
use crate::named;
use crate::zone::{Moment, Zone};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use wxhook_wire::{Catalog, Flag};

/// The event of requests that couldn't be decrypted.
const QUARANTINE: &str = "quarantine";

/// Returns the query string of a filter, without `?`, to which parameters can be appended.
pub(super) fn query(which: &Which) -> String {
    let event = which.event.as_deref().map(named::split);
    let number = which.number.as_deref().map(|number| match number.split_once('=') {
        Some((name, value)) => (Some(name), value),
        None => (None, number),
    });
    let seconds =
        |moment: Option<Moment>| moment.and_then(|it| it.seconds(&Zone::local())).map(|it| it.to_string());
    let (since, until) = (seconds(which.since), seconds(which.until));
    let parameters = [
        ("merchant", which.merchant.as_deref()),
        ("event", event.map(|(event, _)| event)),
        ("variant", event.and_then(|(_, variant)| variant)),
        ("state", which.state.map(crate::args::StateArg::as_str)),
        ("flag", which.flag.as_deref()),
        ("id", which.id.as_deref()),
        ("number", number.map(|(_, value)| value)),
        ("number_name", number.and_then(|(name, _)| name)),
        ("since", since.as_deref()),
        ("until", until.as_deref()),
    ];
    let parameter =
        |(name, value)| Some(format!("{name}={}&", utf8_percent_encode(value?, NON_ALPHANUMERIC)));
    parameters.into_iter().filter_map(parameter).collect()
}

/// Returns a note on each unknown name: records may be of a catalog or a version that has it.
pub(super) fn notes(which: &Which, catalog: &dyn Catalog) -> Vec<String> {
    let event = which.event.as_deref().and_then(|event| event_note(event, catalog));
    event.into_iter().chain(which.flag.as_deref().and_then(flag_note)).collect()
}

fn event_note(event: &str, catalog: &dyn Catalog) -> Option<String> {
    let (name, _) = named::split(event);
    if name == QUARANTINE {
        return None;
    }
    match named::entries(catalog, event) {
        Err(error) => Some(format!("note: --event: {error}")),
        // Records have the full name.
        Ok(entries) => {
            let whole = entries.first().filter(|meta| meta.name != name)?.name;
            Some(format!("note: --event: there is no event {name:?}; did you mean {whole}?"))
        }
    }
}

fn flag_note(flag: &str) -> Option<String> {
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
    use crate::args::StateArg;

    #[test]
    fn a_filter_becomes_a_query() {
        assert_eq!(query(&Which::default()), "");
        let which = Which {
            event: Some("v2/refund#A B".to_owned()),
            state: Some(StateArg::Parked),
            number: Some("out_trade_no=a&=单".to_owned()),
            since: Some(Moment::At(7)),
            ..Which::default()
        };
        assert_eq!(
            query(&which),
            "event=v2%2Frefund&variant=A%20B&state=parked&number=a%26%3D%E5%8D%95&number_name=out%5Ftrade%5Fno&since=7&"
        );
    }

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
