//! One JSON object a call: what was heard and when what was shown. Thresholds are set by it.

use serde_json::{Value, json};

use super::judgement::{Judgement, Outcome};
use super::manifest::Call;
use super::transcript::{Event, Transcript};
use crate::cli::bench::percentile::millis;
use crate::codes::Finding;
use crate::domain::HeardDigit;
use crate::speech::Symbol;

/// The line of one call.
pub(super) fn line(call: &Call, transcript: &Transcript, judgement: &Judgement) -> Value {
    let last = transcript.hypotheses.last();
    let symbols = last.map(|(_, hypothesis)| hypothesis.symbols.as_slice()).unwrap_or_default();
    let ends: Vec<f64> = call.code_ends.iter().copied().map(millis).collect();
    json!({
        "file": call.file,
        "code": call.code.as_ref().map(|code| code.expose()),
        "language": call.language.as_str(),
        "voice": call.voice,
        "condition": call.condition,
        "code_ends_ms": ends,
        "outcome": outcome(judgement.outcome),
        "taken_back": judgement.taken_back,
        "latency_ms": judgement.latency.map(millis),
        "symbols": symbols.iter().map(symbol).collect::<Vec<_>>(),
        "events": transcript.events.iter().map(event).collect::<Vec<_>>(),
    })
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Exact => "exact",
        Outcome::Wrong => "wrong",
        Outcome::None => "none",
        Outcome::Quiet => "quiet",
        Outcome::FalseAlarm => "false_alarm",
    }
}

/// The end between two readings is a digit that is none.
fn symbol(symbol: &Symbol) -> Value {
    match *symbol {
        Symbol::Digit { posterior, at } => json!({
            "digit": posterior.value(),
            "probability": posterior.probability(),
            "at_ms": millis(at),
        }),
        Symbol::Break { at } => json!({"digit": null, "at_ms": millis(at)}),
    }
}

/// Digits that are marked as uncertain are followed by a question mark.
fn event(event: &Event) -> Value {
    let marked = |digits: &[HeardDigit]| -> String {
        let marked = digits
            .iter()
            .map(|heard| format!("{}{}", heard.digit, if heard.sure { "" } else { "?" }));
        marked.collect()
    };
    let at = millis(event.at);
    match &event.finding {
        Finding::Partial(digits) => json!({"at_ms": at, "partial": marked(digits)}),
        Finding::Code(code, confidence) => {
            json!({"at_ms": at, "code": code.expose(), "confidence": confidence})
        }
        Finding::Unreadable(digits) => json!({"at_ms": at, "unreadable": marked(digits)}),
    }
}
