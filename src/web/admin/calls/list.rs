//! The list of calls.

use std::fmt::Write as _;
use std::time::Duration;

use maud::{Markup, html};

use super::CallsPage;
use crate::domain::{CallOutcome, CallPurpose, CallQuality, QualityGrade, Redacted, Role};
use crate::store::ListedCall;
use crate::web::admin::Visit;
use crate::web::admin::form::{Choice, Select, select};
use crate::web::admin::frame::{self, Section};
use crate::web::admin::moment::moment;
use crate::web::words::{CallsWords, Text};

pub(super) fn render(visit: &Visit, page: &CallsPage) -> Markup {
    let words = &visit.words.calls;
    let content = html! {
        p.quiet { (words.intro) }
        @if let Some(live) = &page.live {
            section #live data-live {
                h2 { (words.live_heading) }
                @if live.is_empty() { p { (words.no_live) } } @else { (table(visit, live)) }
            }
        }
        h2 { (words.past_heading) }
        (filter(visit, page))
        div #past data-live {
            @if page.past.is_empty() { p { (words.none) } } @else { (table(visit, &page.past)) }
            @if let Some(next) = &page.next {
                p {
                    a #next href=(visit.at(&next_page(page, next.as_str()))) data-inline {
                        (words.next)
                    }
                }
            }
        }
    };
    frame::page(visit, Section::Calls, words.title.as_str(), &content)
}

fn filter(visit: &Visit, page: &CallsPage) -> Markup {
    let words = &visit.words.calls;
    let chosen = page.filter.outcome.map_or("", CallOutcome::as_str);
    let all = Choice { value: "", label: html! { (words.all) }, is_disabled: false };
    let choices: Vec<_> = std::iter::once(all)
        .chain(CallOutcome::ALL.map(|outcome| Choice {
            value: outcome.as_str(),
            label: html! { (words.outcome_of(outcome)) },
            is_disabled: false,
        }))
        .collect();
    html! {
        form #filter.filters method="get" action=(visit.at("/calls")) data-inline {
            @if let Some(number) = &page.number {
                input type="hidden" name="number" value=(number.id);
            }
            (select(&Select {
                name: "outcome", label: &words.outcome, choices: &choices, chosen, hint: None,
                error: None,
            }))
            button { (words.filter) }
        }
        @if let Some(number) = &page.number {
            p #of-number {
                (words.of_number.around(html! { b { (number.number) } })) " "
                a href=(visit.at("/calls")) data-inline { (words.of_all) }
            }
        }
    }
}

/// The address of the next page, with the same filter.
fn next_page(page: &CallsPage, before: &str) -> String {
    let mut path = format!("/calls?before={before}");
    // Identifiers and names of outcomes are letters, digits and underscores.
    if let Some(number) = &page.number {
        let _ = write!(path, "&number={}", number.id);
    }
    if let Some(outcome) = page.filter.outcome {
        let _ = write!(path, "&outcome={outcome}");
    }
    path
}

fn table(visit: &Visit, calls: &[ListedCall]) -> Markup {
    let words = &visit.words.calls;
    html! {
        table.table {
            thead {
                tr {
                    th scope="col" { (words.rang) }
                    th scope="col" { (words.number) }
                    th scope="col" { (words.caller) }
                    th scope="col" { (words.purpose) }
                    th scope="col" { (words.outcome) }
                    th scope="col" { (words.duration) }
                    th scope="col" { (words.quality) }
                }
            }
            tbody { @for call in calls { (row(visit, call)) } }
        }
    }
}

fn row(visit: &Visit, call: &ListedCall) -> Markup {
    let words = &visit.words.calls;
    html! {
        tr data-call=(call.id) {
            td {
                a href=(visit.at(&format!("/calls/{}", call.id))) data-inline {
                    (moment(call.rang_at, visit.now, &visit.words.moments))
                }
            }
            td data-label=(words.number.as_str()) { (call.number.number) }
            td data-label=(words.caller.as_str()) { (caller(visit, call)) }
            td data-label=(words.purpose.as_str()) { (purpose(visit, call)) }
            td data-label=(words.outcome.as_str()) {
                (outcome(visit, call))
                @if is_recorded(visit, call) { " " span.tag { (words.recorded) } }
            }
            td data-label=(words.duration.as_str()) { (duration(visit, call)) }
            td data-label=(words.quality.as_str()) { (grade(visit, call)) }
        }
    }
}

/// Who called. Whoever only looks on sees enough to tell two callers apart.
pub(super) fn caller(visit: &Visit, call: &ListedCall) -> Markup {
    html! {
        @match &call.caller {
            Some(caller) if visit.may(Role::Member) => (caller),
            Some(caller) => (Redacted(caller).to_string()),
            None => (visit.words.calls.anonymous),
        }
    }
}

/// Whom the call was for.
pub(super) fn purpose(visit: &Visit, call: &ListedCall) -> Markup {
    let words = &visit.words.calls;
    html! {
        @match &call.purpose {
            CallPurpose::Invitation(invitation) => {
                a href=(visit.at(&format!("/invitations/{invitation}"))) data-inline {
                    @match &call.client {
                        Some(client) => bdi { (client) },
                        None => (words.nameless_client),
                    }
                }
            }
            CallPurpose::Verification(_) => {
                a href=(visit.at(&format!("/numbers/{}", call.number.id))) data-inline {
                    (words.own_verification)
                }
            }
        }
    }
}

/// How it ended, or how far it is.
pub(super) fn outcome(visit: &Visit, call: &ListedCall) -> Markup {
    let words = &visit.words.calls;
    let Some(end) = call.end else {
        let (state, class) = match call.answered_at {
            None => (&words.ringing, "tag pending-news"),
            Some(_) => (&words.listening, "tag good-news"),
        };
        return html! { span class=(class) { (state) } };
    };
    let class = match end.outcome {
        CallOutcome::CodeRead => "tag good-news",
        CallOutcome::Unreadable | CallOutcome::Failed => "tag bad-news",
        CallOutcome::Silent | CallOutcome::Abandoned | CallOutcome::Interrupted => {
            "tag pending-news"
        }
    };
    html! { span class=(class) data-outcome=(end.outcome) { (words.outcome_of(end.outcome)) } }
}

impl CallsWords {
    /// How a call ended.
    pub(super) fn outcome_of(&self, outcome: CallOutcome) -> &Text {
        match outcome {
            CallOutcome::CodeRead => &self.code_read,
            CallOutcome::Unreadable => &self.unreadable,
            CallOutcome::Silent => &self.silent,
            CallOutcome::Abandoned => &self.abandoned,
            CallOutcome::Failed => &self.failed,
            CallOutcome::Interrupted => &self.interrupted,
        }
    }

    /// How well it could be heard.
    pub(super) fn grade_of(&self, quality: CallQuality) -> &Text {
        match quality.grade() {
            QualityGrade::Good => &self.good,
            QualityGrade::Fair => &self.fair,
            QualityGrade::Poor => &self.poor,
        }
    }
}

fn grade(visit: &Visit, call: &ListedCall) -> Markup {
    let quality = call.end.and_then(|end| end.quality);
    html! { @if let Some(quality) = quality { (visit.words.calls.grade_of(quality)) } @else { "–" } }
}

/// From the answer to the end, or to now.
pub(super) fn duration(visit: &Visit, call: &ListedCall) -> Markup {
    let ended_at = call.end.map_or(visit.now, |end| end.at);
    let talked = call.answered_at.map(|answered_at| ended_at.since(answered_at));
    html! { @if let Some(talked) = talked { (in_minutes(talked)) } @else { "–" } }
}

/// Minutes and seconds, as telephones write them.
fn in_minutes(talked: Duration) -> String {
    let seconds = talked.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// Whether there is something to listen to, for whoever looks.
pub(super) fn is_recorded(visit: &Visit, call: &ListedCall) -> bool {
    visit.may(Role::Member) && call.recorded_until.is_some_and(|until| until > visit.now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_told_in_minutes_and_seconds() {
        let told = [0, 9, 60, 671].map(|seconds| in_minutes(Duration::from_secs(seconds)));
        assert_eq!(told, ["0:00", "0:09", "1:00", "11:11"]);
    }
}
