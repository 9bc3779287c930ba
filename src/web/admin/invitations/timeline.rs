//! What happened to an invitation, a line each.

use maud::{Markup, html};

use crate::domain::{CallOutcome, FailureReason, InvitationStatus};
use crate::store::{CallOfInvitation, Happening, RecordedStep, TimelineEntry};
use crate::web::admin::Visit;
use crate::web::admin::moment::moment;
use crate::web::words::{Text, TimelineWords, Words};

/// The newest first: that is what one looks for.
pub(super) fn list(entries: &[TimelineEntry], visit: &Visit) -> Markup {
    html! {
        ol.timeline reversed {
            @for entry in entries.iter().rev() {
                li data-happened=(kind(&entry.what)) {
                    (told(&entry.what, visit)) " "
                    span.quiet { (moment(entry.at, visit.now, &visit.words.moments)) }
                }
            }
        }
    }
}

/// By which a line is known.
fn kind(what: &Happening) -> &'static str {
    match what {
        Happening::Step(step) => step.to.as_str(),
        Happening::Opened => "opened",
        Happening::AttemptFailed(_) => "attempt_failed",
        Happening::Finishing => "finishing",
        Happening::Rang(_) => "rang",
        Happening::CodeRead => "code_read",
        Happening::CodeWithdrawn => "code_withdrawn",
        Happening::CallEnded(_) => "call_ended",
    }
}

fn told(what: &Happening, visit: &Visit) -> Markup {
    let words = &visit.words.timeline;
    match what {
        Happening::Step(step) => step_told(step, words),
        Happening::Opened => html! { (words.opened) },
        Happening::AttemptFailed(failure) => {
            words.attempt_failed.around(Words::of(visit.tongue).failures.of(*failure))
        }
        Happening::Finishing => html! { (words.finishing) },
        Happening::Rang(call) => match &call.caller {
            Some(caller) => words.rang_from.around(super::number(caller)),
            None => html! { (words.rang) },
        },
        Happening::CodeRead => html! { (words.code_read) },
        Happening::CodeWithdrawn => html! { (words.code_withdrawn) },
        Happening::CallEnded(call) => ended(call, words),
    }
}

fn step_told(step: &RecordedStep, words: &TimelineWords) -> Markup {
    let text = match (step.from, step.to) {
        (None, _) => &words.made,
        (Some(_), InvitationStatus::Pending) => &words.resent,
        (Some(_), InvitationStatus::InProgress) => &words.begun,
        (Some(_), InvitationStatus::Completed) => &words.completed,
        (Some(_), InvitationStatus::Expired) => &words.expired,
        (Some(_), InvitationStatus::Cancelled) => &words.cancelled,
        (Some(_), InvitationStatus::Failed) => {
            let reason = step.failure.unwrap_or(FailureReason::Internal);
            return words.failed.around(in_words(reason, words));
        }
    };
    html! { (text) }
}

/// Why an attempt failed.
pub(super) fn in_words(reason: FailureReason, words: &TimelineWords) -> &Text {
    match reason {
        FailureReason::Cancelled => &words.client_left,
        FailureReason::NotAuthorized => &words.not_authorized,
        FailureReason::Abandoned => &words.abandoned,
        FailureReason::Internal => &words.our_fault,
    }
}

fn ended(call: &CallOfInvitation, words: &TimelineWords) -> Markup {
    let text = match call.outcome {
        Some(CallOutcome::CodeRead) => {
            // Never rounded up to certainty.
            let percent = (call.confidence.unwrap_or_default() * 100.0).floor() as u32;
            return words.ended_read.around(percent.min(100));
        }
        Some(CallOutcome::Unreadable) => &words.ended_unreadable,
        Some(CallOutcome::Silent) => &words.ended_silent,
        Some(CallOutcome::Abandoned) => &words.ended_abandoned,
        Some(CallOutcome::Failed) | None => &words.ended_failed,
        Some(CallOutcome::Interrupted) => &words.ended_interrupted,
    };
    html! { (text) }
}
