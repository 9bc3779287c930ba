//! The same calls decided by other thresholds: wrong codes against codes that were not read. The
//! shipped thresholds are chosen on it (`models/README.md`, "Thresholds"). What was heard is the same at
//! each point: of a call whose code the shipped ones show, less is read from then on.

use std::io::Write;

use serde_json::json;

use super::judgement;
use super::manifest::Call;
use super::report::Counts;
use super::transcript::Transcript;
use crate::codes::Thresholds;

/// Joint confidence asked of one reading, and of readings that agree: each with each.
const CLEAR: [f32; 8] = [0.7, 0.8, 0.85, 0.9, 0.93, 0.96, 0.98, 0.99];
const AGREED: [f32; 5] = [0.8, 0.9, 0.95, 0.98, 0.99];

/// One pair of thresholds.
#[derive(Debug)]
struct Point {
    thresholds: Thresholds,
    counts: Counts,
}

/// How all calls count, by thresholds.
#[derive(Debug)]
pub(super) struct Curve<W> {
    points: Vec<Point>,
    out: W,
}

impl<W: Write> Curve<W> {
    /// A curve that will be written to `out`.
    pub(super) fn new(out: W) -> Self {
        let pairs = CLEAR.into_iter().flat_map(|clear| AGREED.map(|agreed| (clear, agreed)));
        let points = pairs.map(|(clear, agreed)| Point {
            thresholds: Thresholds { clear, agreed, ..Thresholds::default() },
            counts: Counts::default(),
        });
        Self { points: points.collect(), out }
    }

    /// Counts a call that was read.
    pub(super) fn count(&mut self, call: &Call, transcript: &Transcript) {
        for Point { thresholds, counts } in &mut self.points {
            let events = transcript.decided_by(*thresholds);
            counts.count(judgement::judge(call, &events).outcome);
        }
    }

    /// Writes one object a pair of thresholds.
    ///
    /// # Errors
    /// When there is no room for it.
    pub(super) fn write(mut self) -> std::io::Result<()> {
        for Point { thresholds: Thresholds { clear, agreed, .. }, counts } in &self.points {
            let Counts { exact, wrong, none, false_alarms, .. } = counts;
            let point = json!({
                "clear": clear, "agreed": agreed,
                "exact": exact, "wrong": wrong, "none": none, "false_alarms": false_alarms,
            });
            writeln!(self.out, "{point}")?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::speech::manifest::tests::call;
    use crate::codes::fixtures::{hypothesis, spoken};
    use std::time::Duration;

    #[test]
    fn a_reading_that_is_not_clear_counts_where_less_is_asked() {
        let call = call(
            r#"{"file":"f","code":"481529","language":"en","voice":"v","condition":"c","code_ends_ms":[]}"#,
        );
        let mut transcript = Transcript::default();
        // Six digits of 0.95 are 0.74 together.
        let heard = hypothesis(&spoken("481529", 0.95, 1.0), 5.5, 1.5);
        transcript.hear(&heard, Duration::from_secs(6));
        let mut written = Vec::new();
        let mut curve = Curve::new(&mut written);
        curve.count(&call, &transcript);
        curve.write().unwrap();
        let points: Vec<serde_json::Value> = String::from_utf8(written)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(points.len(), CLEAR.len() * AGREED.len());
        for point in points {
            let is_enough = point["clear"].as_f64().unwrap() < 0.72;
            assert_eq!(point["exact"], u32::from(is_enough), "{point}");
            assert_eq!(point["none"], u32::from(!is_enough), "{point}");
        }
    }
}
