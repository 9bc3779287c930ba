//! Where a window that is full is cut, so that no digit is lost and none is heard twice.
//!
//! Positions are samples since the call's beginning.

use std::ops::Range;

use super::segmenter::samples;

/// A cut keeps at least this much on either side: digits at the edge of a window are not read
/// well, and each cut that leaves little room is soon followed by another.
const BEFORE_CUT: usize = samples(1_500);
const AFTER_CUT: usize = samples(800);

/// A pause shorter than this may be the closure of a consonant.
const SHORTEST_PAUSE: usize = samples(160);

/// The next window takes at most this much of a pause with it.
const LEAD: usize = samples(400);

/// A word is hardly longer than this: what ends so much later has not begun yet.
const LONGEST_WORD: usize = samples(800);

/// By how much the end of a digit may be heard too late.
const END_JITTER: usize = samples(80);

/// What is kept where there is nothing to go by.
const BLIND: usize = samples(2_000);

/// Where nobody seems to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pause {
    pub(super) from: usize,
    pub(super) until: usize,
}

/// How one window is followed by the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    /// Digits that end before are settled, and are not heard again.
    pub(super) settle_before: usize,
    /// Where the next window begins. It is earlier than `settle_before` where the voice makes no
    /// pause: the next digit is then heard from its beginning.
    pub(super) resume: usize,
}

impl Cut {
    /// The best cut of a full `window`, in which these pauses were seen and digits heard.
    pub(super) fn best(window: Range<usize>, pauses: &[Pause], digit_ends: &[usize]) -> Self {
        let allowed = window.start + BEFORE_CUT..window.end - AFTER_CUT;
        Self::in_a_pause(&allowed, pauses, digit_ends)
            .or_else(|| Self::between_digits(&allowed, window.end, digit_ends))
            .unwrap_or_else(|| Self::at(window.end - BLIND))
    }

    fn at(position: usize) -> Self {
        Self { settle_before: position, resume: position }
    }

    /// In the middle of the longest pause, or near its end where it is long.
    fn in_a_pause(allowed: &Range<usize>, pauses: &[Pause], digit_ends: &[usize]) -> Option<Self> {
        // In noise the soft end of a digit may lie in what seems to be a pause.
        let after_its_digit = |pause: &Pause| {
            let ends = digit_ends.iter().copied();
            let inside = ends.filter(|end| (pause.from..pause.until).contains(end)).max();
            Pause { from: inside.unwrap_or(pause.from), until: pause.until }
        };
        let length = |pause: &Pause| pause.until - pause.from;
        let middle = |pause: &Pause| pause.from.midpoint(pause.until);
        let pauses = pauses.iter().map(after_its_digit);
        pauses
            .filter(|pause| length(pause) >= SHORTEST_PAUSE && allowed.contains(&middle(pause)))
            .max_by_key(length)
            .map(|pause| Self::at(middle(&pause).max(pause.until - LEAD.min(length(&pause)))))
    }

    /// After the digit that is followed by the longest time without the end of another.
    fn between_digits(allowed: &Range<usize>, end: usize, digit_ends: &[usize]) -> Option<Self> {
        let followed_by = digit_ends.iter().skip(1).chain([&end]);
        let (digit, next) = digit_ends
            .iter()
            .zip(followed_by)
            .filter(|&(&digit, &next)| allowed.contains(&digit) && next > digit)
            .max_by_key(|&(digit, next)| next - digit)?;
        Some(if next - digit > LONGEST_WORD + END_JITTER {
            Self::at(next - LONGEST_WORD)
        } else {
            Self { settle_before: digit.midpoint(*next), resume: digit - END_JITTER }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A window from 2 s to 7.12 s.
    const WINDOW: Range<usize> = samples(2_000)..samples(7_120);

    fn cut(pauses: &[(usize, usize)], digit_ends: &[usize]) -> (usize, usize) {
        let pauses: Vec<Pause> = pauses
            .iter()
            .map(|&(from, until)| Pause { from: samples(from), until: samples(until) })
            .collect();
        let digit_ends: Vec<usize> = digit_ends.iter().copied().map(samples).collect();
        let Cut { settle_before, resume } = Cut::best(WINDOW, &pauses, &digit_ends);
        (settle_before / samples(1), resume / samples(1))
    }

    #[test]
    fn the_longest_pause_is_cut_in_its_middle() {
        assert_eq!(cut(&[(3_600, 3_800), (4_500, 4_900), (5_400, 5_600)], &[]), (4_700, 4_700));
    }

    #[test]
    fn little_of_a_long_pause_goes_into_the_next_window() {
        assert_eq!(cut(&[(3_000, 5_000)], &[]), (4_600, 4_600));
    }

    #[test]
    fn pauses_near_an_edge_or_of_a_consonant_are_not_cut() {
        assert_eq!(cut(&[(2_100, 3_000), (4_500, 4_600), (6_300, 7_000)], &[]), (5_120, 5_120));
    }

    #[test]
    fn the_end_of_a_digit_in_a_pause_stays_before_the_cut() {
        assert_eq!(cut(&[(4_000, 4_600)], &[4_300]), (4_450, 4_450));
    }

    #[test]
    fn without_a_pause_the_next_window_begins_at_the_end_of_a_digit() {
        let digits = [2_500, 3_000, 3_500, 4_000, 4_600, 5_000, 5_400, 5_900, 6_400, 7_000];
        assert_eq!(cut(&[], &digits), (4_300, 3_920));
    }

    #[test]
    fn long_after_the_last_digit_the_next_one_has_not_begun() {
        assert_eq!(cut(&[], &[3_200, 3_700]), (6_320, 6_320));
    }
}
