use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use crate::Error;

/// The factor by which a schedule runs faster than in reality. It divides waits, not deadlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speed(NonZeroU32);

impl Speed {
    /// The real speed.
    pub const REAL: Self = Self(NonZeroU32::MIN);

    /// Creates a speed of this many times the real one.
    pub const fn new(times: NonZeroU32) -> Self {
        Self(times)
    }

    /// Returns the scaled length of a schedule's wait.
    pub fn scaled(self, wait: Duration) -> Duration {
        wait / self.0.get()
    }
}

impl FromStr for Speed {
    type Err = Error;

    /// Parses `1000x` or `1000`; anything else is [`Error::Speed`].
    fn from_str(text: &str) -> Result<Self, Error> {
        let times = text.strip_suffix('x').unwrap_or(text);
        times.parse().map(Self).map_err(|_| Error::Speed)
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_divided() {
        let speed: Speed = "1000x".parse().unwrap();
        assert_eq!(speed, "1000".parse().unwrap());
        assert_eq!(speed.to_string(), "1000x");
        assert_eq!(speed.scaled(Duration::from_secs(15)), Duration::from_millis(15));
        assert_eq!(Speed::REAL.scaled(Duration::from_secs(15)), Duration::from_secs(15));
        for text in ["", "x", "0x", "-1x", "1.5x", "10 x", "10xx", "99999999999x"] {
            assert!(matches!(text.parse::<Speed>(), Err(Error::Speed)), "{text}");
        }
    }
}
