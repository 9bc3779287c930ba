//! One invitation: its link, where it stands and what to do about it, what went wrong, what happened.

use axum::extract::State;
use maud::{Markup, html};
use serde::Deserialize;

use super::{actions, client, connection_name, copy_button, hint_line, link, number, status_tag};
use super::{timeline, timeline::in_words};
use crate::domain::{InvitationId, InvitationStatus, Role};
use crate::onboarding::{Hint, can_cancel, can_resend, hint};
use crate::store::{InvitationDetail, ListedInvitation, TimelineEntry};
use crate::web::WebState;
use crate::web::address::Address;
use crate::web::admin::frame::{self, Section};
use crate::web::admin::moment::moment;
use crate::web::admin::{AdminError, Visit, qr};
use crate::web::words::{Text, Tongue, Words};

/// The parts of the address. In front of the id stands the project, or the login, which the entrance
/// has read.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Path {
    id: String,
}

impl Path {
    pub(super) fn id(self) -> InvitationId {
        InvitationId::from_stored(self.id)
    }
}

/// An invitation with its timeline.
pub(super) struct Found {
    pub(super) detail: InvitationDetail,
    pub(super) timeline: Vec<TimelineEntry>,
}

/// Why something was not done.
pub(super) enum Notice {
    /// The page was too old.
    Changed,
    /// It can not be done where the invitation stands.
    Cannot,
    /// Its number is another one's.
    NumberTaken(String),
    NumberBeingVerified,
}

/// `GET {base}/invitations/{id}`
pub(in crate::web) async fn page(
    State(state): State<WebState>,
    visit: Visit,
    Address(path): Address<Path>,
) -> Result<Markup, AdminError> {
    let found = find(&state, &visit, path.id()).await?;
    Ok(render(&state, &visit, &found, None))
}

pub(super) async fn find(
    state: &WebState,
    visit: &Visit,
    id: InvitationId,
) -> Result<Found, AdminError> {
    let (project, now) = (visit.project_id(), visit.now);
    let read = state.store.read(move |reader| {
        let Some(detail) = reader.invitation_detail(&project, &id, now)? else { return Ok(None) };
        Ok(Some(Found { timeline: reader.timeline(&project, &id)?, detail }))
    });
    read.await?.ok_or(AdminError::NotFound)
}

/// What the client of another invitation of the project is called.
pub(super) async fn name(
    state: &WebState,
    visit: &Visit,
    id: InvitationId,
) -> Result<String, AdminError> {
    let found = find(state, visit, id).await?.detail.invitation;
    let email = found.client_email.map(|email| email.to_string());
    Ok(found.client_name.or(email).unwrap_or_else(|| found.id.to_string()))
}

pub(super) fn render(
    state: &WebState,
    visit: &Visit,
    found: &Found,
    notice: Option<Notice>,
) -> Markup {
    let Found { detail, timeline } = found;
    let invitation = &detail.invitation;
    let words = &visit.words.invitation;
    let title = client(invitation, visit.words);
    let content = html! {
        @if let Some(notice) = notice { (explained(&notice, invitation, visit)) }
        div #invitation data-live data-invitation=(invitation.id) {
            p { (status_tag(invitation.status, visit.words)) " " span.quiet { (moment(invitation.since, visit.now, &visit.words.moments)) } }
            (what_to_do(invitation, visit))
            @if invitation.status.is_open() { (link_card(&link(state, invitation), visit)) }
            @if invitation.status == InvitationStatus::Failed { (what_went_wrong(detail, visit)) }
            (actions_of(invitation, visit))
            (facts(detail, visit))
            section.card aria-labelledby="timeline-title" {
                h2 #timeline-title { (words.timeline) }
                (timeline::list(timeline, visit))
            }
        }
        p { a href=(visit.at("/invitations")) data-inline { (words.back) } }
    };
    let named = invitation.client_name.clone();
    let email = invitation.client_email.as_ref().map(ToString::to_string);
    let plain = named.or(email).unwrap_or_else(|| title.into_string());
    frame::page(visit, Section::Invitations, &plain, &content)
}

fn explained(notice: &Notice, invitation: &ListedInvitation, visit: &Visit) -> Markup {
    let words = &visit.words.invitation;
    let status = html! { strong { (visit.words.statuses.of(invitation.status)) } };
    html! {
        p.notice #explained role="alert" {
            @match notice {
                Notice::Changed => (words.changed.around(status)),
                Notice::Cannot => (words.cannot.around(status)),
                Notice::NumberTaken(by) => (words.number_taken.around(html! { bdi { (by) } })),
                Notice::NumberBeingVerified => (words.number_being_verified),
            }
        }
    }
}

fn what_to_do(invitation: &ListedInvitation, visit: &Visit) -> Markup {
    let words = &visit.words.invitation;
    let more = match hint(invitation.status, invitation.since, visit.now) {
        None => return html! {},
        Some(Hint::ReachOut { .. }) => &words.reach_out_more,
        Some(Hint::MayBeStuck { .. }) => &words.stuck_more,
    };
    html! { section.card.hint #hint { p { strong { @if let Some(line) = hint_line(invitation, visit) { (line) } } } p { (more) } } }
}

fn link_card(link: &str, visit: &Visit) -> Markup {
    let words = &visit.words.invitation;
    html! {
        section.card aria-labelledby="link-title" {
            h2 #link-title { (words.link) }
            p { code #link { (link) } }
            (copy_button(link, None, visit.words))
            p.quiet { (words.link_hint) }
            (qr::code(link, words.qr.as_str()))
        }
    }
}

/// Why the last attempt failed, and what the client was told to do.
fn what_went_wrong(detail: &InvitationDetail, visit: &Visit) -> Markup {
    let words = &visit.words.invitation;
    let tongue = detail.language.and_then(Tongue::of).unwrap_or(visit.tongue);
    html! {
        section.card #failure aria-labelledby="failure-title" {
            h2 #failure-title { (words.what_went_wrong) }
            @if let Some(reason) = detail.invitation.failure {
                p { (visit.words.timeline.failed.around(in_words(reason, &visit.words.timeline))) }
            }
            @if let Some(failure) = detail.failure {
                p { (words.client_was_told.around(html! { span lang=(tongue.tag()) { (Words::of(tongue).failures.of(failure)) } })) }
            }
        }
    }
}

fn actions_of(invitation: &ListedInvitation, visit: &Visit) -> Markup {
    let may_act = visit.may(Role::Member);
    html! {
        @if may_act && can_cancel(invitation.status) {
            div.actions {
                a.button.danger #cancel data-inline href=(visit.at(&format!("/invitations/{}/cancel", invitation.id))) {
                    (visit.words.invitations.cancel)
                }
            }
        }
        @if may_act && can_resend(invitation.status) {
            div.actions { (actions::resend_form(visit, invitation, None)) }
            p.quiet { (visit.words.invitation.resend_text) }
        }
    }
}

fn facts(detail: &InvitationDetail, visit: &Visit) -> Markup {
    let (words, invitation) = (&visit.words.invitation, &detail.invitation);
    let when = |at| moment(at, visit.now, &visit.words.moments);
    let optional = |value: Option<Markup>, name| value.map(|value| (name, value));
    let connection = connection_name(invitation.connection, &visit.words.new_invitation);
    let facts: Vec<(&Text, Markup)> = [
        optional(invitation.client_name.as_ref().map(|it| html! { bdi { (it) } }), &words.client),
        optional(
            invitation.client_email.as_ref().map(|it| {
                html! { a href={ "mailto:" (it.as_str()) } { bdi { (it.as_str()) } } }
            }),
            &words.email,
        ),
        Some((&words.connection, html! { (connection) })),
        optional(invitation.number.as_ref().map(number), &words.number),
        optional(
            detail.countries.as_ref().map(|it| html! { bdi { (it.with_calling_codes()) } }),
            &words.countries,
        ),
        optional(detail.language.map(|it| html! { (language_name(it)) }), &words.language),
        Some((&words.made, when(invitation.created_at))),
        Some((&words.expires, when(invitation.expires_at))),
    ]
    .into_iter()
    .flatten()
    .collect();
    html! {
        @if let Some(sender) = &invitation.sender {
            section.card #sender-card {
                h2 { (words.sender) }
                p { a href=(visit.at(&format!("/senders/{sender}"))) { code #sender { (sender) } } }
                @if let Some(name) = &detail.connected_name { p { (words.whatsapp_name) ": " bdi { (name) } } }
                p.quiet { (words.sender_hint) }
            }
        }
        section.card aria-labelledby="details-title" {
            h2 #details-title { (words.details) }
            dl.facts { @for (name, value) in &facts { dt { (name) } dd { (value) } } }
        }
    }
}

/// What a language calls itself, as far as pages are written in it.
fn language_name(language: crate::domain::Language) -> String {
    Tongue::of(language).map_or_else(|| language.to_string(), |it| it.own_name().to_owned())
}
