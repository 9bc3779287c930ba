//! The search for digits over what the decoder holds likely.
//!
//! Greedy, and bound to a grammar: digits, each followed by the time of its end where the network
//! has tokens for times, and between them what the vocabulary allows. What the grammar does not
//! allow is not looked at. Pure: the network is behind [`Decoder`].

use std::time::Duration;

use super::vocabulary::{Meaning, Prompt, Token, Vocabulary};
use crate::speech::{Posterior, RecogniserError};

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
        /// What the digits have of the probability of all that might have been chosen.
        posterior: Posterior,
        /// When it ended, since the window's beginning, if the network tells.
        end: Option<Duration>,
    },
    Break,
    Word,
}

/// Chooses at most `most` tokens. `language` is the token of the language spoken, for networks that
/// ask; without, the one that they find likeliest.
///
/// # Errors
/// When the network fails, or answers with something that is no number.
pub(super) fn search(
    decoder: &mut impl Decoder,
    vocabulary: &Vocabulary,
    language: Option<Token>,
    most: usize,
) -> Result<Vec<Written>, RecogniserError> {
    let tells_times = !vocabulary.times.is_empty();
    let tokens_a_step = if tells_times { 2 } else { 1 };
    let mut last_end = None;
    let mut written = Vec::new();
    let mut logits = feed_prompt(decoder, &vocabulary.prompt, language)?;
    for _ in 0..most / tokens_a_step {
        let may_break = matches!(written.last(), Some(Written::Digit { .. }));
        let (token, meaning) = choose(vocabulary, logits, may_break)?;
        if *meaning == Meaning::End {
            break;
        }
        let digits = posteriors(token, meaning, vocabulary, logits);
        logits = decoder.feed(token)?;
        match meaning {
            Meaning::Digits(_) => {
                let mut end = None;
                if tells_times {
                    let is_later = |&(_, time): &_| last_end.is_none_or(|last| time > last);
                    let times = vocabulary.times.iter().copied().filter(is_later);
                    // Behind the last time there is, nothing is spoken any more.
                    let Some((token, time)) = likeliest(times, logits)? else { break };
                    logits = decoder.feed(token)?;
                    end = Some(time);
                    last_end = end;
                }
                written
                    .extend(digits.into_iter().map(|posterior| Written::Digit { posterior, end }));
            }
            Meaning::Break => written.push(Written::Break),
            Meaning::Word => written.push(Written::Word),
            Meaning::Filler | Meaning::End => {}
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
                None => {
                    let languages = languages.clone().map(|token| (token, ()));
                    likeliest(languages, logits)?.ok_or_else(no_number)?.0
                }
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

/// The likeliest way to go on; a break only where it `may_break`.
fn choose<'a>(
    vocabulary: &'a Vocabulary,
    logits: &[f32],
    may_break: bool,
) -> Result<(Token, &'a Meaning), RecogniserError> {
    let is_allowed = |&(_, meaning): &(Token, &Meaning)| may_break || *meaning != Meaning::Break;
    likeliest(vocabulary.choices().filter(is_allowed), logits)?.ok_or_else(no_number)
}

/// The token with the highest logit and what comes with it; `None` when there are none.
fn likeliest<T>(
    choices: impl Iterator<Item = (Token, T)>,
    logits: &[f32],
) -> Result<Option<(Token, T)>, RecogniserError> {
    let mut best = None;
    let mut highest = f32::NEG_INFINITY;
    for choice in choices {
        let logit = logit(choice.0, logits);
        if !logit.is_finite() {
            return Err(no_number());
        }
        if logit > highest {
            (best, highest) = (Some(choice), logit);
        }
    }
    Ok(best)
}

/// What is held likely of each digit that `token` stands for, among all that may be chosen, of which
/// it is about the likeliest. Of several digits in one token only that they belong together is known.
fn posteriors(
    token: Token,
    meaning: &Meaning,
    vocabulary: &Vocabulary,
    logits: &[f32],
) -> Vec<Posterior> {
    let Meaning::Digits(values) = meaning else { return Vec::new() };
    let own = logit(token, logits);
    let weight = |other| (logit(other, logits) - own).exp();
    let all: f32 = vocabulary.choices().map(|(other, _)| weight(other)).sum();
    if values.len() > 1 {
        return values.iter().map(|&value| Posterior::of(value, 1.0 / all)).collect();
    }
    let mut shares = [0.0_f32; 10];
    for (other, meaning) in vocabulary.choices() {
        if let Meaning::Digits(values) = meaning
            && let [value] = values[..]
        {
            let share = &mut shares[usize::from(value)];
            *share = share.max(weight(other) / all);
        }
    }
    vec![Posterior::new(shares)]
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
        let digit = |value| Some(Meaning::Digits(vec![value]));
        let others = [Some(Meaning::Break), Some(Meaning::End)];
        Vocabulary {
            meanings: (0..10).map(digit).chain(others).collect(),
            times: (0..5).map(|step| (13 + step, Duration::from_secs(step as u64))).collect(),
            prompt: Prompt::Fixed(vec![12]),
        }
    }

    fn untimed() -> Vocabulary {
        Vocabulary { times: Vec::new(), ..timed() }
    }

    /// As `untimed`, and 13 is the digits 4 and 8, 14 a word and 15 a full stop.
    fn textual() -> Vocabulary {
        let mut vocabulary = untimed();
        vocabulary.meanings.extend([
            None,
            Some(Meaning::Digits(vec![4, 8])),
            Some(Meaning::Word),
            Some(Meaning::Filler),
        ]);
        vocabulary
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
        Written::Digit { posterior: Posterior::of(value, 1.0), end: end.map(Duration::from_secs) }
    }

    /// Probabilities within a thousandth of one are one.
    fn rounded(written: Vec<Written>) -> Vec<Written> {
        written
            .into_iter()
            .map(|written| match written {
                Written::Digit { posterior, end } if posterior.probability() > 0.999 => {
                    Written::Digit { posterior: Posterior::of(posterior.value(), 1.0), end }
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
        let written = search(&mut script, &timed(), None, 2).unwrap();
        let Some(&Written::Digit { posterior, .. }) = written.first() else {
            panic!("{written:?}");
        };
        assert_eq!(posterior.value(), 4);
        let probability = posterior.probability();
        let expected = 2_f32.exp() / (2_f32.exp() + 1_f32.exp() + 0.5_f32.exp() + 1.0);
        assert!((probability - expected).abs() < 1e-5, "{probability}, not {expected}");
        let contradicted = posterior.pooled(&Posterior::of(6, 0.999), 0.5);
        assert_eq!(contradicted.value(), 4, "six is not likely here at all");
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
                    Written::Digit { posterior: first, end: None },
                    Written::Break,
                    Written::Digit { posterior: second, end: None }
                ] if (first.value(), second.value()) == (4, 8)
            ),
            "{written:?}"
        );
    }

    #[test]
    fn words_and_several_digits_at_once_are_written_and_punctuation_is_not() {
        let mut script = Script::new([
            (&[12], &[(14, 5.0)]),
            (&[12, 14], &[(13, 5.0)]),
            (&[12, 14, 13], &[(15, 5.0)]),
            (&[12, 14, 13, 15], &[(1, 5.0)]),
        ]);
        let written = search(&mut script, &textual(), None, 9).unwrap();
        let expected = [Written::Word, digit(4, None), digit(8, None), digit(1, None)];
        assert_eq!(rounded(written), expected);
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
