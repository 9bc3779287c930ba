//! Which of a network's tokens stand for what is searched.
//!
//! A network made for digits brings a vocabulary of its own, complete in its file: digits, comma,
//! start, end, and one token for each time at which a digit may end. OpenAI's networks write text
//! in 51,864 tokens or more; the file lists those of GPT-2, and the special ones follow in the
//! order of `get_encoding` in OpenAI's `whisper/tokenizer.py`.

use std::ops::Range;
use std::time::Duration;

use super::model_file::{ModelFile, Refusal};

/// A token by its number, as whisper.cpp counts them.
pub(super) type Token = whisper_rs::WhisperTokenId;

/// Tokens of the English network that OpenAI published, and of its multilingual ones before and
/// since large-v3, which has one language more.
const STOCK_ENGLISH: usize = 51_864;
const STOCK_MULTILINGUAL: Range<usize> = 51_865..51_867;

/// The tokens that may be chosen, and those to begin with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Vocabulary {
    pub(super) digits: [Token; 10],
    /// Between two readings.
    pub(super) comma: Token,
    /// Nothing was said, or nothing more. Only OpenAI's networks need it.
    pub(super) full_stop: Option<Token>,
    pub(super) end: Token,
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
        Ok(Self {
            digits: digits(file)?,
            comma: token(file, ",")?,
            full_stop: None,
            end: token(file, "<|endoftext|>")?,
            times: times(file)?,
            prompt: Prompt::Fixed(vec![token(file, "<|startoftranscript|>")?]),
        })
    }

    fn stock(file: &ModelFile) -> Result<Self, Refusal> {
        let n_vocab = Token::try_from(file.dimensions.n_vocab).expect("it is one of three");
        let is_multilingual = file.dimensions.n_vocab != STOCK_ENGLISH;
        let end = if is_multilingual { 50_257 } else { 50_256 };
        let start = end + 1;
        // From the start on: languages, six tokens for tasks, 1,501 times.
        let languages = start + 1..n_vocab - 1_507;
        let transcribe = languages.end + 1;
        let no_times = languages.end + 5;
        let prompt = if is_multilingual {
            Prompt::WithLanguage { start, languages, rest: [transcribe, no_times] }
        } else {
            Prompt::Fixed(vec![start, no_times])
        };
        Ok(Self {
            digits: digits(file)?,
            comma: token(file, ",")?,
            full_stop: Some(token(file, ".")?),
            end,
            times: Vec::new(),
            prompt,
        })
    }

    /// What a choice is made among: digits first, in order.
    pub(super) fn choices(&self) -> impl Iterator<Item = Token> {
        self.digits.into_iter().chain([self.comma, self.end]).chain(self.full_stop)
    }
}

fn digits(file: &ModelFile) -> Result<[Token; 10], Refusal> {
    let mut digits = [0; 10];
    for (value, digit) in digits.iter_mut().enumerate() {
        *digit = token(file, &format!(" {value}"))?;
    }
    Ok(digits)
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
        let times = (0..65).map(|step| (13 + step, Duration::from_millis(80 * step as u64)));
        assert_eq!(
            vocabulary(&RandomNetwork::of_digits()).unwrap(),
            Vocabulary {
                digits: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
                comma: 10,
                full_stop: None,
                end: 11,
                times: times.collect(),
                prompt: Prompt::Fixed(vec![12]),
            }
        );
    }

    #[test]
    fn a_stock_network_has_its_special_tokens_behind_those_of_gpt_2() {
        let english = Vocabulary {
            digits: [657, 352, 362, 513, 604, 642, 718, 767, 807, 860],
            comma: 11,
            full_stop: Some(13),
            end: 50_256,
            times: Vec::new(),
            prompt: Prompt::Fixed(vec![50_257, 50_362]),
        };
        assert_eq!(vocabulary(&RandomNetwork::like_stock(51_864)).unwrap(), english);
        for (n_vocab, languages, rest) in
            [(51_865, 50_259..50_358, [50_359, 50_363]), (51_866, 50_259..50_359, [50_360, 50_364])]
        {
            let prompt = Prompt::WithLanguage { start: 50_258, languages, rest };
            assert_eq!(
                vocabulary(&RandomNetwork::like_stock(n_vocab)).unwrap(),
                Vocabulary { end: 50_257, prompt, ..english.clone() }
            );
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
