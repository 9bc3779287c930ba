//! What a ggml file of a Whisper network says about itself, and whether it is one.
//!
//! whisper.cpp trusts a file: a length that is wrong makes it read past its memory, a type that it
//! does not know ends the process. So every byte that it would believe is checked here first, and
//! it gets only files that are whole. The form is that of whisper.cpp's `convert-pt-to-ggml.py`:
//! magic, eleven dimensions, mel filters, token table, tensors; all numbers little-endian.

use super::tensors::{self, WeightType};

/// First four bytes of the file.
const MAGIC: u32 = 0x6767_6d6c;

/// Frequencies in the power spectrum of a frame of 400 samples.
pub(super) const BINS: usize = 201;

/// A head's width is a multiple of this: 64 with OpenAI. ggml is not made for odd ones.
const HEAD_STEP: usize = 8;

/// Longer than any token of the stock vocabularies, of which the longest has 128 bytes.
const LONGEST_TOKEN: usize = 1_024;

/// whisper.cpp counts the generation of a quantised form in thousands of the type's number.
const GENERATION: i32 = 1_000;

/// Why a file is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is something else altogether.
    #[error("it is {0}")]
    Foreign(&'static str),
    /// It ends too early.
    #[error("it is cut off: {part} begins at byte {at} and goes on behind the end of the file")]
    CutOff { part: String, at: usize },
    /// A number of the header that no network has, or this version does not read.
    #[error("its {name} is {value}, and should be {expected}")]
    Implausible { name: &'static str, value: i64, expected: String },
    /// A tensor that does not belong to a network of these dimensions.
    #[error("its tensor {name} {reason}")]
    Tensor { name: String, reason: String },
    /// Its tokens do not serve for writing digits.
    #[error("its vocabulary {0}")]
    Vocabulary(String),
}

/// The sizes of a network, in the order and with the names of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dimensions {
    /// Tokens, and so the length of the logits.
    pub(super) n_vocab: usize,
    /// Positions of the encoder, 20 ms each.
    pub(super) n_audio_ctx: usize,
    /// The width; the decoder's is the same.
    pub(super) n_state: usize,
    pub(super) n_audio_layer: usize,
    /// The most tokens that the decoder takes, prompt included.
    pub(super) n_text_ctx: usize,
    pub(super) n_text_layer: usize,
    pub(super) n_mels: usize,
}

/// Everything but the weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ModelFile {
    pub(super) dimensions: Dimensions,
    /// `n_mels` rows of [`BINS`] weights.
    pub(super) mel_filters: Vec<f32>,
    /// What each token stands for, by its number. Stock files leave out the special ones.
    pub(super) tokens: Vec<Vec<u8>>,
}

impl ModelFile {
    /// Reads all of `file` but the values of the weights.
    ///
    /// # Errors
    /// When it is not a whole Whisper network in ggml form. Never panics, whatever it is given.
    pub(super) fn parse(file: &[u8]) -> Result<Self, Refusal> {
        let mut reader = Reader { file, position: 0 };
        check_magic(file)?;
        reader.number("the magic")?;
        let (dimensions, weights) = read_dimensions(&mut reader)?;
        let mel_filters = read_mel_filters(&mut reader, dimensions.n_mels)?;
        let tokens = read_tokens(&mut reader, dimensions.n_vocab)?;
        tensors::check(&mut reader, &dimensions, weights)?;
        Ok(Self { dimensions, mel_filters, tokens })
    }
}

fn check_magic(file: &[u8]) -> Result<(), Refusal> {
    let kind = match file {
        [] => "empty",
        [b'G', b'G', b'U', b'F', ..] => "a GGUF file, the form of llama.cpp",
        [b'P', b'K', 3, 4, ..] => "a zip file, as PyTorch writes it: convert it to ggml first",
        _ if file.get(..4) == Some(&MAGIC.to_le_bytes()) => return Ok(()),
        _ => "something else, for it does not begin as one",
    };
    Err(Refusal::Foreign(kind))
}

/// The bounds are wide enough for all networks of OpenAI, and for smaller ones. whisper.cpp's
/// graph has room for 32 layers; a window of less than 200 positions, four seconds, is too short
/// to be cut in a pause.
fn read_dimensions(reader: &mut Reader<'_>) -> Result<(Dimensions, WeightType), Refusal> {
    let mut next = |name, least, most| reader.bounded(name, least, most);
    let n_vocab = next("n_vocab", 1, 60_000)?;
    let n_audio_ctx = next("n_audio_ctx", 200, 1_500)?;
    let n_state = next("n_audio_state", 8, 2_048)?;
    let n_audio_head = next("n_audio_head", 1, 64)?;
    let n_audio_layer = next("n_audio_layer", 1, 32)?;
    let n_text_ctx = next("n_text_ctx", 16, 1_024)?;
    next("n_text_state", n_state, n_state)?;
    let n_text_head = next("n_text_head", 1, 64)?;
    let n_text_layer = next("n_text_layer", 1, 32)?;
    let n_mels = next("n_mels", 80, 128)?;
    for (name, heads) in [("n_audio_head", n_audio_head), ("n_text_head", n_text_head)] {
        if !n_state.is_multiple_of(heads * HEAD_STEP) {
            let expected = format!("a divisor of {}", n_state / HEAD_STEP);
            return Err(implausible(name, heads as i64, expected));
        }
    }
    let dimensions = Dimensions {
        n_vocab,
        n_audio_ctx,
        n_state,
        n_audio_layer,
        n_text_ctx,
        n_text_layer,
        n_mels,
    };
    let number = reader.number("ftype")?;
    let weights = WeightType::of_file(number.rem_euclid(GENERATION))
        .filter(|weights| number >= 0 && n_state.is_multiple_of(weights.block_len()))
        .ok_or_else(|| {
            let expected = format!("one that whisper.cpp reads at a width of {n_state}");
            implausible("ftype", number.into(), expected)
        })?;
    Ok((dimensions, weights))
}

fn read_mel_filters(reader: &mut Reader<'_>, n_mels: usize) -> Result<Vec<f32>, Refusal> {
    reader.bounded("number of mel filters", n_mels, n_mels)?;
    reader.bounded("length of a mel filter", BINS, BINS)?;
    let bytes = reader.take(n_mels * BINS * 4, || "the mel filters".to_owned())?;
    Ok(bytes.as_chunks().0.iter().map(|&value| f32::from_le_bytes(value)).collect())
}

fn read_tokens(reader: &mut Reader<'_>, n_vocab: usize) -> Result<Vec<Vec<u8>>, Refusal> {
    let count = reader.bounded("number of tokens", 1, n_vocab)?;
    let mut tokens = Vec::with_capacity(count);
    for number in 0..count {
        let length = reader.bounded("length of a token", 0, LONGEST_TOKEN)?;
        tokens.push(reader.take(length, || format!("token {number}"))?.to_vec());
    }
    Ok(tokens)
}

fn implausible(name: &'static str, value: i64, expected: String) -> Refusal {
    Refusal::Implausible { name, value, expected }
}

/// A place in the file that moves forward.
pub(super) struct Reader<'a> {
    file: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn is_at_end(&self) -> bool {
        self.position == self.file.len()
    }

    /// The next `count` bytes; `part` names them if the file ends before.
    pub(super) fn take(
        &mut self,
        count: usize,
        part: impl FnOnce() -> String,
    ) -> Result<&'a [u8], Refusal> {
        let at = self.position;
        let bytes = at.checked_add(count).and_then(|end| self.file.get(at..end));
        let bytes = bytes.ok_or_else(|| Refusal::CutOff { part: part(), at })?;
        self.position += count;
        Ok(bytes)
    }

    pub(super) fn number(&mut self, name: &str) -> Result<i32, Refusal> {
        let bytes = self.take(4, || name.to_owned())?;
        Ok(i32::from_le_bytes(bytes.try_into().expect("four bytes were asked for")))
    }

    /// A number from `least` to `most`.
    pub(super) fn bounded(
        &mut self,
        name: &'static str,
        least: usize,
        most: usize,
    ) -> Result<usize, Refusal> {
        let number = self.number(name)?;
        usize::try_from(number).ok().filter(|value| (least..=most).contains(value)).ok_or_else(
            || {
                let expected =
                    if least == most { least.to_string() } else { format!("{least} to {most}") };
                implausible(name, number.into(), expected)
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::whisper::random_network::{RandomNetwork, flip_some_bits};
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    /// Where the number of a dimension stands.
    fn dimension(index: usize) -> std::ops::Range<usize> {
        4 + 4 * index..8 + 4 * index
    }

    fn with_dimension(file: &[u8], index: usize, value: i32) -> Vec<u8> {
        let mut file = file.to_vec();
        file[dimension(index)].copy_from_slice(&value.to_le_bytes());
        file
    }

    fn refusal(file: &[u8]) -> String {
        ModelFile::parse(file).unwrap_err().to_string()
    }

    #[test]
    fn tells_dimensions_filters_and_tokens_of_a_whole_file() {
        let network = RandomNetwork::of_digits();
        let file = ModelFile::parse(&network.file()).unwrap();
        assert_eq!(
            file.dimensions,
            Dimensions {
                n_vocab: 78,
                n_audio_ctx: 256,
                n_state: 16,
                n_audio_layer: 1,
                n_text_ctx: 64,
                n_text_layer: 1,
                n_mels: 80,
            }
        );
        assert_eq!(file.mel_filters, network.mel_filters());
        assert_eq!(file.tokens, network.tokens);
    }

    #[test]
    fn says_what_a_foreign_file_is() {
        assert_eq!(refusal(b""), "it is empty");
        assert_eq!(refusal(b"GGUF\x03\0\0\0"), "it is a GGUF file, the form of llama.cpp");
        assert_eq!(
            refusal(b"PK\x03\x04reader/data.pkl"),
            "it is a zip file, as PyTorch writes it: convert it to ggml first"
        );
        for other in [b"speech.model = 1\n".as_slice(), b"lmg", &[0; 4_096]] {
            assert_eq!(refusal(other), "it is something else, for it does not begin as one");
        }
    }

    #[test]
    fn a_file_cut_off_anywhere_is_refused_as_such() {
        let file = RandomNetwork::of_digits().file();
        let everywhere_in_the_header = 4..2_000;
        let here_and_there = (2_000..file.len()).step_by(997);
        for length in everywhere_in_the_header.chain(here_and_there).chain([file.len() - 1]) {
            match ModelFile::parse(&file[..length]) {
                Err(Refusal::CutOff { at, .. }) => assert!(at <= length),
                // Cut exactly between two tensors, one of the others is missing.
                Err(Refusal::Tensor { reason, .. }) => assert_eq!(reason, "is missing"),
                other => panic!("cut off at {length}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_dimension_that_no_network_has_is_refused_by_its_name() {
        let file = RandomNetwork::of_digits().file();
        let names = [
            "n_vocab",
            "n_audio_ctx",
            "n_audio_state",
            "n_audio_head",
            "n_audio_layer",
            "n_text_ctx",
            "n_text_state",
            "n_text_head",
            "n_text_layer",
            "n_mels",
            "ftype",
        ];
        for (index, name) in names.into_iter().enumerate() {
            for value in [-1, i32::MIN, i32::MAX, 9_999_999] {
                let said = refusal(&with_dimension(&file, index, value));
                assert!(said.starts_with(&format!("its {name} is {value}")), "{said}");
            }
        }
        assert_eq!(
            refusal(&with_dimension(&file, 1, 0)),
            "its n_audio_ctx is 0, and should be 200 to 1500"
        );
        assert_eq!(
            refusal(&with_dimension(&file, 3, 3)),
            "its n_audio_head is 3, and should be a divisor of 2"
        );
        // whisper.cpp's convolution takes f16 alone, and ends the process over a file in f32.
        assert_eq!(
            refusal(&with_dimension(&file, 10, 0)),
            "its ftype is 0, and should be one that whisper.cpp reads at a width of 16"
        );
        // q8_0 has blocks of 32, and rows of 16 do not fill one.
        assert_eq!(
            refusal(&with_dimension(&file, 10, 7)),
            "its ftype is 7, and should be one that whisper.cpp reads at a width of 16"
        );
    }

    #[test]
    fn a_plausible_dimension_that_the_tensors_contradict_is_refused() {
        let file = RandomNetwork::of_digits().file();
        for (index, value) in [(0, 79), (1, 512), (4, 2), (5, 65), (8, 2)] {
            let refusal = ModelFile::parse(&with_dimension(&file, index, value)).unwrap_err();
            assert!(matches!(refusal, Refusal::Tensor { .. }), "{index}: {refusal}");
        }
    }

    #[test]
    fn a_token_as_long_as_the_file_is_refused() {
        let mut file = RandomNetwork::of_digits().file();
        let first_length = 4 + 11 * 4 + 8 + 80 * BINS * 4 + 4;
        file[first_length..first_length + 4].copy_from_slice(&i32::MAX.to_le_bytes());
        assert_eq!(refusal(&file), "its length of a token is 2147483647, and should be 0 to 1024");
    }

    #[test]
    fn bits_that_flip_never_do_more_than_get_a_file_refused() {
        let network = RandomNetwork::of_digits();
        let whole = network.file();
        let structure = network.structure();
        for seed in 0..3_000 {
            let mut rng = StdRng::seed_from_u64(seed);
            let mut file = whole.clone();
            flip_some_bits(&mut file, &structure, &mut rng);
            if rng.random_bool(0.2) {
                file.truncate(rng.random_range(0..file.len()));
            }
            // Whatever comes out, it comes out: an overflow or an index out of bounds would panic.
            if let Ok(parsed) = ModelFile::parse(&file) {
                assert_eq!(parsed.dimensions.n_mels * BINS, parsed.mel_filters.len(), "{seed}");
            }
        }
    }
}
