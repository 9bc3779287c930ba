//! When the readings of a call are enough to show a code.

use std::time::Duration;

use crate::domain::{HeardDigit, SpokenCode};
use crate::speech::Hypothesis;

use super::reading::{Reading, readings};
use super::vote::{Verdict, vote};

/// A code is shown from this confidence on. One reading reaches it when the model is sure of
/// every digit (0.973 on average); two that agree reach it easily.
const ENOUGH: f32 = 0.85;

/// A code that was shown is taken back below this: a later reading contradicts it.
const TOO_LITTLE: f32 = 0.6;

/// A digit below this is marked as uncertain on the page.
const SURE_DIGIT: f32 = 0.9;

/// A digit this close to the end of the audio may have been read from half its sound.
const RAGGED_EDGE: Duration = Duration::from_millis(250);

/// The quiet after six digits before they count as all of them: never less than this ...
const SHORTEST_END: Duration = Duration::from_millis(350);
/// ... and no less than the voice's longest step from digit to digit, but for the time that the
/// shortest digit takes to be spoken: in its own rhythm the next digit would have begun.
const SHORTEST_DIGIT: Duration = Duration::from_millis(150);

/// What is known of the code.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// These digits of a reading were heard, and that is not enough yet.
    Partial(Vec<HeardDigit>),
    /// The code, and the probability that it is right.
    Code(SpokenCode, f32),
    /// The call is over or what was shown is in doubt; these digits were heard.
    Unreadable(Vec<HeardDigit>),
}

/// The decision on one call: give it each hypothesis, in order.
#[derive(Debug, Default)]
pub struct Decision {
    /// The last open reading that was whole, and how much audio it was read from: it counts when
    /// a second look, at more audio, sees the same.
    candidate: Option<(Vec<u8>, Duration)>,
    decided: Option<Verdict>,
}

impl Decision {
    /// What the call's code is, going by everything heard in it so far.
    pub fn consider(&mut self, hypothesis: &Hypothesis) -> Finding {
        let readings = readings(&hypothesis.symbols);
        let is_confirmed = self.confirm(readings.last(), hypothesis.read_until);
        let counts = |reading: &&Reading| {
            let is_over = reading.is_closed
                || hypothesis.is_final
                || (is_confirmed && has_ended(reading, hypothesis));
            reading.is_whole() && is_over
        };
        let whole: Vec<&Reading> = readings.iter().filter(counts).collect();

        let was_decided = self.decided.is_some();
        if !whole.is_empty() {
            self.decided = vote(&whole).filter(|verdict| self.is_enough(verdict));
        }
        match &self.decided {
            Some(Verdict { code, confidence }) => Finding::Code(code.clone(), *confidence),
            None if hypothesis.is_final || was_decided => {
                Finding::Unreadable(marked_digits(&readings, hypothesis))
            }
            None => Finding::Partial(marked_digits(&readings, hypothesis)),
        }
    }

    /// What was shown stands while little speaks against it; a new code needs more.
    fn is_enough(&self, verdict: &Verdict) -> bool {
        let stands = self.decided.as_ref().is_some_and(|decided| decided.code == verdict.code);
        verdict.confidence >= if stands { TOO_LITTLE } else { ENOUGH }
    }

    /// Whether the open reading was seen before, digit for digit, with less audio behind it.
    fn confirm(&mut self, open: Option<&Reading>, read_until: Duration) -> bool {
        let Some(open) = open.filter(|reading| reading.is_whole() && !reading.is_closed) else {
            self.candidate = None;
            return false;
        };
        let values = open.values();
        match &self.candidate {
            Some((seen, earlier)) if *seen == values => read_until > *earlier,
            Some(_) | None => {
                self.candidate = Some((values, read_until));
                false
            }
        }
    }
}

/// Whether the reading's voice has stopped, and not only taken a breath between two digits.
fn has_ended(reading: &Reading, hypothesis: &Hypothesis) -> bool {
    let rhythm = reading.longest_step().saturating_sub(SHORTEST_DIGIT);
    hypothesis.is_caught_up() && hypothesis.quiet_for >= SHORTEST_END.max(rhythm)
}

/// The newest reading as the page shows it.
fn marked_digits(readings: &[Reading], hypothesis: &Hypothesis) -> Vec<HeardDigit> {
    let ragged_from = hypothesis.read_until.saturating_sub(RAGGED_EDGE);
    let is_speaking = hypothesis.quiet_for.is_zero();
    let newest = readings.last().map(|reading| reading.digits.as_slice()).unwrap_or_default();
    newest
        .iter()
        .map(|digit| HeardDigit {
            digit: digit.value,
            sure: digit.probability >= SURE_DIGIT && !(is_speaking && digit.at >= ragged_from),
        })
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::speech::Symbol;

    pub(in crate::codes) fn at(seconds: f32) -> Duration {
        Duration::from_secs_f32(seconds)
    }

    /// Digits half a second apart, the first of which ends at `from` seconds.
    pub(in crate::codes) fn spoken(digits: &str, probability: f32, from: f32) -> Vec<Symbol> {
        let digits = digits.chars().filter_map(|digit| digit.to_digit(10));
        digits
            .zip(0u8..)
            .map(|(digit, index)| Symbol::Digit {
                value: digit as u8,
                probability,
                at: at(from + 0.5 * f32::from(index)),
            })
            .collect()
    }

    /// A hypothesis at `heard` seconds in which everything is read and nobody has spoken for
    /// `quiet` seconds.
    fn hypothesis(symbols: &[Symbol], heard: f32, quiet: f32) -> Hypothesis {
        Hypothesis {
            symbols: symbols.to_vec(),
            read_until: at(heard),
            heard_until: at(heard),
            quiet_for: at(quiet),
            speech_heard: true,
            is_final: false,
        }
    }

    fn code(text: &str) -> SpokenCode {
        text.parse().unwrap()
    }

    fn is_code(finding: &Finding, text: &str) -> bool {
        matches!(finding, Finding::Code(found, _) if *found == code(text))
    }

    #[test]
    fn one_clear_reading_counts_once_it_is_confirmed_and_followed_by_quiet() {
        let symbols = spoken("481529", 0.99, 1.0);
        let mut decision = Decision::default();
        let first = decision.consider(&hypothesis(&symbols, 3.6, 0.1));
        assert!(matches!(first, Finding::Partial(digits) if digits.len() == 6));
        let second = decision.consider(&hypothesis(&symbols, 3.8, 0.3));
        assert!(matches!(second, Finding::Partial(_)), "the pause is still too short");
        let third = decision.consider(&hypothesis(&symbols, 4.3, 0.8));
        assert!(is_code(&third, "481529"), "{third:?}");
    }

    #[test]
    fn a_single_look_is_not_enough() {
        let symbols = spoken("481529", 0.99, 1.0);
        let finding = Decision::default().consider(&hypothesis(&symbols, 5.0, 1.5));
        assert!(matches!(finding, Finding::Partial(_)));
    }

    #[test]
    fn a_slow_voice_is_waited_for() {
        let slow: Vec<Symbol> = spoken("481529", 0.99, 1.0)
            .into_iter()
            .zip(0u8..)
            .map(|(symbol, index)| match symbol {
                Symbol::Digit { value, probability, .. } => {
                    Symbol::Digit { value, probability, at: at(1.0 + 1.5 * f32::from(index)) }
                }
                Symbol::Break { at } => Symbol::Break { at },
            })
            .collect();
        let mut decision = Decision::default();
        for heard in [8.7, 9.0, 9.5, 9.8] {
            let finding = decision.consider(&hypothesis(&slow, heard, heard - 8.5));
            assert!(matches!(finding, Finding::Partial(_)), "decided at {heard} s");
        }
        assert!(is_code(&decision.consider(&hypothesis(&slow, 9.9, 1.4)), "481529"));
    }

    #[test]
    fn an_unsure_reading_waits_for_another_that_agrees() {
        let mut symbols = spoken("481529", 0.8, 1.0);
        symbols.push(Symbol::Break { at: at(5.0) });
        let mut decision = Decision::default();
        let alone = decision.consider(&hypothesis(&symbols, 5.5, 1.5));
        assert!(matches!(alone, Finding::Partial(_)));
        symbols.extend(spoken("481529", 0.8, 6.0));
        symbols.push(Symbol::Break { at: at(10.0) });
        assert!(is_code(&decision.consider(&hypothesis(&symbols, 10.5, 1.5)), "481529"));
    }

    #[test]
    fn a_code_that_is_contradicted_later_is_taken_back() {
        let mut symbols = spoken("481529", 0.99, 1.0);
        symbols.push(Symbol::Break { at: at(5.0) });
        let mut decision = Decision::default();
        assert!(is_code(&decision.consider(&hypothesis(&symbols, 5.5, 1.5)), "481529"));
        symbols.extend(spoken("481929", 0.99, 6.0));
        symbols.push(Symbol::Break { at: at(10.0) });
        let doubted = decision.consider(&hypothesis(&symbols, 10.5, 1.5));
        assert!(matches!(doubted, Finding::Unreadable(_)), "{doubted:?}");
        symbols.extend(spoken("481929", 0.99, 11.0));
        symbols.push(Symbol::Break { at: at(15.0) });
        assert!(is_code(&decision.consider(&hypothesis(&symbols, 15.5, 1.5)), "481929"));
    }

    #[test]
    fn a_code_stands_while_it_is_repeated() {
        let mut symbols = spoken("481529", 0.99, 1.0);
        let mut decision = Decision::default();
        decision.consider(&hypothesis(&symbols, 3.8, 0.3));
        assert!(is_code(&decision.consider(&hypothesis(&symbols, 4.3, 0.8)), "481529"));
        symbols.extend(spoken("481529", 0.99, 5.0));
        for spoken_again in 7..=symbols.len() {
            let heard = 5.1 + 0.5 * (spoken_again - 7) as f32;
            let finding = decision.consider(&hypothesis(&symbols[..spoken_again], heard, 0.0));
            assert!(is_code(&finding, "481529"), "{finding:?} after {spoken_again} digits");
        }
    }

    #[test]
    fn five_or_seven_digits_are_no_code() {
        for digits in ["48152", "4815290", "4815291234"] {
            let symbols = spoken(digits, 0.99, 1.0);
            let mut decision = Decision::default();
            decision.consider(&hypothesis(&symbols, 5.0, 1.0));
            let last = Hypothesis { is_final: true, ..hypothesis(&symbols, 9.0, 5.0) };
            let finding = decision.consider(&last);
            assert!(matches!(&finding, Finding::Unreadable(heard) if heard.len() == digits.len()));
        }
    }

    #[test]
    fn at_hang_up_a_clear_reading_counts_and_half_a_code_does_not() {
        let whole =
            Hypothesis { is_final: true, ..hypothesis(&spoken("481529", 0.99, 1.0), 3.6, 0.1) };
        assert!(is_code(&Decision::default().consider(&whole), "481529"));
        let half = Hypothesis { is_final: true, ..hypothesis(&spoken("481", 0.99, 1.0), 2.1, 0.1) };
        assert_eq!(
            Decision::default().consider(&half),
            Finding::Unreadable(
                [4, 8, 1].into_iter().map(|digit| HeardDigit { digit, sure: true }).collect()
            )
        );
    }

    #[test]
    fn a_digit_at_the_ragged_edge_is_marked() {
        let symbols = spoken("48", 0.99, 1.0);
        let speaking = hypothesis(&symbols, 1.6, 0.0);
        assert_eq!(
            Decision::default().consider(&speaking),
            Finding::Partial(vec![
                HeardDigit { digit: 4, sure: true },
                HeardDigit { digit: 8, sure: false }
            ])
        );
    }
}
