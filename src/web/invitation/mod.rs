//! The invitation page: the client sees on it the code that is spoken, while it is spoken.

mod attempts;
mod code_card;
mod events;
mod recording;
mod signup;
mod signup_card;
mod view;

use axum::extract::{Path, State};
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{IntoResponse as _, Response};

use super::WebState;
use super::error::WebError;
use super::signup::extras;
use crate::domain::{ConnectionType, InvitationToken};
use crate::store::Invitation;
use signup_card::SignupView;
use view::InvitationView;

pub(super) use events::events;
pub(super) use recording::recording;
pub(super) use signup::{begin, result};
pub(super) use signup_card::done;

/// `GET /i/{token}`
pub(super) async fn page(
    State(state): State<WebState>,
    Path(token): Path<String>,
) -> Result<Response, WebError> {
    let invitation = open_invitation(&state, token.clone()).await?;
    let now = state.clock.now();
    let (id, number) = (invitation.id.clone(), invitation.phone_number.clone());
    let read = state.store.read(move |reader| {
        let attempts = attempts::of(reader, number.as_ref(), now)?;
        let (stage, codes) = (reader.current_stage(&id, now)?, reader.valid_codes(&id, now)?);
        Ok((stage, codes, attempts, reader.signup_state(&id)?))
    });
    let (current, codes, attempts, signup) = read.await?;
    let number = invitation.phone_number.as_ref().map(|assigned| &assigned.number);
    let setup = state.signup.as_deref();
    let page = view::render(&InvitationView {
        token: &token,
        company: &invitation.project_name,
        signup: SignupView {
            // Where we hear the code there are cards to come.
            title: number.map_or("Connect with Facebook", |_| "1. Connect with Facebook"),
            state: &signup,
            app: setup.map(|setup| &setup.app),
            extras: extras(invitation.connection, number).to_string(),
            number_needed: number_needed(invitation.connection),
        },
        number,
        attempts,
        current: &current,
        codes: &codes,
        now,
        heartbeat: state.heartbeat,
    });
    let policy = setup.map(|setup| [(CONTENT_SECURITY_POLICY, setup.content_policy.clone())]);
    Ok(match policy {
        Some(policy) => (policy, page).into_response(),
        None => page.into_response(),
    })
}

/// What the client has to have at hand, besides an account.
fn number_needed(connection: ConnectionType) -> &'static str {
    match connection {
        ConnectionType::ClientNumber => {
            "a phone number that can be called or written to, and that phone at hand"
        }
        ConnectionType::Preassigned => "no phone: the number below is ready for you",
        ConnectionType::Coexistence => {
            "the phone with your WhatsApp Business App, which you go on using"
        }
    }
}

/// The invitation that the token opens, if the client may still act on it.
async fn open_invitation(state: &WebState, token: String) -> Result<Invitation, WebError> {
    let (token, now) = (InvitationToken::from_text(token), state.clock.now());
    let invitation = state
        .store
        .read(move |reader| reader.invitation_by_token(&token, now))
        .await?
        .ok_or(WebError::NotFound)?;
    if invitation.status.is_open() {
        Ok(invitation)
    } else {
        Err(WebError::Closed { status: invitation.status, sender: invitation.sender })
    }
}
