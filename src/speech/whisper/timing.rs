//! Symbols out of what the search wrote, each with its time in the window.

use std::ops::Range;
use std::time::Duration;

use super::search::Written;
use crate::speech::{READING_RATE, Symbol};

/// Speech is looked for in steps of 20 ms.
const STEP: usize = READING_RATE as usize / 50;

/// What has less than a thousandth of the power of the window's loudest step (30 dB) is no speech.
const QUIET: f32 = 1e-3;

/// The symbols of `window`; a word ends a reading. Where the network told no times, words and digits
/// are spread evenly over the speech there is: right in their order and about right for a reading
/// as a whole, but the pauses inside it are lost.
pub(super) fn symbols(written: &[Written], window: &[f32]) -> Vec<Symbol> {
    let speech = speech(window);
    let spoken = |written: &Written| *written != Written::Break;
    let total = written.iter().filter(|written| spoken(written)).count().max(1) as u32;
    let mut heard = Vec::new();
    let mut count = 0;
    for written in written {
        count += u32::from(spoken(written));
        let spread = speech.start + (speech.end - speech.start) * count / total;
        match (*written, heard.last()) {
            (Written::Digit { posterior, end }, _) => {
                heard.push(Symbol::Digit { posterior, at: end.unwrap_or(spread) });
            }
            (Written::Break | Written::Word, Some(&Symbol::Digit { at, .. })) => {
                heard.push(Symbol::Break { at });
            }
            (Written::Break | Written::Word, _) => {}
        }
    }
    heard
}

/// From the first step with speech to the last.
fn speech(window: &[f32]) -> Range<Duration> {
    let power = |step: &[f32]| step.iter().map(|sample| sample * sample).sum::<f32>();
    let steps: Vec<f32> = window.chunks(STEP).map(power).collect();
    let loudest = steps.iter().copied().fold(0.0, f32::max);
    let is_speech = |&power: &f32| power > loudest * QUIET;
    let first = steps.iter().position(is_speech).unwrap_or(0);
    let end = steps.iter().rposition(is_speech).map_or(first, |last| last + 1);
    let time = |step: usize| {
        let samples = (step * STEP).min(window.len());
        Duration::from_secs_f64(samples as f64 / f64::from(READING_RATE))
    };
    time(first)..time(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::Posterior;

    fn digit(value: u8, end: Option<u64>) -> Written {
        Written::Digit { posterior: Posterior::of(value, 0.9), end: end.map(Duration::from_millis) }
    }

    fn symbol(value: u8, millis: u64) -> Symbol {
        Symbol::Digit { posterior: Posterior::of(value, 0.9), at: Duration::from_millis(millis) }
    }

    #[test]
    fn times_that_the_network_told_stand_and_a_break_is_where_its_reading_ended() {
        let written = [digit(4, Some(560)), Written::Break, digit(8, Some(2_080))];
        let at = Duration::from_millis(560);
        assert_eq!(
            symbols(&written, &[]),
            [symbol(4, 560), Symbol::Break { at }, symbol(8, 2_080)]
        );
    }

    #[test]
    fn untold_times_are_spread_over_the_speech() {
        // A second of hiss, two of speech, and one of hiss again.
        let mut window = vec![0.001; 64_000];
        window[16_000..48_000].fill(0.1);
        let written = [digit(4, None), digit(8, None), digit(1, None), digit(5, None)];
        assert_eq!(
            symbols(&written, &window),
            [symbol(4, 1_500), symbol(8, 2_000), symbol(1, 2_500), symbol(5, 3_000)]
        );
    }

    #[test]
    fn a_word_takes_its_share_of_the_time_and_ends_a_reading_once() {
        let written = [Written::Word, digit(4, None), Written::Word, Written::Word, digit(8, None)];
        let at = Duration::from_millis(400);
        assert_eq!(
            symbols(&written, &[0.1; 16_000]),
            [symbol(4, 400), Symbol::Break { at }, symbol(8, 1_000)]
        );
    }

    #[test]
    fn digits_that_were_heard_in_silence_stand_at_its_beginning() {
        let symbols = symbols(&[digit(4, None), digit(8, None)], &[0.0; 16_000]);
        assert_eq!(symbols, [symbol(4, 0), symbol(8, 0)]);
    }
}
