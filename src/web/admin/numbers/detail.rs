//! The page of one number.

use maud::{Markup, html};

use super::list::{left, state};
use super::{Known, path};
use crate::domain::{NumberStatus, Role};
use crate::onboarding::{ATTEMPTS_ALLOWED, Attempts};
use crate::web::admin::Visit;
use crate::web::admin::form::{Field, Kind, field};
use crate::web::admin::frame::{self, Section};
use crate::web::admin::moment::moment;
use crate::web::admin::typed::{Done, Line, notice, problem};
use crate::web::words::Text;

pub(super) struct DetailView {
    pub(super) known: Known,
    /// What was done a moment ago.
    pub(super) notice: Option<&'static Text>,
    /// Why something was not done.
    pub(super) problem: Option<&'static Text>,
    pub(super) name: Line,
}

impl DetailView {
    /// As it is before anything is typed.
    pub(super) fn of(known: Known) -> Self {
        let name = Line::of(known.number.name.clone().unwrap_or_default());
        Self { known, notice: None, problem: None, name }
    }

    /// As it is after something was done.
    pub(super) fn after(known: Known, visit: &Visit, done: &Done) -> Self {
        let words = &visit.words.numbers;
        let notice = match done.done.as_str() {
            "added" => Some(&words.added),
            "renamed" => Some(&words.renamed),
            "suspended" => Some(&words.is_suspended),
            "resumed" => Some(&words.is_resumed),
            _ => None,
        };
        Self { notice, ..Self::of(known) }
    }
}

pub(super) fn render(visit: &Visit, view: &DetailView) -> Markup {
    let words = &visit.words.numbers;
    let number = &view.known.number;
    let is_member = visit.may(Role::Member);
    let content = html! {
        (notice(view.notice))
        (problem(view.problem))
        section.card #facts data-live {
            p { (state(visit, number)) }
            @if let Some(name) = &number.name { p { bdi { (name) } } }
            p {
                a href=(visit.at(&format!("/calls?number={}", number.id))) data-inline {
                    (words.its_calls)
                }
            }
            @if is_member { (rest(visit, view)) }
        }
        @if is_member { (rename(visit, view)) }
        (ledger(visit, &view.known))
    };
    frame::page(visit, Section::Numbers, number.number.as_str(), &content)
}

/// Suspending, and its way back.
fn rest(visit: &Visit, view: &DetailView) -> Markup {
    let words = &visit.words.numbers;
    let number = &view.known.number;
    let (verb, hint, button) = match number.status {
        NumberStatus::Active => ("suspend", &words.suspend_hint, &words.suspend),
        NumberStatus::Suspended | NumberStatus::Pending => {
            ("resume", &words.resume_hint, &words.resume)
        }
    };
    html! {
        form id=(verb) method="post" action={ (visit.at(&path(number))) "/" (verb) } data-inline {
            (frame::token(visit))
            p.quiet { (hint) }
            button { (button) }
        }
    }
}

fn rename(visit: &Visit, view: &DetailView) -> Markup {
    let words = &visit.words.numbers;
    html! {
        section.card {
            form #rename method="post" action={ (visit.at(&path(&view.known.number))) "/name" }
                data-inline {
                (frame::token(visit))
                (field(&Field {
                    name: "name", label: &words.name, kind: Kind::Line, value: &view.name.value,
                    hint: Some(&words.name_hint), error: view.name.error,
                }))
                button { (words.save) }
            }
        }
    }
}

/// How often Meta was asked, how often it may be, and our own verification.
fn ledger(visit: &Visit, known: &Known) -> Markup {
    let words = &visit.words.numbers;
    let made = known.attempts_made.len();
    html! {
        section.card #ledger data-live {
            h2 { (words.ledger_heading) }
            p { (words.ledger_text) }
            p #attempts {
                (words.made.around(html! { b { (made) " / " (ATTEMPTS_ALLOWED) } })) " "
                (left(visit, known.attempts))
            }
            @if made > 0 {
                ul.needs {
                    @for at in known.attempts_made.iter().rev() {
                        li { (moment(*at, visit.now, &visit.words.moments)) }
                    }
                }
            }
            (own_verification(visit, known))
        }
    }
}

fn own_verification(visit: &Visit, known: &Known) -> Markup {
    let words = &visit.words.verification;
    let last = known.verification.as_ref();
    let is_under_way = last.is_some_and(|(_, found)| !found.step.is_over());
    let is_possible = known.is_meta_set_up
        && known.number.status == NumberStatus::Active
        && known.number.sender.is_some()
        && known.number.holder.is_none()
        && !matches!(known.attempts, Attempts::NoneUntil(_))
        && !is_under_way;
    html! {
        h3 { (words.heading) }
        p.quiet { (words.intro) }
        @if let Some((begun_at, found)) = last {
            p #verification data-step=(found.step.as_str()) {
                (words.last.around(moment(*begun_at, visit.now, &visit.words.moments))) " "
                b { (words.progress(found, visit.words)) }
            }
        }
        @if is_possible && visit.may(Role::Member) {
            form #verify method="post" action={ (visit.at(&path(&known.number))) "/verify" }
                data-inline {
                (frame::token(visit))
                button { (words.verify) }
            }
        } @else if !is_under_way && known.number.sender.is_none() {
            p.quiet { (words.no_sender) }
        }
    }
}
