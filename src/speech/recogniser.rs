//! The seam behind which a speech model works.

use std::time::Duration;

use super::Symbol;
use crate::domain::{Language, SpokenCode};

/// How well a window is to be read; by default every digit in it is judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Care {
    /// From so many digits in it on, a decision may hang on what is heard: whoever knows best is asked.
    pub judged_from: usize,
    /// What ended before, since the window's start, was told by whoever knows best already.
    pub judged_until: Duration,
    /// What is believed to be the code: to hear it again is no news.
    pub known: Option<SpokenCode>,
}

/// What was heard in one window.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heard {
    /// Their times count from the window's start.
    pub symbols: Vec<Symbol>,
    /// Whether whoever knows best has heard it: no glance at the same audio overrules this.
    pub is_judged: bool,
}

impl From<Vec<Symbol>> for Heard {
    /// Symbols of a model that stands alone.
    fn from(symbols: Vec<Symbol>) -> Self {
        Self { symbols, is_judged: false }
    }
}

/// A model that is loaded once and read with by several threads.
pub trait SpeechModel: std::fmt::Debug + Send + Sync {
    /// The longest window a recogniser of this model reads at once.
    fn longest_window(&self) -> Duration;

    /// A recogniser with working memory of its own, for one thread.
    ///
    /// # Errors
    /// When the memory for it can not be had.
    fn recogniser(&self) -> Result<Box<dyn Recogniser>, RecogniserError>;
}

/// Reads digits out of a window of audio.
pub trait Recogniser: Send {
    /// What is said in `window`: mono samples between -1 and 1, 16,000 a second, at most
    /// [`SpeechModel::longest_window`] of them. `language` is what the caller probably speaks, a
    /// hint for models that want one.
    ///
    /// # Errors
    /// When the model fails on it; the next window may well succeed.
    fn read(
        &mut self,
        window: &[f32],
        language: Option<Language>,
        care: Care,
    ) -> Result<Heard, RecogniserError>;
}

/// The model failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the speech model failed: {0}")]
pub struct RecogniserError(pub String);
