//! A moment in wall-clock time.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, UTC: how moments are stored and sent to pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A moment from its stored form.
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// Milliseconds since the epoch, zero for moments before it.
    pub fn unix_millis_unsigned(self) -> u64 {
        u64::try_from(self.0).unwrap_or(0)
    }

    /// The beginning of a day in UTC, such as `2026-11-06`; `None` for what is none.
    pub fn beginning_of(day: &str) -> Option<Self> {
        let day: jiff::civil::Date = day.parse().ok()?;
        let midnight: jiff::Timestamp = format!("{day}T00:00:00Z").parse().ok()?;
        Some(Self(midnight.as_millisecond()))
    }

    /// How long from `earlier` to this moment; zero when `earlier` is not earlier.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Timestamp;

    /// Saturates: a duration from the configuration can not wrap a moment round.
    fn add(self, duration: Duration) -> Timestamp {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_add(millis))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Timestamp;

    /// Saturates.
    fn sub(self, duration: Duration) -> Timestamp {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_sub(millis))
    }
}

impl fmt::Display for Timestamp {
    /// ISO 8601 in UTC with milliseconds, the form of the REST API.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(formatter, "{moment:.3}"),
            Err(_) => write!(formatter, "{} ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_shown_in_utc_with_milliseconds() {
        let moment = Timestamp::from_unix_millis(1_794_000_000_000);
        assert_eq!(moment.to_string(), "2026-11-06T21:20:00.000Z");
    }

    #[test]
    fn a_day_begins_at_midnight_in_utc() {
        let day = Timestamp::beginning_of("2026-11-06").unwrap();
        assert_eq!(day.to_string(), "2026-11-06T00:00:00.000Z");
        for text in ["", "2026-13-01", "yesterday", "06.11.2026"] {
            assert_eq!(Timestamp::beginning_of(text), None, "{text}");
        }
    }

    #[test]
    fn adding_and_subtracting_saturate() {
        let end = Timestamp::from_unix_millis(i64::MAX);
        assert_eq!(end + Duration::from_secs(1), end);
        let beginning = Timestamp::from_unix_millis(i64::MIN);
        assert_eq!(beginning - Duration::from_secs(1), beginning);
    }
}
