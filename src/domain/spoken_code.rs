//! The code that Meta speaks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Redact;

/// How many digits Meta's code has (Meta, "Verify a phone number").
pub const CODE_LENGTH: usize = 6;

/// Meta's six digits. It prints as `***`; whoever wants the digits has to say so with
/// [`SpokenCode::expose`].
///
/// Serialising exposes the digits too, for the two readers that must have them: the store, which
/// erases them when the code dies, and the page of the client who waits for them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SpokenCode(String);

/// Text that is not [`CODE_LENGTH`] digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a code has {CODE_LENGTH} digits and nothing else")]
pub struct InvalidCode;

impl SpokenCode {
    /// The digits themselves.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The digits as numbers.
    pub fn digits(&self) -> impl Iterator<Item = u8> {
        self.0.bytes().map(|byte| byte - b'0')
    }

    /// A code from digits between 0 and 9.
    ///
    /// # Errors
    /// When there are not [`CODE_LENGTH`] of them, or one is above 9.
    pub fn from_digits(digits: &[u8]) -> Result<Self, InvalidCode> {
        digits
            .iter()
            .map(|&digit| char::from_digit(u32::from(digit), 10).ok_or(InvalidCode))
            .collect::<Result<String, _>>()?
            .parse()
    }
}

impl FromStr for SpokenCode {
    type Err = InvalidCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_code = text.len() == CODE_LENGTH && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_code { Ok(Self(text.to_owned())) } else { Err(InvalidCode) }
    }
}

impl TryFrom<String> for SpokenCode {
    type Error = InvalidCode;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SpokenCode> for String {
    fn from(code: SpokenCode) -> String {
        code.0
    }
}

impl Redact for SpokenCode {
    fn redact(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl fmt::Display for SpokenCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.redact(formatter)
    }
}

impl fmt::Debug for SpokenCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.redact(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_prints_its_digits() {
        let code: SpokenCode = "481529".parse().unwrap();
        assert_eq!(format!("{code} {code:?}"), "*** ***");
        assert_eq!(code.expose(), "481529");
        assert!(code.digits().eq([4, 8, 1, 5, 2, 9]));
    }

    #[test]
    fn is_six_digits() {
        for text in ["48152", "4815290", "48152x", "４８１５２９", ""] {
            assert_eq!(text.parse::<SpokenCode>(), Err(InvalidCode), "{text}");
        }
        assert_eq!(SpokenCode::from_digits(&[4, 8, 1, 5, 2, 10]), Err(InvalidCode));
        assert_eq!(SpokenCode::from_digits(&[4, 8, 1, 5, 2, 9]), "481529".parse());
    }
}
