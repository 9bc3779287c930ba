//! What the invitation page looks like: the frame round its cards.

use std::time::Duration;

use maud::{Markup, Render, html};

use super::code_card;
use super::signup_card::{self, SignupView};
use crate::domain::{Brand, PhoneNumber, SignupState, SpokenCode, Theme, Timestamp};
use crate::onboarding::Attempts;
use crate::store::StageEvent;
use crate::web::assets::{COPY_SCRIPT, INVITATION_SCRIPT, ONWARD_SCRIPT, SIGNUP_SCRIPT};
use crate::web::brand::BrandView;
use crate::web::layout::{Page, document};
use crate::web::words::{Text, Tongue, Words};

/// What the page shows.
pub(super) struct InvitationView<'a> {
    pub(super) tongue: Tongue,
    pub(super) words: &'a Words,
    /// As it stands in the address of the page.
    pub(super) token: &'a str,
    pub(super) brand: &'a Brand,
    /// How it looks; `None` as the browser asks.
    pub(super) theme: Option<Theme>,
    pub(super) client: Option<&'a str>,
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
    let words = view.words;
    document(&Page {
        tongue: view.tongue,
        title: &words.page.title_with.with_name(&view.brand.company),
        brand: Some(BrandView { brand: view.brand, token: view.token, theme: view.theme }),
        scripts: &[&COPY_SCRIPT, &INVITATION_SCRIPT, &SIGNUP_SCRIPT, &ONWARD_SCRIPT],
        is_live: true,
        content: html! {
            h1 { (words.page.title) }
            @if let Some(client) = view.client {
                p.client { (words.page.invited.around(html! { bdi { (client) } })) }
            }
            p #welcome { (words.page.welcome.around(html! { bdi { (view.brand.company) } })) }
            div #live data-event=(view.current.id) data-heartbeat=(view.heartbeat.as_millis()) {
                (signup_card::card(&view.signup))
                @if let Some(number) = view.number {
                    // Meta has verified it when the sign-up comes to its end.
                    div #number hidden[matches!(
                        view.signup.state,
                        SignupState::Finishing | SignupState::Done { .. }
                    )] {
                        (number_card(number, words))
                        (code_card::card(view))
                    }
                }
                p.notice #offline hidden { (words.page.offline) }
                // The only thing read out by a screen reader: one sentence a stage, not every digit.
                p.visually-hidden #announcement role="status" {}
            }
        },
    })
}

fn number_card(number: &PhoneNumber, words: &Words) -> Markup {
    let words = &words.number;
    let copy =
        CopyButton { label: &words.copy, copied: &words.copied, text: number.as_str(), id: None };
    html! {
        section.card aria-labelledby="number-title" {
            h2 #number-title { span.step { "2" } " " (words.heading) }
            div.row {
                bdi.number { (in_groups(number)) }
                (copy)
            }
            p { (words.choose.around(html! { strong { (words.phone_call) } })) }
        }
    }
}

/// The number as people read it out: its country, then three digits at a time and never one alone.
fn in_groups(number: &PhoneNumber) -> String {
    let (country, rest) = number.split();
    let mut text = format!("+{country}");
    for (index, digit) in rest.chars().enumerate() {
        if index % 3 == 0 && (index == 0 || index + 1 < rest.len()) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A button that copies `text`, and says that it did. With an id it is the main one.
pub(super) struct CopyButton<'a> {
    pub(super) label: &'a Text,
    pub(super) copied: &'a Text,
    pub(super) text: &'a str,
    pub(super) id: Option<&'static str>,
}

impl Render for CopyButton<'_> {
    fn render(&self) -> Markup {
        let Self { label, copied, text, id } = self;
        html! {
            button type="button" id=[id] class=[id.map(|_| "primary")] data-copy=(text)
                data-label=(label.as_str()) data-copied=(copied.as_str()) { (label) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CodeStage, ConnectionType, EventId};

    fn page(name: &str, tongue: Tongue) -> String {
        let words = Words::of(tongue);
        render(&InvitationView {
            tongue,
            words,
            token: "t0k3n",
            brand: &Brand { company: name.into(), colour: None, logo: None },
            theme: None,
            client: Some(name),
            signup: SignupView {
                words,
                state: &SignupState::NotBegun,
                target: None,
                app: None,
                extras: String::new(),
                connection: ConnectionType::ClientNumber,
                countries: None,
            },
            number: None,
            attempts: Attempts::Plenty,
            current: &StageEvent { id: EventId(12), stage: CodeStage::Waiting },
            codes: &[],
            now: Timestamp::from_unix_millis(0),
            heartbeat: Duration::from_secs(15),
        })
        .into_string()
    }

    #[test]
    fn the_name_of_a_company_or_a_client_can_not_break_out_of_its_place() {
        let page = page("Tom & Jerry <script>", Tongue::English);
        let places = page.matches("<bdi>Tom &amp; Jerry &lt;script&gt;</bdi>").count();
        assert_eq!(places, 3, "above, for whom, and by whom: {page}");
        assert!(page.contains("with \u{2068}Tom &amp; Jerry &lt;script&gt;\u{2069}</title>"));
    }

    #[test]
    fn a_number_stands_in_groups() {
        for (number, text) in [
            ("+15550100123", "+1 555 010 0123"),
            ("+442071838750", "+44 207 183 8750"),
            ("+34600000001", "+34 600 000 001"),
            ("+4930123456", "+49 301 234 56"),
        ] {
            assert_eq!(in_groups(&number.parse().unwrap()), text);
        }
    }

    #[test]
    fn the_page_says_which_language_it_is_in() {
        for (tongue, tag, heading) in [
            (Tongue::English, "en", "Connect WhatsApp Business"),
            (Tongue::Spanish, "es", "Conectar WhatsApp Business"),
            (Tongue::Portuguese, "pt-BR", "Conectar o WhatsApp Business"),
        ] {
            let page = page("Acme", tongue);
            assert!(page.contains(&format!("<html lang=\"{tag}\">")), "{page}");
            assert!(page.contains(&format!("<h1>{heading}</h1>")), "{page}");
        }
    }
}
