//! Printed and given times.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use wxhook_wire::Time;

/// A time zone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Zone(TimeZone);

impl Zone {
    /// Returns this machine's zone, or UTC if it has none.
    pub(crate) fn local() -> Self {
        Self(TimeZone::system())
    }

    /// Parses `local`, `UTC`, an offset such as `+08:00`, or a name such as `Asia/Shanghai`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let zone = match text {
            "local" => Some(TimeZone::system()),
            "UTC" | "utc" | "Z" => Some(TimeZone::UTC),
            _ => offset(text).map(Offset::to_time_zone).or_else(|| TimeZone::get(text).ok()),
        };
        zone.map(Self).ok_or_else(|| {
            "unknown time zone; write local, UTC, an offset like +08:00, or a name like Asia/Shanghai"
                .to_owned()
        })
    }

    /// Returns the zone of printed times: the given one, or on a terminal this machine's, or UTC.
    pub(crate) fn of_output(asked: Option<&Self>, is_terminal: bool) -> Self {
        asked.cloned().unwrap_or_else(|| if is_terminal { Self::local() } else { Self(TimeZone::UTC) })
    }

    /// Returns RFC 3339 to the second: `2026-01-01T08:00:00+08:00`, in UTC with `Z`. Other text is returned unchanged.
    pub(crate) fn full(&self, time: &str) -> String {
        self.zoned(time).map_or_else(
            || time.to_owned(),
            |at| {
                let text = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
                format!("{text}{}", if self.0 == TimeZone::UTC { "Z".to_owned() } else { self.offset(&at) })
            },
        )
    }

    /// Returns month, day, hour and minute, `01-01 08:00`, and the offset, `+08:00`.
    pub(crate) fn short(&self, time: &str) -> Option<(String, String)> {
        let at = self.zoned(time)?;
        Some((at.strftime("%m-%d %H:%M").to_string(), self.offset(&at)))
    }

    /// Returns the time of day: `08:00:00+08:00`, in UTC with `Z`.
    pub(crate) fn of_day(&self, time: SystemTime) -> String {
        let full = self.full(Time::from_instant(time).as_str());
        full.split_once('T').map_or(String::new(), |(_, of_day)| of_day.to_owned())
    }

    /// Returns the Unix time of a date and time in this zone.
    pub(crate) fn seconds(&self, civil: DateTime) -> Option<u64> {
        let at = self.0.to_ambiguous_timestamp(civil).compatible().ok()?;
        Some(u64::try_from(at.as_second()).unwrap_or_default())
    }

    fn zoned(&self, time: &str) -> Option<Zoned> {
        let since = Time::new(time).instant()?.duration_since(UNIX_EPOCH).ok()?;
        let at = Timestamp::UNIX_EPOCH.checked_add(jiff::SignedDuration::try_from(since).ok()?).ok()?;
        Some(at.to_zoned(self.0.clone()))
    }

    fn offset(&self, at: &Zoned) -> String {
        at.strftime("%:z").to_string()
    }
}

/// Parses `+08:00` or `+0800`.
fn offset(text: &str) -> Option<Offset> {
    let is_plain = [5, 6].contains(&text.len()) && text.starts_with(['+', '-']);
    let parse = |format| strtime::parse(format, text).ok()?.offset();
    let offset: Option<Offset> = ["%z", "%:z"].into_iter().find_map(parse);
    offset.filter(|offset| is_plain && offset.seconds().abs() < 24 * 3600)
}

/// A moment given as an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Seconds since the Unix epoch.
    At(u64),
    /// A date, with or without a time of day, in a zone that isn't known yet.
    Civil(DateTime),
}

impl Moment {
    /// Parses RFC 3339, seconds since the Unix epoch, a span before now such as `2h`, or a date such as `2026-01-01` with
    /// or without a time of day.
    pub(crate) fn parse(text: &str, now: Duration) -> Result<Self, String> {
        if let Ok(span) = humantime::parse_duration(text) {
            return Ok(Self::At(now.saturating_sub(span).as_secs()));
        }
        let seconds = text.parse().ok().filter(|_| text.len() <= 11);
        let named =
            || Time::new(text).instant()?.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs());
        if let Some(seconds) = seconds.or_else(named) {
            return Ok(Self::At(seconds));
        }
        // Not a zone in brackets or a year of six digits, which the parser would take as well.
        let plain =
            text.len() >= 10 && text.bytes().all(|byte| byte.is_ascii_digit() || b"-:T ".contains(&byte));
        let civil = text.parse().ok().filter(|_| plain);
        civil.map(Self::Civil).ok_or_else(|| {
            "not a time: write a date like 2026-01-01, RFC 3339, seconds since the Unix epoch, or a span like 2h or 7d"
                .to_owned()
        })
    }

    /// Returns the seconds since the Unix epoch.
    pub(crate) fn seconds(self, zone: &Zone) -> Option<u64> {
        match self {
            Self::At(seconds) => Some(seconds),
            Self::Civil(civil) => zone.seconds(civil),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_named_in_four_ways() {
        let full = |zone: &str| Zone::parse(zone).unwrap().full("2018-06-08T02:34:56.789Z");
        assert_eq!(full("+08:00"), "2018-06-08T10:34:56+08:00");
        assert_eq!(full("-09:30"), "2018-06-07T17:04:56-09:30");
        assert_eq!(full("UTC"), "2018-06-08T02:34:56Z");
        if std::path::Path::new("/usr/share/zoneinfo/Asia/Shanghai").exists() {
            assert_eq!(full("Asia/Shanghai"), "2018-06-08T10:34:56+08:00");
        }
        assert!(Zone::parse("local").is_ok());
        assert_eq!(Zone::parse("+0800"), Zone::parse("+08:00"));
        assert_eq!(Zone::parse("-0330"), Zone::parse("-03:30"));
        for text in ["", "+8", "+08", "+24:00", "+08:60", "+-8:00", "Mars/Phobos", "08:00"] {
            assert!(Zone::parse(text).is_err(), "{text}");
        }
        let zone = Zone::parse("+08:00").unwrap();
        assert_eq!(
            zone.short("2018-06-08T02:34:56Z").unwrap(),
            ("06-08 10:34".to_owned(), "+08:00".to_owned())
        );
        assert_eq!(zone.full("never"), "never");
    }

    #[test]
    fn moments_are_told_in_five_ways() {
        let at = |text: &str, zone: &str| {
            let now = Duration::from_secs(1_528_425_296);
            Moment::parse(text, now).ok()?.seconds(&Zone::parse(zone).unwrap())
        };
        assert_eq!(at("1528425296", "+08:00"), Some(1_528_425_296));
        assert_eq!(at("2018-06-08T10:34:56+08:00", "UTC"), Some(1_528_425_296));
        assert_eq!(at("2018-06-08", "UTC"), Some(1_528_416_000));
        assert_eq!(at("2018-06-08", "+08:00"), Some(1_528_387_200));
        assert_eq!(at("2018-06-08 10:34", "+08:00"), Some(1_528_425_240));
        assert_eq!(at("2018-06-08T10:34:56", "+08:00"), Some(1_528_425_296));
        assert_eq!(at("1h", "UTC"), Some(1_528_421_696));
        for text in ["soon", "", "-5", "99999999999999", "2018-13-01", "2018-06", "2018-06-31", "06-08"] {
            assert_eq!(at(text, "UTC"), None, "{text}");
        }
    }
}
