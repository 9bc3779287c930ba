//! What is believed to have been said so far in one call.

use std::fmt;
use std::time::Duration;

use super::Posterior;

/// From the end of one digit to the end of the next: no voice takes longer inside a code.
pub const LONGEST_GAP: Duration = Duration::from_secs(2);

/// Two windows, or two networks, that hear the same digit end it this close together.
pub(super) const SAME_DIGIT: Duration = Duration::from_millis(240);

/// Something that was heard, at a time since the beginning of the call's audio.
#[derive(Clone, Copy, PartialEq)]
pub enum Symbol {
    /// A digit.
    Digit {
        /// Which one, and how sure the model is of it.
        posterior: Posterior,
        /// When it ended, to about a tenth of a second.
        at: Duration,
    },
    /// One reading ended here, and another may begin.
    Break {
        /// When.
        at: Duration,
    },
}

impl fmt::Debug for Symbol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digit { posterior, at } => write!(formatter, "{posterior:?}@{at:?}"),
            Self::Break { at } => write!(formatter, "/@{at:?}"),
        }
    }
}

impl Symbol {
    /// When it was heard.
    pub fn at(&self) -> Duration {
        match *self {
            Self::Digit { at, .. } | Self::Break { at } => at,
        }
    }

    /// Whether it is a digit.
    pub fn is_digit(&self) -> bool {
        matches!(self, Self::Digit { .. })
    }

    /// The same, by `delay` later: times in a window become times in its call.
    pub(super) fn later_by(self, delay: Duration) -> Self {
        match self {
            Self::Digit { posterior, at } => Self::Digit { posterior, at: at + delay },
            Self::Break { at } => Self::Break { at: at + delay },
        }
    }
}

/// Everything heard in a call up to now. Each one replaces the one before, digits included.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hypothesis {
    /// In the order they were spoken.
    pub symbols: Vec<Symbol>,
    /// How much of the audio has been read.
    pub read_until: Duration,
    /// How much audio has arrived.
    pub heard_until: Duration,
    /// How long nobody has spoken; zero while somebody does. Meaningful only when everything
    /// spoken has been read, see [`Hypothesis::is_caught_up`].
    pub quiet_for: Duration,
    /// Whether the end of what was spoken is being looked at once more, or will be: there was sound behind
    /// what was read, which may be the rest of a word.
    pub looks_again: bool,
    /// Whether anybody has spoken at all.
    pub speech_heard: bool,
    /// Whether the call is over and this is the last one.
    pub is_final: bool,
}

impl Hypothesis {
    /// Whether all speech that arrived has been read.
    pub fn is_caught_up(&self) -> bool {
        self.read_until + self.quiet_for >= self.heard_until
    }
}
