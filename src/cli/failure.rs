//! How a command fails, and the exit code that tells it (numbers of sysexits.h).

use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::config::ConfigError;

/// The command line can not be understood.
const USAGE: u8 = 64;
/// The configuration is wrong.
const CONFIG: u8 = 78;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The configuration is wrong: exit code 78.
    Config(ConfigError),
    /// The command line is well-formed but makes no sense: exit code 64.
    Usage(String),
    /// Anything else: exit code 1.
    Other(anyhow::Error),
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        // A value may turn out to be unusable only when the daemon is being built.
        error.downcast::<ConfigError>().map_or_else(Self::Other, Self::Config)
    }
}

impl Failure {
    pub(super) fn report(self) -> ExitCode {
        let (message, code) = match self {
            Self::Config(error) => (error.to_string(), CONFIG.into()),
            Self::Usage(message) => (message, USAGE.into()),
            Self::Other(error) => (with_reasons(&error), ExitCode::FAILURE),
        };
        eprintln!("zavud: {message}");
        code
    }
}

/// What failed and why, each reason once: most errors of ours say theirs in their own words, and hand it
/// out as their source too.
fn with_reasons(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for reason in error.chain().map(ToString::to_string) {
        if message.is_empty() {
            message = reason;
        } else if !message.contains(&reason) {
            message = format!("{message}: {reason}");
        }
    }
    message
}

/// Prints what clap has to say: help and version are no failures.
pub(super) fn report_usage(error: &clap::Error) -> ExitCode {
    // Nothing can be done when the terminal is gone.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => USAGE.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_said_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read it: {source}. Is it there?")]
        struct Unreadable {
            source: std::io::Error,
        }
        let source = std::io::Error::other("no such file");
        let error = anyhow::Error::from(Unreadable { source }).context("the call is lost");
        assert_eq!(
            with_reasons(&error),
            "the call is lost: cannot read it: no such file. Is it there?"
        );
        assert_eq!(with_reasons(&anyhow::anyhow!("alone")), "alone");
    }
}
