//! Two networks with one task: a small one reads along, a larger one judges.
//!
//! The small one is cheap enough to look at every window of every call. What may be a code is read
//! again by the larger one, which knows more voices; of each digit, what both hold likely counts. Both
//! take windows of the same length.

use std::time::Duration;

use super::hypothesis::SAME_DIGIT;
use super::{Care, Heard, Recogniser, RecogniserError, SpeechModel, Symbol};
use crate::domain::Language;

/// So many digits in a window that a decision waits for may be a code: one of them may have been
/// missed, or lie in the window before.
pub(super) const MAY_BE_A_CODE: usize = 5;

/// So many are one, and a decision may take it from a glance where the voice never stops.
const WHOLE_CODE: usize = 6;

/// What the reader counts for where the judge counts one. Found on voices that neither was taught
/// (`models/README.md`, "The judge").
const READER_WEIGHT: f32 = 0.5;

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
        let heard = self.reader.read(window, language, care)?;
        let digits = heard.symbols.iter().filter(|symbol| Symbol::is_digit(symbol)).count();
        let judged_from = match care {
            Care::Glance => WHOLE_CODE,
            Care::Verdict => MAY_BE_A_CODE,
        };
        if digits < judged_from {
            return Ok(heard);
        }
        let judged = self.judge.read(window, language, care)?;
        let symbols = judged.symbols.into_iter().map(|symbol| pooled(symbol, &heard.symbols));
        Ok(Heard { symbols: symbols.collect(), is_judged: true })
    }
}

/// What the judge heard, pooled with what the reader heard at the same time.
fn pooled(judged: Symbol, heard: &[Symbol]) -> Symbol {
    let Symbol::Digit { posterior, at } = judged else { return judged };
    let nearest = heard
        .iter()
        .filter_map(|symbol| match *symbol {
            Symbol::Digit { posterior, at: other } => Some((at.abs_diff(other), posterior)),
            Symbol::Break { .. } => None,
        })
        .min_by_key(|&(apart, _)| apart)
        .filter(|&(apart, _)| apart <= SAME_DIGIT);
    let posterior =
        nearest.map_or(posterior, |(_, reader)| posterior.pooled(&reader, READER_WEIGHT));
    Symbol::Digit { posterior, at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::Posterior;

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
    fn what_may_be_a_code_is_judged_before_a_decision_can_take_it() {
        for (count, care, expected) in [
            (6, Care::Verdict, 7),
            (5, Care::Verdict, 7),
            (4, Care::Verdict, 1),
            (6, Care::Glance, 7),
            (5, Care::Glance, 1),
        ] {
            let cascade = Cascade::new(model(count, 1), model(count, 7)).unwrap();
            let heard = cascade.recogniser().unwrap().read(&[], None, care).unwrap();
            let values = heard.symbols.iter().map(|symbol| match symbol {
                Symbol::Digit { posterior, .. } => posterior.value(),
                Symbol::Break { .. } => unreachable!("it hears digits only"),
            });
            assert_eq!(values.collect::<Vec<_>>(), vec![expected; count], "{care:?}");
            assert_eq!(heard.is_judged, expected == 7, "{count} digits, {care:?}");
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

    #[test]
    fn the_reader_confirms_or_questions_the_digit_that_it_heard_at_the_same_time() {
        let judged = digit(2, 0.9, 1_000);
        let (_, confirmed) = belief(pooled(judged, &[digit(3, 0.9, 400), digit(2, 0.9, 1_080)]));
        assert!(confirmed > 0.98, "{confirmed}");
        let (value, questioned) = belief(pooled(judged, &[digit(3, 0.99, 920)]));
        assert!(value == 2 && questioned < 0.7, "{value} {questioned}");
        for nothing in [vec![], vec![digit(3, 0.99, 1_480)]] {
            assert_eq!(pooled(judged, &nothing), judged, "{nothing:?}");
        }
    }

    #[test]
    fn a_judge_that_does_not_take_the_reader_s_windows_is_refused() {
        let short = Box::new(Monotonous { count: 0, value: 0, window: Duration::from_secs(4) });
        let refused = Cascade::new(model(6, 1), short).unwrap_err();
        assert!(refused.to_string().contains("4000 ms"), "{refused}");
    }
}
