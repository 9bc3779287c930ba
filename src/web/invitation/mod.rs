//! The invitation page: the client sees on it the code that is spoken, while it is spoken.

mod attempts;
mod code_card;
mod events;
mod onward;
mod opening;
mod recording;
mod signup;
mod signup_card;
mod view;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{IntoResponse as _, Response};

use super::WebState;
use super::address::Address;
use super::error::{ClosedInvitation, WebError};
use super::layout::in_language;
use super::signup::extras;
use super::words::{Tongue, Words};
use crate::domain::InvitationToken;
use crate::store::Invitation;
use signup_card::SignupView;
use view::InvitationView;

pub(super) use events::events;
pub(super) use onward::Onward;
pub(super) use recording::recording;
pub(super) use signup::{begin, result};
pub(super) use signup_card::done;

/// `GET /i/{token}`
pub(super) async fn page(
    State(state): State<WebState>,
    Address(token): Address<String>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let invitation = open_invitation(&state, token.clone()).await?;
    if opening::is_visit(&headers) {
        opening::record(&state, &invitation).await;
    }
    let now = state.clock.now();
    let (id, number) = (invitation.id.clone(), invitation.phone_number.clone());
    let project = invitation.project.clone();
    let read = state.store.read(move |reader| {
        let attempts = attempts::of(reader, number.as_ref(), now)?;
        let (stage, codes) = (reader.current_stage(&id, now)?, reader.valid_codes(&id, now)?);
        let signup = reader.signup_state(&id)?;
        let target = onward::target(reader, &id, &signup)?;
        let is_test = reader.is_test_project(&project)?;
        Ok((stage, codes, attempts, signup, target, is_test))
    });
    let (current, codes, attempts, signup, target, is_test) = read.await?;
    let number = invitation.phone_number.as_ref().map(|assigned| &assigned.number);
    // A test never reaches Meta: its page says that connecting is not set up.
    let setup = state.signup.as_deref().filter(|_| !is_test);
    let tongue =
        invitation.language.and_then(Tongue::of).unwrap_or_else(|| Tongue::accepted(&headers));
    let words = Words::of(tongue);
    let page = view::render(&InvitationView {
        tongue,
        words,
        token: &token,
        brand: &invitation.brand,
        theme: invitation.theme,
        client: invitation.client_name.as_deref(),
        signup: SignupView {
            words,
            state: &signup,
            target: target.as_ref(),
            app: setup.map(|setup| &setup.app),
            extras: extras(invitation.connection, number).to_string(),
            connection: invitation.connection,
            countries: invitation.countries.as_ref(),
        },
        number,
        attempts,
        current: &current,
        codes: &codes,
        now,
        heartbeat: state.heartbeat,
    });
    let policy = setup.map(|setup| [(CONTENT_SECURITY_POLICY, setup.content_policy.clone())]);
    let page = in_language(tongue, page);
    Ok(match policy {
        Some(policy) => (policy, page).into_response(),
        None => page.into_response(),
    })
}

/// The invitation that the token opens, if the client may still act on it.
async fn open_invitation(state: &WebState, token: String) -> Result<Invitation, WebError> {
    let (secret, now) = (InvitationToken::from_text(token.clone()), state.clock.now());
    let read = state.store.read(move |reader| {
        let Some(invitation) = reader.invitation_by_token(&secret, now)? else { return Ok(None) };
        if invitation.status.is_open() {
            return Ok(Some((invitation, None)));
        }
        let signup = reader.signup_state(&invitation.id)?;
        let onward = onward::target(reader, &invitation.id, &signup)?;
        Ok(Some((invitation, onward)))
    });
    let (invitation, onward) = read.await?.ok_or(WebError::NotFound)?;
    if invitation.status.is_open() {
        Ok(invitation)
    } else {
        Err(WebError::Closed(Box::new(ClosedInvitation::new(token, invitation, onward))))
    }
}
