//! What a client would have seen of a call, and when.

use std::time::Duration;

use crate::codes::{Decision, Finding, Thresholds};
use crate::domain::{HeardDigit, SpokenCode};
use crate::speech::Hypothesis;

/// What was found from a moment on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    /// Since the beginning of the call's audio.
    pub(super) at: Duration,
    pub(super) finding: Finding,
}

impl Event {
    /// The code that the page shows, if it shows one.
    pub(super) fn code(&self) -> Option<&SpokenCode> {
        self.finding.code()
    }

    /// The digit that the page shows at `place`, counted from 0.
    pub(super) fn digit(&self, place: usize) -> Option<u8> {
        match &self.finding {
            Finding::Code(code, _) => code.expose().as_bytes().get(place).map(|byte| byte - b'0'),
            Finding::Partial(digits) | Finding::Unreadable(digits) => {
                digits.get(place).map(|HeardDigit { digit, .. }| *digit)
            }
        }
    }
}

/// A call as it was read: its events in order, each different from the one before.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    pub(super) events: Vec<Event>,
    /// What was heard and when. The last one is the final one of a call that was read to its end.
    pub(super) hypotheses: Vec<(Duration, Hypothesis)>,
    decision: Decision,
}

impl Transcript {
    /// Decides on `hypothesis`, which came at the moment `at`. Returns the code that is shown then.
    pub(super) fn hear(&mut self, hypothesis: &Hypothesis, at: Duration) -> Option<&SpokenCode> {
        let finding = self.decision.consider(hypothesis);
        self.find(finding, at);
        self.hypotheses.push((at, hypothesis.clone()));
        self.events.last().and_then(Event::code)
    }

    /// Whether the call was read to its end.
    pub(super) fn is_complete(&self) -> bool {
        self.hypotheses.last().is_some_and(|(_, hypothesis)| hypothesis.is_final)
    }

    /// The events of the same call if it were decided by other thresholds.
    pub(super) fn decided_by(&self, thresholds: Thresholds) -> Vec<Event> {
        let mut other = Self { decision: Decision::new(thresholds), ..Self::default() };
        for (at, hypothesis) in &self.hypotheses {
            let finding = other.decision.consider(hypothesis);
            other.find(finding, *at);
        }
        other.events
    }

    /// Notes what was found, where it was not decided here.
    pub(super) fn find(&mut self, finding: Finding, at: Duration) {
        if self.events.last().is_none_or(|last| last.finding != finding) {
            self.events.push(Event { at, finding });
        }
    }
}
