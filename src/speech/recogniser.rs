//! The seam behind which a speech model works.

use std::time::Duration;

use super::Symbol;
use crate::domain::Language;

/// What was heard in one window: symbols whose times count from the window's start.
pub type Heard = Vec<Symbol>;

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
    ) -> Result<Heard, RecogniserError>;
}

/// The model failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the speech model failed: {0}")]
pub struct RecogniserError(pub String);
