//! What a network's tokens mean to a search for digits.
//!
//! A network made for digits brings a vocabulary of its own, complete in its file: digits, comma,
//! start, end, and one token for each time at which a digit may end. OpenAI's networks write text
//! in 51,864 tokens or more; the file lists those of GPT-2, and the special ones follow in the
//! order of `get_encoding` in OpenAI's `whisper/tokenizer.py`.
//!
//! Those may write words: held to digits, tiny.en reads the phrase before a code as digits and
//! loses itself (6 of 20 English calls right, against 15). What they write in words is not read.

use std::ops::Range;
use std::time::Duration;

use super::model_file::{ModelFile, Refusal};

/// A token by its number, as whisper.cpp counts them.
pub(super) type Token = whisper_rs::WhisperTokenId;

/// Tokens of the English network that OpenAI published, and of its multilingual ones before and
/// since large-v3, which has one language more.
const STOCK_ENGLISH: usize = 51_864;
const STOCK_MULTILINGUAL: Range<usize> = 51_865..51_867;

/// What it means when a token is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// One digit, or in OpenAI's vocabularies several that stand together.
    Digits(Vec<u8>),
    /// A reading is over, in a network made for digits.
    Break,
    /// Something else was said.
    Word,
    /// Punctuation, of which OpenAI's networks put some between the digits of one code.
    Filler,
    /// Nothing more was said.
    End,
}

/// The tokens that may be chosen, and those to begin with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Vocabulary {
    /// By token; `None` for one that is never chosen.
    pub(super) meanings: Vec<Option<Meaning>>,
    /// When a digit may end, since the window's beginning, in ascending order. Empty where a
    /// network does not tell.
    pub(super) times: Vec<(Token, Duration)>,
    pub(super) prompt: Prompt,
}

/// What is fed before the first token is chosen.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Prompt {
    /// These tokens.
    Fixed(Vec<Token>),
    /// `start`, then one of `languages`, then `rest`.
    WithLanguage { start: Token, languages: Range<Token>, rest: [Token; 2] },
}

impl Vocabulary {
    /// The vocabulary of the network in `file`.
    ///
    /// # Errors
    /// When there is no token for a digit, the comma, the start or the end.
    pub(super) fn of(file: &ModelFile) -> Result<Self, Refusal> {
        let n_vocab = file.dimensions.n_vocab;
        if n_vocab == STOCK_ENGLISH || STOCK_MULTILINGUAL.contains(&n_vocab) {
            return Self::stock(file);
        }
        if file.tokens.len() != n_vocab {
            return Err(Refusal::Vocabulary(format!(
                "lists {} of its {n_vocab} tokens, and is not one of OpenAI's",
                file.tokens.len()
            )));
        }
        let mut meanings = vec![None; n_vocab];
        for value in 0..10 {
            *meaning_of(&mut meanings, digit(file, value)?) = Some(Meaning::Digits(vec![value]));
        }
        *meaning_of(&mut meanings, token(file, ",")?) = Some(Meaning::Break);
        *meaning_of(&mut meanings, token(file, "<|endoftext|>")?) = Some(Meaning::End);
        let prompt = Prompt::Fixed(vec![token(file, "<|startoftranscript|>")?]);
        Ok(Self { meanings, times: times(file)?, prompt })
    }

    fn stock(file: &ModelFile) -> Result<Self, Refusal> {
        for value in 0..10 {
            digit(file, value)?;
        }
        let n_vocab = Token::try_from(file.dimensions.n_vocab).expect("it is one of three");
        let is_multilingual = file.dimensions.n_vocab != STOCK_ENGLISH;
        let end = if is_multilingual { 50_257 } else { 50_256 };
        let words = file.tokens.iter().take(end).map(|text| Some(meaning(text)));
        let mut meanings: Vec<_> = words.collect();
        meanings.resize(end, None);
        meanings.push(Some(Meaning::End));

        let start = end as Token + 1;
        // From the start on: languages, six tokens for tasks, 1,501 times.
        let languages = start + 1..n_vocab - 1_507;
        let transcribe = languages.end + 1;
        let no_times = languages.end + 5;
        let prompt = if is_multilingual {
            Prompt::WithLanguage { start, languages, rest: [transcribe, no_times] }
        } else {
            Prompt::Fixed(vec![start, no_times])
        };
        Ok(Self { meanings, times: Vec::new(), prompt })
    }

    /// The tokens that may be chosen.
    pub(super) fn choices(&self) -> impl Iterator<Item = (Token, &Meaning)> {
        let all = (0..).zip(&self.meanings);
        all.filter_map(|(token, meaning)| meaning.as_ref().map(|meaning| (token, meaning)))
    }
}

fn meaning_of(meanings: &mut [Option<Meaning>], token: Token) -> &mut Option<Meaning> {
    let index = usize::try_from(token).expect("tokens count from 0");
    meanings.get_mut(index).expect("the file lists no more tokens than it has")
}

/// What a piece of text is, by what it consists of.
fn meaning(text: &[u8]) -> Meaning {
    let bare = text.strip_prefix(b" ").unwrap_or(text);
    if !bare.is_empty() && bare.iter().all(u8::is_ascii_digit) {
        return Meaning::Digits(bare.iter().map(|digit| digit - b'0').collect());
    }
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
    if bare.iter().any(is_letter) { Meaning::Word } else { Meaning::Filler }
}

fn digit(file: &ModelFile, value: u8) -> Result<Token, Refusal> {
    token(file, &format!(" {value}"))
}

fn token(file: &ModelFile, text: &str) -> Result<Token, Refusal> {
    file.tokens
        .iter()
        .position(|token| token == text.as_bytes())
        .and_then(|number| Token::try_from(number).ok())
        .ok_or_else(|| Refusal::Vocabulary(format!("has no token {text:?}")))
}

/// Tokens such as `<|1.36|>`, in seconds.
fn times(file: &ModelFile) -> Result<Vec<(Token, Duration)>, Refusal> {
    let times: Vec<_> = (0..)
        .zip(&file.tokens)
        .filter_map(|(number, text)| time(text).map(|time| (number, time)))
        .collect();
    if times.is_sorted_by(|(_, earlier), (_, later)| earlier < later) {
        Ok(times)
    } else {
        Err(Refusal::Vocabulary("lists its times in another order than that of time".to_owned()))
    }
}

fn time(text: &[u8]) -> Option<Duration> {
    let seconds = std::str::from_utf8(text).ok()?.strip_prefix("<|")?.strip_suffix("|>")?;
    let (whole, hundredths) = seconds.split_once('.')?;
    if hundredths.len() != 2 {
        return None;
    }
    let millis = whole.parse::<u64>().ok()?.checked_mul(1_000)?;
    let rest = hundredths.parse::<u64>().ok()? * 10;
    Some(Duration::from_millis(millis.checked_add(rest)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::whisper::random_network::RandomNetwork;

    fn vocabulary(network: &RandomNetwork) -> Result<Vocabulary, Refusal> {
        Vocabulary::of(&ModelFile::parse(&network.file()).unwrap())
    }

    #[test]
    fn a_network_made_for_digits_lists_all_its_tokens() {
        let mut meanings: Vec<_> =
            (0..10).map(|value| Some(Meaning::Digits(vec![value]))).collect();
        meanings.extend([Some(Meaning::Break), Some(Meaning::End)]);
        meanings.resize(78, None);
        let times = (0..65).map(|step| (13 + step, Duration::from_millis(80 * step as u64)));
        assert_eq!(
            vocabulary(&RandomNetwork::of_digits()).unwrap(),
            Vocabulary { meanings, times: times.collect(), prompt: Prompt::Fixed(vec![12]) }
        );
    }

    #[test]
    fn a_stock_network_has_its_special_tokens_behind_those_of_gpt_2() {
        let prompts = [
            (51_864, 50_256, Prompt::Fixed(vec![50_257, 50_362])),
            (51_865, 50_257, with_language(50_259..50_358, [50_359, 50_363])),
            (51_866, 50_257, with_language(50_259..50_359, [50_360, 50_364])),
        ];
        for (n_vocab, end, prompt) in prompts {
            let vocabulary = vocabulary(&RandomNetwork::like_stock(n_vocab)).unwrap();
            assert_eq!(vocabulary.meanings.len(), end + 1);
            assert_eq!(vocabulary.meanings[end], Some(Meaning::End));
            assert_eq!(vocabulary.meanings[604], Some(Meaning::Digits(vec![4])));
            assert_eq!(vocabulary.meanings[605], Some(Meaning::Word));
            assert_eq!(vocabulary.meanings[11], Some(Meaning::Filler));
            assert_eq!((vocabulary.times, vocabulary.prompt), (Vec::new(), prompt));
        }
    }

    fn with_language(languages: Range<Token>, rest: [Token; 2]) -> Prompt {
        Prompt::WithLanguage { start: 50_258, languages, rest }
    }

    #[test]
    fn a_piece_of_text_is_digits_a_word_or_neither() {
        assert_eq!(meaning(b" 48"), Meaning::Digits(vec![4, 8]));
        assert_eq!(meaning(b"0"), Meaning::Digits(vec![0]));
        for word in [" four", "4th", "\u{a0}", " für"] {
            assert_eq!(meaning(word.as_bytes()), Meaning::Word, "{word}");
        }
        for filler in ["", " ", ".", ",", "-", " 4.", "\n"] {
            assert_eq!(meaning(filler.as_bytes()), Meaning::Filler, "{filler}");
        }
    }

    #[test]
    fn a_vocabulary_that_lacks_something_is_refused_by_what_it_lacks() {
        let refusal = |change: &dyn Fn(&mut RandomNetwork)| {
            let mut network = RandomNetwork::of_digits();
            change(&mut network);
            vocabulary(&network).unwrap_err().to_string()
        };
        for (number, text) in [(7, " 7"), (10, ","), (11, "<|endoftext|>")] {
            let said = refusal(&|network| network.tokens[number] = b"x".to_vec());
            assert_eq!(said, format!("its vocabulary has no token {text:?}"));
        }
        assert_eq!(
            refusal(&|network| network.tokens.truncate(77)),
            "its vocabulary lists 77 of its 78 tokens, and is not one of OpenAI's"
        );
        assert_eq!(
            refusal(&|network| network.tokens.swap(20, 21)),
            "its vocabulary lists its times in another order than that of time"
        );
    }

    #[test]
    fn a_time_is_seconds_with_two_decimals() {
        assert_eq!(time(b"<|1.36|>"), Some(Duration::from_millis(1_360)));
        for other in ["<|en|>", "<|1.3|>", "<|-1.30|>", "<|1.360|>", "1.36", "<|.36|>", "<|1.3x|>"]
        {
            assert_eq!(time(other.as_bytes()), None, "{other}");
        }
        assert_eq!(time(format!("<|{}.00|>", u64::MAX).as_bytes()), None);
    }
}
