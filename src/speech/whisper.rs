//! Whisper through whisper.cpp: the only module that knows whisper_rs.
//!
//! The network is asked for digits and nothing else: before each token is chosen, every logit but
//! those of ten digits, the comma between two readings, the full stop for "nothing" and the end
//! are removed. The probabilities that whisper.cpp then reports are shares among these.

use std::collections::HashMap;
use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use whisper_rs::{
    DtwMode, DtwParameters, FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters,
    WhisperState, WhisperTokenId,
};

use super::{Heard, READING_RATE, Recogniser, RecogniserError, SpeechModel, Symbol};
use crate::domain::Language;

/// The encoder's context: 512 positions of 20 ms. The shipped model was taught at this length,
/// and whisper.cpp pads keys without a mask unless it is a multiple of 256 (see models/README.md).
const AUDIO_CONTEXT: i32 = 512;

/// What fits into the context.
const WINDOW: Duration = Duration::from_millis(AUDIO_CONTEXT as u64 * 20);

/// whisper.cpp does not read less than a second.
const SHORTEST_WINDOW: usize = READING_RATE as usize;

/// More tokens than anybody can speak within a window.
const MAX_TOKENS: i32 = 64;

/// Token times come from aligning the cross-attention of the upper two decoder layers with the
/// audio. They fall on the end of a digit, 0 to 0.3 s early (looked at on two composed calls); with
/// the heads that whisper.cpp lists for tiny.en they spread further.
const ALIGNMENT_LAYERS: i32 = 2;
const ALIGNMENT_MEMORY: usize = 32 * 1024 * 1024;

/// First four bytes of a ggml file, little-endian.
const GGML_MAGIC: u32 = 0x6767_6d6c;

/// Why a model file was refused.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file is not there, or may not be read.
    #[error("cannot read the speech model {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// The file is not the one that the configuration describes.
    #[error(
        "the speech model {} is damaged: its SHA-256 is {found}, and should be {expected}. \
         Copy it again from the release, or set speech.model_sha256 if it is meant to differ",
        path.display()
    )]
    Damaged { path: PathBuf, expected: String, found: String },
    /// The file holds something else.
    #[error("{} is not a Whisper model in ggml form: {reason}", path.display())]
    Foreign { path: PathBuf, reason: String },
}

/// A loaded model. Its weights are shared by all recognisers.
pub struct WhisperModel {
    context: Arc<WhisperContext>,
    vocabulary: Arc<Vocabulary>,
    threads: i32,
}

impl std::fmt::Debug for WhisperModel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("WhisperModel").field("threads", &self.threads).finish()
    }
}

impl WhisperModel {
    /// Loads the file at `path`. `sha256` is compared in hexadecimal, unless it is empty. Each
    /// recogniser will use `threads` threads.
    ///
    /// # Errors
    /// When the file is missing, damaged, or no Whisper model.
    pub fn load(path: &Path, sha256: &str, threads: usize) -> Result<Self, ModelError> {
        let file = std::fs::read(path)
            .map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
        let foreign =
            |reason: &str| ModelError::Foreign { path: path.to_owned(), reason: reason.to_owned() };
        check_digest(path, &file, sha256)?;
        if file.get(..4) != Some(&GGML_MAGIC.to_le_bytes()) {
            return Err(foreign("it does not begin as one"));
        }

        whisper_rs::install_logging_hooks();
        let mut parameters = WhisperContextParameters::default();
        parameters.use_gpu(false).flash_attn(false).dtw_parameters(DtwParameters {
            mode: DtwMode::TopMost { n_top: ALIGNMENT_LAYERS },
            dtw_mem_size: ALIGNMENT_MEMORY,
        });
        let context = WhisperContext::new_from_buffer_with_params(&file, parameters)
            .map_err(|_| foreign("it is cut off, or of a form this version does not read"))?;
        let vocabulary = Vocabulary::of(&context)
            .ok_or_else(|| foreign("its vocabulary has no single token for each digit"))?;
        Ok(Self {
            context: Arc::new(context),
            vocabulary: Arc::new(vocabulary),
            threads: i32::try_from(threads).unwrap_or(1),
        })
    }
}

fn check_digest(path: &Path, file: &[u8], expected: &str) -> Result<(), ModelError> {
    if expected.is_empty() {
        return Ok(());
    }
    let found: String = Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect();
    if found.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    Err(ModelError::Damaged { path: path.to_owned(), expected: expected.to_owned(), found })
}

impl SpeechModel for WhisperModel {
    fn longest_window(&self) -> Duration {
        WINDOW
    }

    fn recogniser(&self) -> Result<Box<dyn Recogniser>, RecogniserError> {
        let state = self.context.create_state().map_err(failure)?;
        Ok(Box::new(WhisperRecogniser {
            state,
            is_multilingual: self.context.is_multilingual(),
            vocabulary: Arc::clone(&self.vocabulary),
            threads: self.threads,
            parameters: HashMap::new(),
        }))
    }
}

/// The tokens that may be chosen.
struct Vocabulary {
    /// All tokens of the model, and so the length of its logits.
    size: usize,
    digits: [WhisperTokenId; 10],
    comma: WhisperTokenId,
    allowed: Vec<usize>,
}

impl Vocabulary {
    fn of(context: &WhisperContext) -> Option<Self> {
        let single = |text: &str| match context.tokenize(text, 4).ok()?.as_slice() {
            &[token] => Some(token),
            _ => None,
        };
        let mut digits = [0; 10];
        for (value, token) in digits.iter_mut().enumerate() {
            *token = single(&format!(" {value}"))?;
        }
        let comma = single(",")?;
        let nothing = single(".")?;
        let size = usize::try_from(context.n_vocab()).ok()?;
        let allowed = digits
            .iter()
            .chain(&[comma, nothing, context.token_eot()])
            .map(|&token| usize::try_from(token).ok().filter(|&index| index < size))
            .collect::<Option<Vec<_>>>()?;
        Some(Self { size, digits, comma, allowed })
    }

    /// Makes everything that is not allowed impossible.
    fn filter(&self, logits: &mut [f32]) {
        let kept: Vec<f32> = self.allowed.iter().map(|&token| logits[token]).collect();
        logits.fill(f32::NEG_INFINITY);
        for (&token, logit) in self.allowed.iter().zip(kept) {
            logits[token] = logit;
        }
    }
}

/// Called by whisper.cpp before each token is chosen.
///
/// # Safety
/// `logits` points to as many values as the vocabulary has tokens, and `vocabulary` to the
/// [`Vocabulary`] of the same model; both outlive the call.
#[expect(unsafe_code, reason = "whisper.cpp offers its logits through a C callback only")]
unsafe extern "C" fn filter_logits<Context, State, Token>(
    _context: *mut Context,
    _state: *mut State,
    _tokens: *const Token,
    _token_count: std::ffi::c_int,
    logits: *mut f32,
    vocabulary: *mut c_void,
) {
    // SAFETY: promised by the caller; whisper.cpp hands through what `parameters` gave it.
    let (vocabulary, logits) = unsafe {
        let vocabulary = &*vocabulary.cast_const().cast::<Vocabulary>();
        (vocabulary, std::slice::from_raw_parts_mut(logits, vocabulary.size))
    };
    vocabulary.filter(logits);
}

struct WhisperRecogniser {
    state: WhisperState,
    is_multilingual: bool,
    vocabulary: Arc<Vocabulary>,
    threads: i32,
    /// Kept by language, because whisper-rs leaks a language's name each time it is set.
    parameters: HashMap<Option<Language>, FullParams<'static, 'static>>,
}

impl WhisperRecogniser {
    fn parameters(&mut self, language: Option<Language>) -> FullParams<'static, 'static> {
        // An English-only network has no tokens for languages. The shipped one is such by its
        // form, and was taught the digits of all of them.
        let is_multilingual = self.is_multilingual;
        let language = language.filter(|_| is_multilingual);
        let (vocabulary, threads) = (&self.vocabulary, self.threads);
        let for_language = || {
            let mut parameters = base_parameters(vocabulary, threads);
            if is_multilingual {
                // A language that the model does not know is heard out of the audio, like none.
                let id = language.and_then(|language| whisper_rs::get_lang_id(language.as_str()));
                parameters.set_language(id.and_then(whisper_rs::get_lang_str));
            }
            parameters
        };
        self.parameters.entry(language).or_insert_with(for_language).clone()
    }
}

#[expect(unsafe_code, reason = "the callback and its data are raw pointers in whisper-rs")]
fn base_parameters(vocabulary: &Arc<Vocabulary>, threads: i32) -> FullParams<'static, 'static> {
    let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    parameters.set_n_threads(threads);
    parameters.set_audio_ctx(AUDIO_CONTEXT);
    parameters.set_max_tokens(MAX_TOKENS);
    parameters.set_no_timestamps(true);
    parameters.set_single_segment(true);
    parameters.set_no_context(true);
    // One greedy pass: a second one at a higher temperature would be guessing.
    parameters.set_temperature_inc(0.0);
    parameters.set_print_special(false);
    parameters.set_print_progress(false);
    parameters.set_print_realtime(false);
    parameters.set_print_timestamps(false);
    // SAFETY: the recogniser owns the vocabulary and the parameters, and the model's weights are
    // those the vocabulary was made from.
    unsafe {
        parameters.set_filter_logits_callback(Some(filter_logits));
        parameters.set_filter_logits_callback_user_data(
            Arc::as_ptr(vocabulary).cast_mut().cast::<c_void>(),
        );
    }
    parameters
}

impl Recogniser for WhisperRecogniser {
    fn read(
        &mut self,
        window: &[f32],
        language: Option<Language>,
    ) -> Result<Heard, RecogniserError> {
        let parameters = self.parameters(language);
        if window.len() < SHORTEST_WINDOW {
            let mut padded = window.to_vec();
            padded.resize(SHORTEST_WINDOW, 0.0);
            self.state.full(parameters, &padded).map_err(failure)?;
        } else {
            self.state.full(parameters, window).map_err(failure)?;
        }
        let length = Duration::from_secs_f64(window.len() as f64 / f64::from(READING_RATE));
        Ok(self.symbols(length))
    }
}

impl WhisperRecogniser {
    /// What the last pass chose, in order.
    fn symbols(&self, length: Duration) -> Heard {
        let tokens = self.state.as_iter().flat_map(|segment| {
            let tokens = (0..segment.n_tokens()).filter_map(|index| segment.get_token(index));
            tokens.map(|token| token.token_data()).collect::<Vec<_>>()
        });
        let mut heard = Heard::new();
        for token in tokens {
            // Hundredths of a second; negative where the alignment failed.
            let at = u64::try_from(token.t_dtw)
                .map_or(length, |hundredths| Duration::from_millis(hundredths * 10).min(length));
            let value = self.vocabulary.digits.iter().position(|&digit| digit == token.id);
            if let Some(value) = value.and_then(|value| u8::try_from(value).ok()) {
                heard.push(Symbol::Digit { value, probability: token.p, at });
            } else if token.id == self.vocabulary.comma {
                heard.push(Symbol::Break { at });
            }
        }
        heard
    }
}

fn failure(error: whisper_rs::WhisperError) -> RecogniserError {
    RecogniserError(error.to_string())
}
