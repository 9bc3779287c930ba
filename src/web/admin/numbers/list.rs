//! The list of numbers, and the form by which one is added.

use maud::{Markup, html};

use super::{NumbersPage, path};
use crate::domain::{NumberStatus, Role};
use crate::onboarding::Attempts;
use crate::store::ManagedNumber;
use crate::web::admin::Visit;
use crate::web::admin::form::{Field, Kind, field};
use crate::web::admin::frame::{self, Section};
use crate::web::admin::moment::moment;
use crate::web::admin::typed::Line;

pub(super) struct ListView {
    pub(super) page: NumbersPage,
    /// The number that is to be added, and its name.
    pub(super) form: (Line, Line),
}

pub(super) fn render(visit: &Visit, view: &ListView) -> Markup {
    let words = &visit.words.numbers;
    let content = html! {
        p.quiet { (words.intro) }
        @if visit.may(Role::Member) { (add(visit, view)) }
        div #numbers data-live {
            @if view.page.numbers.is_empty() {
                section.card { p { (words.none) } }
            } @else {
                (table(visit, &view.page))
            }
        }
    };
    frame::page(visit, Section::Numbers, words.title.as_str(), &content)
}

fn table(visit: &Visit, page: &NumbersPage) -> Markup {
    let words = &visit.words.numbers;
    html! {
        table.table {
            thead {
                tr {
                    th scope="col" { (words.number) }
                    th scope="col" { (words.state) }
                    th scope="col" { (words.attempts) }
                }
            }
            tbody {
                @for (number, attempts) in &page.numbers {
                    tr data-number=(number.number) {
                        td {
                            a href=(visit.at(&path(number))) data-inline { (number.number) }
                            @if let Some(name) = &number.name { br; bdi { (name) } }
                        }
                        td data-label=(words.state.as_str()) { (state(visit, number)) }
                        td data-label=(words.attempts.as_str()) { (left(visit, *attempts)) }
                    }
                }
            }
        }
        @if let Some(next) = &page.next {
            p {
                a #next href=(visit.at(&format!("/numbers?after={next}"))) data-inline {
                    (words.next)
                }
            }
        }
    }
}

/// What a number is for at the moment.
pub(super) fn state(visit: &Visit, number: &ManagedNumber) -> Markup {
    let words = &visit.words.numbers;
    html! {
        @match (number.status, &number.holder) {
            (NumberStatus::Suspended, _) => span.tag.bad-news { (words.suspended) },
            (NumberStatus::Pending, _) => span.tag.pending-news { (words.pending) },
            (NumberStatus::Active, Some(holder)) => {
                span.tag.pending-news { (words.held) } " "
                a href=(visit.at(&format!("/invitations/{}", holder.invitation))) data-inline {
                    @match &holder.client {
                        Some(client) => bdi { (client) },
                        None => (words.nameless_client),
                    }
                }
            }
            (NumberStatus::Active, None) => span.tag.good-news { (words.free) },
        }
        @if let Some(sender) = &number.sender {
            " " a href=(visit.at(&format!("/senders/{sender}"))) data-inline { (words.is_sender) }
        }
    }
}

/// How often Meta may still be asked to verify a number.
pub(super) fn left(visit: &Visit, attempts: Attempts) -> Markup {
    let words = &visit.words.numbers;
    html! {
        @match attempts {
            Attempts::Plenty => (words.plenty),
            Attempts::Few(left) => span.notice { (words.few.around(left)) },
            Attempts::NoneUntil(until) => span.notice {
                (words.none_until.around(moment(until, visit.now, &visit.words.moments)))
            },
        }
    }
}

fn add(visit: &Visit, view: &ListView) -> Markup {
    let words = &visit.words.numbers;
    let (number, name) = &view.form;
    let is_wrong = number.error.is_some() || name.error.is_some();
    html! {
        details.card open[is_wrong || view.page.numbers.is_empty()] {
            summary { (words.add_heading) }
            form #add method="post" action=(visit.at("/numbers")) data-inline {
                (frame::token(visit))
                (field(&Field {
                    name: "number", label: &words.number, kind: Kind::PhoneNumber,
                    value: &number.value, hint: Some(&words.number_hint), error: number.error,
                }))
                (field(&Field {
                    name: "name", label: &words.name, kind: Kind::Line, value: &name.value,
                    hint: Some(&words.name_hint), error: name.error,
                }))
                button.primary { (words.add) }
            }
        }
    }
}
