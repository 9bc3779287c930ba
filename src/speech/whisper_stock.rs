//! A Whisper model as it is shipped by others, through whisper.cpp and with its own decoding: a
//! whole recording in, its text out. Only the benchmark uses it, to compare.

use std::path::{Path, PathBuf};

use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState,
};

use super::resample::LineResampler;
use super::{LINE_RATE, RecogniserError};
use crate::domain::Language;

/// The least words a model of Whisper's form has. whisper.cpp reckons its special tokens from it,
/// and decodes with tokens that are not there where it is less.
const LEAST_VOCABULARY: i32 = 51_864;

/// What whisper.cpp's own program and the examples of whisper-rs search with.
const BEAM_SIZE: i32 = 5;

/// Silence after the last sample, at the line's rate: more than the resampler keeps waiting.
const FLUSH: usize = 400;

/// The file is missing, or no Whisper model.
#[derive(Debug, thiserror::Error)]
#[error("cannot load {} as a Whisper model: {reason}", path.display())]
pub struct UnusableStockModel {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// A loaded model with working memory for one recording.
pub struct StockModel {
    state: WhisperState,
    threads: i32,
}

impl std::fmt::Debug for StockModel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("StockModel").field("threads", &self.threads).finish()
    }
}

impl StockModel {
    /// Loads the ggml file at `path`. It will read with `threads` threads.
    ///
    /// # Errors
    /// When the file is missing, or no Whisper model.
    pub fn load(path: &Path, threads: usize) -> Result<Self, UnusableStockModel> {
        let unusable = |reason: String| UnusableStockModel { path: path.to_owned(), reason };
        let file = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
        whisper_rs::install_logging_hooks();
        let mut parameters = WhisperContextParameters::default();
        parameters.use_gpu(false);
        let context = WhisperContext::new_from_buffer_with_params(&file, parameters)
            .map_err(|error| unusable(error.to_string()))?;
        if context.n_vocab() < LEAST_VOCABULARY {
            return Err(unusable("it has a vocabulary of its own".to_owned()));
        }
        let state = context.create_state().map_err(|error| unusable(error.to_string()))?;
        Ok(Self { state, threads: i32::try_from(threads).unwrap_or(1) })
    }

    /// The text of a recording at [`LINE_RATE`] in which `language` is spoken. A model of English
    /// alone takes any language for English.
    ///
    /// # Errors
    /// When the model fails.
    pub fn transcribe(
        &mut self,
        samples: &[i16],
        language: Language,
    ) -> Result<String, RecogniserError> {
        let mut audio = Vec::with_capacity(2 * (samples.len() + FLUSH));
        let mut resampler = LineResampler::new();
        for piece in [samples, &[0; FLUSH]] {
            resampler.push(piece, LINE_RATE, |resampled| audio.extend_from_slice(resampled));
        }
        let mut parameters =
            FullParams::new(SamplingStrategy::BeamSearch { beam_size: BEAM_SIZE, patience: -1.0 });
        // A language that whisper.cpp does not know is heard out of the audio, like none.
        let id = whisper_rs::get_lang_id(language.as_str());
        parameters.set_language(id.and_then(whisper_rs::get_lang_str));
        parameters.set_n_threads(self.threads);
        parameters.set_print_special(false);
        parameters.set_print_progress(false);
        parameters.set_print_realtime(false);
        parameters.set_print_timestamps(false);
        self.state.full(parameters, &audio).map_err(failure)?;
        let texts = self.state.as_iter().map(|segment| Ok(segment.to_str_lossy()?.into_owned()));
        texts.collect::<Result<_, whisper_rs::WhisperError>>().map_err(failure)
    }
}

fn failure(error: whisper_rs::WhisperError) -> RecogniserError {
    RecogniserError(error.to_string())
}
