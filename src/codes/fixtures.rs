//! What the tests of this module hear.

use std::time::Duration;

use crate::speech::{Hypothesis, Posterior, Symbol};

/// The probability of a digit that stands in a clear reading.
pub(crate) const SURE: f32 = 0.999;

pub(super) fn at(seconds: f32) -> Duration {
    Duration::from_millis((seconds * 1_000.0).round() as u64)
}

/// Digits that end at these times, in seconds.
fn digits(values: impl Iterator<Item = (char, f32)>, probability: f32) -> Vec<Symbol> {
    let digit = |(value, seconds): (char, f32)| {
        let value = value.to_digit(10)? as u8;
        Some(Symbol::Digit { posterior: Posterior::of(value, probability), at: at(seconds) })
    };
    values.filter_map(digit).collect()
}

/// Digits half a second apart, the first of which ends at `from` seconds.
pub(crate) fn spoken(text: &str, probability: f32, from: f32) -> Vec<Symbol> {
    let times = (0u8..).map(|index| from + 0.5 * f32::from(index));
    digits(text.chars().zip(times), probability)
}

/// Digits in a rhythm, the first of which ends after one second: `.` makes the next one end 0.4
/// seconds later, `-` 0.8 (the step between groups), a space 1.5 (a pause between readings).
pub(super) fn paced(text: &str) -> Vec<Symbol> {
    let mut seconds = 1.0;
    let times = text.chars().map(|character| {
        seconds += match character {
            '.' => 0.4,
            '-' => 0.8,
            ' ' => 1.5,
            _ => 0.0,
        };
        (character, seconds)
    });
    digits(times, SURE)
}

/// What was heard after `heard` seconds, when everything is read and nobody has spoken for `quiet`
/// seconds.
pub(crate) fn hypothesis(symbols: &[Symbol], heard: f32, quiet: f32) -> Hypothesis {
    Hypothesis {
        symbols: symbols.to_vec(),
        read_until: at(heard),
        heard_until: at(heard),
        quiet_for: at(quiet),
        looks_again: false,
        speech_heard: true,
        is_final: false,
    }
}
