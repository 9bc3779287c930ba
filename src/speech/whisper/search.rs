//! The search for digits over what the decoder holds likely.
//!
//! Greedy, and bound to a grammar: digits, each followed by the time of its end where the network
//! has tokens for times, and a comma between two readings. What the grammar does not allow is not
//! looked at. Pure: the network is behind [`Decoder`].

use std::time::Duration;

use super::vocabulary::{Prompt, Token, Vocabulary};
use crate::speech::RecogniserError;

/// Something that says how a text goes on.
pub(super) trait Decoder {
    /// Takes one more token. Returns how likely each token is to follow it, as logits by token.
    ///
    /// # Errors
    /// When the network fails.
    fn feed(&mut self, token: Token) -> Result<&[f32], RecogniserError>;
}

/// What the search wrote down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Written {
    Digit {
        value: u8,
        /// Its share among the ten digits, the comma and the end.
        probability: f32,
        /// When it ended, since the window's beginning, if the network tells.
        end: Option<Duration>,
    },
    Break,
}

/// Writes down at most `most` symbols, each of which takes one token, or two with its time.
/// `language` is the token of the language spoken, for networks that ask; without, the one that
/// they find likeliest.
///
/// # Errors
/// When the network fails, or answers with something that is no number.
pub(super) fn search(
    decoder: &mut impl Decoder,
    vocabulary: &Vocabulary,
    language: Option<Token>,
    most: usize,
) -> Result<Vec<Written>, RecogniserError> {
    let mut written = Vec::new();
    let mut later_times = vocabulary.times.as_slice();
    let mut logits = feed_prompt(decoder, &vocabulary.prompt, language)?;
    while written.len() < most {
        let may_break = matches!(written.last(), Some(Written::Digit { .. }));
        match choose(vocabulary, logits, may_break)? {
            Choice::Digit { value, probability, token } => {
                logits = decoder.feed(token)?;
                let mut end = None;
                if !vocabulary.times.is_empty() {
                    // Behind the last time there is, nothing is spoken any more.
                    let tokens = later_times.iter().map(|&(token, _)| token);
                    let Some((index, token)) = likeliest(tokens, logits)? else { break };
                    end = Some(later_times[index].1);
                    later_times = &later_times[index + 1..];
                    logits = decoder.feed(token)?;
                }
                written.push(Written::Digit { value, probability, end });
            }
            Choice::Comma => {
                logits = decoder.feed(vocabulary.comma)?;
                written.push(Written::Break);
            }
            Choice::FullStop(token) => logits = decoder.feed(token)?,
            Choice::End => break,
        }
    }
    Ok(written)
}

/// Returns the logits of what follows the prompt.
fn feed_prompt<'a>(
    decoder: &'a mut impl Decoder,
    prompt: &Prompt,
    language: Option<Token>,
) -> Result<&'a [f32], RecogniserError> {
    let tokens = match prompt {
        Prompt::Fixed(tokens) => tokens.clone(),
        Prompt::WithLanguage { start, languages, rest: [task, no_times] } => {
            let logits = decoder.feed(*start)?;
            let language = match language.filter(|token| languages.contains(token)) {
                Some(language) => language,
                None => likeliest(languages.clone(), logits)?.ok_or_else(no_number)?.1,
            };
            vec![language, *task, *no_times]
        }
    };
    let (&last, earlier) = tokens.split_last().expect("every prompt has a start");
    for &token in earlier {
        decoder.feed(token)?;
    }
    decoder.feed(last)
}

enum Choice {
    Digit { value: u8, probability: f32, token: Token },
    Comma,
    FullStop(Token),
    End,
}

/// The likeliest way to go on; a break only where it `may_break`.
fn choose(
    vocabulary: &Vocabulary,
    logits: &[f32],
    may_break: bool,
) -> Result<Choice, RecogniserError> {
    let allowed = vocabulary.choices().filter(|&token| may_break || token != vocabulary.comma);
    let (index, token) = likeliest(allowed, logits)?.ok_or_else(no_number)?;
    if token == vocabulary.end {
        return Ok(Choice::End);
    }
    if token == vocabulary.comma {
        return Ok(Choice::Comma);
    }
    Ok(match u8::try_from(index) {
        Ok(value @ 0..=9) => {
            let probability = share(token, vocabulary.choices(), logits);
            Choice::Digit { value, probability, token }
        }
        Ok(_) | Err(_) => Choice::FullStop(token),
    })
}

/// The token with the highest logit, and which of `tokens` it is; `None` when there are none.
fn likeliest(
    tokens: impl Iterator<Item = Token>,
    logits: &[f32],
) -> Result<Option<(usize, Token)>, RecogniserError> {
    let mut best: Option<(usize, Token, f32)> = None;
    for (index, token) in tokens.enumerate() {
        let logit = logit(token, logits);
        if !logit.is_finite() {
            return Err(no_number());
        }
        if best.is_none_or(|(.., highest)| logit > highest) {
            best = Some((index, token, logit));
        }
    }
    Ok(best.map(|(index, token, _)| (index, token)))
}

/// The probability of `token` among `tokens`, of which it is the likeliest or nearly so.
fn share(token: Token, tokens: impl Iterator<Item = Token>, logits: &[f32]) -> f32 {
    let own = logit(token, logits);
    1.0 / tokens.map(|other| (logit(other, logits) - own).exp()).sum::<f32>()
}

fn logit(token: Token, logits: &[f32]) -> f32 {
    usize::try_from(token).ok().and_then(|index| logits.get(index)).copied().unwrap_or(f32::NAN)
}

fn no_number() -> RecogniserError {
    RecogniserError("its output is no number".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// What was fed, and the logits that follow it.
    type Answer<'a> = (&'a [Token], &'a [(Token, f32)]);

    /// Ten digits, comma 10, end 11, start 12, and times 13 to 17 in steps of a second.
    fn timed() -> Vocabulary {
        Vocabulary {
            digits: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            comma: 10,
            full_stop: None,
            end: 11,
            times: (0..5).map(|step| (13 + step, Duration::from_secs(step as u64))).collect(),
            prompt: Prompt::Fixed(vec![12]),
        }
    }

    fn untimed() -> Vocabulary {
        Vocabulary { times: Vec::new(), full_stop: Some(13), ..timed() }
    }

    fn multilingual() -> Vocabulary {
        let prompt = Prompt::WithLanguage { start: 12, languages: 14..17, rest: [17, 18] };
        Vocabulary { prompt, ..untimed() }
    }

    /// Holds what it was told to hold likely after a text, and the end after everything else.
    struct Script {
        said: HashMap<Vec<Token>, Vec<(Token, f32)>>,
        fed: Vec<Token>,
        logits: Vec<f32>,
    }

    impl Script {
        fn new<const COUNT: usize>(said: [Answer<'_>; COUNT]) -> Self {
            let said = said.map(|(text, logits)| (text.to_vec(), logits.to_vec()));
            Self { said: said.into(), fed: Vec::new(), logits: Vec::new() }
        }
    }

    impl Decoder for Script {
        fn feed(&mut self, token: Token) -> Result<&[f32], RecogniserError> {
            self.fed.push(token);
            self.logits = vec![-20.0; 19];
            self.logits[11] = -10.0;
            for &(token, logit) in self.said.get(&self.fed).into_iter().flatten() {
                self.logits[token as usize] = logit;
            }
            Ok(&self.logits)
        }
    }

    fn digit(value: u8, end: Option<u64>) -> Written {
        Written::Digit { value, probability: 1.0, end: end.map(Duration::from_secs) }
    }

    /// Probabilities within a thousandth of one are one.
    fn rounded(written: Vec<Written>) -> Vec<Written> {
        written
            .into_iter()
            .map(|written| match written {
                Written::Digit { value, probability, end } if probability > 0.999 => {
                    Written::Digit { value, probability: 1.0, end }
                }
                other => other,
            })
            .collect()
    }

    #[test]
    fn writes_digits_with_the_times_of_their_ends_and_breaks_between_readings() {
        let mut script = Script::new([
            (&[12], &[(4, 5.0)]),
            (&[12, 4], &[(14, 5.0)]),
            (&[12, 4, 14], &[(10, 5.0)]),
            (&[12, 4, 14, 10], &[(8, 5.0)]),
            (&[12, 4, 14, 10, 8], &[(16, 5.0)]),
        ]);
        let written = search(&mut script, &timed(), None, 9).unwrap();
        assert_eq!(rounded(written), [digit(4, Some(1)), Written::Break, digit(8, Some(3))]);
        assert_eq!(script.fed, [12, 4, 14, 10, 8, 16]);
    }

    #[test]
    fn nothing_is_written_when_the_end_comes_first() {
        let mut script = Script::new([]);
        assert_eq!(search(&mut script, &timed(), None, 9).unwrap(), []);
        assert_eq!(script.fed, [12]);
    }

    #[test]
    fn the_probability_of_a_digit_is_its_share_among_digits_comma_and_end() {
        let likely = [(4, 2.0), (5, 1.0), (10, 0.5), (11, 0.0), (14, 9.0), (12, 9.0)];
        let mut script = Script::new([(&[12], &likely)]);
        let written = search(&mut script, &timed(), None, 1).unwrap();
        let Some(&Written::Digit { value: 4, probability, .. }) = written.first() else {
            panic!("{written:?}");
        };
        let expected = 2_f32.exp() / (2_f32.exp() + 1_f32.exp() + 0.5_f32.exp() + 1.0);
        assert!((probability - expected).abs() < 1e-5, "{probability}, not {expected}");
    }

    #[test]
    fn a_digit_ends_later_than_the_one_before_it() {
        let mut script = Script::new([
            (&[12], &[(4, 5.0)]),
            (&[12, 4], &[(15, 5.0)]),
            (&[12, 4, 15], &[(8, 5.0)]),
            // Would rather end at the same time, or before.
            (&[12, 4, 15, 8], &[(13, 9.0), (15, 8.0), (17, 3.0), (16, 2.0)]),
            // And after the last time nothing ends.
            (&[12, 4, 15, 8, 17], &[(1, 5.0)]),
        ]);
        let written = search(&mut script, &timed(), None, 9).unwrap();
        assert_eq!(rounded(written), [digit(4, Some(2)), digit(8, Some(4))]);
    }

    #[test]
    fn a_break_stands_only_behind_a_digit() {
        let mut script = Script::new([
            (&[12], &[(10, 9.0), (4, 5.0)]),
            (&[12, 4], &[(10, 9.0)]),
            (&[12, 4, 10], &[(10, 9.0), (8, 5.0)]),
        ]);
        let written = search(&mut script, &untimed(), None, 9).unwrap();
        assert!(
            matches!(
                written[..],
                [
                    Written::Digit { value: 4, end: None, .. },
                    Written::Break,
                    Written::Digit { value: 8, end: None, .. }
                ]
            ),
            "{written:?}"
        );
    }

    #[test]
    fn stops_at_the_most_it_may_write() {
        /// Says four for ever.
        struct Stutter(Vec<f32>);
        impl Decoder for Stutter {
            fn feed(&mut self, _: Token) -> Result<&[f32], RecogniserError> {
                Ok(&self.0)
            }
        }
        let mut logits = vec![0.0; 19];
        logits[4] = 20.0;
        let written = search(&mut Stutter(logits), &untimed(), None, 7).unwrap();
        assert_eq!(rounded(written), [digit(4, None); 7]);
    }

    #[test]
    fn the_language_that_is_told_is_fed_and_else_the_likeliest() {
        let likely: [Answer<'_>; 1] = [(&[12], &[(15, 9.0), (18, 10.0)])];
        for (told, fed) in [(None, 15), (Some(16), 16), (Some(3), 15)] {
            let mut script = Script::new(likely);
            search(&mut script, &multilingual(), told, 9).unwrap();
            assert_eq!(script.fed, [12, fed, 17, 18]);
        }
    }

    #[test]
    fn an_answer_that_is_no_number_is_an_error() {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut script = Script::new([(&[12], &[(4, 5.0)]), (&[12, 4], &[(15, value)])]);
            assert_eq!(search(&mut script, &timed(), None, 9), Err(no_number()));
        }
    }
}
