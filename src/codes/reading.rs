//! Readings: what was heard between two breaks.

use std::time::Duration;

use crate::domain::CODE_LENGTH;
use crate::speech::Symbol;

/// A silence between two digits that no voice leaves inside a code: what comes after it begins a
/// new reading.
const LONGEST_GAP: Duration = Duration::from_millis(2_500);

/// After as many digits as a code has, a step this many times longer than any step among them
/// begins a new reading: the pause between two readings is longer than a voice's own pauses, even
/// where it reads in groups.
const LONGER_STEP: f32 = 1.4;

/// One digit of a reading.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Digit {
    pub(super) value: u8,
    pub(super) probability: f32,
    /// When it ended, since the beginning of the call's audio.
    pub(super) at: Duration,
}

/// The digits between two breaks, at least one.
#[derive(Clone, PartialEq)]
pub(super) struct Reading {
    pub(super) digits: Vec<Digit>,
    /// Whether a break followed it: then no digit can be added any more.
    pub(super) is_closed: bool,
}

impl Reading {
    /// Whether it has as many digits as a code.
    pub(super) fn is_whole(&self) -> bool {
        self.digits.len() == CODE_LENGTH
    }

    /// Its digits without their probabilities and times.
    pub(super) fn values(&self) -> Vec<u8> {
        self.digits.iter().map(|digit| digit.value).collect()
    }

    /// The longest time from the end of one digit to the end of the next.
    pub(super) fn longest_step(&self) -> Duration {
        self.digits
            .windows(2)
            .map(|pair| pair[1].at.saturating_sub(pair[0].at))
            .max()
            .unwrap_or_default()
    }

    /// Whether a digit that ends at `next` can not belong to it any more.
    fn is_over_by(&self, next: Duration) -> bool {
        let step = next.saturating_sub(self.end());
        step > LONGEST_GAP || (self.is_whole() && step > self.longest_step().mul_f32(LONGER_STEP))
    }

    /// When its last digit ended.
    fn end(&self) -> Duration {
        self.digits.last().map(|digit| digit.at).unwrap_or_default()
    }
}

/// Splits what was heard in a call into readings.
pub(super) fn readings(symbols: &[Symbol]) -> Vec<Reading> {
    let mut readings: Vec<Reading> = Vec::new();
    for symbol in symbols {
        match *symbol {
            Symbol::Break { .. } => close(&mut readings),
            Symbol::Digit { value, probability, at } => {
                let digit = Digit { value, probability, at };
                if readings.last().is_some_and(|last| last.is_over_by(at)) {
                    close(&mut readings);
                }
                match readings.last_mut() {
                    Some(last) if !last.is_closed => last.digits.push(digit),
                    Some(_) | None => {
                        readings.push(Reading { digits: vec![digit], is_closed: false });
                    }
                }
            }
        }
    }
    readings.into_iter().flat_map(split_repetition).collect()
}

fn close(readings: &mut [Reading]) {
    if let Some(last) = readings.last_mut() {
        last.is_closed = true;
    }
}

/// A code said twice or three times without a pause between is one run of digits: it is taken
/// apart when its parts are equal, and only then.
fn split_repetition(run: Reading) -> Vec<Reading> {
    let count = run.digits.len() / CODE_LENGTH;
    let values = run.values();
    let is_repetition = count > 1
        && run.digits.len().is_multiple_of(CODE_LENGTH)
        && values.chunks(CODE_LENGTH).all(|part| part == &values[..CODE_LENGTH]);
    if !is_repetition {
        return vec![run];
    }
    let parts = run.digits.chunks(CODE_LENGTH).enumerate();
    parts
        .map(|(index, digits)| Reading {
            digits: digits.to_vec(),
            is_closed: run.is_closed || index + 1 < count,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::decision::tests::{at, spoken};

    fn values(symbols: &[Symbol]) -> Vec<Vec<u8>> {
        readings(symbols).iter().map(Reading::values).collect()
    }

    #[test]
    fn a_break_and_a_long_silence_part_two_readings() {
        let mut symbols = spoken("481529", 0.99, 1.0);
        symbols.push(Symbol::Break { at: at(7.0) });
        symbols.extend(spoken("481", 0.99, 8.0));
        symbols.extend(spoken("52", 0.99, 14.0));
        assert_eq!(values(&symbols), [vec![4, 8, 1, 5, 2, 9], vec![4, 8, 1], vec![5, 2]]);
        let closed: Vec<bool> = readings(&symbols).iter().map(|r| r.is_closed).collect();
        assert_eq!(closed, [true, true, false]);
    }

    #[test]
    fn a_longer_pause_after_six_digits_begins_a_new_reading() {
        let mut symbols = spoken("481529", 0.99, 1.0);
        symbols.extend(spoken("48", 0.99, 4.5));
        assert_eq!(values(&symbols), [vec![4, 8, 1, 5, 2, 9], vec![4, 8]]);
    }

    #[test]
    fn two_readings_without_a_pause_are_taken_apart_when_they_are_equal() {
        assert_eq!(
            values(&spoken("481529481529", 0.99, 1.0)),
            [vec![4, 8, 1, 5, 2, 9], vec![4, 8, 1, 5, 2, 9]]
        );
        assert_eq!(values(&spoken("481529481528", 0.99, 1.0)).len(), 1);
    }
}
