//! What can be wrong with a configuration file, said so that the operator can mend it.

use std::fmt;
use std::path::PathBuf;

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there, or may not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// The file is no TOML; the message holds line and column.
    #[error("{} is not valid TOML:\n{message}", path.display())]
    Syntax { path: PathBuf, message: String },
    /// A key is unknown, or its value does not fit.
    #[error("{}:{}", path.display(), Lines(problems))]
    Invalid { path: PathBuf, problems: Vec<Problem> },
    /// A value can not be used by what it is meant for.
    #[error("the configuration can not be used: {key}: {what}")]
    Unusable { key: String, what: String },
}

impl ConfigError {
    /// For a value that turned out to be unusable after the file was read.
    pub(crate) fn unusable(key: &str, what: String) -> Self {
        Self::Unusable { key: key.to_owned(), what }
    }
}

/// One key that has to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// With its section, such as `sip.listen`.
    pub key: String,
    /// What is wrong, and what to write instead.
    pub what: String,
}

impl Problem {
    pub(super) fn new(key: &str, what: impl Into<String>) -> Self {
        Self { key: key.to_owned(), what: what.into() }
    }
}

struct Lines<'a>(&'a [Problem]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Problem { key, what } in self.0 {
            write!(formatter, "\n  {key}: {what}")?;
        }
        Ok(())
    }
}
