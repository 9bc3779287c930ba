//! Two networks with one task: a small one reads along, a larger one has the last word.
//!
//! The small one is cheap enough to look at every window of every call. What may be a code, and a
//! decision hangs on it, is read again by the larger one, which knows more voices. Both take windows
//! of the same length.

use std::time::Duration;

use super::{Care, Heard, Recogniser, RecogniserError, SpeechModel, Symbol};
use crate::domain::Language;

/// From so many digits in one window on it may hold a code: one of them may have been missed, or lie in
/// the window before.
const JUDGED_FROM: usize = 5;

/// Two networks that hear the same digit end it this close together.
const SAME_DIGIT: Duration = Duration::from_millis(240);

/// How much it says against a digit that the reader heard none at its time.
const UNHEARD: f32 = 0.9;

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
        if care == Care::Glance || digits < JUDGED_FROM {
            return Ok(heard);
        }
        let judged = self.judge.read(window, language, care)?;
        let symbols = judged.symbols.into_iter().map(|symbol| weighed(symbol, &heard.symbols));
        Ok(Heard { symbols: symbols.collect(), is_judged: true })
    }
}

/// What the judge heard, believed less where the reader heard another digit at the same time, or none.
/// That both hear the same says little more than the judge alone: they fail over the same voices.
fn weighed(judged: Symbol, heard: &[Symbol]) -> Symbol {
    let Symbol::Digit { value, probability, at } = judged else { return judged };
    let nearest = heard
        .iter()
        .filter_map(|symbol| match *symbol {
            Symbol::Digit { value, probability, at: other } => {
                Some((at.abs_diff(other), value, probability))
            }
            Symbol::Break { .. } => None,
        })
        .min_by_key(|&(apart, ..)| apart)
        .filter(|&(apart, ..)| apart <= SAME_DIGIT);
    let against = match nearest {
        Some((_, same, _)) if same == value => return judged,
        Some((_, _, certainty)) => certainty,
        None => UNHEARD,
    };
    // Two witnesses and ten digits: Bayes' rule, each digit equally likely before.
    let for_it = probability * (1.0 - against);
    let for_other = against * (1.0 - probability);
    let for_neither = 8.0 / 9.0 * (1.0 - probability) * (1.0 - against);
    let all = (for_it + for_other + for_neither).max(f32::MIN_POSITIVE);
    Symbol::Digit { value, probability: for_it / all, at }
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
            let digit = Symbol::Digit { value: self.value, probability: 0.9, at: Duration::ZERO };
            Ok(vec![digit; self.count].into())
        }
    }

    fn model(count: usize, value: u8) -> Box<Monotonous> {
        Box::new(Monotonous { count, value, window: Duration::from_secs(5) })
    }

    #[test]
    fn what_may_be_a_code_is_judged_when_a_decision_hangs_on_it() {
        for (count, care, expected) in [
            (6, Care::Verdict, 7),
            (5, Care::Verdict, 7),
            (4, Care::Verdict, 1),
            (6, Care::Glance, 1),
        ] {
            let cascade = Cascade::new(model(count, 1), model(count, 7)).unwrap();
            let heard = cascade.recogniser().unwrap().read(&[], None, care).unwrap();
            let values = heard.symbols.iter().map(|symbol| match symbol {
                Symbol::Digit { value, .. } => *value,
                Symbol::Break { .. } => unreachable!("it hears digits only"),
            });
            assert_eq!(values.collect::<Vec<_>>(), vec![expected; count], "{care:?}");
            assert_eq!(heard.is_judged, expected == 7, "{count} digits, {care:?}");
        }
    }

    fn digit(value: u8, probability: f32, at: u64) -> Symbol {
        Symbol::Digit { value, probability, at: Duration::from_millis(at) }
    }

    fn belief(symbol: Symbol) -> f32 {
        match symbol {
            Symbol::Digit { probability, .. } => probability,
            Symbol::Break { .. } => unreachable!("no digit"),
        }
    }

    #[test]
    fn the_judge_is_believed_less_where_the_reader_heard_another_digit_or_none() {
        let judged = digit(2, 0.99, 1_000);
        for agreeing in [digit(2, 0.5, 1_080), digit(2, 0.99, 840)] {
            assert_eq!(weighed(judged, &[agreeing]), judged, "{agreeing:?}");
        }
        for nothing in [vec![], vec![digit(2, 0.99, 1_480)]] {
            let alone = belief(weighed(judged, &nothing));
            assert!((0.9..0.93).contains(&alone), "{alone} {nothing:?}");
        }
        let doubted = belief(weighed(judged, &[digit(2, 0.9, 400), digit(3, 0.9, 920)]));
        assert!((0.9..0.93).contains(&doubted), "{doubted}");
        let contradicted = belief(weighed(judged, &[digit(3, 0.999, 1_000)]));
        assert!(contradicted < 0.1, "{contradicted}");
        let certain = belief(weighed(digit(2, 1.0, 0), &[digit(3, 1.0, 0)]));
        assert!((0.0..=1.0).contains(&certain), "{certain}");
    }

    #[test]
    fn a_judge_that_does_not_take_the_reader_s_windows_is_refused() {
        let short = Box::new(Monotonous { count: 0, value: 0, window: Duration::from_secs(4) });
        let refused = Cascade::new(model(6, 1), short).unwrap_err();
        assert!(refused.to_string().contains("4000 ms"), "{refused}");
    }
}
