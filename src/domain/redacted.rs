//! The only way a code, a phone number or a token reaches a log.

use std::fmt;

/// What a value looks like to somebody who may know that it exists, and no more.
pub trait Redact {
    /// Writes the value without its secret part.
    ///
    /// # Errors
    /// Those of the formatter.
    fn redact(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// Prints a value in its redacted form, with `{}` and with `{:?}`.
#[derive(Clone, Copy)]
pub struct Redacted<T>(pub T);

impl<T: Redact> fmt::Display for Redacted<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.redact(formatter)
    }
}

impl<T: Redact> fmt::Debug for Redacted<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.redact(formatter)
    }
}

impl<T: Redact + ?Sized> Redact for &T {
    fn redact(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).redact(formatter)
    }
}
