//! The models that the configuration names, loaded and joined.

use crate::config::Speech;

use super::SpeechModel;
use super::cascade::{Cascade, WindowsDiffer};
use super::whisper::{ModelError, WhisperModel};

/// Why calls can not be read.
#[derive(Debug, thiserror::Error)]
pub enum CannotRead {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("{0}. It is the one that speech.judge names; name another there, or none (\"\")")]
    Judge(#[source] ModelError),
    #[error("{0}. Name another model in speech.judge, or none (\"\")")]
    Windows(#[from] WindowsDiffer),
}

/// Loads the model that reads along, and the judge if there is one.
///
/// # Errors
/// When a file is missing, damaged or something else, or the two do not go together.
pub fn load(config: &Speech) -> Result<Box<dyn SpeechModel>, CannotRead> {
    let reader = Box::new(WhisperModel::load(&config.model, &config.model_sha256)?);
    let Some(judge) = config.judge() else { return Ok(reader) };
    let judge = WhisperModel::load(judge, &config.judge_sha256).map_err(CannotRead::Judge)?;
    Ok(Box::new(Cascade::new(reader, Box::new(judge))?))
}
