use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::SystemTime;

/// A time as the platform wrote it, kept verbatim.
///
/// Known forms: RFC 3339 with or without fractions, `yyyyMMddHHmmss`, `yyyy-MM-dd HH:mm:ss` and `yyyyMMdd`; those
/// without an offset are Beijing time (UTC+8, no daylight saving).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(String);

impl Time {
    /// Creates a time of its text; any text is kept.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Formats an instant as in records: RFC 3339, milliseconds, UTC. Empty outside the years 0 to 9999.
    pub fn from_instant(instant: SystemTime) -> Self {
        let timestamp = jiff::Timestamp::try_from(instant).ok();
        let text = timestamp.map(|timestamp| format!("{timestamp:.3}")).filter(|text| !text.starts_with('-'));
        Self(text.unwrap_or_default())
    }

    /// Returns the text as received.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the instant (of a date its beginning), or `None` where the text is empty or of no known form.
    pub fn instant(&self) -> Option<SystemTime> {
        let text = self.0.as_str();
        let (form, rest) = FORMS.iter().find_map(|form| Some((*form, rest(form, text)?)))?;
        let civil = match (form, rest) {
            ("dddddddddddddd", "") => strtime::parse("%Y%m%d%H%M%S", text).ok()?.to_datetime().ok()?,
            ("dddd-dd-dd dd:dd:dd", "") => {
                strtime::parse("%Y-%m-%d %H:%M:%S", text).ok()?.to_datetime().ok()?
            }
            ("dddddddd", "") => strtime::parse("%Y%m%d", text).ok()?.to_date().ok()?.at(0, 0, 0, 0),
            ("dddd-dd-ddTdd:dd:dd", rest) if is_offset(rest) => {
                return Some(text.parse::<jiff::Timestamp>().ok()?.into());
            }
            _ => return None,
        };
        let beijing = TimeZone::fixed(Offset::constant(8));
        Some(beijing.to_timestamp(civil).ok()?.into())
    }
}

/// Beginnings of the known forms; `d` is a digit. The parsers accept more than these.
const FORMS: [&str; 4] = ["dddddddddddddd", "dddd-dd-dd dd:dd:dd", "dddddddd", "dddd-dd-ddTdd:dd:dd"];

/// Returns the rest of a text that begins with a form.
fn rest<'t>(form: &str, text: &'t str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(form.len())?;
    let fits = |(form, byte): (u8, u8)| match form {
        b'd' => byte.is_ascii_digit(),
        b'T' => byte.eq_ignore_ascii_case(&b'T'),
        _ => form == byte,
    };
    form.bytes().zip(start.bytes()).all(fits).then_some(rest)
}

/// Returns whether the text is an offset, after an optional fraction.
fn is_offset(text: &str) -> bool {
    let offset = match text.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => text,
    };
    let has_digits = text.len() != offset.len() + 1;
    let is_zone = |sign: char| offset.strip_prefix(sign).is_some_and(|zone| rest("dd:dd", zone) == Some(""));
    has_digits && (offset.eq_ignore_ascii_case("z") || is_zone('+') || is_zone('-'))
}

impl From<String> for Time {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl AsRef<str> for Time {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Time;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn every_form_names_its_instant() {
        // `date -u -d @1528425296` prints 2018-06-08 02:34:56
        let expected = UNIX_EPOCH + Duration::from_secs(1_528_425_296);
        for text in
            ["2018-06-08T10:34:56+08:00", "2018-06-08T02:34:56Z", "20180608103456", "2018-06-08 10:34:56"]
        {
            assert_eq!(Time::new(text).instant(), Some(expected), "{text}");
        }
        let fraction = Time::new("2018-06-08T10:34:56.120+08:00").instant();
        assert_eq!(fraction, Some(expected + Duration::from_millis(120)));
        let date = Time::new("20180608").instant();
        assert_eq!(date, Some(UNIX_EPOCH + Duration::from_secs(1_528_387_200)));
    }

    #[test]
    fn records_show_milliseconds() {
        let instant = UNIX_EPOCH + Duration::from_millis(1_528_425_296_007);
        assert_eq!(Time::from_instant(instant).as_str(), "2018-06-08T02:34:56.007Z");
        assert_eq!(Time::from_instant(UNIX_EPOCH).as_str(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn instants_outside_the_years_0_to_9999_are_empty() {
        // `date -u -d @-62167219200` prints 0000-01-01, and -d @253402300799 the end of 9999.
        let before = |seconds| UNIX_EPOCH - Duration::from_secs(seconds);
        assert_eq!(Time::from_instant(before(62_167_219_200)).as_str(), "0000-01-01T00:00:00.000Z");
        assert_eq!(Time::from_instant(before(62_167_219_201)).as_str(), "");
        let last = UNIX_EPOCH + Duration::from_secs(253_402_207_200);
        assert_eq!(Time::from_instant(last).as_str(), "9999-12-30T22:00:00.000Z");
        assert_eq!(Time::from_instant(last + Duration::from_secs(94_000)).as_str(), "");
    }

    #[test]
    fn other_text_is_kept_and_names_none() {
        for text in [
            "",
            "soon",
            "2018-06-08",
            "20181308103456",
            "2018060810345",
            "20180608103456Z",
            "086010\n8",
            "2018 608",
            "2018060\u{661}",
            "2018-06-08T10:34Z",
            "2203-12-31T23:59Z",
            "2018-06-08T10:34:56",
            "2018-06-08T10:34:56.+08:00",
            "2018-06-08T10:34:56+0800",
            "2018-06-08T10:34:56+08:00[Asia/Shanghai]",
            "2018-06-08 10:34:56Z",
            "+002018-06-08T10:34:56Z",
            "-000160-06-08T10:34:56Z",
            " 2018-06-08T10:34:56Z",
            "2018-06-08T10:34:56Z ",
            "2018-6-8 10:34:56\n",
        ] {
            assert_eq!(Time::new(text).instant(), None, "{text}");
            assert_eq!(Time::new(text).as_str(), text);
        }
    }
}
