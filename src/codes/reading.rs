//! Readings: what was heard, taken apart.
//!
//! Digits in a row without a break or a long silence are a *run*. Most runs are one reading. A run
//! of more digits than a code has is more than one, or none:
//!
//! 1. Pauses that are clearly longer than all others part readings, and part a code from numbers
//!    elsewhere in the speech: `10` (minutes) `481529`.
//! 2. Where these leave no part of six digits: the same six digits twice, or six and then at least
//!    three of them again, are readings of their own: `481529481529`, `481529481`.
//! 3. And at least three digits, which then come again with more behind them, are an interrupted
//!    reading that starts over: `481481529`. One or two digits in common would be chance.
//! 4. Unless the seventh digit came later than any before it: then one that is the first again begins
//!    another reading, after a pause hardly longer than those between the digits.
//! 5. And the same six digits twice, with a longer step between them, are two readings behind at
//!    most five other digits: something before them was taken for a digit, or was one.
//!
//! Where the same one, two or three digits are said over and over, the digits tell nothing: only twelve
//! with a late seventh are two readings.
//!
//! A run that none of these takes apart is no code: five or seven digits never are.

use std::time::Duration;

use crate::domain::CODE_LENGTH;
use crate::speech::{LONGEST_GAP, Posterior, Symbol};

/// How many digits have to come again before that is no chance.
const SAME_BEGINNING: usize = 3;

/// A pause that parts readings makes the step from digit to digit this many times longer than any
/// step inside them, and longer by this much: fluent speech varies, and a voice that reads in
/// groups pauses between them.
const LONGER_STEP: f32 = 1.4;
const LONGER_BY: Duration = Duration::from_millis(250);

/// A seventh digit that begins another reading comes so many times later than any digit of the first.
const LATER_STEP: f32 = 1.15;

/// One digit of a reading.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Digit {
    pub(super) posterior: Posterior,
    /// When it ended, since the beginning of the call's audio.
    pub(super) at: Duration,
}

/// The digits of one reading, at least one.
#[derive(Clone, PartialEq)]
pub(super) struct Reading {
    pub(super) digits: Vec<Digit>,
    /// Whether something followed that ends it: then no digit can be added any more.
    pub(super) is_closed: bool,
}

impl Reading {
    /// Whether it has as many digits as a code.
    pub(super) fn is_whole(&self) -> bool {
        self.digits.len() == CODE_LENGTH
    }

    /// Its digits without their probabilities and times.
    pub(super) fn values(&self) -> Vec<u8> {
        values(&self.digits)
    }

    /// The times from the end of one digit to the end of the next.
    pub(super) fn steps(&self) -> Vec<Duration> {
        steps(&self.digits)
    }

    /// When its last digit ended.
    pub(super) fn end(&self) -> Duration {
        self.digits.last().map(|digit| digit.at).unwrap_or_default()
    }
}

fn values(digits: &[Digit]) -> Vec<u8> {
    digits.iter().map(|digit| digit.posterior.value()).collect()
}

fn steps(digits: &[Digit]) -> Vec<Duration> {
    digits.windows(2).map(|pair| pair[1].at.saturating_sub(pair[0].at)).collect()
}

/// Takes what was heard in a call apart into readings.
pub(super) fn readings(symbols: &[Symbol]) -> Vec<Reading> {
    let mut readings = Vec::new();
    for Reading { digits, is_closed } in runs(symbols) {
        let mut parts = take_apart(&digits).into_iter().peekable();
        while let Some(part) = parts.next() {
            let is_closed = is_closed || parts.peek().is_some();
            readings.push(Reading { digits: part.to_vec(), is_closed });
        }
    }
    readings
}

/// Digits without a break or a long silence between them.
fn runs(symbols: &[Symbol]) -> Vec<Reading> {
    let mut runs: Vec<Reading> = Vec::new();
    for symbol in symbols {
        let is_far_from =
            |run: &Reading| run.is_closed || symbol.at().saturating_sub(run.end()) > LONGEST_GAP;
        match (*symbol, runs.last_mut()) {
            (Symbol::Break { .. }, Some(last)) => last.is_closed = true,
            (Symbol::Break { .. }, None) => {}
            (Symbol::Digit { posterior, at }, Some(last)) if !is_far_from(last) => {
                last.digits.push(Digit { posterior, at });
            }
            (Symbol::Digit { posterior, at }, last) => {
                if let Some(last) = last {
                    last.is_closed = true;
                }
                let digits = vec![Digit { posterior, at }];
                runs.push(Reading { digits, is_closed: false });
            }
        }
    }
    runs
}

fn take_apart(run: &[Digit]) -> Vec<&[Digit]> {
    if run.len() <= CODE_LENGTH {
        return vec![run];
    }
    let mut parts = at_longer_pauses(run);
    let is_no_code = |part: &&[Digit]| part.len() != CODE_LENGTH;
    if parts.iter().all(is_no_code)
        && let Some(at) = place_to_cut(run)
    {
        parts = vec![&run[..at], &run[at..]];
    }
    match parts.as_slice() {
        [_] => parts,
        parts => parts.iter().flat_map(|part| take_apart(part)).collect(),
    }
}

/// Where a run begins that is no reading of the one before it, by its digits.
fn place_to_cut(run: &[Digit]) -> Option<usize> {
    if is_monotonous(&values(run)) {
        return (run.len() == 2 * CODE_LENGTH).then(|| late_beginning(run)).flatten();
    }
    beginning_of_another(&values(run))
        .or_else(|| late_beginning(run))
        .or_else(|| beginning_of_two(run))
}

/// Where the same digits begin again.
fn beginning_of_another(run: &[u8]) -> Option<usize> {
    let again = |at: usize| {
        let common = at.min(run.len() - at);
        common >= SAME_BEGINNING && run[at..at + common] == run[..common]
    };
    let repeats = again(CODE_LENGTH).then_some(CODE_LENGTH);
    repeats.or_else(|| (SAME_BEGINNING..CODE_LENGTH).find(|&at| again(at)))
}

/// Where the code begins again, if its first digit came late enough to be that.
fn late_beginning(run: &[Digit]) -> Option<usize> {
    let again = values(&run[CODE_LENGTH..]);
    let (inside, later) = (steps(&run[..CODE_LENGTH]), steps(&run[CODE_LENGTH - 1..=CODE_LENGTH]));
    let longest_inside = inside.into_iter().max()?;
    let is_late = later[0] >= longest_inside.mul_f32(LATER_STEP);
    (is_late && values(run).starts_with(&again)).then_some(CODE_LENGTH)
}

/// Whether the same one, two or three digits are said over and over: then they seem to begin again
/// everywhere, and only pauses tell where a reading ends.
fn is_monotonous(run: &[u8]) -> bool {
    (1..=SAME_BEGINNING).any(|period| run.iter().zip(&run[period..]).all(|(one, next)| one == next))
}

/// Where a code begins that is read twice, behind less than a code that does not belong to it: the step
/// from one reading to the other is longer than any inside them.
fn beginning_of_two(run: &[Digit]) -> Option<usize> {
    let (values, steps) = (values(run), steps(run));
    let is_read_twice = |&at: &usize| {
        let (again, end) = (at + CODE_LENGTH, at + 2 * CODE_LENGTH);
        let inside = steps[at..again - 1].iter().chain(&steps[again..end - 1]);
        values[at..again] == values[again..end] && inside.max() < Some(&steps[again - 1])
    };
    let last_start = run.len().checked_sub(2 * CODE_LENGTH)?;
    (1..=last_start.min(CODE_LENGTH - 1)).find(is_read_twice)
}

/// The parts between the pauses that are clearly longer than all others: only the longest of them,
/// where there are several kinds.
fn at_longer_pauses(run: &[Digit]) -> Vec<&[Digit]> {
    let steps = steps(run);
    let mut longest_first = steps.clone();
    longest_first.sort_unstable_by(|left, right| right.cmp(left));
    let is_clear = |pair: &&[Duration]| {
        pair[0] >= pair[1].mul_f32(LONGER_STEP) && pair[0] >= pair[1] + LONGER_BY
    };
    let Some(shortest_pause) = longest_first.windows(2).find(is_clear).map(|pair| pair[0]) else {
        return vec![run];
    };
    let mut parts = Vec::new();
    let mut from = 0;
    for (index, step) in steps.iter().enumerate() {
        if *step >= shortest_pause {
            parts.push(&run[from..=index]);
            from = index + 1;
        }
    }
    parts.push(&run[from..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::fixtures::{at, paced, spoken};

    fn values(symbols: &[Symbol]) -> Vec<String> {
        let digits = |reading: &Reading| {
            reading.values().into_iter().map(|digit| char::from(b'0' + digit)).collect()
        };
        readings(symbols).iter().map(digits).collect()
    }

    #[test]
    fn a_break_and_a_long_silence_part_two_readings() {
        let mut symbols = spoken("481529", 0.99, 1.0);
        symbols.push(Symbol::Break { at: at(3.5) });
        symbols.extend(spoken("481", 0.99, 4.0));
        symbols.extend(spoken("52", 0.99, 7.1));
        assert_eq!(values(&symbols), ["481529", "481", "52"]);
        let closed: Vec<bool> = readings(&symbols).iter().map(|r| r.is_closed).collect();
        assert_eq!(closed, [true, true, false]);
    }

    #[test]
    fn longer_pauses_part_readings_and_other_numbers_from_the_code() {
        for (steps, digits, expected) in [
            // A second reading begins.
            ("4.8.1.5.2.9 4.8", "48152948", vec!["481529", "48"]),
            // The end of a reading that began before the call, and two more.
            ("5.2.9 4.8.1.5.2.9 4.8.1.5.2.9", "529481529481529", vec!["529", "481529", "481529"]),
            // A voice that reads in groups: their pauses are shorter than that before the code.
            ("1.0 4.8.1-5.2.9", "10481529", vec!["10", "481529"]),
            ("4.8-1.5-2.9 4.8-1.5-2.9", "481529481529", vec!["481529", "481529"]),
            // The same voice without a pause between the readings.
            ("4.8.1-5.2.9-4.8.1-5.2.9", "481529481529", vec!["481529", "481529"]),
        ] {
            assert_eq!(values(&paced(steps)), expected, "{digits}");
        }
    }

    #[test]
    fn seven_digits_in_groups_are_not_taken_for_six_and_one() {
        assert_eq!(values(&paced("4.8.1-5.2.9-0")), ["481", "529", "0"]);
        assert_eq!(values(&paced("4.8.1.5.2.9.0")), ["4815290"]);
        assert_eq!(values(&paced("4.8.1.5.2.9.4.8")), ["48152948"], "two in common are chance");
    }

    #[test]
    fn readings_without_a_pause_are_taken_apart_where_the_digits_come_again() {
        for (run, expected) in [
            ("481529481529", vec!["481529", "481529"]),
            ("481529481529481529", vec!["481529", "481529", "481529"]),
            ("481529481", vec!["481529", "481"]),
            ("481529481528", vec!["481529481528"]),
        ] {
            assert_eq!(values(&spoken(run, 0.99, 1.0)), expected);
        }
    }

    #[test]
    fn a_seventh_digit_that_is_the_first_again_and_late_begins_another_reading() {
        let slow = |digits: &str, last_step: f32| {
            let (code, seventh) = digits.split_at(6);
            let mut symbols = spoken(code, 0.99, 1.0);
            symbols.extend(spoken(seventh, 0.99, 3.5 + last_step));
            values(&symbols)
        };
        assert_eq!(slow("4815294", 0.6), ["481529", "4"]);
        assert_eq!(slow("48152948", 0.6), ["481529", "48"]);
        assert_eq!(slow("4815294", 0.55), ["4815294"], "in its rhythm");
        assert_eq!(slow("4815298", 0.6), ["4815298"], "another digit");
        assert_eq!(slow("48152947", 0.6), ["48152947"], "and it goes on otherwise");
    }

    #[test]
    fn a_code_read_twice_is_found_behind_something_that_was_taken_for_a_digit() {
        let slow = |digits: &str, step_between_readings: f32| {
            let (first, second) = digits.split_at(digits.len() - CODE_LENGTH);
            let mut seconds = 0.0;
            let mut symbols = Vec::new();
            for (part, step) in [(first, 1.0), (second, step_between_readings)] {
                for (place, digit) in part.chars().enumerate() {
                    seconds += if place == 0 { step } else { 1.0 };
                    symbols.extend(spoken(digit.encode_utf8(&mut [0; 4]), 0.99, seconds));
                }
            }
            values(&symbols)
        };
        assert_eq!(slow("3481529481529", 1.1), ["3", "481529", "481529"]);
        assert_eq!(slow("34481529481529", 1.1), ["34", "481529", "481529"]);
        assert_eq!(slow("3481529481529", 1.0), ["3481529481529"], "no step tells where they part");
        assert_eq!(slow("3481529481528", 1.1), ["3481529481528"], "not the same");
    }

    #[test]
    fn only_a_late_step_in_their_middle_parts_two_readings_of_the_same_few_digits() {
        let monotonous = |text: &str, late: usize| {
            let mut seconds = 0.0;
            let mut symbols = Vec::new();
            for (place, digit) in text.chars().enumerate() {
                seconds += if place == late { 1.2 } else { 1.0 };
                symbols.extend(spoken(digit.encode_utf8(&mut [0; 4]), 0.99, seconds));
            }
            values(&symbols)
        };
        for code in ["888888", "484848", "481481"] {
            assert_eq!(monotonous(&code.repeat(2), 6), [code, code]);
            assert_eq!(monotonous(&code.repeat(2), 0), [code.repeat(2)]);
        }
        for digits in ["8888888", "88888888", "48484848", "481481481"] {
            for times in 1..=2 {
                let run = digits.repeat(times);
                for late in 0..run.len() {
                    let parts = monotonous(&run, late);
                    assert_eq!(parts, [run.as_str()], "{late}");
                }
            }
        }
    }

    #[test]
    fn a_reading_that_starts_over_is_taken_apart() {
        for (run, expected) in [
            ("481481529", vec!["481", "481529"]),
            ("48154815294815", vec!["4815", "481529", "4815"]),
            ("4481529", vec!["4481529"]),
        ] {
            assert_eq!(values(&spoken(run, 0.99, 1.0)), expected);
        }
        assert_eq!(values(&paced("4.8 4.8.1.5.2.9")), ["48", "481529"]);
    }
}
