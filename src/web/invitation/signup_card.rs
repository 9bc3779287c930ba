//! The card from which the client opens Meta's window. As with the code, every state stands in the
//! page from the start, and all but the current one are hidden.

use maud::{Markup, html};

use crate::domain::{SenderId, SignupFailure, SignupState};
use crate::onboarding::in_plain_words;
use crate::web::signup::SignupApp;

/// What the card shows.
pub(super) struct SignupView<'a> {
    pub(super) title: &'a str,
    pub(super) state: &'a SignupState,
    /// `None`: connecting is not set up here.
    pub(super) app: Option<&'a SignupApp>,
    /// What `FB.login` is told, in JSON.
    pub(super) extras: String,
    /// What the client needs besides an account.
    pub(super) number_needed: &'a str,
}

/// The card.
pub(super) fn card(view: &SignupView<'_>) -> Markup {
    let Some(app) = view.app else { return not_set_up(view.title) };
    let label = label(view.state);
    html! {
        section.card #signup aria-labelledby="signup-title" data-app=(app.app_id)
            data-config=(app.config_id) data-sdk=(app.sdk_url) data-version=(app.graph_version)
            data-stand-in=[app.stand_in_origin.as_deref()] data-extras=(view.extras) {
            h2 #signup-title tabindex="-1" { (view.title) }
            (not_begun(view))
            (part("open", view.state, "Meta's window is open.", &html! {
                p.status { span.pulse {} "Meta's window is open" }
                p { "Follow it to the end, then come back here. If you closed it, open it again." }
            }))
            (part("finishing", view.state, "Finishing the set-up.", &html! {
                p.status { span.pulse {} "Finishing the set-up" }
                p { "This takes some seconds. You can leave this page: it goes on without you." }
            }))
            (failed(view.state))
            (part("done", view.state, "WhatsApp is connected.", &done(sender(view.state))))
            button.primary #connect type="button" hidden[label.is_none()] { (label.unwrap_or_default()) }
            p.notice #sdk-blocked role="alert" hidden {
                "Meta's window cannot be opened: your browser, or an add-on in it, blocks Facebook. \
                 Switch off tracking protection or the ad blocker for this page, or open the link \
                 in another browser. Then press the button again."
            }
            p.notice #popup-ready role="alert" hidden {
                "Meta is ready now. Press the button once more to open its window."
            }
            p.notice #not-sent role="alert" hidden {
                "We could not be reached. Check your connection, then press the button again."
            }
            noscript { p.notice { "Meta's window needs JavaScript. Please allow it for this page." } }
        }
    }
}

/// The confirmation, also on a page of its own.
pub(in crate::web) fn done(sender: Option<&SenderId>) -> Markup {
    html! {
        p.status { "WhatsApp is connected" }
        p { "There is nothing left to do here. You can close this page." }
        p #sender-line hidden[sender.is_none()] {
            "Your sender: " code #sender { (sender.map(SenderId::as_str).unwrap_or_default()) }
        }
    }
}

fn not_set_up(title: &str) -> Markup {
    html! {
        section.card aria-labelledby="signup-title" {
            h2 #signup-title { (title) }
            p { "Connecting from this page is not set up here. Whoever sent you this link tells you \
                 how to go on." }
        }
    }
}

/// What the button says; `None` where there is nothing to press.
fn label(state: &SignupState) -> Option<&'static str> {
    match state {
        SignupState::NotBegun => Some("Connect with Facebook"),
        SignupState::Open => Some("Open Meta's window again"),
        SignupState::Failed { .. } => Some("Try again"),
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
fn part(name: &str, state: &SignupState, announcement: &str, content: &Markup) -> Markup {
    // The button's words for each state stand beside the state.
    let label = match name {
        "not_begun" => label(&SignupState::NotBegun),
        "open" => label(&SignupState::Open),
        "failed" => label(&SignupState::Failed { failure: SignupFailure::Internal }),
        _ => None,
    };
    html! {
        div data-signup=(name) data-announce=(announcement) data-button=[label]
            hidden[state.as_str() != name] { (content) }
    }
}

fn not_begun(view: &SignupView<'_>) -> Markup {
    part(
        "not_begun",
        view.state,
        "",
        &html! {
            p {
                "You connect your business to WhatsApp in a window of Meta, the company behind \
                 Facebook and WhatsApp. We do the rest. You need:"
            }
            ul.needs {
                li { "a Facebook account that may manage your business" }
                li { (view.number_needed) }
                li { "about five minutes" }
            }
        },
    )
}

fn failed(state: &SignupState) -> Markup {
    let current = match state {
        SignupState::Failed { failure } => Some(*failure),
        _ => None,
    };
    part(
        "failed",
        state,
        "The set-up was not finished.",
        &html! {
            p.status { "The set-up was not finished" }
            @for failure in SignupFailure::ALL {
                p data-failure=(failure.as_str()) hidden[current != Some(failure)] {
                    (in_plain_words(failure))
                }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let view = SignupView { title: "", state, app, extras, number_needed: "a number" };
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
            title: "",
            state: &state,
            app: None,
            extras: String::new(),
            number_needed: "",
        };
        let page = card(&view).into_string();
        assert!(page.contains("not set up here") && !page.contains("<button"), "{page}");
    }
}
