//! What the stand-in's pages look like. Each says that it is not Meta.

use maud::{DOCTYPE, Markup, html};

use super::dialog::{Step, TextMessage, Visit};
use super::mishap::{CODES, Mishap, Order, WHERE};

fn document(title: &str, script: Option<&str>, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) " (sandbox)" }
                link rel="stylesheet" href="/style.css";
                @if let Some(script) = script { script src=(script) defer {} }
            }
            body {
                main {
                    p.notice { "Sandbox: this is not Meta. Nobody is connected to WhatsApp here." }
                    (content)
                }
            }
        }
    }
}

/// A page of the dialog.
pub(super) fn dialog(visit: &Visit, order: Order) -> Markup {
    let (title, content) = match &visit.step {
        Step::LogIn => ("Log in with Facebook", log_in()),
        Step::Business => ("Choose your business", business(visit)),
        Step::Number => ("Add your phone number", number(visit)),
        Step::Method => ("How should we verify your number?", method()),
        Step::Code => ("Enter the code", code()),
        Step::Permissions => ("Allow access", permissions(visit)),
        Step::Over { message, code } => {
            let content = html! {
                p { "You can close this window." }
                div #end data-message=(message) data-code=[code.as_deref()]
                    data-opener=(visit.opener) data-order=(order.name()) {}
            };
            let heading = html! { h1 { "Done" } (content) };
            return document("Done", Some("/dialog.js"), &heading);
        }
    };
    let page = html! {
        h1 { (title) }
        @if let Some(problem) = visit.problem {
            p.notice #problem role="alert" { (problem) }
        }
        (content)
        form method="post" { (choice("cancel", "Cancel")) }
    };
    document(title, None, &page)
}

/// A button that is all of its form.
fn choice(action: &str, label: &str) -> Markup {
    html! { button name="action" value=(action) { (label) } }
}

/// A form with one field.
fn question(label: &str, typed: &str, kind: &str, action: &str) -> Markup {
    html! {
        form.card method="post" {
            label for="value" { (label) }
            input #value name="value" type=(kind) value=(typed) autocomplete="off" required;
            button.primary name="action" value=(action) { "Continue" }
        }
    }
}

fn log_in() -> Markup {
    html! {
        form.card method="post" {
            p { "No password is asked for." }
            button.primary name="action" value="log_in" { "Log in" }
        }
    }
}

fn business(visit: &Visit) -> Markup {
    question("Name of your business", &visit.business, "text", "choose")
}

fn number(visit: &Visit) -> Markup {
    let label = if visit.is_coexistence {
        "Number of your WhatsApp Business App"
    } else {
        "Phone number, with its country code"
    };
    question(label, &visit.typed_number, "tel", "enter")
}

fn method() -> Markup {
    html! {
        form.card method="post" {
            div.row { (choice("sms", "Text message")) (choice("call", "Phone call")) }
        }
    }
}

fn code() -> Markup {
    html! {
        (question("The six digits", "", "text", "type"))
        form method="post" {
            p { "Nothing came?" }
            div.row { (choice("sms", "Send a text message")) (choice("call", "Call me again")) }
        }
    }
}

fn permissions(visit: &Visit) -> Markup {
    html! {
        form.card method="post" {
            p { "Manage the WhatsApp account of " strong { (visit.business) } "." }
            button.primary name="action" value="allow" { "Allow" }
        }
    }
}

/// The page on which the stand-in is told what goes wrong next.
pub(super) fn control(
    waiting: &[(&'static str, Mishap)],
    order: Order,
    texts: &[TextMessage],
    asked: &[String],
) -> Markup {
    let page = html! {
        h1 { "What goes wrong next" }
        form.card method="post" action="/control" {
            label for="place" { "Where" }
            select #place name="place" {
                @for place in WHERE { option { (place) } }
            }
            label for="mishap" { "What" }
            select #mishap name="mishap" {
                @for code in CODES { option { (code) } }
                @for (name, _) in Mishap::NAMES { option { (name) } }
            }
            button.primary { "Let it go wrong once" }
        }
        @if !waiting.is_empty() {
            ul #waiting { @for (place, mishap) in waiting { li { (place) ": " (format!("{mishap:?}")) } } }
        }
        form.card method="post" action="/control" {
            label for="order" { "How the page hears of the end" }
            select #order name="order" {
                @for (name, known) in Order::NAMES { option selected[known == order] { (name) } }
            }
            button { "Set" }
        }
        form.card method="post" action="/control" {
            label for="lapsed" { "Number whose verification lapses" }
            input #lapsed name="lapsed" type="tel" autocomplete="off" required;
            button { "Let it lapse" }
        }
        @if !asked.is_empty() {
            h2 { "What the Graph API was asked" }
            ol #asked { @for request in asked { li { (request) } } }
        }
        @if !texts.is_empty() {
            h2 { "Text messages" }
            // The newest first, as a phone shows them.
            ul #texts {
                @for text in texts.iter().rev() { li { (text.to) ": " (text.code.expose()) } }
            }
        }
    };
    document("Control", None, &page)
}
