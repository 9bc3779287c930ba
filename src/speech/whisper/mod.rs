//! Whisper networks through the parts of whisper.cpp.
//!
//! A window becomes features ([`mel`]), whisper.cpp's encoder looks at them, and its decoder is
//! asked step by step how the text goes on (`search`). The same path serves a network that was
//! made for it and any other Whisper network; what differs is their [`vocabulary`]. A file is
//! checked before whisper.cpp sees it ([`model_file`], [`tensors`]).

mod mel;
mod model_file;
mod processor;
#[cfg(test)]
mod random_network;
mod search;
mod tensors;
mod timing;
mod vocabulary;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState,
};

pub use self::model_file::Refusal;

use self::mel::LogMel;
use self::model_file::ModelFile;
use self::search::{Decoder, search};
use self::vocabulary::{Prompt, Token, Vocabulary};
use super::{Care, Heard, READING_RATE, Recogniser, RecogniserError, SpeechModel};
use crate::domain::Language;

/// What a position of the encoder stands for.
const POSITION: Duration = Duration::from_millis(20);
const SAMPLES_A_POSITION: usize = READING_RATE as usize / 50;

/// A network made for digits looks at a short window through fewer positions, in steps of these: what
/// it costs goes with their number. It was taught in steps of [`FEWEST_POSITIONS`] (`positions_of` in
/// `models/training/features.py`), and reads as well between them. OpenAI's networks write nonsense
/// through any number but all of theirs.
const POSITIONS_STEP: usize = 16;
const FEWEST_POSITIONS: usize = 64;

/// Frames of features that make a position.
const FRAMES_A_POSITION: usize = 2;

/// whisper-rs takes features of so many bands and no other number.
const BANDS: usize = 80;

/// Tokens chosen for a window, as many as OpenAI's own decoding allows: half of a text context.
const MOST_TOKENS: usize = 224;

/// Start, language, task, and that no times are wanted.
const LONGEST_PROMPT: usize = 4;

/// One thread reads one window: whisper.cpp's threads spin while they wait for each other.
const THREADS: usize = 1;

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
    /// The file holds something else, or is no longer whole.
    #[error("{} is no Whisper network in ggml form that can be used: {refusal}", path.display())]
    Refused { path: PathBuf, refusal: Refusal },
    /// whisper.cpp found something that we did not.
    #[error("whisper.cpp does not take {}; its reason stands in the log", path.display())]
    Failed { path: PathBuf },
    /// The library would end the process.
    #[error(
        "this processor lacks {}, and the speech library was built for x86-64-v3. Build it for \
         this machine with GGML_NATIVE=ON in the environment",
        missing.join(", ")
    )]
    Processor { missing: Vec<&'static str> },
}

/// A loaded model. Its weights are shared by all recognisers.
pub struct WhisperModel {
    context: WhisperContext,
    /// Without the weights.
    file: ModelFile,
    vocabulary: Arc<Vocabulary>,
}

impl std::fmt::Debug for WhisperModel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("WhisperModel").field(&self.file.dimensions).finish()
    }
}

impl WhisperModel {
    /// Loads the file at `path`. `sha256` is compared in hexadecimal, unless it is empty.
    ///
    /// # Errors
    /// When the file is missing, damaged or no Whisper network, or the processor too old.
    pub fn load(path: &Path, sha256: &str) -> Result<Self, ModelError> {
        let missing = processor::missing_instructions();
        if !missing.is_empty() {
            return Err(ModelError::Processor { missing });
        }
        let bytes = std::fs::read(path)
            .map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
        check_digest(path, &bytes, sha256)?;
        let refused = |refusal| ModelError::Refused { path: path.to_owned(), refusal };
        let file = ModelFile::parse(&bytes).map_err(refused)?;
        let vocabulary = Vocabulary::of(&file).map_err(refused)?;

        whisper_rs::install_logging_hooks();
        let mut parameters = WhisperContextParameters::default();
        // Flash attention pads keys to a multiple of 256 without a mask, and is slower here.
        parameters.use_gpu(false).flash_attn(false);
        let context = WhisperContext::new_from_buffer_with_params(&bytes, parameters)
            .map_err(|_| ModelError::Failed { path: path.to_owned() })?;
        Ok(Self { context, file, vocabulary: Arc::new(vocabulary) })
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
        let positions = self.file.dimensions.n_audio_ctx;
        POSITION * u32::try_from(positions).expect("a file has at most 1,500")
    }

    fn recogniser(&self) -> Result<Box<dyn Recogniser>, RecogniserError> {
        let dimensions = self.file.dimensions;
        let features = (dimensions.n_mels == BANDS).then(|| LogMel::new(&self.file.mel_filters));
        let room = dimensions.n_text_ctx - LONGEST_PROMPT;
        Ok(Box::new(WhisperRecogniser {
            state: self.context.create_state().map_err(failure)?,
            features,
            vocabulary: Arc::clone(&self.vocabulary),
            most_tokens: room.min(MOST_TOKENS),
            most_positions: dimensions.n_audio_ctx,
            positions: dimensions.n_audio_ctx,
        }))
    }
}

struct WhisperRecogniser {
    /// whisper.cpp's working memory.
    state: WhisperState,
    /// `None` for a network of more bands than whisper-rs takes: whisper.cpp computes those.
    features: Option<LogMel>,
    vocabulary: Arc<Vocabulary>,
    most_tokens: usize,
    most_positions: usize,
    /// How many of them the network looks through at present.
    positions: usize,
}

impl Recogniser for WhisperRecogniser {
    fn read(
        &mut self,
        window: &[f32],
        language: Option<Language>,
        _: Care,
    ) -> Result<Heard, RecogniserError> {
        self.encode(window)?;
        let language = self.language_token(language);
        let mut steps = Steps { state: &mut self.state, fed: 0 };
        let written = search(&mut steps, &self.vocabulary, language, self.most_tokens)?;
        Ok(timing::symbols(&written, window).into())
    }
}

impl WhisperRecogniser {
    /// Shows the window to the network.
    fn encode(&mut self, window: &[f32]) -> Result<(), RecogniserError> {
        self.look_through(self.positions_for(window))?;
        let frames = self.positions * FRAMES_A_POSITION;
        match &mut self.features {
            Some(log_mel) => self.state.set_mel(log_mel.features(window, frames)),
            None => {
                // whisper.cpp mirrors the beginning, for which there has to be one.
                let mut window = window.to_vec();
                window.resize(window.len().max(READING_RATE as usize), 0.0);
                self.state.pcm_to_mel(&window, THREADS)
            }
        }
        .map_err(failure)?;
        self.state.encode(0, THREADS).map_err(failure)
    }

    fn positions_for(&self, window: &[f32]) -> usize {
        if self.vocabulary.times.is_empty() {
            return self.most_positions;
        }
        let needed = window.len().div_ceil(SAMPLES_A_POSITION).max(FEWEST_POSITIONS);
        needed.next_multiple_of(POSITIONS_STEP).min(self.most_positions)
    }

    /// Makes the network look through so many positions from now on.
    ///
    /// Only whisper.cpp's own decoding can be told, so that is called; it returns before it looks
    /// at anything, since a tenth of a second of sound is not enough for it.
    fn look_through(&mut self, positions: usize) -> Result<(), RecogniserError> {
        if positions == self.positions {
            return Ok(());
        }
        let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        parameters.set_audio_ctx(i32::try_from(positions).expect("a file has at most 1,500"));
        parameters.set_duration_ms(100);
        parameters.set_n_threads(THREADS as i32);
        self.state.full(parameters, &[0.0; SAMPLES_A_POSITION]).map_err(failure)?;
        self.positions = positions;
        Ok(())
    }

    /// The token that stands for `language`, if the network asks for one and knows this one.
    fn language_token(&self, language: Option<Language>) -> Option<Token> {
        let Prompt::WithLanguage { languages, .. } = &self.vocabulary.prompt else { return None };
        whisper_rs::get_lang_id(language?.as_str()).map(|id| languages.start + id)
    }
}

/// The decoder of a state that has encoded a window.
struct Steps<'a> {
    state: &'a mut WhisperState,
    fed: usize,
}

impl Decoder for Steps<'_> {
    /// One token at a time: of several whisper-rs gives the logits of the first.
    fn feed(&mut self, token: Token) -> Result<&[f32], RecogniserError> {
        self.state.decode(&[token], self.fed, THREADS).map_err(failure)?;
        self.fed += 1;
        self.state.get_logits().map_err(failure)
    }
}

fn failure(error: whisper_rs::WhisperError) -> RecogniserError {
    RecogniserError(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::random_network::RandomNetwork;
    use super::*;
    use crate::speech::Symbol;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use std::io::Write as _;

    fn load(file: &[u8], sha256: &str) -> Result<WhisperModel, ModelError> {
        let mut place = tempfile::NamedTempFile::new().unwrap();
        place.write_all(file).unwrap();
        WhisperModel::load(place.path(), sha256)
    }

    /// Something to listen to, other for each `seed`.
    fn noise(seed: u64, samples: usize) -> Vec<f32> {
        let mut rng = StdRng::seed_from_u64(seed);
        (0..samples).map(|_| rng.random_range(-0.5..0.5)).collect()
    }

    #[test]
    fn a_network_of_digits_reads_windows_of_its_length_with_rising_times() {
        let model = load(&RandomNetwork::of_digits().file(), "").unwrap();
        assert_eq!(model.longest_window(), Duration::from_millis(5_120));
        let mut recogniser = model.recogniser().unwrap();
        let mut digits = 0;
        for seed in 0..20 {
            let heard = recogniser.read(&noise(seed, 81_920), None, Care::default()).unwrap();
            let times: Vec<_> = heard
                .symbols
                .iter()
                .filter(|symbol| matches!(symbol, Symbol::Digit { .. }))
                .map(Symbol::at)
                .collect();
            assert!(times.is_sorted_by(|earlier, later| earlier < later), "{seed}: {times:?}");
            assert!(times.iter().all(|&time| time <= model.longest_window()), "{times:?}");
            digits += times.len();
        }
        assert!(digits > 0, "random weights say something of one window in twenty");
    }

    #[test]
    fn what_is_read_depends_on_nothing_but_the_window() {
        let model = load(&RandomNetwork::of_digits().file(), "").unwrap();
        let mut used = model.recogniser().unwrap();
        for seed in 0..5 {
            let window = noise(seed, 16_000 * seed as usize);
            let fresh = model.recogniser().unwrap().read(&window, None, Care::default()).unwrap();
            assert_eq!(used.read(&window, None, Care::default()).unwrap(), fresh, "{seed}");
        }
    }

    #[test]
    fn a_network_of_digits_looks_at_a_short_window_through_few_positions() {
        let file = RandomNetwork::of_digits().file();
        let model = load(&file, "").unwrap();
        let mut recogniser = WhisperRecogniser {
            state: model.context.create_state().unwrap(),
            features: Some(LogMel::new(&model.file.mel_filters)),
            vocabulary: Arc::clone(&model.vocabulary),
            most_tokens: 4,
            most_positions: 256,
            positions: 256,
        };
        for (samples, positions) in [(16_000, 64), (20_481, 80), (81_920, 256), (0, 64)] {
            recogniser.encode(&noise(1, samples)).unwrap();
            assert_eq!(recogniser.positions, positions, "{samples}");
        }
    }

    #[test]
    fn stock_networks_of_every_vocabulary_are_read_with() {
        for (n_vocab, language) in [(51_864, None), (51_865, Some("pt")), (51_866, None)] {
            let model = load(&RandomNetwork::like_stock(n_vocab).file(), "").unwrap();
            let vocabulary = &model.vocabulary;
            assert_eq!(vocabulary.meanings.len() as Token, model.context.token_eot() + 1);
            let (start, no_times) = (model.context.token_sot(), model.context.token_not());
            let prompt = match &vocabulary.prompt {
                Prompt::Fixed(tokens) => tokens.clone(),
                Prompt::WithLanguage { start, languages, rest: [task, no_times] } => {
                    assert_eq!(languages.start, model.context.token_lang(0));
                    assert_eq!(*task, model.context.token_transcribe());
                    vec![*start, *no_times]
                }
            };
            assert_eq!(prompt, [start, no_times]);
            let language = language.map(|language: &str| language.parse().unwrap());
            let mut recogniser = model.recogniser().unwrap();
            for seed in 0..3 {
                let window = noise(seed, 20_000);
                let first = recogniser.read(&window, language, Care::default()).unwrap();
                assert_eq!(recogniser.read(&window, language, Care::default()).unwrap(), first);
            }
        }
    }

    #[test]
    fn a_file_that_differs_from_its_checksum_is_refused() {
        let file = RandomNetwork::of_digits().file();
        let error = load(&file, &"0".repeat(64)).unwrap_err();
        let ModelError::Damaged { expected, found, .. } = error else { panic!("{error}") };
        assert_eq!(expected, "0".repeat(64));
        load(&file, &found.to_uppercase()).unwrap();
    }

    #[test]
    fn a_file_that_is_no_network_is_refused_with_its_reason() {
        let error = load(b"GGUF and so on", "").unwrap_err().to_string();
        assert!(
            error.ends_with("can be used: it is a GGUF file, the form of llama.cpp"),
            "{error}"
        );
        let missing = WhisperModel::load(Path::new("/nowhere/reader.bin"), "").unwrap_err();
        assert!(
            missing.to_string().starts_with("cannot read the speech model /nowhere/reader.bin")
        );
    }
}
