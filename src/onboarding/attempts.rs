//! How often Meta may be asked to verify a number.
//!
//! Meta allows ten attempts in 72 hours for a number (WhatsApp Cloud API, business phone numbers) and
//! tells nobody how many it counted. What we see of them are the calls that come in, so this is the
//! least that was used: a client may have asked for text messages too.

use std::time::Duration;

use crate::domain::{PhoneNumberId, Timestamp};
use crate::store::{Reader, StoreError, Writer};

/// The time in which Meta counts.
const WINDOW: Duration = Duration::from_secs(72 * 60 * 60);

/// Attempts in that time.
pub const ATTEMPTS_ALLOWED: usize = 10;

/// From so many on the client is warned.
const WARN_FROM: usize = 7;

/// What is left of a number's attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempts {
    /// Enough to say nothing.
    Plenty,
    /// So many more, and then none for a long time.
    Few(usize),
    /// None before this moment.
    NoneUntil(Timestamp),
}

impl Attempts {
    /// What is left at `now`, by when the attempts so far were made, oldest first.
    fn after(made: &[Timestamp], now: Timestamp) -> Self {
        // A moment that lies ahead comes of a clock that was set back: it counts.
        let counted: Vec<_> = made.iter().filter(|at| **at + WINDOW > now).collect();
        let used = counted.len();
        if used < WARN_FROM {
            Self::Plenty
        } else if used < ATTEMPTS_ALLOWED {
            Self::Few(ATTEMPTS_ALLOWED - used)
        } else {
            // One is free again when fewer than ten are left in the window.
            Self::NoneUntil(*counted[used - ATTEMPTS_ALLOWED] + WINDOW)
        }
    }
}

/// Counts an attempt to verify `number`, and tells what is left after it.
///
/// # Errors
/// When the store refuses.
pub fn record_attempt(
    writer: &Writer<'_>,
    number: &PhoneNumberId,
    now: Timestamp,
) -> Result<Attempts, StoreError> {
    writer.insert_attempt(number, now)?;
    writer.forget_attempts(number, now - WINDOW)?;
    attempts_left(writer, number, now)
}

/// What is left of the attempts to verify `number`.
///
/// # Errors
/// When the store refuses.
pub fn attempts_left(
    reader: &Reader<'_>,
    number: &PhoneNumberId,
    now: Timestamp,
) -> Result<Attempts, StoreError> {
    Ok(Attempts::after(&attempts_made(reader, number, now)?, now))
}

/// When Meta was asked to verify `number`, as far as that counts still, oldest first.
///
/// # Errors
/// When the store refuses.
pub fn attempts_made(
    reader: &Reader<'_>,
    number: &PhoneNumberId,
    now: Timestamp,
) -> Result<Vec<Timestamp>, StoreError> {
    reader.attempts_of(number, now - WINDOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_unix_millis(1_795_000_000_000);
    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn the_client_is_warned_from_the_seventh_attempt_and_refused_after_the_tenth() {
        let hourly: Vec<_> = (0..12).map(|hours| START + HOUR * hours).collect();
        let after = |count: usize| Attempts::after(&hourly[..count], START + HOUR * 12);
        assert_eq!(after(0), Attempts::Plenty);
        assert_eq!(after(6), Attempts::Plenty);
        assert_eq!([after(7), after(8), after(9)], [3, 2, 1].map(Attempts::Few));
        assert_eq!(after(10), Attempts::NoneUntil(START + WINDOW));
        // Meta let more through than we thought: the newest ten have to age.
        assert_eq!(after(12), Attempts::NoneUntil(START + HOUR * 2 + WINDOW));
    }

    #[test]
    fn an_attempt_counts_for_72_hours_and_not_a_moment_longer() {
        let made = [START; ATTEMPTS_ALLOWED];
        let last = Timestamp::from_unix_millis((START + WINDOW).unix_millis() - 1);
        assert_eq!(Attempts::after(&made, last), Attempts::NoneUntil(START + WINDOW));
        assert_eq!(Attempts::after(&made, START + WINDOW), Attempts::Plenty);
    }
}
