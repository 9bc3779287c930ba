//! The figures of a benchmark: calls are counted one by one, and [`Report`] is what comes of it, as
//! JSON. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::judgement::{Judgement, Outcome};
use super::manifest::Call;
use crate::cli::bench::percentile::Ranked;

/// All calls that were read so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    calls: usize,
    all: Counts,
    quiet: usize,
    taken_back: usize,
    latencies: Vec<Duration>,
    partial_latencies: Vec<Duration>,
    audio: Duration,
    by_voice: BTreeMap<String, Counts>,
    by_condition: BTreeMap<String, Counts>,
    by_language: BTreeMap<String, Counts>,
}

/// Everything that was measured. Times are milliseconds where they do not say otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Report {
    pub(super) calls: usize,
    /// In which a code is spoken: the sum of the three that follow.
    pub(super) with_code: usize,
    pub(super) exact: usize,
    /// Another code was shown, even if it was taken back.
    pub(super) wrong: usize,
    pub(super) none: usize,
    pub(super) without_code: usize,
    /// A code was shown in a call without one, even if it was taken back.
    pub(super) false_alarms: usize,
    /// Calls in which a code that was shown, right or wrong, did not stand.
    pub(super) taken_back: usize,
    pub(super) latency_ms: Latency,
    pub(super) partial_latency_ms: PartialLatency,
    pub(super) cpu_seconds_per_call: f64,
    pub(super) cpu_seconds_per_audio_second: f64,
    pub(super) peak_memory_mb: f64,
    pub(super) by_voice: BTreeMap<String, Counts>,
    pub(super) by_condition: BTreeMap<String, Counts>,
    pub(super) by_language: BTreeMap<String, Counts>,
}

/// From the end of the reading that decided a call to the decision; `None` without any.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Latency {
    pub(super) p50: Option<f64>,
    pub(super) p95: Option<f64>,
    pub(super) max: Option<f64>,
}

/// From the end of a digit to the moment it is shown; `None` without any.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct PartialLatency {
    pub(super) p50: Option<f64>,
    pub(super) p95: Option<f64>,
}

/// The calls of one voice, condition or language. Each figure sums up to that of the whole report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    pub(super) exact: usize,
    pub(super) wrong: usize,
    pub(super) none: usize,
    /// Those without a code as well.
    pub(super) calls: usize,
    pub(super) false_alarms: usize,
}

impl Counts {
    /// Counts a call.
    pub(super) fn count(&mut self, outcome: Outcome) {
        self.calls += 1;
        match outcome {
            Outcome::Exact => self.exact += 1,
            Outcome::Wrong => self.wrong += 1,
            Outcome::None => self.none += 1,
            Outcome::Quiet => {}
            Outcome::FalseAlarm => self.false_alarms += 1,
        }
    }

    /// Calls in which a code is spoken.
    pub(super) fn with_code(&self) -> usize {
        self.exact + self.wrong + self.none
    }
}

/// What the process took for all calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cost {
    pub(super) processor_time: Duration,
    pub(super) peak_memory_bytes: u64,
}

impl Tally {
    /// Counts a call with so much audio.
    pub(super) fn count(&mut self, call: &Call, judgement: &Judgement, audio: Duration) {
        let outcome = judgement.outcome;
        self.calls += 1;
        self.all.count(outcome);
        self.quiet += usize::from(outcome == Outcome::Quiet);
        self.taken_back += usize::from(judgement.taken_back);
        self.latencies.extend(judgement.latency);
        self.partial_latencies.extend(&judgement.partial_latencies);
        self.audio += audio;
        let language = call.language.as_str();
        for (groups, name) in [
            (&mut self.by_voice, call.voice.as_str()),
            (&mut self.by_condition, call.condition.as_str()),
            (&mut self.by_language, language),
        ] {
            groups.entry(name.to_owned()).or_default().count(outcome);
        }
    }

    /// The report on everything that was counted, and the latencies it was made of.
    pub(super) fn report(self, cost: Cost) -> (Report, Ranked) {
        let latencies = Ranked::of(self.latencies);
        let partial = Ranked::of(self.partial_latencies);
        let processor_seconds = cost.processor_time.as_secs_f64();
        let report = Report {
            calls: self.calls,
            with_code: self.all.with_code(),
            exact: self.all.exact,
            wrong: self.all.wrong,
            none: self.all.none,
            without_code: self.quiet + self.all.false_alarms,
            false_alarms: self.all.false_alarms,
            taken_back: self.taken_back,
            latency_ms: Latency {
                p50: latencies.percentile(50),
                p95: latencies.percentile(95),
                max: latencies.max(),
            },
            partial_latency_ms: PartialLatency {
                p50: partial.percentile(50),
                p95: partial.percentile(95),
            },
            cpu_seconds_per_call: rounded(processor_seconds / self.calls.max(1) as f64),
            cpu_seconds_per_audio_second: rounded(
                processor_seconds / self.audio.as_secs_f64().max(f64::MIN_POSITIVE),
            ),
            peak_memory_mb: rounded(cost.peak_memory_bytes as f64 / 1e6),
            by_voice: self.by_voice,
            by_condition: self.by_condition,
            by_language: self.by_language,
        };
        (report, latencies)
    }
}

/// To four places: what /proc tells is no finer.
fn rounded(figure: f64) -> f64 {
    (figure * 1e4).round() / 1e4
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::bench::speech::manifest::tests::call;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// A report on five calls, one of each outcome.
    pub(in super::super) fn report() -> (Report, Ranked) {
        let mut tally = Tally::default();
        for (voice, condition, outcome, latency) in [
            ("anna_de", "clean", Outcome::Exact, Some(ms(250))),
            ("anna_de", "gsm", Outcome::Wrong, None),
            ("bob_en", "gsm", Outcome::None, None),
            ("bob_en", "negative", Outcome::Quiet, None),
            ("bob_en", "negative", Outcome::FalseAlarm, None),
        ] {
            let (_, language) = voice.split_once('_').unwrap();
            let line = serde_json::json!({
                "file": "f", "code": null, "language": language,
                "voice": voice, "condition": condition,
            });
            let judgement = Judgement {
                outcome,
                taken_back: outcome == Outcome::FalseAlarm,
                latency,
                partial_latencies: vec![ms(100), ms(300)],
            };
            tally.count(&call(&line.to_string()), &judgement, Duration::from_secs(10));
        }
        let processor_time = Duration::from_millis(2_500);
        tally.report(Cost { processor_time, peak_memory_bytes: 123_456_789 })
    }

    #[test]
    fn each_call_is_counted_once_and_in_each_of_its_groups() {
        let expected = serde_json::json!({
            "calls": 5, "with_code": 3, "exact": 1, "wrong": 1, "none": 1,
            "without_code": 2, "false_alarms": 1, "taken_back": 1,
            "latency_ms": {"p50": 250.0, "p95": 250.0, "max": 250.0},
            "partial_latency_ms": {"p50": 100.0, "p95": 300.0},
            "cpu_seconds_per_call": 0.5, "cpu_seconds_per_audio_second": 0.05,
            "peak_memory_mb": 123.4568,
            "by_voice": {
                "anna_de": {"exact": 1, "wrong": 1, "none": 0, "calls": 2, "false_alarms": 0},
                "bob_en": {"exact": 0, "wrong": 0, "none": 1, "calls": 3, "false_alarms": 1},
            },
            "by_condition": {
                "clean": {"exact": 1, "wrong": 0, "none": 0, "calls": 1, "false_alarms": 0},
                "gsm": {"exact": 0, "wrong": 1, "none": 1, "calls": 2, "false_alarms": 0},
                "negative": {"exact": 0, "wrong": 0, "none": 0, "calls": 2, "false_alarms": 1},
            },
            "by_language": {
                "de": {"exact": 1, "wrong": 1, "none": 0, "calls": 2, "false_alarms": 0},
                "en": {"exact": 0, "wrong": 0, "none": 1, "calls": 3, "false_alarms": 1},
            },
        });
        assert_eq!(serde_json::to_value(report().0).unwrap(), expected);
    }

    #[test]
    fn what_was_not_measured_is_null() {
        let nothing = Cost { processor_time: Duration::ZERO, peak_memory_bytes: 0 };
        let report = serde_json::to_value(Tally::default().report(nothing).0).unwrap();
        let none = serde_json::Value::Null;
        assert_eq!(
            report["latency_ms"],
            serde_json::json!({"p50": none, "p95": none, "max": none})
        );
        assert_eq!(report["cpu_seconds_per_audio_second"], 0.0);
    }
}
