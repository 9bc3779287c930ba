//! Two networks with one task: a small one reads along, a larger one judges.
//!
//! The small one is cheap enough to look at every window of every call. What may be a code is read
//! again by the larger one, which knows more voices; of each digit, what both hold likely counts. Both
//! take windows of the same length.

use std::time::Duration;

use super::hypothesis::SAME_DIGIT;
use super::{Care, Heard, Posterior, Recogniser, RecogniserError, SpeechModel, Symbol};
use crate::domain::{Language, SpokenCode};

/// What the reader counts for where the judge counts one. Found on voices that neither was taught
/// (`models/README.md`, "The judge").
const READER_WEIGHT: f32 = 0.5;

/// What remains of the certainty of a digit that one of the two heard and the other did not, or was not
/// asked for: a reading with one of them is no code alone.
const UNCONFIRMED: f32 = 0.98;

/// A model that reads along, and one that judges.
#[derive(Debug)]
pub struct Cascade {
    reader: Box<dyn SpeechModel>,
    judge: Box<dyn SpeechModel>,
}

/// The judge's windows are shorter than the reader's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the model that judges takes windows of {} ms, and the one that reads along needs {} ms",
    judge.as_millis(),
    reader.as_millis()
)]
pub struct WindowsDiffer {
    pub reader: Duration,
    pub judge: Duration,
}

impl Cascade {
    /// Reads with `reader`, and with `judge` what matters.
    ///
    /// # Errors
    /// When the judge does not take the windows that the reader takes.
    pub fn new(
        reader: Box<dyn SpeechModel>,
        judge: Box<dyn SpeechModel>,
    ) -> Result<Self, WindowsDiffer> {
        let windows =
            WindowsDiffer { reader: reader.longest_window(), judge: judge.longest_window() };
        if windows.judge < windows.reader { Err(windows) } else { Ok(Self { reader, judge }) }
    }
}

impl SpeechModel for Cascade {
    fn longest_window(&self) -> Duration {
        self.reader.longest_window()
    }

    fn recogniser(&self) -> Result<Box<dyn Recogniser>, RecogniserError> {
        let (reader, judge) = (self.reader.recogniser()?, self.judge.recogniser()?);
        Ok(Box::new(CascadeRecogniser { reader, judge }))
    }
}

struct CascadeRecogniser {
    reader: Box<dyn Recogniser>,
    judge: Box<dyn Recogniser>,
}

impl Recogniser for CascadeRecogniser {
    fn read(
        &mut self,
        window: &[f32],
        language: Option<Language>,
        care: Care,
    ) -> Result<Heard, RecogniserError> {
        let heard = self.reader.read(window, language, care.clone())?;
        if !may_matter(&heard.symbols, &care) {
            let unjudged = heard.symbols.into_iter().map(unconfirmed);
            return Ok(unjudged.collect::<Vec<_>>().into());
        }
        let judged = self.judge.read(window, language, care)?;
        Ok(Heard { symbols: pooled(&judged.symbols, &heard.symbols), is_judged: true })
    }
}

/// Whether a decision may hang on what the reader heard.
pub(super) fn may_matter(heard: &[Symbol], care: &Care) -> bool {
    let digits = heard.iter().filter_map(|symbol| match *symbol {
        Symbol::Digit { posterior, at } => Some((posterior.value(), at)),
        Symbol::Break { .. } => None,
    });
    let (values, ends): (Vec<u8>, Vec<Duration>) = digits.unzip();
    let is_new = ends.iter().any(|&end| end >= care.judged_until);
    let is_known = care.known.as_ref().is_some_and(|code| is_said_again(&values, code));
    values.len() >= care.judged_from && is_new && !is_known
}

/// Whether `digits` are nothing but `code`, or a part of it. More of them may be another one, or none.
fn is_said_again(digits: &[u8], code: &SpokenCode) -> bool {
    let code: Vec<u8> = code.digits().collect();
    (0..=code.len()).any(|start| code[start..].starts_with(digits))
}

/// What the judge heard, each digit pooled with the one that the reader heard at the same time. One
/// that it heard alone may be none, or half of one.
fn pooled(judged: &[Symbol], heard: &[Symbol]) -> Vec<Symbol> {
    let pool = |&symbol: &Symbol| {
        let Symbol::Digit { posterior, at } = symbol else { return symbol };
        let partner = nearest(heard, at).filter(|&(other, _)| {
            let is_mutual = nearest(judged, other).is_some_and(|(closest, _)| closest == at);
            is_mutual && other.abs_diff(at) <= SAME_DIGIT
        });
        match partner {
            Some((_, by_reader)) => {
                Symbol::Digit { posterior: posterior.pooled(&by_reader, READER_WEIGHT), at }
            }
            None => unconfirmed(symbol),
        }
    };
    judged.iter().map(pool).collect()
}

/// A symbol that only one of the two networks told of.
fn unconfirmed(symbol: Symbol) -> Symbol {
    match symbol {
        Symbol::Digit { posterior, at } => {
            Symbol::Digit { posterior: posterior.doubted(UNCONFIRMED), at }
        }
        Symbol::Break { .. } => symbol,
    }
}

/// The digit that ends closest to `at`: when it does, and what it is.
fn nearest(symbols: &[Symbol], at: Duration) -> Option<(Duration, Posterior)> {
    let digits = symbols.iter().filter_map(|symbol| match *symbol {
        Symbol::Digit { posterior, at } => Some((at, posterior)),
        Symbol::Break { .. } => None,
    });
    digits.min_by_key(|(other, _)| other.abs_diff(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hears so many digits, all of this value, in every window.
    #[derive(Debug, Clone, Copy)]
    struct Monotonous {
        count: usize,
        value: u8,
        window: Duration,
    }

    impl SpeechModel for Monotonous {
        fn longest_window(&self) -> Duration {
            self.window
        }

        fn recogniser(&self) -> Result<Box<dyn Recogniser>, RecogniserError> {
            Ok(Box::new(*self))
        }
    }

    impl Recogniser for Monotonous {
        fn read(
            &mut self,
            _: &[f32],
            _: Option<Language>,
            _: Care,
        ) -> Result<Heard, RecogniserError> {
            let posterior = Posterior::of(self.value, 0.9);
            let digit = Symbol::Digit { posterior, at: Duration::ZERO };
            Ok(vec![digit; self.count].into())
        }
    }

    fn model(count: usize, value: u8) -> Box<Monotonous> {
        Box::new(Monotonous { count, value, window: Duration::from_secs(5) })
    }

    #[test]
    fn so_many_digits_as_a_decision_may_hang_on_are_judged() {
        for (count, judged_from, expected) in
            [(6, 5, 7), (5, 5, 7), (4, 5, 1), (1, 1, 7), (0, 1, 7)]
        {
            let care = Care { judged_from, ..Care::default() };
            let cascade = Cascade::new(model(count, 1), model(count, 7)).unwrap();
            let heard = cascade.recogniser().unwrap().read(&[], None, care).unwrap();
            let values = heard.symbols.iter().map(|symbol| match symbol {
                Symbol::Digit { posterior, .. } => posterior.value(),
                Symbol::Break { .. } => unreachable!("it hears digits only"),
            });
            assert_eq!(values.collect::<Vec<_>>(), vec![expected; count], "{judged_from}");
            assert_eq!(heard.is_judged, count >= judged_from, "{count} digits, {judged_from}");
        }
    }

    #[test]
    fn digits_that_are_not_judged_are_believed_less() {
        let heard = unconfirmed(digit(4, 1.0, 0));
        assert_eq!(belief(heard), (4, UNCONFIRMED));
        let cascade = Cascade::new(model(4, 1), model(4, 7)).unwrap();
        let care = Care { judged_from: 5, ..Care::default() };
        let heard = cascade.recogniser().unwrap().read(&[], None, care).unwrap();
        assert!(heard.symbols.iter().all(|&symbol| belief(symbol).1 < 0.9), "{heard:?}");
    }

    #[test]
    fn digits_that_were_judged_are_not_judged_again() {
        let cascade = Cascade::new(model(6, 1), model(6, 7)).unwrap();
        let judged_until = Duration::from_millis(1);
        let care = Care { judged_from: 5, judged_until, known: None };
        assert!(!cascade.recogniser().unwrap().read(&[], None, care).unwrap().is_judged);
    }

    #[test]
    fn a_code_that_is_known_is_not_judged_again_and_anything_else_is() {
        for (heard, is_judged) in [
            ("481529", false),
            ("1529", false),
            ("4815294", true),
            ("481529481529", true),
            ("29481", true),
            ("481528", true),
            ("4815297", true),
            ("48129", true),
            ("529841", true),
        ] {
            let heard: Vec<Symbol> =
                heard.bytes().map(|byte| digit(byte - b'0', 0.9, 500)).collect();
            let care = Care { known: "481529".parse().ok(), ..Care::default() };
            assert_eq!(may_matter(&heard, &care), is_judged, "{heard:?}");
            assert!(may_matter(&heard, &Care::default()));
        }
    }

    fn digit(value: u8, probability: f32, at: u64) -> Symbol {
        let posterior = Posterior::of(value, probability);
        Symbol::Digit { posterior, at: Duration::from_millis(at) }
    }

    fn belief(symbol: Symbol) -> (u8, f32) {
        match symbol {
            Symbol::Digit { posterior, .. } => (posterior.value(), posterior.probability()),
            Symbol::Break { .. } => unreachable!("no digit"),
        }
    }

    fn pooled_with(judged: &[Symbol], heard: &[Symbol]) -> Vec<(u8, f32)> {
        pooled(judged, heard).into_iter().map(belief).collect()
    }

    #[test]
    fn the_reader_confirms_or_questions_the_digit_that_it_heard_at_the_same_time() {
        let judged = [digit(2, 0.9, 1_000)];
        let confirmed = pooled_with(&judged, &[digit(3, 0.9, 400), digit(2, 0.9, 1_080)])[0];
        assert!(confirmed.0 == 2 && confirmed.1 > 0.98, "{confirmed:?}");
        let questioned = pooled_with(&judged, &[digit(3, 0.99, 920)])[0];
        assert!(questioned.0 == 2 && questioned.1 < 0.7, "{questioned:?}");
    }

    #[test]
    fn a_digit_that_the_judge_heard_alone_is_believed_less() {
        let judged = [digit(8, 0.998, 1_000), digit(8, 0.998, 1_200)];
        for heard in [vec![digit(8, 0.999, 1_010)], vec![digit(8, 0.999, 1_190)]] {
            let beliefs = pooled_with(&judged, &heard);
            let least = beliefs.iter().map(|&(_, belief)| belief).fold(1.0, f32::min);
            let most = beliefs.iter().map(|&(_, belief)| belief).fold(0.0, f32::max);
            assert!(least < 0.981 && most > 0.999, "{beliefs:?}");
        }
        let both = pooled_with(&judged, &[digit(8, 0.999, 990), digit(8, 0.999, 1_210)]);
        assert!(both.iter().all(|&(_, belief)| belief > 0.999), "{both:?}");
    }

    #[test]
    fn a_judge_that_does_not_take_the_reader_s_windows_is_refused() {
        let short = Box::new(Monotonous { count: 0, value: 0, window: Duration::from_secs(4) });
        let refused = Cascade::new(model(6, 1), short).unwrap_err();
        assert!(refused.to_string().contains("4000 ms"), "{refused}");
    }
}
