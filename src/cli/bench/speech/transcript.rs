//! What a client would have seen of a call, and when.

use std::time::Duration;

use crate::codes::{Decision, Finding};
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
        match &self.finding {
            Finding::Code(code, _) => Some(code),
            Finding::Partial(_) | Finding::Unreadable(_) => None,
        }
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
    /// The last hypothesis, which is the final one of a call that was read to its end.
    pub(super) last: Hypothesis,
    decision: Decision,
}

impl Transcript {
    /// Decides on `hypothesis`, which came at the moment `at`.
    pub(super) fn hear(&mut self, hypothesis: &Hypothesis, at: Duration) {
        let finding = self.decision.consider(hypothesis);
        self.find(finding, at);
        self.last = hypothesis.clone();
    }

    /// Notes what was found, where it was not decided here.
    pub(super) fn find(&mut self, finding: Finding, at: Duration) {
        if self.events.last().is_none_or(|last| last.finding != finding) {
            self.events.push(Event { at, finding });
        }
    }
}
