//! What the invitation page looks like: the frame round its cards.

use std::time::Duration;

use maud::{Markup, html};

use super::code_card;
use super::signup_card::{self, SignupView};
use crate::domain::{PhoneNumber, SignupState, SpokenCode, Timestamp};
use crate::onboarding::Attempts;
use crate::store::StageEvent;
use crate::web::assets::{INVITATION_SCRIPT, SIGNUP_SCRIPT};
use crate::web::layout::{Page, document};

/// What the page shows.
pub(super) struct InvitationView<'a> {
    /// As it stands in the address of the page.
    pub(super) token: &'a str,
    pub(super) company: &'a str,
    pub(super) signup: SignupView<'a>,
    /// The pre-assigned number, if there is one.
    pub(super) number: Option<&'a PhoneNumber>,
    /// How often Meta may still be asked to verify it.
    pub(super) attempts: Attempts,
    pub(super) current: &'a StageEvent,
    /// The codes that are valid, newest first.
    pub(super) codes: &'a [SpokenCode],
    pub(super) now: Timestamp,
    pub(super) heartbeat: Duration,
}

/// The whole page.
pub(super) fn render(view: &InvitationView<'_>) -> Markup {
    let title = format!("Connect WhatsApp Business with {}", view.company);
    document(&Page {
        title: &title,
        scripts: &[&INVITATION_SCRIPT, &SIGNUP_SCRIPT],
        content: html! {
            p.company { (view.company) }
            h1 { "Connect WhatsApp Business" }
            div #live data-event=(view.current.id) data-heartbeat=(view.heartbeat.as_millis()) {
                (signup_card::card(&view.signup))
                @if let Some(number) = view.number {
                    div #number hidden[matches!(view.signup.state, SignupState::Done { .. })] {
                        (number_card(number))
                        (code_card::card(view))
                    }
                }
                p.notice #offline role="status" hidden {
                    "The connection is interrupted. Reconnecting ..."
                }
                // The only thing read out by a screen reader: one sentence a stage, not every digit.
                p.visually-hidden #announcement role="status" {}
            }
        },
    })
}

fn number_card(number: &PhoneNumber) -> Markup {
    html! {
        section.card aria-labelledby="number-title" {
            h2 #number-title { "2. Give Meta this number" }
            div.row {
                span.number { (number) }
                (copy_button("Copy number", number.as_str(), None))
            }
            p {
                "When Meta asks how to verify it, choose " strong { "Phone call" }
                ". We answer the call for you."
            }
        }
    }
}

/// A button that copies `text`, and says that it did. With an id it is the main one.
pub(super) fn copy_button(label: &str, text: &str, id: Option<&str>) -> Markup {
    html! {
        button type="button" id=[id] class=[id.map(|_| "primary")] data-copy=(text)
            data-label=(label) data-copied="Copied" { (label) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CodeStage, EventId};

    #[test]
    fn a_company_name_can_not_break_out_of_its_place() {
        let page = render(&InvitationView {
            token: "t0k3n",
            company: "Tom & Jerry <script>",
            signup: SignupView {
                title: "",
                state: &SignupState::NotBegun,
                app: None,
                extras: String::new(),
                number_needed: "",
            },
            number: None,
            attempts: Attempts::Plenty,
            current: &StageEvent { id: EventId(12), stage: CodeStage::Waiting },
            codes: &[],
            now: Timestamp::from_unix_millis(0),
            heartbeat: Duration::from_secs(15),
        });
        assert!(page.into_string().contains("Tom &amp; Jerry &lt;script&gt;"));
    }
}
