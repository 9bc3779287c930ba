//! The partner's invitations: their list, a new one, each with its timeline, many from a file and all into
//! one.

mod actions;
mod detail;
mod export;
mod import;
mod import_view;
mod list;
mod new;
mod timeline;

use maud::{Markup, html};

use super::visit::Guest;
use crate::domain::{ConnectionType, InvitationStatus, PhoneNumber};
use crate::onboarding::{Hint, hint};
use crate::store::ListedInvitation;
use crate::web::WebState;
use crate::web::words::{AdminWords, NewInvitationWords, Text};

pub(super) use actions::{ask_to_cancel, cancel, resend};
pub(super) use detail::page as detail;
pub(super) use export::export;
pub(super) use import::{LONGEST_FILE, preview as preview_import};
pub(super) use import::{check as check_import, make as make_import, page as import};
pub(super) use list::page as list;
pub(super) use new::{make, page as new};

/// Where its client is sent.
fn link(state: &WebState, invitation: &ListedInvitation) -> String {
    format!("{}/i/{}", state.public_url, invitation.token.expose())
}

/// Where an invitation stands.
fn status_tag(status: InvitationStatus, words: &AdminWords) -> Markup {
    let mood = match status {
        InvitationStatus::Completed => "good-news",
        InvitationStatus::Failed => "bad-news",
        InvitationStatus::Pending | InvitationStatus::InProgress => "pending-news",
        InvitationStatus::Expired | InvitationStatus::Cancelled => "no-news",
    };
    html! { span class={ "tag " (mood) } data-status=(status.as_str()) { (words.statuses.of(status)) } }
}

/// What should be done about it, in a line.
fn hint_line(invitation: &ListedInvitation, guest: &Guest) -> Option<Markup> {
    let words = &guest.words.invitations;
    hint(invitation.status, invitation.since, guest.now).map(|hint| match hint {
        Hint::ReachOut { days } => {
            html! { span data-hint="reach-out" { (words.reach_out.around(days)) } }
        }
        Hint::MayBeStuck { hours } => {
            html! { span data-hint="stuck" { (words.stuck.around(hours)) } }
        }
    })
}

/// A button that copies a link, and says that it did.
fn copy_button(link: &str, described_by: Option<&str>, words: &AdminWords) -> Markup {
    let words = &words.invitations;
    html! {
        button type="button" data-copy=(link) data-label=(words.copy.as_str())
            data-copied=(words.copied.as_str()) aria-describedby=[described_by] { (words.copy) }
    }
}

/// Who is invited, by whatever is known of them.
fn client(invitation: &ListedInvitation, words: &AdminWords) -> Markup {
    match (&invitation.client_name, &invitation.client_email) {
        (Some(name), _) => html! { bdi { (name) } },
        (None, Some(email)) => html! { bdi { (email.as_str()) } },
        (None, None) => html! { (words.invitations.unnamed) },
    }
}

/// How the client connects.
fn connection_name(connection: ConnectionType, words: &NewInvitationWords) -> &Text {
    match connection {
        ConnectionType::ClientNumber => &words.client_number,
        ConnectionType::Preassigned => &words.preassigned,
        ConnectionType::Coexistence => &words.coexistence,
    }
}

fn number(number: &PhoneNumber) -> Markup {
    html! { bdi.nowrap { (number.as_str()) } }
}
