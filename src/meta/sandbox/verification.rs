//! A code that was spoken, and those who type it.

use std::time::Duration;

use rand::RngExt as _;

use crate::domain::{CODE_LENGTH, SpokenCode, Timestamp};

/// How long a code is valid.
const VALID_FOR: Duration = Duration::from_secs(10 * 60);

/// Wrong codes until no other is looked at.
const GUESSES: u32 = 5;

/// One number's verification.
#[derive(Debug, Clone, Default)]
pub(super) struct Verification {
    /// The newest code; those before are worth nothing.
    code: Option<(SpokenCode, Timestamp)>,
    wrong_guesses: u32,
}

/// A code that is certainly not this one.
pub(super) fn other_than(code: &SpokenCode) -> SpokenCode {
    let digits: Vec<u8> = code.digits().map(|digit| (digit + 1) % 10).collect();
    SpokenCode::from_digits(&digits).expect("as many digits as before")
}

/// Why a code does not prove anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotVerified {
    Wrong,
    Expired,
    GuessedTooOften,
}

impl Verification {
    /// A new code. What was guessed wrong before stays counted.
    pub(super) fn new_code(&mut self, now: Timestamp) -> SpokenCode {
        let digits: [u8; CODE_LENGTH] = std::array::from_fn(|_| rand::rng().random_range(0..=9));
        let code = SpokenCode::from_digits(&digits).expect("each is a digit");
        self.code = Some((code.clone(), now));
        code
    }

    /// Whether `typed` is the code. It works once.
    ///
    /// # Errors
    /// When it is not, or is not looked at any more.
    pub(super) fn check(&mut self, typed: &str, now: Timestamp) -> Result<(), NotVerified> {
        if self.wrong_guesses >= GUESSES {
            return Err(NotVerified::GuessedTooOften);
        }
        match &self.code {
            Some((_, spoken_at)) if *spoken_at + VALID_FOR <= now => Err(NotVerified::Expired),
            Some((code, _)) if code.expose() == typed => {
                self.code = None;
                Ok(())
            }
            Some(_) | None => {
                self.wrong_guesses += 1;
                Err(NotVerified::Wrong)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_795_000_000_000);

    #[test]
    fn a_code_works_once_and_in_its_time() {
        let mut verification = Verification::default();
        let code = verification.new_code(NOW);
        assert_eq!(verification.check(code.expose(), NOW + VALID_FOR), Err(NotVerified::Expired));
        assert_eq!(verification.check(code.expose(), NOW), Ok(()));
        assert_eq!(verification.check(code.expose(), NOW), Err(NotVerified::Wrong));
    }

    #[test]
    fn after_some_wrong_ones_the_right_one_is_refused_too() {
        let mut verification = Verification::default();
        let code = verification.new_code(NOW);
        for _ in 0..GUESSES {
            let wrong = verification.check(other_than(&code).expose(), NOW);
            assert_eq!(wrong, Err(NotVerified::Wrong));
        }
        assert_eq!(verification.check(code.expose(), NOW), Err(NotVerified::GuessedTooOften));
        let newer = verification.new_code(NOW);
        assert_eq!(verification.check(newer.expose(), NOW), Err(NotVerified::GuessedTooOften));
    }
}
