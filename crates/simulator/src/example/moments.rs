//! Times of fields by their names: in order, around one moment.

use std::time::{Duration, UNIX_EPOCH};

use wxhook_wire::Time;

/// 2018-06-08 10:34:56 in Beijing.
pub(super) const USUAL: u64 = 1_528_425_296;

const RFC3339: &str = "yyyy-MM-ddTHH:mm:ss+08:00";
const COMPACT: &str = "yyyyMMddHHmmss";

/// Beijing's offset from UTC.
const BEIJING: i64 = 8 * HOUR;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// Parts of names, and how far from the moment of the event they are; the first that is found counts.
const AFTER: &[(&str, i64)] = &[
    ("time_expire", HOUR),
    ("expired_time", YEAR),
    ("invalid_time", YEAR),
    ("plan_over", YEAR),
    ("available_end", YEAR),
    ("valid_end", YEAR),
    ("allowed_exit", 15 * MINUTE),
    ("estimated", 30 * DAY),
    ("deduct_date", 30 * DAY),
    ("revoked", 0),
    ("cancel", 0),
    ("terminated", 0),
    ("event_create", 0),
    ("notify_create", 0),
    ("refund_create", -20 * MINUTE),
    ("order_create", -2 * HOUR),
    ("create_time", -2 * HOUR),
    ("apply", -2 * HOUR),
    ("begin", -HOUR),
    ("start", -HOUR),
    ("sign", -HOUR),
    ("authorize_time", -HOUR),
    ("send_time", -HOUR),
    ("receive_time", -HOUR),
    ("pickup", -HOUR),
    ("accept", -HOUR),
    ("use_time", -30 * MINUTE),
    ("order_end", -10 * MINUTE),
    ("end_time", -10 * MINUTE),
];

/// Returns the time of a field with this name, in seconds since the epoch.
pub(super) fn seconds(name: &str, event: &str, base: u64) -> u64 {
    let is_refund = event.to_ascii_uppercase().contains("REFUND");
    let paid_before = is_refund && (name.starts_with("pay_") || name.starts_with("paid_"));
    let named = || AFTER.iter().find(|(part, _)| name.contains(part)).map_or(0, |(_, far)| *far);
    base.saturating_add_signed(if paid_before { -HOUR } else { named() })
}

/// Formats a time in Beijing time, in a format like `yyyyMMddHHmmss`; by default in the protocol's own.
pub(crate) fn written(seconds: u64, format: Option<&str>, is_v2: bool) -> String {
    let default = if is_v2 { COMPACT } else { RFC3339 };
    let format = match format {
        Some("rfc3339") => RFC3339,
        Some(format) if format.contains("yy") => format,
        _ => default,
    };
    let there = Duration::from_secs(seconds.saturating_add_signed(BEIJING));
    let text = Time::from_instant(UNIX_EPOCH.checked_add(there).unwrap_or(UNIX_EPOCH));
    let mut digits = text.as_str().split(|part: char| !part.is_ascii_digit());
    ["yyyy", "MM", "dd", "HH", "mm", "ss"]
        .iter()
        .map(|part| (*part, digits.next().unwrap_or_default()))
        .chain([("SSS", "000")])
        .fold(format.to_owned(), |text, (part, digits)| text.replace(part, digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_in_every_form() {
        for format in [None, Some("rfc3339"), Some(COMPACT), Some("yyyy-MM-dd HH:mm:ss")] {
            for is_v2 in [false, true] {
                let instant = Time::new(written(USUAL, format, is_v2)).instant();
                assert_eq!(instant, Some(UNIX_EPOCH + Duration::from_secs(USUAL)), "{format:?}");
            }
        }
        assert_eq!(written(USUAL, Some("yyyyMMdd"), false), "20180608");
        assert_eq!(written(USUAL, None, false), "2018-06-08T10:34:56+08:00");
    }

    #[test]
    fn what_comes_first_is_earlier() {
        for names in [
            ["create_time", "begin_time", "end_time", "success_time", "contract_expired_time"],
            ["order_create_time", "start_time", "use_time", "paid_time", "available_end_time"],
            ["apply_time", "contract_signed_time", "use_time", "contract_terminated_time", "invalid_time"],
        ] {
            let all = names.map(|name| seconds(name, "X.SUCCESS", USUAL));
            assert!(all.is_sorted(), "{names:?} {all:?}");
        }
        let of = |name| seconds(name, "X.REFUNDED", USUAL);
        assert!(of("create_time") < of("pay_success_time"));
        assert!(of("pay_success_time") < of("refund_create_time"));
        assert!(of("refund_create_time") < of("refund_success_time"));
    }
}
