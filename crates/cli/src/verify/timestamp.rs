use wxhook_receiver::Rejection;
use wxhook_wire::v3::header;

use super::case::Case;
use super::report::{Check, Step};
use super::shown::{shown, span};
use super::signature::v3;

const STEP: Step = Step::Timestamp;
/// Digits of a time in seconds, in this century and the next ones.
const DIGITS: usize = 10;

/// Whether the signature's time is near enough.
pub(super) fn check(case: &Case<'_>) -> Check {
    if case.is_v2() {
        return Check::skipped(STEP, "v2 carries no time");
    }
    let Some(skew) = case.examined.checks.as_ref().and_then(|steps| steps.timestamp) else {
        return Check::skipped(STEP, "");
    };
    if !case.has_signed_headers() {
        return Check::skipped(STEP, "");
    }
    let text = match case.header(header::TIMESTAMP) {
        Ok(text) => text,
        Err(what) => return Check::fail(STEP, what),
    };
    match skew {
        Ok(seconds) => Check::pass(STEP, distance(seconds, if case.now_given { "--now" } else { "now" })),
        Err(Rejection::Stale(seconds)) => Check::fail(STEP, stale(case, text, seconds)),
        Err(_) => Check::fail(
            STEP,
            v3::swapped(case).unwrap_or_else(|| {
                format!(
                    "\"{}\" is not a number of seconds: digits only, as the platform sends it",
                    shown(text)
                )
            }),
        ),
    }
}

fn distance(seconds: i64, now: &str) -> String {
    match seconds {
        0 => format!("signed {now}"),
        1.. => format!("signed {} before {now}", span(seconds.unsigned_abs())),
        _ => format!("signed {} after {now}", span(seconds.unsigned_abs())),
    }
}

fn stale(case: &Case<'_>, text: &str, seconds: i64) -> String {
    if let Some((unit, instant)) = finer(text) {
        return format!(
            "\"{}\" is a time in {unit}; the platform sends seconds ({instant}), so something has changed the header",
            shown(text)
        );
    }
    let distance = distance(seconds, if case.now_given { "--now" } else { "now" });
    let cause = if seconds > 0 {
        "If it had just come when it was refused, this machine's clock is fast; if it was written down earlier, it is \
         only old by now"
    } else {
        "Then this machine's clock is slow (or --now is wrong)"
    };
    let again =
        if case.now_given { String::new() } else { format!(": --now {} checks it as of then", shown(text)) };
    format!("{distance}, and no more than 300 s are allowed. {cause}{again}")
}

/// A time that is given in a smaller unit than seconds, and in seconds.
pub(super) fn finer(text: &str) -> Option<(&'static str, &str)> {
    let unit = match text.len().checked_sub(DIGITS)? {
        3 => "milliseconds",
        6 => "microseconds",
        9 => "nanoseconds",
        _ => return None,
    };
    let seconds = text.get(..DIGITS).filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    (!seconds.starts_with('0')).then_some((unit, seconds))
}

#[cfg(test)]
mod tests {
    use super::finer;

    #[test]
    fn units_are_told_by_their_length() {
        assert_eq!(finer("1700000000123"), Some(("milliseconds", "1700000000")));
        assert_eq!(finer("1700000000123456789"), Some(("nanoseconds", "1700000000")));
        for text in ["", "1700000000", "17000000001", "0000000000123", "170000000.123"] {
            assert_eq!(finer(text), None);
        }
    }
}
