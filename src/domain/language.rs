//! Languages.

use std::fmt;
use std::str::FromStr;

/// A language by its ISO 639-1 code: two lower-case letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Language([u8; 2]);

/// Text that is no language code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a language code of two letters, such as en, es or pt")]
pub struct InvalidLanguage(pub String);

impl Language {
    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("made from ASCII letters")
    }
}

impl FromStr for Language {
    type Err = InvalidLanguage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes() {
            &[first, second] if first.is_ascii_lowercase() && second.is_ascii_lowercase() => {
                Ok(Self([first, second]))
            }
            _ => Err(InvalidLanguage(text.to_owned())),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_two_lower_case_letters() {
        assert_eq!("pt".parse::<Language>().unwrap().as_str(), "pt");
        for text in ["", "p", "PT", "por", "é", "p1"] {
            assert_eq!(text.parse::<Language>(), Err(InvalidLanguage(text.to_owned())));
        }
    }
}
