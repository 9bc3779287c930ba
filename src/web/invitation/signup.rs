//! What the page reports of Meta's window. The answers come over the page's events: to all tabs.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use rand::RngExt as _;
use serde_json::json;

use super::open_invitation;
use crate::domain::{MetaReason, SignupFailure, SignupId};
use crate::meta::window::{Left, Report};
use crate::onboarding::{Refusal, Returned, begin_signup};
use crate::store::Invitation;
use crate::web::WebState;
use crate::web::address::Address;
use crate::web::error::{ClosedInvitation, WebError};

/// `POST /i/{token}/signup/begin`: the client is about to open Meta's window. Answers with the name of
/// the attempt.
pub(in crate::web) async fn begin(
    State(state): State<WebState>,
    Address(token): Address<String>,
) -> Result<impl IntoResponse, WebError> {
    if state.signup.is_none() {
        return Err(WebError::NotFound);
    }
    let (opened, now) = (open_invitation(&state, token.clone()).await?, state.clock.now());
    let invitation = opened.id.clone();
    let id = SignupId::new(now, rand::rng().random());
    let new = id.clone();
    let project = opened.project.clone();
    let begin = state.store.write(move |writer| {
        if writer.is_test_project(&project)? {
            return Ok(Err(Refusal::Unknown));
        }
        begin_signup(writer, &invitation, &new, now)
    });
    begin.await?.map_err(|refusal| match refusal {
        Refusal::Illegal { status, .. } => {
            let closed = Invitation { status, ..opened };
            WebError::Closed(Box::new(ClosedInvitation::new(token, closed, None)))
        }
        Refusal::TooOften(until) => WebError::TooOften { wait: until.since(now) },
        _ => WebError::NotFound,
    })?;
    Ok(([(CONTENT_TYPE, "application/json")], json!({ "signup": id }).to_string()))
}

/// `POST /i/{token}/signup/result`: how Meta's window was left. A code in it is exchanged before this
/// answers; what is said once more changes nothing.
pub(in crate::web) async fn result(
    State(state): State<WebState>,
    Address(token): Address<String>,
    body: Bytes,
) -> Result<StatusCode, WebError> {
    let setup = state.signup.as_ref().ok_or(WebError::NotFound)?;
    let invitation = open_invitation(&state, token).await?.id;
    let Ok(report) = serde_json::from_slice::<Report>(&body) else {
        return Ok(StatusCode::BAD_REQUEST);
    };
    // Whether it is one of this invitation is looked up.
    let signup = SignupId::from_stored(report.signup.clone());
    let returned = match report.left() {
        Left::WithCode { code, account, number } => Returned::Code { code, account, number },
        Left::WithoutCode => Returned::Nothing(SignupFailure::CodeMissed),
        Left::Early => Returned::Nothing(SignupFailure::Cancelled),
        Left::WithError => Returned::Nothing(SignupFailure::WindowFailed),
        Left::Unauthorized => Returned::Nothing(SignupFailure::Meta(MetaReason::PermissionMissing)),
    };
    setup.completions.finish(invitation, signup, returned).await?;
    Ok(StatusCode::NO_CONTENT)
}
