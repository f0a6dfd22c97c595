//! Values of options.

use std::str::FromStr;
use std::time::Duration;

use wxhook_crypto::v2::SignAlgorithm;
use wxhook_simulator::{Error, Schedule};

/// How many a second: positive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate(f64);

impl Rate {
    pub(crate) const fn per_second(self) -> f64 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix("/s").unwrap_or(text);
        match number.parse::<f64>() {
            Ok(rate) if (0.001..=10_000_000.0).contains(&rate) => Ok(Self(rate)),
            _ => Err("write how many a second, e.g. 200 or 200/s; at least 0.001".to_owned()),
        }
    }
}

/// When a notification that wasn't accepted is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resends {
    /// As its event is.
    Own,
    /// All alike.
    By(Schedule),
}

pub(super) fn sign(text: &str) -> Result<SignAlgorithm, String> {
    text.to_ascii_uppercase().parse().map_err(|_| "expected md5 or hmac-sha256".to_owned())
}

pub(super) fn resends(text: &str) -> Result<Resends, String> {
    match text {
        "own" => Ok(Resends::Own),
        _ => text.parse().map(Resends::By).map_err(|_: Error| {
            "write own, standard, score, score-from-0, transfer, once, or waits like '15s x10, 300s x10'"
                .to_owned()
        }),
    }
}

pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    let (path, value) = text.split_once('=').ok_or("no = in it; write path=value")?;
    if path.is_empty() { Err("no path before =".to_owned()) } else { Ok((path.to_owned(), value.to_owned())) }
}

pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let allowed = Duration::from_millis(1)..=Duration::from_secs(3600);
    if allowed.contains(&time) { Ok(time) } else { Err("write 1ms to 1h, e.g. 2s".to_owned()) }
}

/// At most ten years: the time must be one that there was.
pub(super) fn age(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let most = Duration::from_secs(10 * 366 * 86400);
    if time <= most { Ok(time) } else { Err("write up to 10 years, e.g. 10m".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_per_second_and_positive() {
        for (text, rate) in [("200", 200.0), ("200/s", 200.0), ("0.5", 0.5)] {
            assert_eq!(text.parse::<Rate>().unwrap(), Rate(rate));
        }
        for text in ["", "0", "-1", "NaN", "inf", "200/m", "/s", "1e99"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn schedules_have_names_or_waits() {
        assert_eq!(resends("own").unwrap(), Resends::Own);
        assert_eq!(resends("standard").unwrap(), Resends::By(Schedule::standard()));
        assert!(matches!(resends("15s 30s"), Ok(Resends::By(schedule)) if schedule.tries() == 3));
        assert_eq!(resends("once").unwrap(), Resends::By(Schedule::once()));
        assert!(resends("weekly").unwrap_err().contains("once, or waits like"));
    }

    #[test]
    fn timeouts_are_bounded() {
        assert_eq!(timeout("500ms").unwrap(), Duration::from_millis(500));
        for text in ["0s", "2", "2h", ""] {
            assert!(timeout(text).is_err(), "{text}");
        }
    }
}
