//! Cancel and resend. Each form says what its page showed, so that nobody does something to an invitation
//! that is another one by now.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use rand::RngExt as _;
use serde::Deserialize;
use std::time::Duration;

use super::client;
use super::detail::{self, Notice};
use crate::domain::{Actor, AuditAction, InvitationId, InvitationToken};
use crate::onboarding::{Refusal, Step, take_step};
use crate::store::{ListedInvitation, NewLink};
use crate::web::WebState;
use crate::web::address::Address;
use crate::web::admin::frame::{self, Section};
use crate::web::admin::{AdminError, Posted, Visit};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// For how many days a link can be used when nobody says it.
pub(super) const DEFAULT_DAYS: u32 = 7;

#[derive(Debug, Deserialize)]
pub(in crate::web) struct Acted {
    /// What the page showed.
    seen: String,
}

/// What a page shows of an invitation, as far as an action depends on it.
fn seen(invitation: &ListedInvitation) -> String {
    format!("{}-{}", invitation.status.as_str(), invitation.since.unix_millis())
}

/// `GET {base}/invitations/{id}/cancel`: asks once more.
pub(in crate::web) async fn ask_to_cancel(
    State(state): State<WebState>,
    visit: Visit,
    Address(path): Address<detail::Path>,
) -> Result<Response, AdminError> {
    let found = detail::find(&state, &visit, path.id()).await?;
    if !crate::onboarding::can_cancel(found.detail.invitation.status) {
        let page = detail::render(&state, &visit, &found, Some(Notice::Cannot));
        return Ok((StatusCode::CONFLICT, page).into_response());
    }
    let (invitation, words) = (&found.detail.invitation, &visit.words.invitation);
    let own = visit.at(&format!("/invitations/{}", invitation.id));
    let content = html! {
        section.card {
            p { strong { (client(invitation, visit.words)) } }
            p { (words.cancel_text) }
            form method="post" action={ (own) "/cancel" } data-inline {
                (frame::token(&visit))
                input type="hidden" name="seen" value=(seen(invitation));
                div.actions {
                    button.danger #cancel-now { (words.cancel_now) }
                    a.button href=(own) data-inline { (words.keep) }
                }
            }
        }
    };
    let title = words.cancel_title.as_str();
    Ok(frame::page(&visit, Section::Invitations, title, &content).into_response())
}

/// `POST {base}/invitations/{id}/cancel`
pub(in crate::web) async fn cancel(
    State(state): State<WebState>,
    visit: Visit,
    Address(path): Address<detail::Path>,
    Posted(acted): Posted<Acted>,
) -> Result<Response, AdminError> {
    let action = AuditAction::InvitationCancelled;
    act(&state, &visit, path.id(), Step::Cancel, action, &acted).await
}

/// `POST {base}/invitations/{id}/resend`
pub(in crate::web) async fn resend(
    State(state): State<WebState>,
    visit: Visit,
    Address(path): Address<detail::Path>,
    Posted(acted): Posted<Acted>,
) -> Result<Response, AdminError> {
    let link = NewLink {
        token: InvitationToken::new(rand::rng().random()),
        expires_at: visit.now + DAY * DEFAULT_DAYS,
    };
    let action = AuditAction::InvitationResent;
    act(&state, &visit, path.id(), Step::Resend(link), action, &acted).await
}

/// The form that asks for a new link.
pub(super) fn resend_form(
    visit: &Visit,
    invitation: &ListedInvitation,
    described_by: Option<&str>,
) -> Markup {
    let action = visit.at(&format!("/invitations/{}/resend", invitation.id));
    html! {
        form.inline method="post" action=(action) data-inline {
            (frame::token(visit))
            input type="hidden" name="seen" value=(seen(invitation));
            button data-resend aria-describedby=[described_by] { (visit.words.invitations.resend) }
        }
    }
}

/// What came of an action.
enum Done {
    Yes,
    /// The page was too old.
    Changed,
    Refused(Refusal),
    /// There is no such invitation.
    Unknown,
}

/// Takes a step, and leads to the invitation; or explains why it was not taken.
async fn act(
    state: &WebState,
    visit: &Visit,
    id: InvitationId,
    step: Step,
    action: AuditAction,
    acted: &Acted,
) -> Result<Response, AdminError> {
    let (project, now, shown) = (visit.project_id(), visit.now, acted.seen.clone());
    let (invitation, audit) = (id.clone(), visit.audit(action, id.as_str()));
    let write = state.store.write(move |writer| {
        let Some(present) = writer.invitation_detail(&project, &invitation, now)? else {
            return Ok(Done::Unknown);
        };
        if seen(&present.invitation) != shown {
            return Ok(Done::Changed);
        }
        Ok(match take_step(writer, &invitation, &step, Actor::Partner, now)? {
            Err(refusal) => Done::Refused(refusal),
            Ok(_) => {
                writer.record_audit(&audit)?;
                Done::Yes
            }
        })
    });
    let notice = match write.await? {
        Done::Yes => return Ok(visit.see_other(&format!("/invitations/{id}"))),
        Done::Unknown => return Err(AdminError::NotFound),
        Done::Changed => Notice::Changed,
        Done::Refused(Refusal::NumberTaken(holder)) => {
            Notice::NumberTaken(detail::name(state, visit, holder).await?)
        }
        Done::Refused(Refusal::NumberBeingVerified(_)) => Notice::NumberBeingVerified,
        Done::Refused(_) => Notice::Cannot,
    };
    let found = detail::find(state, visit, id).await?;
    let page = detail::render(state, visit, &found, Some(notice));
    Ok((StatusCode::CONFLICT, page).into_response())
}
