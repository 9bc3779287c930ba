//! When the readings of a call are enough to show a code.
//!
//! - A reading *counts* when it is whole and the voice is through with it: another reading or a
//!   long pause has followed, a pause in which its rhythm would have brought the next digit, or no
//!   digit for a while in what was read since ([`Decision::is_over`]).
//! - One that counts is a code if it is clear, and clearer still where it is out of rhythm; of readings
//!   that agree each may be less so. Readings put together across a pause need another that agrees, and
//!   one that stands alone is not helped by one that says another code.
//! - A code is taken back when its reading goes on (a seventh digit), when it is not heard any more,
//!   or when a later reading contradicts it.
//! - At the end of the call everything counts that is whole and in an even rhythm. Without a code,
//!   the best of what was heard is handed out as unreadable.

use std::time::Duration;

use crate::domain::{HeardDigit, SpokenCode};
use crate::speech::{Hypothesis, LONGEST_GAP};

use super::reading::{Reading, readings};
use super::rhythm::Rhythm;
use super::thresholds::Thresholds;
use super::vote::{Verdict, vote};

/// A digit this close to the end of what was read may be half its sound: on the page it is marked
/// as uncertain while somebody speaks ...
const RAGGED_EDGE: Duration = Duration::from_millis(250);
/// ... and a reading that ends with it is looked at again,
const UNFINISHED: Duration = Duration::from_millis(40);
/// unless it has been quiet for so long, and no look is to come.
const SURELY_QUIET: Duration = Duration::from_millis(400);

/// Where no pause can be heard, the next digit is late when it comes this many times the longest
/// step after the last one.
const LATE: f32 = 1.25;

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

impl Finding {
    /// The code, if there is one.
    pub fn code(&self) -> Option<&SpokenCode> {
        match self {
            Self::Code(code, _) => Some(code),
            Self::Partial(_) | Self::Unreadable(_) => None,
        }
    }
}

/// The decision on one call: give it each hypothesis, in order.
#[derive(Debug, Default)]
pub struct Decision {
    thresholds: Thresholds,
    decided: Option<Verdict>,
}

impl Decision {
    /// A decision by other thresholds than the shipped ones.
    pub fn new(thresholds: Thresholds) -> Self {
        Self { thresholds, decided: None }
    }

    /// What the call's code is, going by everything heard in it so far.
    pub fn consider(&mut self, hypothesis: &Hypothesis) -> Finding {
        let readings = readings(&hypothesis.symbols);
        let counts =
            |reading: &&Reading| reading.is_whole() && self.is_through_with(reading, hypothesis);
        let whole: Vec<&Reading> = readings.iter().filter(counts).collect();
        let verdict = vote(&whole, self.thresholds.most_belief);

        let was_decided = self.decided.is_some();
        self.decided = verdict.filter(|verdict| self.is_enough(verdict, &whole));
        match &self.decided {
            Some(Verdict { code, confidence, .. }) => Finding::Code(code.clone(), *confidence),
            None if hypothesis.is_final => {
                Finding::Unreadable(self.marked(best(&readings), hypothesis))
            }
            None if was_decided => Finding::Unreadable(self.marked(readings.last(), hypothesis)),
            None => Finding::Partial(self.marked(readings.last(), hypothesis)),
        }
    }

    /// Whether no digit is to come in a reading that is whole.
    fn is_through_with(&self, reading: &Reading, hypothesis: &Hypothesis) -> bool {
        // What was shown stays shown while the voice goes on with something else.
        let is_shown =
            self.decided.as_ref().is_some_and(|decided| decided.code.digits().eq(reading.values()));
        // A caller who hangs up has finished what is even, and may have broken off what is not.
        let is_last = hypothesis.is_final && matches!(Rhythm::of(reading), Rhythm::Even { .. });
        reading.is_closed || is_last || is_shown || self.is_over(reading, hypothesis)
    }

    /// Whether the voice has stopped after the reading, and not only taken a breath.
    fn is_over(&self, reading: &Reading, hypothesis: &Hypothesis) -> bool {
        let read_behind = hypothesis.read_until.saturating_sub(reading.end());
        let is_surely_quiet = hypothesis.quiet_for >= SURELY_QUIET && !hypothesis.looks_again;
        let is_finished = read_behind >= UNFINISHED || is_surely_quiet;
        let pause = if hypothesis.is_caught_up() && is_finished {
            hypothesis.quiet_for.min(hypothesis.heard_until.saturating_sub(reading.end()))
        } else {
            Duration::ZERO
        };
        let longest_step = reading.steps().into_iter().max().unwrap_or_default();
        let late = longest_step.mul_f32(LATE).max(self.thresholds.no_digit_for);
        match Rhythm::of(reading) {
            Rhythm::Even { next_digit_within } | Rhythm::Uneven { next_digit_within } => {
                pause >= next_digit_within.max(self.thresholds.pause) || read_behind >= late
            }
            Rhythm::Assembled => pause >= LONGEST_GAP || read_behind >= LONGEST_GAP,
        }
    }

    /// Whether the vote is clear enough. What was shown stands while little speaks against it.
    fn is_enough(&self, verdict: &Verdict, whole: &[&Reading]) -> bool {
        let Thresholds { clear, agreed, withdrawn, most_belief, .. } = self.thresholds;
        let Verdict { code, confidence, supporters } = verdict;
        if self.decided.as_ref().is_some_and(|decided| decided.code == *code) {
            return *supporters > 0 && *confidence >= withdrawn;
        }
        // What the others say of single digits is no help where they say another code.
        let is_clear = |only: &&Reading| {
            let alone = vote(&[only], most_belief).map_or(0.0, |verdict| verdict.confidence);
            let enough = match Rhythm::of(only) {
                Rhythm::Even { .. } => clear,
                // A digit may be missing in the pause, or the voice has started over.
                Rhythm::Uneven { .. } => clear.max(agreed),
                Rhythm::Assembled => return false,
            };
            alone.min(*confidence) >= enough
        };
        match supporters {
            0 => false,
            1 => whole.iter().find(|one| code.digits().eq(one.values())).is_some_and(is_clear),
            _ => *confidence >= agreed,
        }
    }

    /// A reading as the page shows it.
    fn marked(&self, reading: Option<&Reading>, hypothesis: &Hypothesis) -> Vec<HeardDigit> {
        let ragged_from = hypothesis.read_until.saturating_sub(RAGGED_EDGE);
        let is_speaking = hypothesis.quiet_for.is_zero();
        let digits = reading.map(|reading| reading.digits.as_slice()).unwrap_or_default();
        let is_sure = |probability| probability >= self.thresholds.sure_digit;
        digits
            .iter()
            .map(|digit| HeardDigit {
                digit: digit.posterior.value(),
                sure: is_sure(digit.posterior.probability())
                    && !(is_speaking && digit.at >= ragged_from),
            })
            .collect()
    }
}

/// The reading that tells most of a code that could not be read: a whole one, or else the longest,
/// and of equal ones the last.
fn best(readings: &[Reading]) -> Option<&Reading> {
    readings.iter().max_by_key(|reading| (reading.is_whole(), reading.digits.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::fixtures::{SURE, at, hypothesis, paced, spoken};
    use crate::speech::{Posterior, Symbol};

    fn is_code(finding: &Finding, text: &str) -> bool {
        matches!(finding, Finding::Code(found, _) if found.expose() == text)
    }

    /// The digits of a finding; a code in brackets, digits of a call that is over with a `?`.
    fn text(finding: &Finding) -> String {
        let digits = |heard: &[HeardDigit]| -> String {
            heard.iter().map(|heard| char::from(b'0' + heard.digit)).collect()
        };
        match finding {
            Finding::Partial(heard) => digits(heard),
            Finding::Code(code, _) => format!("[{}]", code.expose()),
            Finding::Unreadable(heard) => format!("{}?", digits(heard)),
        }
    }

    /// What is found while `symbols` are heard one by one, each read a tenth of a second after its
    /// end, and then in a pause of `quiet` seconds.
    fn follow(symbols: &[Symbol], quiet: f32) -> Vec<String> {
        let mut decision = Decision::default();
        let mut found: Vec<String> = Vec::new();
        let mut consider = |hypothesis: &Hypothesis| {
            let finding = text(&decision.consider(hypothesis));
            if found.last() != Some(&finding) {
                found.push(finding);
            }
        };
        for count in 1..=symbols.len() {
            let heard = symbols[count - 1].at().as_secs_f32() + 0.1;
            consider(&hypothesis(&symbols[..count], heard, 0.1));
        }
        let end = symbols.last().map(Symbol::at).unwrap_or_default().as_secs_f32();
        consider(&hypothesis(symbols, end + quiet, quiet));
        found
    }

    fn ends_with(found: &[String], last: &[&str]) -> bool {
        found.ends_with(&last.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn one_clear_reading_is_a_code_after_a_short_pause() {
        let symbols = spoken("481529", SURE, 1.0);
        let mut decision = Decision::default();
        let early = decision.consider(&hypothesis(&symbols, 3.66, 0.16));
        assert_eq!(text(&early), "481529");
        let late = decision.consider(&hypothesis(&symbols, 3.71, 0.2));
        assert!(is_code(&late, "481529"), "{late:?}");
    }

    #[test]
    fn a_slow_voice_is_waited_for_until_its_next_digit_would_have_come() {
        let slow: Vec<Symbol> = (0..7)
            .map(|index| Symbol::Digit {
                posterior: Posterior::of(index, SURE),
                at: at(1.0 + 0.9 * f32::from(index)),
            })
            .collect();
        let mut decision = Decision::default();
        let mut paused =
            |quiet: f32| text(&decision.consider(&hypothesis(&slow[..6], 5.5 + quiet, quiet)));
        assert_eq!(paused(0.5), "012345", "the seventh may be about to begin");
        assert_eq!(paused(0.62), "[012345]");
        let seventh = Decision::default().consider(&hypothesis(&slow, 6.5, 0.1));
        assert_eq!(text(&seventh), "0123456");
    }

    #[test]
    fn a_digit_at_the_very_end_of_what_was_read_is_looked_at_again() {
        let symbols = spoken("481529", SURE, 1.0);
        let mut decision = Decision::default();
        let in_noise = Hypothesis { read_until: at(3.52), ..hypothesis(&symbols, 3.75, 0.25) };
        assert_eq!(text(&decision.consider(&in_noise)), "481529");
        // However late that look comes.
        let in_noise = Hypothesis {
            read_until: at(3.52),
            looks_again: true,
            ..hypothesis(&symbols, 4.0, 0.5)
        };
        assert_eq!(text(&decision.consider(&in_noise)), "481529");
        let read_again = Hypothesis { read_until: at(3.75), ..hypothesis(&symbols, 3.8, 0.3) };
        assert!(is_code(&decision.consider(&read_again), "481529"));
    }

    #[test]
    fn what_is_spoken_and_not_read_is_waited_for() {
        let symbols = spoken("481529", SURE, 1.0);
        let unread = Hypothesis { read_until: at(3.6), ..hypothesis(&symbols, 4.6, 0.3) };
        assert_eq!(text(&Decision::default().consider(&unread)), "481529");
    }

    #[test]
    fn without_any_pause_a_reading_is_a_code_when_no_other_digit_is_read_for_a_while() {
        let symbols = spoken("481529", SURE, 1.0);
        let mut decision = Decision::default();
        assert_eq!(text(&decision.consider(&hypothesis(&symbols, 4.1, 0.0))), "481529");
        assert!(is_code(&decision.consider(&hypothesis(&symbols, 4.13, 0.0)), "481529"));
    }

    #[test]
    fn digits_that_come_again_are_waited_for() {
        let found = follow(&paced("4.8.1-4.8.1-5.2.9"), 0.6);
        assert!(ends_with(&found, &["481481", "4815", "48152", "481529", "[481529]"]), "{found:?}");
        let alone = paced("4.8.1.4.8.1");
        let mut decision = Decision::default();
        assert_eq!(text(&decision.consider(&hypothesis(&alone, 3.2, 0.2))), "481481");
        assert!(is_code(&decision.consider(&hypothesis(&alone, 3.3, 0.3)), "481481"));
    }

    #[test]
    fn numbers_before_the_code_do_not_join_it() {
        for speech in ["1.0 4.8.1.5.2.9", "1.0-4.8.1.5.2.9", "2.4 4.8-1.5-2.9"] {
            let found = follow(&paced(speech), 0.6);
            assert_eq!(found.last().map(String::as_str), Some("[481529]"), "{found:?}");
            assert_eq!(found.iter().filter(|text| text.contains('[')).count(), 1, "{found:?}");
        }
    }

    #[test]
    fn the_tail_of_one_reading_and_the_head_of_the_next_are_no_code() {
        let found = follow(&paced("5.2.9 4.8.1.5.2.9"), 0.3);
        let codes: Vec<&String> = found.iter().filter(|text| text.contains('[')).collect();
        assert_eq!(codes, ["[481529]"], "{found:?}");
        let broken_off = paced("5.2.9 4.8.1");
        let last = Hypothesis { is_final: true, ..hypothesis(&broken_off, 6.0, 0.3) };
        assert_eq!(text(&Decision::default().consider(&last)), "529481?");
    }

    #[test]
    fn an_unsure_reading_waits_for_another_that_agrees() {
        let mut symbols = spoken("481529", 0.98, 1.0);
        let mut decision = Decision::default();
        let alone = decision.consider(&hypothesis(&symbols, 5.5, 1.5));
        assert_eq!(text(&alone), "481529");
        symbols.extend(spoken("481529", 0.98, 6.0));
        assert!(is_code(&decision.consider(&hypothesis(&symbols, 8.8, 0.3)), "481529"));
    }

    #[test]
    fn a_reading_out_of_rhythm_has_to_be_clearer_alone() {
        for (speech, expected) in [("4.8.1.5.2.9", "[481529]"), ("4.8.1.5-2.9", "481529")] {
            let mut symbols = paced(speech);
            let doubted = Posterior::of(2, 0.991);
            symbols[4] = Symbol::Digit { posterior: doubted, at: symbols[4].at() };
            let alone = hypothesis(&symbols, 5.5, 1.5);
            assert_eq!(text(&Decision::default().consider(&alone)), expected, "{speech}");
            symbols.extend(spoken("481529", SURE, 7.0));
            let repeated = hypothesis(&symbols, 11.0, 1.5);
            assert!(is_code(&Decision::default().consider(&repeated), "481529"), "{speech}");
        }
    }

    #[test]
    fn an_unsure_reading_is_not_helped_by_one_that_says_another_code() {
        let mut symbols = spoken("4", 0.95, 1.0);
        symbols.extend(spoken("81529", SURE, 1.5));
        symbols.extend(spoken("481", SURE, 6.0));
        symbols.extend(spoken("9", 0.3, 7.5));
        symbols.extend(spoken("29", SURE, 8.0));
        let found = Decision::default().consider(&hypothesis(&symbols, 9.0, 0.5));
        assert_eq!(text(&found), "481929");
    }

    #[test]
    fn a_code_that_is_contradicted_later_is_taken_back() {
        let mut symbols = spoken("481529", SURE, 1.0);
        let mut decision = Decision::default();
        assert!(is_code(&decision.consider(&hypothesis(&symbols, 5.5, 1.5)), "481529"));
        symbols.extend(spoken("481929", SURE, 6.0));
        let doubted = decision.consider(&hypothesis(&symbols, 9.0, 0.5));
        assert_eq!(text(&doubted), "481929?");
        symbols.extend(spoken("481929", SURE, 11.0));
        assert_eq!(text(&decision.consider(&hypothesis(&symbols, 14.0, 0.5))), "481929");
        symbols.extend(spoken("481929", SURE, 16.0));
        assert!(is_code(&decision.consider(&hypothesis(&symbols, 19.0, 0.5)), "481929"));
    }

    #[test]
    fn a_code_that_no_reading_says_any_more_is_taken_back() {
        let mut decision = Decision::default();
        let shown = spoken("481529", SURE, 1.0);
        assert!(is_code(&decision.consider(&hypothesis(&shown, 5.5, 1.5)), "481529"));
        // Two other looks at it, of which the vote would still make the same six digits.
        let doubted = |wrong: usize, value: u8, start: f32| {
            let mut symbols = spoken("481529", SURE, start);
            let posterior = Posterior::of(value, 0.5);
            symbols[wrong] = Symbol::Digit { posterior, at: symbols[wrong].at() };
            symbols
        };
        let symbols = [doubted(0, 7, 1.0), doubted(5, 0, 6.0)].concat();
        let finding = decision.consider(&hypothesis(&symbols, 9.5, 1.5));
        assert_eq!(text(&finding), "481520?");
    }

    #[test]
    fn a_code_stands_while_it_is_repeated() {
        let mut symbols = spoken("481529", SURE, 1.0);
        symbols.extend(spoken("481529", SURE, 5.0));
        let mut decision = Decision::default();
        assert!(is_code(&decision.consider(&hypothesis(&symbols[..6], 4.3, 0.8)), "481529"));
        for count in 7..=symbols.len() {
            let heard = symbols[count - 1].at().as_secs_f32() + 0.1;
            let finding = decision.consider(&hypothesis(&symbols[..count], heard, 0.0));
            assert!(is_code(&finding, "481529"), "{finding:?} after {count} digits");
        }
    }

    #[test]
    fn a_seventh_digit_takes_the_code_back() {
        let symbols = spoken("4815290", SURE, 1.0);
        let mut decision = Decision::default();
        assert!(is_code(&decision.consider(&hypothesis(&symbols[..6], 3.8, 0.25)), "481529"));
        let seventh = decision.consider(&hypothesis(&symbols, 4.1, 0.1));
        assert_eq!(text(&seventh), "4815290?");
        let last = Hypothesis { is_final: true, ..hypothesis(&symbols, 9.0, 5.0) };
        assert_eq!(text(&decision.consider(&last)), "4815290?");
    }

    #[test]
    fn a_code_that_another_look_does_not_see_is_taken_back() {
        let symbols = spoken("481529", SURE, 1.0);
        let mut decision = Decision::default();
        assert!(is_code(&decision.consider(&hypothesis(&symbols, 3.8, 0.25)), "481529"));
        let other_look = spoken("48152", SURE, 1.0);
        assert_eq!(text(&decision.consider(&hypothesis(&other_look, 4.0, 0.5))), "48152?");
    }

    #[test]
    fn five_or_seven_digits_are_no_code_however_often_they_are_said() {
        for digits in ["48152", "4815290", "4815291234"] {
            let mut symbols = spoken(digits, SURE, 1.0);
            symbols.extend(spoken(digits, SURE, 8.0));
            let last = Hypothesis { is_final: true, ..hypothesis(&symbols, 20.0, 5.0) };
            let finding = Decision::default().consider(&last);
            assert_eq!(text(&finding), format!("{digits}?"));
        }
    }

    #[test]
    fn at_hang_up_a_clear_reading_counts_and_half_a_code_does_not() {
        let whole =
            Hypothesis { is_final: true, ..hypothesis(&spoken("481529", SURE, 1.0), 3.55, 0.05) };
        assert!(is_code(&Decision::default().consider(&whole), "481529"));
        let half = Hypothesis { is_final: true, ..hypothesis(&spoken("481", SURE, 1.0), 2.1, 0.1) };
        assert_eq!(
            Decision::default().consider(&half),
            Finding::Unreadable(
                [4, 8, 1].into_iter().map(|digit| HeardDigit { digit, sure: true }).collect()
            )
        );
    }

    #[test]
    fn the_best_of_an_unreadable_call_is_handed_out() {
        let mut symbols = spoken("481529", 0.7, 1.0);
        symbols.extend(spoken("48", SURE, 6.0));
        let last = Hypothesis { is_final: true, ..hypothesis(&symbols, 9.0, 2.0) };
        let finding = Decision::default().consider(&last);
        assert_eq!(text(&finding), "481529?");
        assert!(matches!(finding, Finding::Unreadable(heard) if heard.iter().all(|d| !d.sure)));
    }

    #[test]
    fn a_digit_at_the_ragged_edge_is_marked() {
        let symbols = spoken("48", SURE, 1.0);
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
