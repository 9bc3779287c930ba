//! One sending of a form.

use std::fmt;
use std::str::FromStr;

/// What a form is marked with when it is shown, so that it does its work once however often it is sent:
/// letters, digits and dashes, at most 64.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Submission(String);

/// Text that no form was marked with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} marks no form")]
pub struct InvalidSubmission(pub String);

const LONGEST: usize = 64;

impl Submission {
    /// The mark of a form that is about to be shown.
    pub fn new(random: [u8; 16]) -> Self {
        Self(random.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// As it is stored and sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Submission {
    type Err = InvalidSubmission;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_one = (1..=LONGEST).contains(&text.len())
            && text.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_'));
        if is_one { Ok(Self(text.to_owned())) } else { Err(InvalidSubmission(text.to_owned())) }
    }
}

impl fmt::Display for Submission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_a_form_comes_back_as_it_was_and_nothing_else_does() {
        let mark = Submission::new([0xa7; 16]);
        assert_eq!(mark.as_str().parse(), Ok(mark));
        assert_eq!("imp_1-27".parse::<Submission>().unwrap().as_str(), "imp_1-27");
        for text in ["", "a b", "\u{e9}", &"a".repeat(65)] {
            assert_eq!(text.parse::<Submission>(), Err(InvalidSubmission(text.to_owned())));
        }
    }
}
