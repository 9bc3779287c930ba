//! Log lines that strangers cause: so many in a period, and how many more there were.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// How many lines are told.
#[derive(Debug, Clone, Copy)]
pub struct FloodLimits {
    /// What is counted is counted anew after this long.
    pub period: Duration,
    /// Lines for one source in a period.
    pub of_one_source: u32,
    /// Lines in a period, whoever they are for. Bounds the map of sources as well.
    pub overall: u32,
}

/// Counts what strangers cause, and says which of it is told.
#[derive(Debug)]
pub struct Flood<Source> {
    limits: FloodLimits,
    since: Instant,
    lines: u32,
    lines_by_source: HashMap<Source, u32>,
    untold: u64,
}

impl<Source: Eq + Hash> Flood<Source> {
    pub fn new(limits: FloodLimits, now: Instant) -> Self {
        Self { limits, since: now, lines: 0, lines_by_source: HashMap::new(), untold: 0 }
    }

    /// Begins a new period, if it is time for one. Returns how much of the last one was not told.
    pub fn untold_before(&mut self, now: Instant) -> Option<u64> {
        if now.duration_since(self.since) < self.limits.period {
            return None;
        }
        let untold = self.untold;
        *self = Self::new(self.limits, now);
        Some(untold).filter(|untold| *untold > 0)
    }

    /// Whether a line about `source` is told.
    pub fn is_told(&mut self, source: Source) -> bool {
        if self.lines < self.limits.overall {
            let lines = self.lines_by_source.entry(source).or_default();
            if *lines < self.limits.of_one_source {
                *lines += 1;
                self.lines += 1;
                return true;
            }
        }
        self.untold += 1;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: FloodLimits =
        FloodLimits { period: Duration::from_secs(60), of_one_source: 20, overall: 2_000 };

    #[test]
    fn one_source_is_told_so_often_and_others_still_are() {
        let mut flood = Flood::new(LIMITS, Instant::now());
        let told = (0..1_000).filter(|_| flood.is_told(1)).count();
        assert_eq!((told, flood.untold), (20, 980));
        assert!(flood.is_told(2));
    }

    #[test]
    fn a_flood_from_many_sources_fills_neither_log_nor_memory() {
        let begin = Instant::now();
        let mut flood = Flood::new(LIMITS, begin);
        let told = (0..100_000).filter(|&source| flood.is_told(source)).count();
        assert_eq!((told, flood.lines_by_source.len()), (2_000, 2_000));
        assert_eq!(flood.untold_before(begin + LIMITS.period / 2), None);
        assert_eq!(flood.untold_before(begin + LIMITS.period), Some(98_000));
        assert_eq!((flood.lines, flood.untold_before(begin + LIMITS.period * 2)), (0, None));
    }
}
