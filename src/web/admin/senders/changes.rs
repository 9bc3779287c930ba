//! What is changed of a sender. Each change and its entry in the audit log are one transaction.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use rand::RngExt as _;
use serde::Deserialize;

use super::view::{self, DetailView, path};
use super::{load, subject};
use crate::domain::{
    Actor, AuditAction, InvitationId, InvitationToken, Redirects, SenderId, ShownName,
};
use crate::onboarding::{Refusal, SenderRefusal, invite, make_default_sender, remove_sender};
use crate::store::{ListedSender, NewConnection, NewInvitation, Reader, StoreError};
use crate::web::WebState;
use crate::web::address::Address;
use crate::web::admin::confirmation::{Question, ask};
use crate::web::admin::frame::Section;
use crate::web::admin::posted::Nothing;
use crate::web::admin::typed::Line;
use crate::web::admin::{AdminError, Posted, Visit};
use crate::web::words::Text;

/// How long the link of an invitation can be used that connects a sender once more.
const RECONNECT_WITHIN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What it is to be called.
#[derive(Debug, Deserialize)]
pub(in crate::web::admin) struct TypedName {
    name: String,
}

/// `POST {base}/senders/{sender}/name`
pub(in crate::web::admin) async fn rename(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, id)): Address<(String, String)>,
    Posted(TypedName { name }): Posted<TypedName>,
) -> Result<Response, AdminError> {
    let sender = load(&state, &visit, SenderId::from_stored(id)).await?;
    let Ok(new_name) = name.parse::<ShownName>() else {
        let name = Line::wrong(name, &visit.words.senders.wrong_name);
        return Ok(wrong(&visit, &DetailView { name, ..DetailView::of(sender, &visit) }));
    };
    let entry = visit.audit(AuditAction::SenderRenamed, subject(&sender));
    let (id, now) = (sender.id.clone(), visit.now);
    let write = state.store.write(move |writer| {
        writer.rename_sender(&id, &new_name, now)?;
        writer.record_audit(&entry)
    });
    write.await?;
    Ok(visit.see_other(&format!("{}?done=renamed", path(&sender))))
}

/// `POST {base}/senders/{sender}/default`
pub(in crate::web::admin) async fn make_default(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, id)): Address<(String, String)>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, AdminError> {
    let sender = load(&state, &visit, SenderId::from_stored(id)).await?;
    let entry = visit.audit(AuditAction::SenderMadeDefault, subject(&sender));
    let (project, id, now) = (visit.project_id(), sender.id.clone(), visit.now);
    let write = state.store.write(move |writer| {
        let made = make_default_sender(writer, &project, &id, now)?;
        if made.is_ok() {
            writer.record_audit(&entry)?;
        }
        Ok(made)
    });
    write.await?.map_err(|_| AdminError::NotFound)?;
    Ok(visit.see_other(&format!("{}?done=default", path(&sender))))
}

/// `GET {base}/senders/{sender}/remove`
pub(in crate::web::admin) async fn ask_to_remove(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, id)): Address<(String, String)>,
) -> Result<Markup, AdminError> {
    let id = SenderId::from_stored(id);
    let sender = load(&state, &visit, id).await?;
    let project = visit.project_id();
    // Of the two oldest one is another.
    let oldest = state.store.read(move |reader| reader.listed_senders(&project, None, 2)).await?;
    let heir = oldest.iter().find(|other| sender.is_default && other.id != sender.id);
    Ok(removal(&visit, &sender, heir))
}

fn removal(visit: &Visit, sender: &ListedSender, heir: Option<&ListedSender>) -> Markup {
    let words = &visit.words.senders;
    let (back, action) = (path(sender), format!("{}/remove", path(sender)));
    let name = |sender: &ListedSender| html! { b { bdi { (sender.name) } } };
    let content = html! {
        p { (words.removal_of.around(name(sender))) }
        p { (words.removal_text) }
        @if let Some(heir) = heir { p { (words.removal_heir.around(name(heir))) } }
    };
    ask(
        visit,
        &Question {
            section: Section::Senders,
            title: words.removal_title.as_str(),
            content,
            action: &action,
            yes: &words.removal_yes,
            no: &words.removal_no,
            back: &back,
        },
    )
}

/// `POST {base}/senders/{sender}/remove`
pub(in crate::web::admin) async fn remove(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, id)): Address<(String, String)>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, AdminError> {
    let sender = load(&state, &visit, SenderId::from_stored(id)).await?;
    let entry = visit.audit(AuditAction::SenderRemoved, subject(&sender));
    let (project, id, now) = (visit.project_id(), sender.id.clone(), visit.now);
    let write = state.store.write(move |writer| {
        let removed = remove_sender(writer, &project, &id, now)?;
        if removed.is_ok() {
            writer.record_audit(&entry)?;
        }
        Ok(removed)
    });
    match write.await? {
        Ok(_) => Ok(visit.see_other("/senders?done=removed")),
        Err(SenderRefusal::Unknown) => Err(AdminError::NotFound),
        Err(SenderRefusal::UnderWay) => {
            let problem = Some(&visit.words.senders.token_in_use);
            Ok(wrong(&visit, &DetailView { problem, ..DetailView::of(sender, &visit) }))
        }
    }
}

/// `POST {base}/senders/{sender}/reconnect`: makes an invitation like the one that connected it.
pub(in crate::web::admin) async fn reconnect(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, id)): Address<(String, String)>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, AdminError> {
    let sender = load(&state, &visit, SenderId::from_stored(id)).await?;
    let now = visit.now;
    let id = InvitationId::new(now, rand::rng().random());
    let entry = visit.audit(AuditAction::InvitationMade, id.as_str());
    let (before, client) = sender.invitation.clone().unzip();
    let (project, new) = (visit.project_id(), id.clone());
    let write = state.store.write(move |writer| {
        let invitation = NewInvitation {
            id: new,
            project,
            token: InvitationToken::new(rand::rng().random()),
            client_name: client.flatten(),
            client_email: None,
            language: None,
            connection: like(writer, before.as_ref())?,
            countries: None,
            redirects: Redirects::default(),
            created_at: now,
            expires_at: now + RECONNECT_WITHIN,
        };
        let invited = invite(writer, &invitation, Actor::Partner)?;
        if invited.is_ok() {
            writer.record_audit(&entry)?;
        }
        Ok(invited)
    });
    match write.await? {
        Ok(()) => Ok(visit.see_other(&format!("/invitations/{id}"))),
        Err(refusal) => {
            let problem = Some(why_not(&refusal, &visit));
            Ok(wrong(&visit, &DetailView { problem, ..DetailView::of(sender, &visit) }))
        }
    }
}

/// The same way to connect.
fn like(reader: &Reader<'_>, before: Option<&InvitationId>) -> Result<NewConnection, StoreError> {
    use crate::domain::ConnectionType as Type;
    let state = before.map(|before| reader.invitation_state(before)).transpose()?.flatten();
    Ok(match state.map(|state| (state.connection, state.phone_number)) {
        Some((Type::Preassigned, Some(number))) => NewConnection::Preassigned(number),
        Some((Type::Coexistence, _)) => NewConnection::Coexistence,
        Some((Type::ClientNumber | Type::Preassigned, _)) | None => NewConnection::ClientNumber,
    })
}

fn why_not(refusal: &Refusal, visit: &Visit) -> &'static Text {
    let words = &visit.words.senders;
    match refusal {
        Refusal::NumberTaken(_) => &words.number_taken,
        Refusal::NumberNotUsable => &words.number_not_usable,
        Refusal::NumberBeingVerified(_) => &words.number_being_verified,
        Refusal::Unknown
        | Refusal::Illegal { .. }
        | Refusal::Lifetime
        | Refusal::CountryNotAllowed
        | Refusal::RedirectNotAllowed(_)
        | Refusal::TooOften(_) => &words.not_reconnected,
    }
}

/// The page once more, with what is wrong on it.
pub(super) fn wrong(visit: &Visit, view: &DetailView) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, view::detail(visit, view)).into_response()
}
