use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::SystemTime;

/// A time as the platform wrote it, kept to the letter.
///
/// Known forms: RFC 3339 with or without fractions, `yyyyMMddHHmmss`, `yyyy-MM-dd HH:mm:ss` and `yyyyMMdd`; those
/// without an offset are Beijing time (UTC+8, no daylight saving).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(String);

impl Time {
    /// From its text; any text is kept.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// An instant as records show it: RFC 3339, milliseconds, UTC. Empty for one outside the years 0 to 9999.
    pub fn of(instant: SystemTime) -> Self {
        let text = jiff::Timestamp::try_from(instant).map(|timestamp| format!("{timestamp:.3}"));
        Self(text.unwrap_or_default())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The instant that it names (a date: its beginning), `None` where the text is empty or of no known form.
    pub fn instant(&self) -> Option<SystemTime> {
        let text = self.0.as_str();
        if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
            return Some(timestamp.into());
        }
        let civil = match text.len() {
            14 => strtime::parse("%Y%m%d%H%M%S", text).ok()?.to_datetime().ok()?,
            19 => strtime::parse("%Y-%m-%d %H:%M:%S", text).ok()?.to_datetime().ok()?,
            8 => strtime::parse("%Y%m%d", text).ok()?.to_date().ok()?.at(0, 0, 0, 0),
            _ => return None,
        };
        let beijing = TimeZone::fixed(Offset::constant(8));
        Some(beijing.to_timestamp(civil).ok()?.into())
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
        assert_eq!(Time::of(instant).as_str(), "2018-06-08T02:34:56.007Z");
        assert_eq!(Time::of(UNIX_EPOCH).as_str(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn other_text_is_kept_and_names_none() {
        for text in ["", "soon", "2018-06-08", "20181308103456", "2018060810345", "20180608103456Z"] {
            assert_eq!(Time::new(text).instant(), None, "{text}");
            assert_eq!(Time::new(text).as_str(), text);
        }
    }
}
