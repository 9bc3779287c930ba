//! The pages of senders.

use maud::{Markup, html};

use crate::domain::{Role, SenderId};
use crate::store::ListedSender;
use crate::web::admin::Visit;
use crate::web::admin::form::{Field, Kind, field};
use crate::web::admin::frame::{self, Section};
use crate::web::admin::moment::moment;
use crate::web::admin::typed::{Done, Line, notice, problem};
use crate::web::words::Text;

/// A page of the list.
pub(super) struct ListView {
    pub(super) senders: Vec<ListedSender>,
    /// Where the next page begins, if there is one.
    pub(super) next: Option<SenderId>,
    /// Whether one was removed a moment ago.
    pub(super) is_removed: bool,
}

/// The page of one sender.
pub(super) struct DetailView {
    pub(super) sender: ListedSender,
    /// What was done a moment ago.
    pub(super) notice: Option<&'static Text>,
    /// Why something was not done.
    pub(super) problem: Option<&'static Text>,
    pub(super) name: Line,
    pub(super) to: Line,
    pub(super) text: Line,
    /// Why a test message was not sent.
    pub(super) not_sent: Option<&'static Text>,
}

impl DetailView {
    /// As it is before anything is typed.
    pub(super) fn of(sender: ListedSender, visit: &Visit) -> Self {
        let name = Line::of(sender.name.as_str());
        let text = Line::of(visit.words.senders.test_text_default.as_str());
        let to = Line::default();
        Self { sender, notice: None, problem: None, name, to, text, not_sent: None }
    }

    /// As it is after something was done.
    pub(super) fn after(sender: ListedSender, visit: &Visit, done: &Done) -> Self {
        let words = &visit.words.senders;
        let notice = match done.done.as_str() {
            "renamed" => Some(&words.renamed),
            "default" => Some(&words.made_default),
            "sent" => Some(&words.sent),
            _ => None,
        };
        Self { notice, ..Self::of(sender, visit) }
    }
}

/// All senders of the project.
pub(super) fn list(visit: &Visit, view: &ListView) -> Markup {
    let words = &visit.words.senders;
    let removed = view.is_removed.then_some(&words.removed);
    let content = html! {
        (notice(removed))
        p.quiet { (words.intro) }
        div #senders data-live {
            @if view.senders.is_empty() {
                section.card { p { (words.none) } }
            } @else {
                table.table {
                    thead {
                        tr {
                            th scope="col" { (words.name) }
                            th scope="col" { (words.number) }
                            th scope="col" { (words.connected) }
                        }
                    }
                    tbody { @for sender in &view.senders { (row(visit, sender)) } }
                }
            }
            @if let Some(next) = &view.next {
                p {
                    a #next href=(visit.at(&format!("/senders?after={next}"))) data-inline {
                        (words.next)
                    }
                }
            }
        }
    };
    frame::page(visit, Section::Senders, words.title.as_str(), &content)
}

fn row(visit: &Visit, sender: &ListedSender) -> Markup {
    let words = &visit.words.senders;
    html! {
        tr data-sender=(sender.id) {
            td {
                a href=(visit.at(&path(sender))) data-inline { bdi { (sender.name) } }
                @if sender.is_default { " " span.tag.good-news { (words.is_default) } }
            }
            td data-label=(words.number.as_str()) { (sender.phone_number) }
            td data-label=(words.connected.as_str()) {
                (connected(visit, sender))
            }
        }
    }
}

/// When it was connected, and by which invitation; or that it waits for it.
fn connected(visit: &Visit, sender: &ListedSender) -> Markup {
    let words = &visit.words.senders;
    html! {
        @if sender.connection.is_none() {
            span.tag.pending-news { (words.not_connected) }
        } @else {
            (moment(sender.created_at, visit.now, &visit.words.moments))
            @if let Some((invitation, client)) = &sender.invitation {
                @let name = html! { @match client {
                    Some(client) => bdi { (client) },
                    None => (words.nameless_client),
                } };
                " " a href=(visit.at(&format!("/invitations/{invitation}"))) data-inline {
                    (words.by_invitation.around(name))
                }
            }
        }
    }
}

/// The address of a sender's page.
pub(super) fn path(sender: &ListedSender) -> String {
    format!("/senders/{}", sender.id)
}

/// One sender.
pub(super) fn detail(visit: &Visit, view: &DetailView) -> Markup {
    let sender = &view.sender;
    let content = html! {
        (notice(view.notice))
        (problem(view.problem))
        (facts(visit, sender))
        @if visit.may(Role::Member) {
            (rename(visit, view))
            @if sender.connection.is_some() { (test_message(visit, view)) }
            (other_changes(visit, sender))
        }
    };
    frame::page(visit, Section::Senders, &sender.name, &content)
}

fn facts(visit: &Visit, sender: &ListedSender) -> Markup {
    let words = &visit.words.senders;
    let number = &sender.phone_number;
    html! {
        section.card #facts data-live {
            @if sender.is_default { p { span.tag.good-news { (words.is_default) } } }
            dl.facts {
                (fact(&words.number, &html! { (number) " " (copy(visit, number.as_str())) }))
                (fact(&words.id, &html! {
                    code #sender-id { (sender.id) } " " (copy(visit, sender.id.as_str()))
                }))
                (fact(&words.connected, &connected(visit, sender)))
                @if let Some(connection) = &sender.connection {
                    (fact(&words.account, &html! { code { (connection.account) } }))
                    (fact(&words.meta_number, &html! { code { (connection.number) } }))
                }
            }
        }
    }
}

fn fact(name: &Text, value: &Markup) -> Markup {
    html! { dt { (name) } dd { (value) } }
}

/// A button that copies; without scripts there is none, and the text can be marked.
fn copy(visit: &Visit, text: &str) -> Markup {
    let words = &visit.words.senders;
    html! {
        button.plain type="button" data-copy=(text) data-label=(words.copy.as_str())
            data-copied=(words.copied.as_str()) { (words.copy) }
    }
}

fn rename(visit: &Visit, view: &DetailView) -> Markup {
    let words = &visit.words.senders;
    let sender = &view.sender;
    html! {
        section.card {
            h2 { (words.rename_heading) }
            form #rename method="post" action={ (visit.at(&path(sender))) "/name" } data-inline {
                (frame::token(visit))
                (field(&Field {
                    name: "name", label: &words.own_name, kind: Kind::Line, value: &view.name.value,
                    hint: Some(&words.own_name_hint), error: view.name.error,
                }))
                button { (words.save) }
            }
        }
    }
}

fn test_message(visit: &Visit, view: &DetailView) -> Markup {
    let words = &visit.words.senders;
    let sender = &view.sender;
    html! {
        section.card {
            h2 { (words.test_heading) }
            p.quiet { (words.test_hint) }
            form #test method="post" action={ (visit.at(&path(sender))) "/test" } data-inline {
                (frame::token(visit))
                (problem(view.not_sent))
                (field(&Field {
                    name: "to", label: &words.to, kind: Kind::PhoneNumber, value: &view.to.value,
                    hint: Some(&words.to_hint), error: view.to.error,
                }))
                (field(&Field {
                    name: "text", label: &words.text, kind: Kind::Line, value: &view.text.value,
                    hint: None, error: view.text.error,
                }))
                button { (words.send) }
            }
        }
    }
}

fn other_changes(visit: &Visit, sender: &ListedSender) -> Markup {
    let words = &visit.words.senders;
    let action = |name: &str| format!("{}{name}", visit.at(&path(sender)));
    html! {
        section.card {
            h2 { (words.more_heading) }
            @if !sender.is_default {
                form #make-default method="post" action=(action("/default")) data-inline {
                    (frame::token(visit))
                    p { (words.default_hint) }
                    button { (words.make_default) }
                }
            }
            form #reconnect method="post" action=(action("/reconnect")) data-inline {
                (frame::token(visit))
                p { (words.reconnect_hint) }
                button { (words.reconnect) }
            }
            p { a #remove href=(action("/remove")) data-inline { (words.remove) } }
        }
    }
}
