//! How a voice paces its digits, and what that tells of a reading that may go on.
//!
//! Six digits in a row look like a code whoever has spoken them. They may be the first six of
//! seven, the end of one reading and the beginning of the next, or an interrupted reading and the
//! first digits of the one that starts over. What gives those away is a pause where a voice makes
//! none, or digits that come again.

use std::time::Duration;

use crate::speech::LONGEST_GAP;

use super::reading::Reading;

/// A step is out of rhythm when it is this many times longer than the middle one, and longer by
/// this much.
const LONGER_STEP: f32 = 1.6;
const LONGER_BY: Duration = Duration::from_millis(250);

/// The longest step from one group of digits to the next: longer ones part readings.
const LONGEST_GROUP_STEP: Duration = Duration::from_millis(1_200);

/// The time that a digit takes to be spoken in an even rhythm. The rest of the step from one to the
/// next is the pause between them: one that is longer is no such pause.
const SPOKEN_DIGIT: Duration = Duration::from_millis(300);

/// The time that the shortest digit takes to be spoken.
const SHORTEST_DIGIT: Duration = Duration::from_millis(150);

/// Which of the five steps of a code are those between groups: of three, or of two.
const GROUPS: [[bool; 5]; 2] =
    [[false, false, true, false, false], [false, true, false, true, false]];

/// What the pace of a whole reading says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rhythm {
    /// One voice reads one code, digit by digit or in groups. Should there be a seventh digit, it
    /// would begin within this time after the end of the last one.
    Even { next_digit_within: Duration },
    /// Something else may be going on: the voice is waited for, for as long as it ever paused.
    Uneven { next_digit_within: Duration },
    /// Put together across a pause that is longer than any inside a code: such a reading is not
    /// believed alone.
    Assembled,
}

impl Rhythm {
    /// The rhythm of a reading that is whole.
    pub(super) fn of(reading: &Reading) -> Self {
        let steps = reading.steps();
        let mut sorted = steps.clone();
        sorted.sort_unstable();
        let middle = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        let longest = sorted.last().copied().unwrap_or_default();
        let is_longer =
            |step: &Duration| *step >= middle.mul_f32(LONGER_STEP) && *step >= middle + LONGER_BY;
        let longer: Vec<bool> = steps.iter().map(is_longer).collect();
        let is_in_groups = GROUPS.iter().any(|groups| longer == groups);
        let is_even = is_in_groups || !longer.contains(&true);

        if (is_in_groups || !is_even) && longest > LONGEST_GROUP_STEP {
            Self::Assembled
        } else if is_even && !begins_again(&reading.values(), &longer) {
            // Behind a group it would begin another one.
            let next_step = if is_in_groups { longest } else { middle };
            Self::Even { next_digit_within: next_step.saturating_sub(SPOKEN_DIGIT) }
        } else {
            let next_digit_within = longest.saturating_sub(SHORTEST_DIGIT).min(LONGEST_GAP);
            Self::Uneven { next_digit_within }
        }
    }
}

/// Whether the end of a reading repeats its beginning, as it does when the voice has started over
/// and is not through: `481 481`. Where that is a single digit, only a longer pause before it makes
/// it more than chance.
fn begins_again(values: &[u8], longer_steps: &[bool]) -> bool {
    (1..values.len()).any(|at| {
        let common = at.min(values.len() - at);
        values[at..at + common] == values[..common] && (common > 1 || longer_steps[at - 1])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::fixtures::paced;
    use crate::codes::reading::readings;

    fn rhythm(text: &str) -> Rhythm {
        let [reading] = readings(&paced(text)).try_into().unwrap_or_else(|_| panic!("{text}"));
        Rhythm::of(&reading)
    }

    fn uneven(millis: u64) -> Rhythm {
        Rhythm::Uneven { next_digit_within: Duration::from_millis(millis) }
    }

    #[test]
    fn digit_by_digit_and_in_groups_is_even() {
        for (text, pause) in [
            ("4.8.1.5.2.9", 100),
            ("4-8-1-5-2-9", 500),
            ("4.8.1-5.2.9", 500),
            ("4.8-1.5-2.9", 500),
            ("7.7.1.5.2.7", 100),
        ] {
            let next_digit_within = Duration::from_millis(pause);
            assert_eq!(rhythm(text), Rhythm::Even { next_digit_within }, "{text}");
        }
    }

    #[test]
    fn digits_that_come_again_may_be_a_reading_that_starts_over() {
        assert_eq!(rhythm("4.8.1.4.8.1"), uneven(250));
        assert_eq!(rhythm("4.8.1-4.8.1"), uneven(650));
        assert_eq!(rhythm("4.8.1.5-4.8"), uneven(650));
        assert_eq!(rhythm("4-4.8.1.5.2"), uneven(650));
    }

    #[test]
    fn a_pause_where_a_voice_makes_none_is_uneven() {
        assert_eq!(rhythm("1.0-4.8.1.5"), uneven(650));
    }

    #[test]
    fn digits_from_both_sides_of_a_long_pause_are_assembled() {
        for text in ["5.2.9 4.8.1", "9 4.8.1.5.2", "4.8.1.5 4.8", "1.0 4.8.1.5"] {
            assert_eq!(rhythm(text), Rhythm::Assembled, "{text}");
        }
    }
}
