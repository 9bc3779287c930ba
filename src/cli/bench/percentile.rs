//! Percentiles of measured durations.

use std::time::Duration;

/// Durations in ascending order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ranked(Vec<Duration>);

impl Ranked {
    pub(super) fn of(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self(durations)
    }

    /// By nearest rank, the smallest that covers so many in a hundred (1 to 100): a duration that
    /// was really measured, in milliseconds. `None` of nothing.
    pub(super) fn percentile(&self, percent: usize) -> Option<f64> {
        let rank = (self.0.len() * percent).div_ceil(100);
        self.0.get(rank.checked_sub(1)?).copied().map(millis)
    }

    /// The longest, in milliseconds. `None` of nothing.
    pub(super) fn max(&self) -> Option<f64> {
        self.0.last().copied().map(millis)
    }

    pub(super) fn durations(&self) -> &[Duration] {
        &self.0
    }
}

/// Milliseconds, to the microsecond.
pub(super) fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(durations: Vec<Duration>) -> [Option<f64>; 4] {
        let ranked = Ranked::of(durations);
        [ranked.percentile(50), ranked.percentile(95), ranked.percentile(99), ranked.max()]
    }

    #[test]
    fn a_percentile_is_the_smallest_duration_that_covers_so_many() {
        let durations = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(figures(durations), [100.0, 190.0, 198.0, 200.0].map(Some));
        assert_eq!(figures(vec![Duration::from_millis(7)]), [Some(7.0); 4]);
        assert_eq!(figures(Vec::new()), [None; 4]);
    }
}
