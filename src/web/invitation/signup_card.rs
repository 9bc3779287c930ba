//! The card from which the client opens Meta's window. As with the code, every state stands in the
//! page from the start, and all but the current one are hidden.

use maud::{Markup, html};

use super::onward::{Onward, back};
use crate::domain::{
    ConnectionType, Countries, RedirectTarget, SenderId, SignupFailure, SignupState,
};
use crate::web::signup::SignupApp;
use crate::web::words::{SignupWords, Text, Words};

/// What the card shows.
pub(super) struct SignupView<'a> {
    pub(super) words: &'a Words,
    pub(super) state: &'a SignupState,
    /// Where the client goes from there.
    pub(super) target: Option<&'a RedirectTarget>,
    /// `None`: connecting is not set up here.
    pub(super) app: Option<&'a SignupApp>,
    /// What `FB.login` is told, in JSON.
    pub(super) extras: String,
    pub(super) connection: ConnectionType,
    /// Of which the number has to be; `None` for any.
    pub(super) countries: Option<&'a Countries>,
}

/// The card.
pub(super) fn card(view: &SignupView<'_>) -> Markup {
    let words = &view.words.signup;
    let title = html! {
        // Where we hear the code there are cards to come.
        h2 #signup-title tabindex="-1" {
            @if view.connection == ConnectionType::Preassigned { span.step { "1" } " " }
            (words.heading)
        }
    };
    let Some(app) = view.app else {
        return html! {
            section.card aria-labelledby="signup-title" { (title) p { (words.not_set_up) } }
        };
    };
    let label = label(view.state, words);
    let is_done = matches!(view.state, SignupState::Done { .. });
    let onward = Onward { words: &view.words.done, target: view.target.filter(|_| is_done) };
    html! {
        section.card #signup aria-labelledby="signup-title" data-app=(app.app_id)
            data-config=(app.config_id) data-sdk=(app.sdk_url) data-version=(app.graph_version)
            data-stand-in=[app.stand_in_origin.as_deref()] data-extras=(view.extras) {
            (title)
            (not_begun(view))
            (part("open", view, &words.open_status.as_sentence(), &html! {
                p.status { span.pulse {} (words.open_status) }
                p { (words.open_text) }
            }))
            (part("finishing", view, &words.finishing_status.as_sentence(), &html! {
                p.status { span.pulse {} (words.finishing_status) }
                p { (words.finishing_text) }
            }))
            (failed(view))
            (part("done", view, &view.words.done.status.as_sentence(),
                &done(sender(view.state), &onward)))
            button.primary #connect type="button" hidden[label.is_none()] { (label.unwrap_or_default()) }
            (back(view.target.filter(|_| !is_done), words))
            (notices(words))
            noscript { p.notice { (words.needs_script) } }
        }
    }
}

/// What may go wrong on the page itself. The script shows one, and has it read out.
fn notices(words: &SignupWords) -> Markup {
    let notices = [
        ("sdk-blocked", &words.sdk_blocked),
        ("popup-ready", &words.popup_ready),
        ("not-sent", &words.not_sent),
        ("too-often", &words.too_often),
    ];
    html! { @for (id, text) in notices { p.notice id=(id) data-notice hidden { (text) } } }
}

/// The confirmation, also on a page of its own.
pub(in crate::web) fn done(sender: Option<&SenderId>, onward: &Onward<'_>) -> Markup {
    let words = onward.words;
    let id = html! { code #sender { (sender.map(SenderId::as_str).unwrap_or_default()) } };
    html! {
        p.status.good { (words.status) }
        p #sender-line hidden[sender.is_none()] { (words.sender.around(id)) }
        (onward)
    }
}

/// What the button says; `None` where there is nothing to press.
fn label<'a>(state: &SignupState, words: &'a SignupWords) -> Option<&'a str> {
    match state {
        SignupState::NotBegun => Some(words.connect.as_str()),
        SignupState::Open => Some(words.reopen.as_str()),
        SignupState::Failed { .. } => Some(words.retry.as_str()),
        SignupState::Finishing | SignupState::Done { .. } => None,
    }
}

fn sender(state: &SignupState) -> Option<&SenderId> {
    match state {
        SignupState::Done { sender } => Some(sender),
        _ => None,
    }
}

/// One state's part of the card. `announcement` is what a screen reader says when it begins.
fn part(name: &str, view: &SignupView<'_>, announcement: &str, content: &Markup) -> Markup {
    // The button's words for each state stand beside the state.
    let words = &view.words.signup;
    let label = match name {
        "not_begun" => label(&SignupState::NotBegun, words),
        "open" => label(&SignupState::Open, words),
        "failed" => label(&SignupState::Failed { failure: SignupFailure::Internal }, words),
        _ => None,
    };
    html! {
        div data-signup=(name) data-announce=(announcement) data-button=[label]
            hidden[view.state.as_str() != name] { (content) }
    }
}

fn not_begun(view: &SignupView<'_>) -> Markup {
    let words = &view.words.signup;
    let content = html! {
        p { (words.intro) }
        ul.needs {
            li { (words.needs_account) }
            li { (number_needed(view.connection, words)) }
            @if let Some(countries) = view.countries.filter(|_| view.connection != ConnectionType::Preassigned) {
                li { (words.needs_country.around(html! { bdi { (countries.with_calling_codes()) } })) }
            }
            li { (words.needs_time) }
        }
        p.quiet { (words.trust) }
    };
    part("not_begun", view, "", &content)
}

/// What the client has to have at hand, besides an account.
fn number_needed(connection: ConnectionType, words: &SignupWords) -> &Text {
    match connection {
        ConnectionType::ClientNumber => &words.needs_own_number,
        ConnectionType::Preassigned => &words.needs_this_page,
        ConnectionType::Coexistence => &words.needs_app,
    }
}

fn failed(view: &SignupView<'_>) -> Markup {
    let words = view.words;
    let current = match view.state {
        SignupState::Failed { failure } => Some(*failure),
        _ => None,
    };
    let content = html! {
        p.status { (words.signup.failed_status) }
        @for failure in SignupFailure::ALL {
            p data-failure=(failure.as_str()) hidden[current != Some(failure)] {
                (words.failures.of(failure))
                @if let Some(countries) = view.countries.filter(|_| failure == SignupFailure::CountryNotAllowed) {
                    " " strong { bdi { (countries.with_calling_codes()) } }
                }
            }
        }
    };
    part("failed", view, &words.signup.failed_status.as_sentence(), &content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::words::Tongue;

    fn app() -> SignupApp {
        SignupApp {
            app_id: "1234".into(),
            config_id: "2345".into(),
            sdk_url: "https://connect.facebook.net/en_US/sdk.js".into(),
            graph_version: "v25.0".into(),
            stand_in_origin: None,
        }
    }

    fn shown(state: &SignupState) -> Vec<String> {
        let app = app();
        let extras = r#"{"a":"<\">"}"#.to_owned();
        let app = Some(&app);
        let connection = ConnectionType::Preassigned;
        let words = Words::of(Tongue::English);
        let view =
            SignupView { words, state, target: None, app, extras, connection, countries: None };
        let page = card(&view).into_string();
        assert!(page.contains("data-extras=\"{&quot;a&quot;:&quot;&lt;\\&quot;&gt;&quot;}\""));
        let marks =
            ["<div data-signup=\"", "<p data-failure=\"", "<button class=\"primary\" id=\""];
        let parts = marks.iter().flat_map(|mark| page.split(mark).skip(1));
        parts
            .filter(|part| !part.split_once('>').unwrap().0.contains("hidden"))
            .map(|part| part.split_once('"').unwrap().0.to_owned())
            .collect()
    }

    #[test]
    fn exactly_the_current_state_is_visible() {
        let sender = SenderId::from_stored("snd_7".into());
        let failed = SignupState::Failed { failure: SignupFailure::Cancelled };
        for (state, expected) in [
            (SignupState::NotBegun, vec!["not_begun", "connect"]),
            (SignupState::Open, vec!["open", "connect"]),
            (SignupState::Finishing, vec!["finishing"]),
            (failed, vec!["failed", "cancelled", "connect"]),
            (SignupState::Done { sender }, vec!["done"]),
        ] {
            assert_eq!(shown(&state), expected);
        }
    }

    #[test]
    fn without_an_app_there_is_nothing_to_press() {
        let state = SignupState::NotBegun;
        let view = SignupView {
            words: Words::of(Tongue::English),
            state: &state,
            target: None,
            app: None,
            extras: String::new(),
            connection: ConnectionType::ClientNumber,
            countries: None,
        };
        let page = card(&view).into_string();
        assert!(page.contains("not set up here") && !page.contains("<button"), "{page}");
    }

    #[test]
    fn a_client_is_told_of_which_countries_the_number_has_to_be() {
        let countries = Countries::from_stored("DE AT");
        let app = app();
        let view = |countries| SignupView {
            words: Words::of(Tongue::English),
            state: &SignupState::NotBegun,
            target: None,
            app: Some(&app),
            extras: String::new(),
            connection: ConnectionType::ClientNumber,
            countries,
        };
        let shown = card(&view(Some(&countries))).into_string();
        for part in [
            "one of these countries: <bdi>+49 (DE), +43 (AT)</bdi>",
            "ask whoever sent you the link. <strong><bdi>+49 (DE), +43 (AT)</bdi></strong>",
        ] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        assert!(!card(&view(None)).into_string().contains("these countries"));
    }
}
