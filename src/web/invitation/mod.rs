//! The invitation page: the client sees on it the code that is spoken, while it is spoken.

mod attempts;
mod events;
mod recording;
mod view;

use axum::extract::{Path, State};
use maud::Markup;

use super::WebState;
use super::error::WebError;
use crate::domain::InvitationToken;
use crate::store::Invitation;
use view::InvitationView;

pub(super) use events::events;
pub(super) use recording::recording;

/// `GET /i/{token}`
pub(super) async fn page(
    State(state): State<WebState>,
    Path(token): Path<String>,
) -> Result<Markup, WebError> {
    let invitation = open_invitation(&state, token.clone()).await?;
    let now = state.clock.now();
    let (id, number) = (invitation.id.clone(), invitation.phone_number.clone());
    let read = state.store.read(move |reader| {
        let attempts = attempts::of(reader, number.as_ref(), now)?;
        Ok((reader.current_stage(&id, now)?, reader.valid_codes(&id, now)?, attempts))
    });
    let (current, codes, attempts) = read.await?;
    Ok(view::render(&InvitationView {
        token: &token,
        company: &invitation.project_name,
        number: invitation.phone_number.as_ref().map(|assigned| &assigned.number),
        attempts,
        current: &current,
        codes: &codes,
        now,
        heartbeat: state.heartbeat,
    }))
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
        Err(WebError::Closed(invitation.status))
    }
}
