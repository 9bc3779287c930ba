//! How a project shows itself to clients.

use std::fmt;
use std::str::FromStr;

use super::{Colour, LogoVersion};

/// What clients see of a project: nobody else does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    /// The company that invites them.
    pub company: String,
    pub colour: Option<Colour>,
    pub logo: Option<LogoVersion>,
}

/// A name that is shown: of a company, or of a client. In any script, on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownName(String);

/// Text that can not be shown as a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no name of 1 to {MOST_CHARACTERS} characters on one line")]
pub struct InvalidName(pub String);

const MOST_CHARACTERS: usize = 100;

impl ShownName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<ShownName> for String {
    fn from(name: ShownName) -> Self {
        name.0
    }
}

impl FromStr for ShownName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.trim();
        let is_one = !name.is_empty()
            && name.chars().count() <= MOST_CHARACTERS
            && !name.chars().any(char::is_control);
        if is_one { Ok(Self(name.to_owned())) } else { Err(InvalidName(text.to_owned())) }
    }
}

impl fmt::Display for ShownName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_in_any_script_and_on_one_line() {
        let longest = "x".repeat(MOST_CHARACTERS);
        for name in ["Acme", "שלום & Söhne", "🌮 Tacos <script>", longest.as_str()] {
            assert_eq!(name.parse::<ShownName>().unwrap().as_str(), name);
        }
        assert_eq!(" Acme ".parse::<ShownName>().unwrap().as_str(), "Acme");
        for text in ["", "  ", "two\nlines", "a\u{0}b", &format!("{longest}x")] {
            assert_eq!(text.parse::<ShownName>(), Err(InvalidName(text.to_owned())));
        }
    }
}
