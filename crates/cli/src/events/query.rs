use std::fmt::Write as _;

use crate::args::Which;
use crate::named;
use crate::zone::{Moment, Zone};

/// The query string of a filter, without `?`, ready for more parameters.
pub(super) fn query(which: &Which) -> String {
    let mut query = String::new();
    let mut add = |name: &str, value: &str| {
        // A string takes what is written into it.
        let _infallible = write!(query, "{name}={}&", encoded(value));
    };
    let event = which.event.as_deref().map(named::split);
    let number = which.number.as_deref().map(|number| match number.split_once('=') {
        Some((name, value)) => (Some(name), value),
        None => (None, number),
    });
    let seconds =
        |moment: Option<Moment>| moment.and_then(|it| it.seconds(&Zone::local())).map(|it| it.to_string());
    let since = seconds(which.since);
    let until = seconds(which.until);
    for (name, value) in [
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
    ] {
        if let Some(value) = value {
            add(name, value);
        }
    }
    query
}

/// Letters, digits and `-._~` as they are, the rest in percents.
fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _infallible = write!(text, "%{byte:02X}");
        }
    }
    text
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
            "event=v2%2Frefund&variant=A%20B&state=parked&number=a%26%3D%E5%8D%95&number_name=out_trade_no&since=7&"
        );
    }
}
